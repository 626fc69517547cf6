//! Users and groups, as far as `/etc/passwd` and `/etc/group` name them.

use super::Host;

/// The user of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The effective user number.
    pub id: u32,
    /// The numbers of the groups that the process holds.
    pub groups: Vec<u32>,
}

impl User {
    /// The user of this process; on systems without such numbers, one that exists nowhere.
    pub fn of_this_process() -> Self {
        #[cfg(unix)]
        {
            use rustix::process;
            let mut groups: Vec<u32> = process::getgroups()
                .unwrap_or_default()
                .into_iter()
                .map(rustix::process::Gid::as_raw)
                .collect();
            groups.push(process::getegid().as_raw());
            Self { id: process::geteuid().as_raw(), groups }
        }
        #[cfg(not(unix))]
        Self { id: u32::MAX, groups: Vec::new() }
    }
}

/// A user or a group: its number, and its name where one is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The number.
    pub id: u32,
    /// The name.
    pub name: Option<String>,
}

/// How a user stands to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// This process holds the group.
    Held,
    /// The user was added to it, and this session began before that.
    AfterNextLogin,
    /// The user is not in it, as far as is known.
    None,
}

/// The machine's account files.
pub(super) struct Accounts {
    passwd: String,
    group: String,
}

impl Host {
    pub(super) fn accounts(&self) -> Accounts {
        Accounts { passwd: self.text("etc/passwd"), group: self.text("etc/group") }
    }
}

impl Accounts {
    pub(super) fn owner(&self, id: u32) -> Account {
        Account { id, name: name_of(&self.passwd, id) }
    }

    pub(super) fn group(&self, id: u32) -> Account {
        Account { id, name: name_of(&self.group, id) }
    }

    pub(super) fn has_group(&self, name: &str) -> bool {
        self.group.lines().any(|row| row.split(':').next() == Some(name))
    }

    /// The number of a group.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        let row = self.group.lines().find(|row| row.split(':').next() == Some(name))?;
        row.split(':').nth(2)?.parse().ok()
    }

    pub(super) fn membership(&self, user: &User, group: u32) -> Membership {
        if user.groups.contains(&group) {
            return Membership::Held;
        }
        let listed = name_of(&self.passwd, user.id).is_some_and(|name| {
            let members = row(&self.group, group).and_then(|row| row.split(':').nth(3));
            members.is_some_and(|members| members.split(',').any(|member| member == name))
        });
        if listed { Membership::AfterNextLogin } else { Membership::None }
    }
}

/// The row of an account file whose third column is `id`.
fn row(file: &str, id: u32) -> Option<&str> {
    let has_id = |row: &&str| row.split(':').nth(2).and_then(|text| text.parse().ok()) == Some(id);
    file.lines().find(has_id)
}

fn name_of(file: &str, id: u32) -> Option<String> {
    let name = row(file, id)?.split(':').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}
