//! Why a ceremony will fail, or a service refuse a key, before anybody touches it.
//!
//! What is asked for ([`Wishes`]) is held against what a key says of itself ([`KeyFacts`]), rule by
//! rule (WebAuthn Level 3 sections 5.1.3 and 5.1.4; CTAP 2.3 sections 6.1.2, 6.2.2 and 6.4). Each
//! rule says how the key stands to it, why, and what to do. [`profile`] does the same for services
//! that are known.
//!
//! This is not a verdict on a response: that is [`verify`](crate::webauthn::verify).

mod attestation;
mod credential;
mod extensions;
mod facts;
mod finding;
mod listed;
mod person;
mod place;
pub mod profile;
mod wishes;

pub use facts::{Held, KeyFacts, PinTries};
pub use finding::{Finding, Findings, Remedy, Source, Standing};
pub use profile::{MetadataFacts, ModelEntry, Profile};
pub use wishes::{AttestationWish, ExtensionWish, ListedCredential, RegistrationWishes, Wishes};

use finding::Rule;

/// Holds what is asked of a ceremony against a key.
pub fn explain(wishes: &Wishes, key: &KeyFacts<'_>) -> Findings {
    let mut findings = vec![protocol(key)];
    findings.extend(place::rp_id(wishes));
    if let Some(registration) = &wishes.registration {
        findings.extend(place::attachment(registration));
    }
    if let Some(info) = key.info {
        if let Some(registration) = &wishes.registration {
            findings.push(credential::algorithm(&registration.algorithms, info));
            findings.extend(credential::resident(registration.resident_key, info));
        }
        findings.extend(person::rules(wishes, info, key.pin_tries));
        findings.extend(listed::rules(wishes, info, &key.held));
        if let Some(registration) = &wishes.registration {
            findings.push(credential::user_id(registration.user_id_length));
            findings.push(credential::names(&registration.names));
        }
        findings.extend(extensions::rules(wishes, info, key.speaks_u2f));
        if let Some(registration) = &wishes.registration {
            findings.extend(attestation::rules(registration, info));
        }
    }
    findings.extend(place::hints(wishes));
    findings.extend(place::timeout(wishes));
    Findings(findings)
}

/// The key speaks the protocol of these ceremonies.
fn protocol(key: &KeyFacts<'_>) -> Finding {
    let rule = Rule::new("protocol", "The key speaks FIDO2", "FIDO 2.0 or later");
    match key.info {
        Some(info) => rule.pass(facts::list(&info.versions)),
        None => {
            let (seen, why) = key.instead_of_fido2();
            rule.fail(seen, why).help(Remedy::OtherKey { that: "that speaks FIDO2".into() })
        }
    }
}

#[cfg(test)]
mod tests;
