//! Whether the key gives the attestation that is asked for (WebAuthn Level 3 sections 5.4.7 and 8;
//! CTAP 2.3 sections 6.1.2 and 7.1).

use super::facts::list;
use super::finding::{Finding, Remedy, Rule};
use super::wishes::{AttestationWish, RegistrationWishes};
use crate::ctap::get_info::Info;

/// The key gives the attestation that is asked for. Nothing when none is.
pub(super) fn rules(wishes: &RegistrationWishes, info: &Info) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let AttestationWish::Enterprise { required } = wishes.attestation {
        findings.push(enterprise(required, info));
    }
    if wishes.attestation != AttestationWish::None {
        findings.extend(formats(&wishes.attestation_formats, info));
    }
    findings
}

/// The key may name itself to this service.
fn enterprise(required: bool, info: &Info) -> Finding {
    let rule = Rule::new(
        "enterprise_attestation",
        "The key may give an enterprise attestation",
        if required { "required" } else { "wanted" },
    );
    let state = info.options().ep();
    let (seen, why) = match state {
        Some(true) => {
            let seen = "switched on; it is only given to relying parties on the key's list, unless \
                        the platform decides";
            return rule.pass(seen);
        }
        Some(false) => ("switched off", "enterprise attestation is switched off on the key"),
        None => ("not supported", "the key does not support enterprise attestation"),
    };
    let finding = if required {
        rule.fail(seen, why)
    } else {
        rule.warn(seen, format!("{why}, so that the service gets an ordinary one"))
    };
    match state {
        None => finding.help(Remedy::OtherKey { that: "made for enterprises".into() }),
        _ => finding.help(Remedy::ShowInfo),
    }
}

/// The key knows a format that is preferred. Nothing when none is.
fn formats(preferred: &[String], info: &Info) -> Option<Finding> {
    if preferred.is_empty() {
        return None;
    }
    let rule = Rule::new(
        "attestation_format",
        "An attestation format that the service prefers",
        list(preferred),
    );
    let known = info.attestation_formats();
    if let Some(format) = preferred.iter().find(|format| known.contains(&format.as_str())) {
        return Some(rule.pass(format.clone()));
    }
    let known = list(known);
    let why = format!("the key gives {known} and none of the formats that are preferred");
    Some(rule.warn(known, why))
}
