//! The keys that are plugged in, one row each.

use super::access::{self, AccessView};
use super::identity::Identity;
use super::key_words;
use super::remedy::RemedyView;
use super::text::{Table, escape};
use super::words::{capitalized, key_name};
use crate::authenticator::{AuthenticatorError, Key};
use crate::ctap::get_info::Info;
use crate::host::{Access, HostKey};
use crate::transport::channel::ChannelError;
use crate::transport::{ConnectionError, KeyDescription, OpenError};
use crate::webauthn::model_names::ModelNames;
use crate::wire::ctaphid::HidErrorCode;
use serde::Serialize;
use std::error::Error;

/// The keys that are plugged in.
#[derive(Debug, Serialize)]
pub struct ListView {
    /// The keys, in a stable order.
    pub keys: Vec<KeyView>,
    /// How many virtual keys last, which are not listed; `None` where nobody can tell.
    pub virtual_keys: Option<usize>,
}

/// One key.
#[derive(Debug, Serialize)]
pub struct KeyView {
    #[serde(flatten)]
    identity: Identity,
    status: Status,
    reason: Option<String>,
    access: Option<AccessView>,
    remedy: Option<RemedyView>,
    speaks: Option<String>,
    info: Option<InfoSummary>,
    #[serde(skip)]
    cells: Vec<String>,
    #[serde(skip)]
    name: String,
}

/// How a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// It answers.
    Ready,
    /// It serves another program.
    Busy,
    /// Another program holds it for itself.
    InUse,
    /// This user may not open it.
    NoPermission,
    /// There is no device node for it here.
    NoNode,
    /// It does not answer.
    NoAnswer,
    /// It was pulled out meanwhile.
    Gone,
    /// Anything else.
    Failed,
}

impl Status {
    /// The status in a table cell.
    fn words(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Busy => "busy",
            Self::InUse => "in use",
            Self::NoPermission => "no permission",
            Self::NoNode => "no device node",
            Self::NoAnswer => "does not answer",
            Self::Gone => "gone",
            Self::Failed => "unusable",
        }
    }

    pub(super) fn of_error(error: &AuthenticatorError) -> Self {
        match error {
            AuthenticatorError::Open(error) => match error {
                OpenError::NotFound(_) => Self::Gone,
                OpenError::NoPermission(_) => Self::NoPermission,
                OpenError::InUse { .. } => Self::InUse,
                OpenError::State { .. } | OpenError::Other { .. } => Self::Failed,
            },
            AuthenticatorError::Channel(error) => match error {
                ChannelError::Connection(ConnectionError::InUse) => Self::InUse,
                ChannelError::Connection(ConnectionError::Unplugged) => Self::Gone,
                ChannelError::Busy { .. }
                | ChannelError::Refused(HidErrorCode::CHANNEL_BUSY)
                | ChannelError::TimedOut { .. } => Self::Busy,
                ChannelError::NoAnswer { .. } => Self::NoAnswer,
                _ => Self::Failed,
            },
            AuthenticatorError::NotTouched => Self::Busy,
            _ => Self::Failed,
        }
    }

    fn of_access(access: &Access) -> Self {
        match access {
            Access::Denied(_) => Self::NoPermission,
            Access::NoNode => Self::NoNode,
            Access::Busy => Self::InUse,
            Access::Permitted | Access::Other { .. } => Self::Failed,
        }
    }
}

/// What a key says of itself, in short.
#[derive(Debug, Serialize)]
struct InfoSummary {
    versions: Vec<String>,
    aaguid: Option<String>,
    firmware_version: Option<u64>,
    pin_set: Option<bool>,
    user_verification_set: Option<bool>,
    force_pin_change: bool,
}

impl InfoSummary {
    fn of(info: &Info) -> Self {
        Self {
            versions: info.versions.clone(),
            aaguid: info.aaguid.map(|aaguid| aaguid.to_string()),
            firmware_version: info.firmware_version,
            pin_set: info.options().client_pin(),
            user_verification_set: info.options().uv(),
            force_pin_change: info.force_pin_change(),
        }
    }
}

impl KeyView {
    /// A key that was opened and said what it is.
    pub fn ready(key: &Key, names: &ModelNames) -> Self {
        let (info, capabilities) = (key.known_info(), key.capabilities());
        let speaks = key_words::speaks(info, capabilities);
        let pin = key_words::pin(info).to_owned();
        let mut view = Self::of(key.description(), Status::Ready);
        view.identity = Identity::of_answered(key, names);
        view.cells = vec![speaks.clone(), pin];
        view.speaks = Some(speaks);
        view.info = info.map(InfoSummary::of);
        view
    }

    /// A key that could not be opened or did not say what it is, and what the operating system
    /// says of it, where that was asked. `program` is how this program is called.
    pub fn failed(
        key: &KeyDescription,
        error: &AuthenticatorError,
        host: Option<&HostKey>,
        program: &str,
    ) -> Self {
        let told = host.and_then(|host| access::reason(host).map(|why| (host, why)));
        let Some((host, reason)) = told else {
            let status = Status::of_error(error);
            let mut view = Self::of(key, status);
            view.reason = reason(status, error);
            return view;
        };
        let mut view = Self::of(key, Status::of_access(&host.access));
        view.reason = Some(reason);
        if let Access::Denied(denial) = &host.access {
            view.access = Some(AccessView::of(denial));
        }
        let remedy = host.remedy.as_ref();
        view.remedy = remedy.map(|remedy| RemedyView::of(remedy, &key.path, program));
        view
    }

    fn of(key: &KeyDescription, status: Status) -> Self {
        Self {
            identity: Identity::of(key),
            status,
            reason: None,
            access: None,
            remedy: None,
            speaks: None,
            info: None,
            cells: vec![status.words().to_owned(), "-".to_owned()],
            name: key_name(key),
        }
    }

    /// Why the key cannot be used, as a sentence; `None` where it can.
    pub fn problem(&self) -> Option<String> {
        let name = capitalized(&self.name);
        let sentence = match self.status {
            Status::Ready => return None,
            Status::Busy => format!("{name} is busy with another program's request"),
            Status::InUse => return Some(format!("{name} is in use by another program.")),
            Status::NoPermission => format!("This user may not open {}", self.name),
            Status::NoNode | Status::Failed => format!("{name} cannot be used"),
            Status::NoAnswer => format!("{name} does not answer"),
            Status::Gone => format!("{name} was unplugged"),
        };
        Some(match &self.reason {
            Some(reason) => format!("{sentence}: {reason}."),
            None => format!("{sentence}."),
        })
    }

    /// What mends it, where that is known.
    pub fn hint(&self) -> Option<&str> {
        match (&self.remedy, self.status) {
            (Some(remedy), _) => Some(remedy.hint()),
            (None, Status::NoAnswer | Status::Failed) => {
                Some("Unplug the key, plug it in again and try once more.")
            }
            (None, Status::Busy | Status::InUse) => {
                Some("Close the other program, or wait until it has finished.")
            }
            _ => None,
        }
    }
}

/// Why, where the status does not say it all.
pub(super) fn reason(status: Status, error: &AuthenticatorError) -> Option<String> {
    match status {
        Status::Failed | Status::NoAnswer => {
            let mut reason = escape(&error.to_string());
            let mut source = error.source();
            while let Some(cause) = source {
                let cause_text = escape(&cause.to_string());
                if !reason.contains(&cause_text) {
                    reason.push_str(&format!(": {cause_text}"));
                }
                source = cause.source();
            }
            Some(reason)
        }
        _ => None,
    }
}

impl ListView {
    /// The keys as a table; nothing where there is none.
    pub fn text(&self) -> String {
        if self.keys.is_empty() {
            return String::new();
        }
        let mut header = vec!["PATH", "PRODUCT", "VENDOR:PRODUCT", "SERIAL", "SPEAKS", "PIN"];
        // A column for what some key is known by.
        let has_models = self.keys.iter().any(|key| key.identity.model.is_some());
        if has_models {
            header.push("MODEL");
        }
        let mut table = Table::new(&header);
        for key in &self.keys {
            let Identity { path, product, vendor_id, product_id, serial_number, model, .. } =
                &key.identity;
            let mut cells = vec![
                escape(path),
                key_words::stated(product.as_deref()),
                key_words::vendor_product(*vendor_id, *product_id),
                key_words::stated(serial_number.as_deref()),
            ];
            cells.extend(key.cells.iter().cloned());
            if has_models {
                cells.push(key_words::stated(model.as_deref()));
            }
            table.row(cells);
        }
        table.render()
    }
}
