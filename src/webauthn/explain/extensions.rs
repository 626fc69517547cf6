//! Whether the key knows the extensions that are asked for (WebAuthn Level 3 section 10; CTAP 2.3
//! section 12).
//!
//! A key ignores what it does not know, and the service gets nothing for it: that is a warning. It
//! fails only where the service insists.

use super::finding::{Finding, Remedy, Rule, bytes};
use super::wishes::{ExtensionWish, Wishes};
use crate::ctap::extensions::CredentialProtection;
use crate::ctap::get_info::Info;

/// One line for each extension that is asked for.
pub(super) fn rules(wishes: &Wishes, info: &Info, speaks_u2f: bool) -> Vec<Finding> {
    wishes.extensions.iter().map(|wish| rule(wish, wishes, info, speaks_u2f)).collect()
}

/// A line for one extension.
struct Line<'a> {
    id: &'static str,
    name: &'a str,
    expected: String,
}

impl Line<'_> {
    fn rule(self) -> Rule {
        let words = format!("Extension {}", self.name);
        Rule::new(self.id, words, self.expected)
    }

    /// Holds a requirement: the service insists on it or not.
    fn need(self, required: bool, has: bool, lacks: &str, so: &str) -> Finding {
        let rule = self.rule();
        match (has, required) {
            (true, _) => rule.pass("supported"),
            (false, true) => rule
                .fail(
                    "not supported",
                    format!("the key does not support {lacks}, and the service insists"),
                )
                .help(Remedy::OtherKey { that: format!("that supports {lacks}").into() })
                .help(Remedy::ShowInfo),
            (false, false) => rule
                .warn("not supported", format!("the key does not support {lacks}, so that {so}")),
        }
    }
}

fn rule(wish: &ExtensionWish, wishes: &Wishes, info: &Info, speaks_u2f: bool) -> Finding {
    let has = |name: &str| info.supports_extension(name);
    let line = |id, name| Line { id, name, expected: "supported".to_owned() };
    let nothing = "the service gets nothing for it";
    match wish {
        ExtensionWish::CredentialProtection { level, enforced } => {
            let enforced = *enforced && *level > CredentialProtection::OPTIONAL;
            let line = Line {
                id: "extension_cred_protect",
                name: "credentialProtectionPolicy",
                expected: format!("{level}{}", if enforced { ", enforced" } else { "" }),
            };
            line.need(
                enforced,
                has("credProtect"),
                "credProtect",
                "the credential would be made without that protection",
            )
        }
        ExtensionWish::Prf { evaluated } => prf(wishes, *evaluated, info),
        ExtensionWish::HmacSecret => {
            let (name, so) = match wishes.registration {
                Some(_) => ("hmacCreateSecret", "the credential derives no secrets"),
                None => ("hmacGetSecret", "it derives no secret"),
            };
            line("extension_hmac_secret", name).need(false, has("hmac-secret"), "hmac-secret", so)
        }
        ExtensionWish::LargeBlob { required } => large_blob(wishes, *required, info),
        ExtensionWish::LargeBlobWrite => large_blob(wishes, false, info),
        ExtensionWish::LargeBlobKey => line("extension_large_blob_key", "largeBlobKey").need(
            false,
            has("largeBlobKey"),
            "largeBlobKey",
            nothing,
        ),
        ExtensionWish::CredBlob { length } => cred_blob(*length, info),
        ExtensionWish::GetCredBlob => line("extension_get_cred_blob", "getCredBlob").need(
            false,
            has("credBlob"),
            "credBlob",
            nothing,
        ),
        ExtensionWish::MinPinLength => min_pin_length(info),
        ExtensionWish::CredentialProperties => Line {
            id: "extension_cred_props",
            name: "credProps",
            expected: "whether the key keeps the credential".to_owned(),
        }
        .rule()
        .pass("needs nothing of the key"),
        ExtensionWish::AppId(_) => app_id("extension_appid", "appid", speaks_u2f),
        ExtensionWish::AppIdExclude(_) => {
            app_id("extension_appid_exclude", "appidExclude", speaks_u2f)
        }
        ExtensionWish::Unknown(name) => {
            let name = name.as_str();
            let why = "fidokey does not know this extension and leaves it out";
            Line { id: "extension_unknown", name, expected: "known".to_owned() }
                .rule()
                .warn("not known", why)
        }
    }
}

/// The key derives secrets: at the registration already, or only when it is used.
fn prf(wishes: &Wishes, evaluated: bool, info: &Info) -> Finding {
    let line = Line { id: "extension_prf", name: "prf", expected: "hmac-secret".to_owned() };
    let registration = wishes.registration.is_some();
    if !info.supports_extension("hmac-secret") {
        let so = "the service gets no secret";
        return line.need(false, false, "hmac-secret, which prf is made of", so);
    }
    if registration && evaluated && !info.supports_extension("hmac-secret-mc") {
        let why = "the key derives secrets only when it is used (no hmac-secret-mc), so that the \
                   registration gives none yet";
        return line.rule().warn("hmac-secret, without hmac-secret-mc", why);
    }
    line.rule().pass("supported")
}

/// The key keeps large blobs.
fn large_blob(wishes: &Wishes, required: bool, info: &Info) -> Finding {
    let line = Line {
        id: "extension_large_blob",
        name: "largeBlob",
        expected: if required { "required" } else { "wanted" }.to_owned(),
    };
    let has = info.options().large_blobs() == Some(true) && info.supports_extension("largeBlobKey");
    let kept = wishes.registration.as_ref().is_none_or(|registration| registration.keeps(info));
    if has && !kept {
        let why = "only a credential that is kept on the key (a passkey) has a large blob";
        let help = Remedy::AskOtherwise { how: "Ask for residentKey `required` as well".into() };
        let rule = line.rule();
        let seen = "supported, for passkeys";
        return if required { rule.fail(seen, why) } else { rule.warn(seen, why) }.help(help);
    }
    line.need(required, has, "large blobs", "the service can keep none there")
}

/// The key keeps a few bytes with the credential.
fn cred_blob(length: usize, info: &Info) -> Finding {
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    let line = Line { id: "extension_cred_blob", name: "credBlob", expected: bytes(length) };
    let most = info.max_cred_blob_length;
    match most {
        Some(most) if info.supports_extension("credBlob") && length > most => {
            let why = format!("the blob has {}, and the key keeps at most {most}", bytes(length));
            line.rule()
                .warn(format!("at most {}", bytes(most)), why)
                .help(Remedy::AskOtherwise { how: format!("Send at most {}", bytes(most)).into() })
        }
        _ => {
            let so = "the bytes are not kept";
            line.need(false, info.supports_extension("credBlob"), "credBlob", so)
        }
    }
}

/// The key tells how long its PIN must be, to those whom an administrator has named to it.
fn min_pin_length(info: &Info) -> Finding {
    let line = Line {
        id: "extension_min_pin_length",
        name: "minPinLength",
        expected: "told to this service".to_owned(),
    };
    if info.supports_extension("minPinLength") {
        return line
            .rule()
            .pass("supported; told only to services that an administrator has named to the key");
    }
    line.need(false, false, "minPinLength", "the service gets nothing for it")
}

/// The key can hold credentials of U2F, which these are about.
fn app_id(id: &'static str, name: &'static str, speaks_u2f: bool) -> Finding {
    let rule = Line { id, name, expected: "a key that speaks U2F".to_owned() }.rule();
    if speaks_u2f {
        return rule.pass("the key speaks U2F");
    }
    let seen = "the key speaks no U2F";
    if name == "appid" {
        let why = "the key speaks no U2F, so that no old U2F registration can be on it";
        return rule.warn(seen, why);
    }
    rule.pass("the key speaks no U2F, so that there is nothing to exclude")
}
