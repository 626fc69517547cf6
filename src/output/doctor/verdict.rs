//! One key: whether it can be used, and if not, why and what mends it.

use super::finding;
use super::notes::{NoteView, notes};
use crate::authenticator::{AuthenticatorError, Key, PinState};
use crate::host::{Access, Holder, HostKey, Obstacle, Remedy};
use crate::output::access::{self, AccessView};
use crate::output::identity::Identity;
use crate::output::key_words;
use crate::output::list::{Status, reason};
use crate::output::remedy::{RemedyView, shell_word};
use crate::output::text::escape;
use crate::output::words::{capitalized, key_name};
use crate::transport::{KeyDescription, KeyKind, OpenError};
use crate::webauthn::model_names::ModelNames;
use serde::Serialize;

/// What was learned of one key.
#[derive(Debug)]
pub struct Examined<'a> {
    /// The key.
    pub key: &'a KeyDescription,
    /// What the operating system says of it, where it was asked.
    pub host: Option<&'a HostKey>,
    /// Who else has it open, where that was asked.
    pub holders: Vec<Holder>,
    /// What `--device` takes for it, where it is not the only one.
    pub selector: Option<&'a str>,
    /// How this program is called.
    pub program: &'a str,
    /// What models are called.
    pub names: &'a ModelNames,
}

/// What keeps a key from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Problem {
    NobodyAtSeat,
    SomebodyElseAtSeat,
    NotInGroup,
    GroupAfterNextLogin,
    NoRule,
    UnknownToRules,
    RuleTooLate,
    RuleNotApplied,
    AccessList,
    NoUdev,
    Container,
    NoNode,
    RefusedToRoot,
    InUse,
    Busy,
    U2fOnly,
    Silent,
    Unplugged,
    PinBlocked,
    Failed,
}

/// One key, and whether it can be used.
#[derive(Debug, Serialize)]
pub struct KeyVerdict {
    #[serde(flatten)]
    identity: Identity,
    usable: bool,
    problem: Option<Problem>,
    reason: Option<String>,
    remedy: Option<RemedyView>,
    access: Option<AccessView>,
    held_by: Vec<HolderView>,
    speaks: Option<String>,
    notes: Vec<NoteView>,
    #[serde(skip)]
    what: String,
}

#[derive(Debug, Serialize)]
struct HolderView {
    process: u32,
    name: String,
}

impl KeyVerdict {
    /// A key that was opened and said what it is, and how its PIN stands, where it knows one.
    pub fn answered(
        examined: &Examined<'_>,
        key: &Key,
        pin: Option<&Result<PinState, AuthenticatorError>>,
    ) -> Self {
        let speaks = key_words::speaks(key.known_info(), key.capabilities());
        let identity = Identity::of_answered(key, examined.names);
        let (Some(info), Some(pin)) = (key.known_info(), pin) else {
            let mut verdict = Self::trouble(examined, Problem::U2fOnly, "it speaks only U2F");
            verdict.because(
                "It is older than FIDO2, or its FIDO2 side is switched off. Where a service offers \
                 U2F, it still works as a second factor.",
            );
            verdict.remedy =
                Some(RemedyView::other("use_other_key", "Use a FIDO2 key in its place", None));
            verdict.speaks = Some(speaks);
            verdict.identity = identity;
            return verdict;
        };
        let command = |command: &str| match examined.selector {
            Some(selector) => {
                format!("{} {command} --device {}", examined.program, shell_word(selector))
            }
            None => format!("{} {command}", examined.program),
        };
        let mut verdict = if is_blocked(pin) {
            let mut verdict =
                Self::trouble(examined, Problem::PinBlocked, "its PIN is blocked for good");
            verdict.because("Too many wrong PINs were tried, and none is left.");
            verdict.remedy = Some(RemedyView::other(
                "reset",
                "Only a reset helps. It erases every account on the key, so make sure of another \
                 way into each of them first",
                Some(command("reset")),
            ));
            verdict
        } else {
            let model = identity.model.as_deref();
            let model = model.map(|model| format!("{}, ", escape(model))).unwrap_or_default();
            Self::of(examined, format!("usable ({model}{speaks})"))
        };
        verdict.notes = notes(info, pin, command);
        if verdict.problem == Some(Problem::PinBlocked) {
            verdict.notes.retain(|note| !note.is("pin_blocked"));
        }
        verdict.speaks = Some(speaks);
        verdict.identity = identity;
        verdict
    }

    /// A key that could not be opened or did not say what it is.
    pub fn failed(examined: &Examined<'_>, error: &AuthenticatorError) -> Self {
        if let Some(host) = examined.host
            && let Some(reason) = access::reason(host)
        {
            return Self::not_opened(examined, host, &reason);
        }
        let status = Status::of_error(error);
        let (problem, what) = match status {
            Status::Busy => (Problem::Busy, "it is busy with another request"),
            Status::InUse => (Problem::InUse, "it is in use"),
            Status::NoAnswer => (Problem::Silent, "it does not answer"),
            Status::Gone => (Problem::Unplugged, "it was unplugged"),
            _ => (Problem::Failed, "something is wrong with it"),
        };
        let mut verdict = Self::trouble(examined, problem, what);
        let reason = reason(status, error).map(|reason| format!("{}.", capitalized(&reason)));
        let held_by = verdict.held_by_words();
        match problem {
            Problem::Busy | Problem::InUse => verdict.busy(examined, held_by),
            Problem::Unplugged => {
                verdict.because("It was there when it was looked for, and then it was gone.");
                verdict.remedy = Some(RemedyView::other("replug", "Plug it in again", None));
            }
            _ => {
                verdict.reason = [reason, held_by]
                    .into_iter()
                    .flatten()
                    .reduce(|one, other| format!("{one} {other}"));
                verdict.remedy = Some(match error {
                    AuthenticatorError::Open(error) if examined.key.kind == KeyKind::Virtual => {
                        repair_virtual(examined, error)
                    }
                    _ => repair(examined),
                });
            }
        }
        verdict
    }

    fn busy(&mut self, examined: &Examined<'_>, held_by: Option<String>) {
        let wait = |does: &str| Some(RemedyView::other("end_other_program", does, None));
        if examined.key.kind == KeyKind::Virtual {
            self.because("Another run of fidokey uses it.");
            self.remedy = wait("Wait until that has finished");
            return;
        }
        if let Some(held_by) = held_by {
            self.because(held_by);
            self.remedy = wait("Close that program, or wait until it has finished");
            return;
        }
        self.because(
            "No program of yours has it open: it may be another user's program, or a request that \
             was broken off, which some keys give up only after 30 s.",
        );
        let command = format!("sudo fuser -v {}", shell_word(&examined.key.path.0));
        self.remedy = Some(RemedyView::other(
            "find_other_program",
            "Unplug the key and plug it in again, or see who has it open",
            Some(command),
        ));
    }

    /// A key that this user, or this place, is kept from.
    fn not_opened(examined: &Examined<'_>, host: &HostKey, reason: &str) -> Self {
        let problem = match (&host.access, host.obstacle) {
            (Access::NoNode, _) => Problem::NoNode,
            (Access::Busy, _) => Problem::InUse,
            (_, None) => Problem::Failed,
            (_, Some(obstacle)) => match obstacle {
                Obstacle::Container => Problem::Container,
                Obstacle::NoUdev => Problem::NoUdev,
                Obstacle::NobodyAtSeat => Problem::NobodyAtSeat,
                Obstacle::SomebodyElseAtSeat => Problem::SomebodyElseAtSeat,
                Obstacle::NotInGroup => Problem::NotInGroup,
                Obstacle::GroupAfterNextLogin => Problem::GroupAfterNextLogin,
                Obstacle::NoRule if matches!(host.remedy, Some(Remedy::AddRule { .. })) => {
                    Problem::UnknownToRules
                }
                Obstacle::NoRule => Problem::NoRule,
                Obstacle::RuleTooLate => Problem::RuleTooLate,
                Obstacle::RuleNotApplied => Problem::RuleNotApplied,
                Obstacle::AccessList => Problem::AccessList,
                Obstacle::EvenRoot => Problem::RefusedToRoot,
            },
        };
        let what = match problem {
            Problem::NoNode => "it has no device node here",
            Problem::InUse => "it is in use",
            Problem::Failed => "it cannot be opened",
            _ => "you may not open it",
        };
        let mut verdict = Self::trouble(examined, problem, what);
        verdict.because(format!("{}.", capitalized(reason)));
        if let Access::Denied(denial) = &host.access {
            verdict.access = Some(AccessView::of(denial));
        }
        verdict.remedy = match &host.remedy {
            Some(remedy) => Some(RemedyView::of(remedy, &examined.key.path, examined.program)),
            None => Some(repair(examined)),
        };
        verdict
    }

    fn trouble(examined: &Examined<'_>, problem: Problem, what: &str) -> Self {
        let mut verdict = Self::of(examined, format!("not usable, {what}"));
        verdict.usable = false;
        verdict.problem = Some(problem);
        verdict
    }

    fn of(examined: &Examined<'_>, what: String) -> Self {
        let Examined { key, holders, .. } = examined;
        let holder =
            |holder: &Holder| HolderView { process: holder.process, name: holder.name.clone() };
        Self {
            identity: Identity::of(key),
            usable: true,
            problem: None,
            reason: None,
            remedy: None,
            access: None,
            held_by: holders.iter().map(holder).collect(),
            speaks: None,
            notes: Vec::new(),
            what: format!("{}: {what}", capitalized(&key_name(key))),
        }
    }

    fn because(&mut self, reason: impl Into<String>) {
        self.reason = Some(reason.into());
    }

    /// Who has it open, as a sentence.
    fn held_by_words(&self) -> Option<String> {
        let names: Vec<String> = self
            .held_by
            .iter()
            .map(|holder| format!("{} (process {})", escape(&holder.name), holder.process))
            .collect();
        match names.as_slice() {
            [] => None,
            [name] => Some(format!("The program {name} has it open.")),
            names => Some(format!("The programs {} have it open.", names.join(", "))),
        }
    }

    /// Whether it can be used.
    pub(super) fn is_usable(&self) -> bool {
        self.usable
    }

    /// Whether something has to be done soon although it can be used.
    pub(super) fn has_warning(&self) -> bool {
        self.notes.iter().any(NoteView::is_warning)
    }

    /// The key as text.
    pub(super) fn text(&self) -> String {
        finding(&self.what, self.reason.as_deref(), self.remedy.as_ref(), &self.notes)
    }
}

/// Whether nobody can prove to the key who they are before it is reset.
fn is_blocked(pin: &Result<PinState, AuthenticatorError>) -> bool {
    pin.as_ref().is_ok_and(|pin| {
        pin.retries == Some(0) && !pin.built_in.is_some_and(|built_in| built_in.set_up)
    })
}

/// What may help a key of which nothing better is known.
fn repair(examined: &Examined<'_>) -> RemedyView {
    if examined.key.kind == KeyKind::Virtual {
        return RemedyView::other("try_again", "Run the command again", None);
    }
    RemedyView::other(
        "replug",
        "Unplug the key, plug it in again, and run the command again. If that does not help, \
         try another socket and another computer",
        None,
    )
}

/// What may help a virtual key that cannot be switched on. Only what is damaged is to be deleted.
fn repair_virtual(examined: &Examined<'_>, error: &OpenError) -> RemedyView {
    let name = examined.key.path.0.strip_prefix("virtual:");
    match (error, name) {
        (OpenError::State { is_newer: true, .. }, _) => RemedyView::other(
            "use_newer_version",
            "Use the version of fidokey that wrote it, or a newer one",
            None,
        ),
        (OpenError::State { .. }, Some(name)) => RemedyView::other(
            "delete_virtual_key",
            "If it is not needed any more, delete it; what is on it is lost",
            Some(format!("{} virtual delete {}", examined.program, shell_word(name))),
        ),
        (OpenError::Other { .. }, _) => RemedyView::other(
            "permit_files",
            "See that you may read and write its files, and that the disk is not full",
            None,
        ),
        _ => repair(examined),
    }
}
