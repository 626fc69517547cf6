use super::*;
use crate::virtual_key::{Contents, StateError};
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

fn name(text: &str) -> KeyName {
    text.parse().unwrap()
}

/// A directory that has yet to be made, inside one that goes with the test.
fn keys() -> (TempDir, LastingKeys) {
    let place = tempfile::tempdir().unwrap();
    let keys = LastingKeys::new(place.path().join("share/virtual-keys"));
    (place, keys)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn files(keys: &LastingKeys) -> Vec<String> {
    let entries = fs::read_dir(keys.directory()).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_name_is_one_that_any_file_system_takes() {
    let longest = "a".repeat(32);
    for good in ["a", "work", "Key_2-b", "-", &longest] {
        assert_eq!(good.parse::<KeyName>().unwrap().as_str(), good);
    }
    let too_long = "a".repeat(33);
    for bad in ["", &too_long, ".", "..", "a/b", "a.b", "a b", "käse", "a\0", "virtual:a", "a\n"] {
        assert_eq!(bad.parse::<KeyName>(), Err(NameError), "{bad:?}");
    }
}

#[test]
fn made_listed_deleted() {
    let (_place, keys) = keys();
    assert_eq!(keys.list().unwrap(), [], "no directory, no keys");
    keys.create(&name("work"), Touch::Enter, Some(1_767_225_600)).unwrap();
    keys.create(&name("home"), Touch::Auto, None).unwrap();
    let contents = Contents { credentials: 0, pin_is_set: false, pin_retries: 8 };
    let listed = |text, touch, created_at| LastingKey {
        name: name(text),
        summary: Ok(KeySummary { touch, created_at, contents }),
    };
    assert_eq!(
        keys.list().unwrap(),
        [listed("home", Touch::Auto, None), listed("work", Touch::Enter, Some(1_767_225_600))]
    );
    keys.delete(&name("work")).unwrap();
    assert_eq!(keys.names().unwrap(), [name("home")]);
    keys.delete(&name("home")).unwrap();
    assert_eq!(files(&keys), [""; 0], "nothing is left behind");
    assert!(matches!(keys.delete(&name("home")), Err(LastingError::NotFound(_))));
}

#[test]
fn nobody_else_may_read_it() {
    let (_place, keys) = keys();
    keys.create(&name("work"), Touch::Auto, None).unwrap();
    assert_eq!(mode(keys.directory()), 0o700);
    assert_eq!(mode(&keys.state_path(&name("work"))), 0o600);
    assert_eq!(mode(&keys.lock_path(&name("work"))), 0o600);
}

#[test]
fn a_directory_that_others_may_read_is_closed_to_them() {
    let (_place, keys) = keys();
    fs::create_dir_all(keys.directory()).unwrap();
    fs::set_permissions(keys.directory(), fs::Permissions::from_mode(0o755)).unwrap();
    keys.create(&name("work"), Touch::Auto, None).unwrap();
    assert_eq!(mode(keys.directory()), 0o700);
}

#[test]
fn a_key_is_not_made_over_another() {
    let (_place, keys) = keys();
    keys.create(&name("work"), Touch::Enter, None).unwrap();
    let before = fs::read(keys.state_path(&name("work"))).unwrap();
    let again = keys.create(&name("work"), Touch::Auto, None);
    assert!(matches!(again, Err(LastingError::Exists(known)) if known == name("work")));
    assert_eq!(fs::read(keys.state_path(&name("work"))).unwrap(), before);
}

#[test]
fn one_user_at_a_time() {
    let (_place, keys) = keys();
    keys.create(&name("work"), Touch::Auto, None).unwrap();
    let (_, home) = keys.open(&name("work")).unwrap();
    assert!(matches!(keys.open(&name("work")), Err(LastingError::InUse(_))));
    assert!(matches!(keys.delete(&name("work")), Err(LastingError::InUse(_))));
    assert!(keys.list().unwrap()[0].summary.is_ok(), "it can be looked at all the same");
    drop(home);
    assert!(keys.open(&name("work")).is_ok());
}

#[test]
fn a_lock_whose_file_was_deleted_keeps_nobody_out() {
    let (_place, keys) = keys();
    keys.create(&name("work"), Touch::Auto, None).unwrap();
    let (_, home) = keys.open(&name("work")).unwrap();
    keys.delete(&name("work")).unwrap_err();
    fs::remove_file(keys.lock_path(&name("work"))).unwrap();
    drop(home);
    let (_, _home) = keys.open(&name("work")).unwrap();
    assert!(matches!(keys.open(&name("work")), Err(LastingError::InUse(_))));
}

#[test]
fn a_name_without_a_key_leaves_nothing_behind() {
    let (_place, keys) = keys();
    assert!(matches!(keys.open(&name("none")), Err(LastingError::NotFound(_))));
    keys.create(&name("work"), Touch::Auto, None).unwrap();
    assert!(matches!(keys.open(&name("none")), Err(LastingError::NotFound(_))));
    assert!(matches!(keys.delete(&name("none")), Err(LastingError::NotFound(_))));
    assert_eq!(files(&keys), ["work.json", "work.lock"]);
}

#[test]
fn what_an_earlier_kill_left_behind_is_no_hindrance() {
    let (_place, keys) = keys();
    keys.create(&name("work"), Touch::Auto, None).unwrap();
    let (state, home) = keys.open(&name("work")).unwrap();
    fs::write(home.draft_path(), b"half of a sta").unwrap();
    fs::set_permissions(home.draft_path(), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(keys.names().unwrap(), [name("work")]);
    home.write(&KeyState { touch: Touch::Never, ..state }).unwrap();
    assert_eq!(mode(&keys.state_path(&name("work"))), 0o600);
    assert_eq!(keys.list().unwrap()[0].summary.as_ref().unwrap().touch, Touch::Never);
    assert_eq!(files(&keys), ["work.json", "work.lock"]);
}

#[test]
fn what_is_not_a_key_is_shown_as_damaged_and_left_alone() {
    let (place, keys) = keys();
    keys.create(&name("good"), Touch::Auto, None).unwrap();
    let good = fs::read(keys.state_path(&name("good"))).unwrap();
    let path = |text| keys.state_path(&name(text));
    let outside = place.path().join("outside");
    fs::write(&outside, &good).unwrap();
    fs::write(path("cut"), &good[..good.len() / 2]).unwrap();
    fs::write(path("empty"), b"").unwrap();
    fs::create_dir(path("folder")).unwrap();
    std::os::unix::fs::symlink(&outside, path("link")).unwrap();
    let newer = String::from_utf8(good.clone()).unwrap().replace("\"version\":1", "\"version\":2");
    fs::write(path("newer"), newer).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, path("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .unwrap();
    File::create(path("long")).unwrap().set_len(u64::try_from(MAX_LENGTH + 1).unwrap()).unwrap();
    fs::write(keys.directory().join("not a name.json"), &good).unwrap();

    for key in keys.list().unwrap() {
        let expected = match key.name.as_str() {
            "good" => {
                assert!(key.summary.is_ok());
                continue;
            }
            "folder" | "link" | "pipe" => "it is not a regular file",
            "long" => "it is too long for the state of a key",
            "newer" => "it was written by a newer version of this program",
            _ => "it is damaged, or not the state of a key",
        };
        let reason = key.summary.unwrap_err();
        assert!(reason.to_string().starts_with(expected), "{}: {reason}", key.name);
        let opened = keys.open(&key.name).err().unwrap();
        assert!(matches!(opened, LastingError::State { .. }), "{opened}");
        keys.create(&key.name, Touch::Auto, None).unwrap_err();
    }
    assert_eq!(keys.list().unwrap().len(), 8);
    assert_eq!(fs::read(path("cut")).unwrap(), good[..good.len() / 2]);
    keys.delete(&name("cut")).unwrap();
    keys.delete(&name("link")).unwrap();
    keys.delete(&name("pipe")).unwrap();
    assert!(outside.exists());
    // What is in a directory is nobody's key.
    fs::write(path("folder").join("inside"), b"").unwrap();
    assert!(matches!(keys.delete(&name("folder")), Err(LastingError::Refused { .. })));
    fs::remove_file(path("folder").join("inside")).unwrap();
    keys.delete(&name("folder")).unwrap();
}

#[test]
fn a_state_that_cannot_be_written_leaves_the_old_one() {
    let (_place, keys) = keys();
    keys.create(&name("work"), Touch::Auto, None).unwrap();
    let (state, home) = keys.open(&name("work")).unwrap();
    // Not even root can write a file where a directory is.
    fs::create_dir(home.draft_path()).unwrap();
    home.write(&KeyState { touch: Touch::Never, ..state }).unwrap_err();
    drop(home);
    assert_eq!(keys.list().unwrap()[0].summary.as_ref().unwrap().touch, Touch::Auto);
}

#[test]
fn damaged_state_says_why() {
    let (_place, keys) = keys();
    keys.create(&name("work"), Touch::Auto, None).unwrap();
    let path = keys.state_path(&name("work"));
    let text = fs::read_to_string(&path).unwrap().replace("auto", "never");
    fs::write(&path, text).unwrap();
    let error = keys.open(&name("work")).err().unwrap();
    assert!(matches!(error, LastingError::State { reason: StateError::Checksum, .. }));
    assert_eq!(
        error.to_string(),
        "the state of the virtual key work cannot be used: it is damaged: its checksum does not \
         match"
    );
}
