//! That the search finds what it is to find: a trace with a secret in it, in every form, does not pass.

use super::*;

const PIN: &str = "Gurke-4711";
const TOKEN: [u8; 32] = *b"\x01\xfe.this is the token of the key.";

const JOB: &str = "secret Gurke-4711\nkey work opensk uhid\n\n> plug work\n\
                   $ fidokey pin set --new-pin-file pin\n[0]\n";

/// A job's folder, with this trace in it.
fn folder(trace: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("firmware/work", &format!("waiting for a touch\ndrew {}\n", forms(&TOKEN)[1]));
    // clientPin, getPinToken: {1: 2, 6: h'10111213…'}, answered with {2: h'20212223…'}.
    put(
        "traffic/work",
        "0.1 > 1 cbor  0000000190001706a201020650101112131415161718191a1b1c1d1e1f\n\
         0.2 < 1 cbor  0000000190001400a10250202122232425262728292a2b2c2d2e2f\n",
    );
    put("traces/line-005-77.jsonl", trace);
    folder
}

fn said(trace: &str) -> Option<String> {
    difference(&Job::parse(JOB).unwrap(), folder(trace).path()).unwrap()
}

#[test]
fn a_trace_without_secrets_passes() {
    assert_eq!(said(r#"{"event":"message","members":{"pinHashEnc":{"masked":16}}}"#), None);
}

#[test]
fn what_the_job_names_is_found() {
    let found = said("{\"command\":\"Gurke-4711\"}").unwrap();
    assert_eq!(found, "the trace line-005-77.jsonl holds the PIN \"Gurke-4711\"\n");
    let hash = Sha256::digest(PIN.as_bytes());
    let found = said(&forms(&hash[..16])[1]).unwrap();
    assert!(found.contains("the hash of the PIN"), "{found}");
}

#[test]
fn what_the_firmware_drew_and_what_was_sent_is_found() {
    assert!(said(&forms(&TOKEN)[1]).unwrap().contains("a token or another secret of work"));
    let sent = said(r#"{"pinHashEnc":{"hex":"101112131415161718191a1b1c1d1e1f"}}"#).unwrap();
    assert_eq!(sent, "the trace line-005-77.jsonl holds pinHashEnc of work\n");
    let sent = said("[32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44]").unwrap();
    assert_eq!(sent, "the trace line-005-77.jsonl holds pinUvAuthToken of work\n");
}

#[test]
fn a_secret_is_found_in_every_form_and_place() {
    for before in 0..4 {
        let longer = [&b"abcd"[..before], &TOKEN, b"efg"].concat();
        for form in forms(&longer).into_iter().take(4) {
            assert!(is_in(&form, &TOKEN), "{form}");
        }
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let form = engine.encode(&longer);
            assert!(is_in(&form, &TOKEN), "{form}");
            assert!(is_in(&form, &TOKEN[8..24]), "{form}: a part of it is enough");
        }
    }
    let padded = [PIN.as_bytes(), &[0; 54]].concat();
    assert!(forms(&padded)[..1].iter().all(|form| is_in(form, PIN.as_bytes())));
}

#[test]
fn a_search_without_traces_or_without_anything_to_look_for_does_not_pass() {
    let job = Job::parse(JOB).unwrap();
    let folder = folder("");
    fs::write(folder.path().join("firmware/work"), "waiting for a touch\n").unwrap();
    let said = difference(&job, folder.path()).unwrap().unwrap();
    assert_eq!(said, "no firmware told of a token that it drew");
    fs::remove_dir_all(folder.path().join("traffic")).unwrap();
    let said = difference(&job, folder.path()).unwrap().unwrap();
    assert_eq!(said, "the job names a PIN, and no report holds what was made of one");
    fs::remove_dir_all(folder.path().join("traces")).unwrap();
    let said = difference(&job, folder.path()).unwrap().unwrap();
    assert_eq!(said, "fidokey was run, and there is no trace of it");
}

#[test]
fn a_pin_that_a_job_does_not_name_is_missed() {
    assert_eq!(unnamed_pin(&Job::parse(JOB).unwrap()), None);
    let silent = JOB.replace("secret Gurke-4711\n", "");
    assert_eq!(unnamed_pin(&Job::parse(&silent).unwrap()), Some(4));
}
