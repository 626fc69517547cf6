//! What mends the access to a key, in words and as a command that can be copied.

use super::text::escape;
use crate::host::{Account, Admission, Container, Remedy, udev_rules};
use crate::transport::KeyPath;
use serde::Serialize;

/// Has udev read its rules again and apply them to what is plugged in.
const APPLY_RULES: &str = "sudo udevadm control --reload && sudo udevadm trigger -s hidraw";

/// What has to be done after a command.
const LOG_IN_AGAIN: &str = "Then log out and in again.";
const REPLUG: &str = "Then unplug the key and plug it in again.";
const REPLUG_AND_LOG_IN: &str =
    "Then unplug the key and plug it in again, and log out and in again.";

/// A remedy, as JSON and as words.
#[derive(Clone, Debug, Serialize)]
pub struct RemedyView {
    act: &'static str,
    hint: String,
    command: Option<String>,
    /// What to do, without the command and without a full stop.
    #[serde(skip)]
    does: String,
    /// What has to be done after it.
    #[serde(skip)]
    then: Option<&'static str>,
}

impl RemedyView {
    /// Takes a remedy for the key at `path`; `program` is how this program is called.
    pub fn of(remedy: &Remedy, path: &KeyPath, program: &str) -> Self {
        Self::from_act(Act::of(remedy, path, program))
    }

    fn from_act(Act { act, does, command, then }: Act) -> Self {
        let mut hint = match &command {
            Some(command) => format!("{does}: `{command}`."),
            None => format!("{does}."),
        };
        if let Some(then) = then {
            hint.push_str(&format!(" {then}"));
        }
        Self { act, hint, command, does, then }
    }

    /// Something else that helps: `does` is what to do, without a full stop.
    pub(super) fn other(
        act: &'static str,
        does: impl Into<String>,
        command: Option<String>,
    ) -> Self {
        Self::from_act(Act { command, ..Act::new(act, does) })
    }

    /// The remedy in one paragraph.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// What to do, the command that does it, and what has to be done after it: a line each.
    pub(super) fn lines(&self) -> Vec<&str> {
        let mut lines = vec![self.does.as_str()];
        lines.extend(self.command.as_deref());
        lines.extend(self.then);
        lines
    }

    /// Whether a command does it.
    pub(super) fn has_command(&self) -> bool {
        self.command.is_some()
    }
}

/// The parts of a remedy.
struct Act {
    act: &'static str,
    does: String,
    command: Option<String>,
    then: Option<&'static str>,
}

impl Act {
    fn new(act: &'static str, does: impl Into<String>) -> Self {
        Self { act, does: does.into(), command: None, then: None }
    }

    fn by(self, command: impl Into<String>) -> Self {
        Self { command: Some(command.into()), ..self }
    }

    /// The command installs rules; without a seat, it also lets the user in through the group.
    fn by_rules(self, program: &str, admission: Option<&Admission>) -> Self {
        let joins = admission.is_some_and(|admission| admission.join);
        let then = joins.then_some(LOG_IN_AGAIN);
        Self { command: Some(install_rules(program, admission)), then, ..self }
    }

    fn of(remedy: &Remedy, path: &KeyPath, program: &str) -> Self {
        let group = udev_rules::GROUP;
        match remedy {
            Remedy::InstallRules { admission: None } => {
                Self::new("install_rules", "Install the udev rules that come with fidokey")
                    .by_rules(program, None)
            }
            Remedy::InstallRules { admission } => Self::new(
                "install_rules",
                format!(
                    "Install the udev rules that come with fidokey, which let the group {group} in"
                ),
            )
            .by_rules(program, admission.as_ref()),
            Remedy::TriggerRules => Self::new(
                "trigger_rules",
                "Have udev apply its rules to the key; unplugging it and plugging it in again does \
                 the same",
            )
            .by(APPLY_RULES),
            Remedy::MoveRules(late) => {
                let (from, to) = (shell_word(&late.file), shell_word(&late.better));
                let verb = if late.is_own { "mv" } else { "cp" };
                Self::new("move_rules", "Give the rules a name that sorts early enough")
                    .by(format!("sudo {verb} {from} {to} && {APPLY_RULES}"))
            }
            Remedy::AddRule { vendor_id, product_id, admission } => Self::new(
                "add_rule",
                format!(
                    "Install the udev rules that come with fidokey, with this model \
                     ({vendor_id:04x}:{product_id:04x}) added"
                ),
            )
            .by_rules(program, admission.as_ref()),
            Remedy::Replug => Self::new("replug", "Unplug the key and plug it in again"),
            Remedy::SitAtSeat { admission, active_user } => {
                let act = Self::new(
                    "sit_at_seat",
                    format!(
                        "Use the key in a session at the machine itself, or let the group {group} \
                         use it from anywhere"
                    ),
                )
                .by_rules(program, Some(admission));
                // The node is on an access list for whoever sits there, which the group is not on.
                match (active_user, act.then) {
                    (None, _) => act,
                    (Some(_), None) => Self { then: Some(REPLUG), ..act },
                    (Some(_), Some(_)) => Self { then: Some(REPLUG_AND_LOG_IN), ..act },
                }
            }
            Remedy::JoinGroup { group, user } => {
                Self {
                    then: Some(LOG_IN_AGAIN),
                    ..Self::new("join_group", format!("Join the group {}", escape(group)))
                        .by(format!("sudo usermod -aG {} {}", shell_word(group), shell_user(user)))
                }
            }
            Remedy::LogInAgain { group } => Self::new(
                "log_in_again",
                format!(
                    "Log out and in again, so that the group {} takes effect; in this terminal \
                     alone, one command is enough",
                    escape(group)
                ),
            )
            .by(format!("newgrp {}", shell_word(group))),
            Remedy::PassDeviceToContainer { container } => pass_on(container.as_ref(), path),
            Remedy::ChangeNode { user } => {
                Self::new("change_node", "Give yourself the device node, since udev does not")
                    .by(format!("sudo chown {} {}", shell_user(user), shell_word(&path.0)))
            }
            Remedy::EndOtherProgram => Self::new("end_other_program", "End the other program"),
        }
    }
}

/// The command that installs this version's rules, for keys that are plugged in now too.
fn install_rules(program: &str, admission: Option<&Admission>) -> String {
    let mut command = String::new();
    if admission.is_some_and(|admission| admission.make_group) {
        command.push_str(&format!("sudo groupadd -f -r {} && ", udev_rules::GROUP));
    }
    command.push_str(&format!(
        "{program} doctor --print-rules | sudo tee /etc/udev/rules.d/{} > /dev/null && {APPLY_RULES}",
        udev_rules::FILE_NAME
    ));
    if let Some(Admission { user, join: true, .. }) = admission {
        command.push_str(&format!(
            " && sudo usermod -aG {} {}",
            udev_rules::GROUP,
            shell_user(user)
        ));
    }
    command
}

/// How a container is given a key.
fn pass_on(container: Option<&Container>, path: &KeyPath) -> Act {
    let node = shell_word(&path.0);
    let anew = |what: &str| {
        Act::new(
            "pass_device_to_container",
            format!("Start the container anew with the key passed on ({what})"),
        )
    };
    let image = "on the machine outside, with its image in place of IMAGE";
    match container {
        Some(Container::Docker) => anew(image).by(format!("docker run --device {node} IMAGE")),
        Some(Container::Podman) => {
            anew(image).by(format!("podman run --device {node} --group-add keep-groups IMAGE"))
        }
        Some(Container::Lxc) => Act::new(
            "pass_device_to_container",
            "Pass the key on to the container (on the machine outside, with its name in place of NAME)",
        )
        .by(format!("lxc config device add NAME fido unix-char source={node} path={node}")),
        Some(Container::Nspawn) => {
            anew("on the machine outside, with its directory in place of DIRECTORY").by(format!(
                "systemd-nspawn --bind={node} --property=DeviceAllow='{} rw' -D DIRECTORY",
                path.0
            ))
        }
        Some(Container::Wsl | Container::Other(_)) | None => Act::new(
            "pass_device_to_container",
            format!(
                "If this is a container or a sandbox, start it with access to {}",
                escape(&path.0),
            ),
        ),
    }
}

/// A user in a command: by name, or whoever types it.
fn shell_user(user: &Account) -> String {
    user.name.as_deref().map_or_else(|| "\"$USER\"".to_owned(), shell_word)
}

/// A text as one word of a shell command.
pub fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@,".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) {
        return text.to_owned();
    }
    // Quoted words may hold anything but an end of line, which would not look like one word.
    format!("'{}'", escape(text).replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_command_stay_one_word() {
        assert_eq!(shell_word("/etc/udev/rules.d/70-a.rules"), "/etc/udev/rules.d/70-a.rules");
        assert_eq!(shell_word("a b; rm -rf '/'"), "'a b; rm -rf '\\''/'\\'''");
        assert_eq!(shell_word("-rf"), "'-rf'");
        assert_eq!(shell_word("a\nb"), "'a\\u{a}b'");
        assert_eq!(shell_word(""), "''");
    }
}
