//! The people of a play.

use anyhow::{Context, Result};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// Somebody who runs commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    /// Every group, the first one included.
    pub groups: Vec<u32>,
    pub home: PathBuf,
    /// Where commands run.
    pub folder: PathBuf,
    /// What their programs find in the environment besides what everybody's do, or instead.
    pub environment: Vec<(String, OsString)>,
}

impl User {
    /// Finds a user in the machine's account files.
    ///
    /// # Errors
    ///
    /// When there is none of that name.
    pub fn named(name: &str) -> Result<Self> {
        let passwd = fs::read_to_string("/etc/passwd").context("/etc/passwd")?;
        let group = fs::read_to_string("/etc/group").context("/etc/group")?;
        Self::find(name, &passwd, &group).with_context(|| format!("there is no user {name:?}"))
    }

    fn find(name: &str, passwd: &str, group: &str) -> Option<Self> {
        let entry: Vec<&str> = passwd
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|entry| entry.len() >= 6 && entry[0] == name)?;
        let gid = entry[3].parse().ok()?;
        let further = group.lines().filter_map(|line| {
            let entry: Vec<&str> = line.split(':').collect();
            let [_, _, number, members] = entry[..] else { return None };
            members.split(',').any(|member| member == name).then(|| number.parse().ok())?
        });
        Some(Self {
            name: name.into(),
            uid: entry[2].parse().ok()?,
            gid,
            groups: std::iter::once(gid).chain(further).collect(),
            home: entry[5].into(),
            folder: entry[5].into(),
            environment: Vec::new(),
        })
    }

    /// Whoever runs this process, in a home of their own for the time of a play.
    pub fn of_this_process(home: &Path) -> Self {
        let gid = rustix::process::getegid().as_raw();
        let groups = rustix::process::getgroups().unwrap_or_default();
        Self {
            name: "pat".into(),
            uid: rustix::process::geteuid().as_raw(),
            gid,
            groups: groups.iter().map(|group| group.as_raw()).chain([gid]).collect(),
            home: home.into(),
            folder: home.into(),
            environment: Vec::new(),
        }
    }

    /// Gives the user a home of their own.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn move_in(&self) -> Result<()> {
        let home = || format!("cannot make the home {}", self.home.display());
        fs::create_dir_all(&self.home).with_context(home)?;
        if self.home != Path::new("/") {
            std::os::unix::fs::chown(&self.home, Some(self.uid), Some(self.gid))
                .with_context(home)?;
        }
        Ok(())
    }

    /// Makes the user a member of a group, in the file and from now on.
    ///
    /// # Errors
    ///
    /// When there is no such group.
    pub fn join(&mut self, group: &str) -> Result<()> {
        let file = fs::read_to_string("/etc/group").context("/etc/group")?;
        let (file, gid) = with_member(&file, group, &self.name)
            .with_context(|| format!("there is no group {group:?}"))?;
        fs::write("/etc/group", file).context("/etc/group")?;
        if !self.groups.contains(&gid) {
            self.groups.push(gid);
        }
        Ok(())
    }
}

/// The group file with one member more, and the group's number.
fn with_member(file: &str, group: &str, member: &str) -> Option<(String, u32)> {
    let mut gid = None;
    let mut text = String::new();
    for line in file.lines() {
        text.push_str(line);
        let entry: Vec<&str> = line.split(':').collect();
        if let [name, _, number, members] = entry[..]
            && name == group
        {
            gid = Some(number.parse().ok()?);
            if !members.split(',').any(|other| other == member) {
                text.push_str(if members.is_empty() { "" } else { "," });
                text.push_str(member);
            }
        }
        text.push('\n');
    }
    Some((text, gid?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\npat:x:1000:1000::/home/pat:/bin/sh\n";
    const GROUP: &str = "root:x:0:\nplugdev:x:46:robin\npat:x:1000:\n";

    #[test]
    fn a_user_has_the_groups_of_the_group_file() {
        let pat = User::find("pat", PASSWD, GROUP).unwrap();
        assert_eq!((pat.uid, &pat.groups[..]), (1000, &[1000][..]));
        let (group, gid) = with_member(GROUP, "plugdev", "pat").unwrap();
        assert_eq!(gid, 46);
        assert!(group.contains("plugdev:x:46:robin,pat\n"));
        assert_eq!(User::find("pat", PASSWD, &group).unwrap().groups, [1000, 46]);
        assert_eq!(with_member(&group, "plugdev", "pat").unwrap().0, group);
    }

    #[test]
    fn strangers_and_unknown_groups_are_nobody() {
        assert_eq!(User::find("pa", PASSWD, GROUP), None);
        assert_eq!(with_member(GROUP, "plug", "pat"), None);
    }
}
