//! The checks of client data (WebAuthn Level 3 sections 7.1 and 7.2).

use super::{Ceremony, ClientData, Expected, SharedRule, quoted, shown};
use crate::webauthn::check::Check;
use crate::webauthn::client_data::{ClientDataType, ReceivedClientData, hash};

const READABLE: SharedRule =
    SharedRule::new("client_data", "the client data is JSON with the members that it needs");
const TYPE: SharedRule =
    SharedRule::new("client_data_type", "the client data is for this kind of ceremony");
const CHALLENGE: SharedRule =
    SharedRule::new("challenge", "the challenge is the one that was sent");
const ORIGIN: SharedRule = SharedRule::new("origin", "the origin is one that may ask");
const CROSS_ORIGIN: SharedRule = SharedRule::new(
    "cross_origin",
    "the ceremony did not run in a frame of another origin, unless it may",
);
const TOP_ORIGIN: SharedRule =
    SharedRule::new("top_origin", "the page around the frame is one that may hold it");

/// The rules that look into client data, which needs to be readable for them.
const RULES: [SharedRule; 5] = [TYPE, CHALLENGE, ORIGIN, CROSS_ORIGIN, TOP_ORIGIN];

/// Checks client data; gives its hash.
pub(super) fn check(
    client_data: ClientData<'_>,
    expected: &Expected,
    ceremony: Ceremony,
    checks: &mut Vec<Check>,
) -> [u8; 32] {
    let json = match client_data {
        ClientData::Hash(hash) => {
            let rules = [READABLE].into_iter().chain(RULES);
            checks.extend(rules.map(|rule| {
                rule.of(ceremony).not_checked("only the hash of the client data is known")
            }));
            return hash;
        }
        ClientData::Json(json) => json,
    };
    match ReceivedClientData::parse(json) {
        Ok(received) => {
            checks.push(READABLE.of(ceremony).passed());
            checks.extend(members(&received, expected, ceremony));
        }
        Err(error) => {
            checks.push(READABLE.of(ceremony).failed("client data", error.to_string()));
            let unread =
                |rule: SharedRule| rule.of(ceremony).not_checked("the client data cannot be read");
            checks.extend(RULES.map(unread));
        }
    }
    hash(json)
}

fn members(received: &ReceivedClientData, expected: &Expected, ceremony: Ceremony) -> [Check; 5] {
    let kind = match ceremony {
        Ceremony::Registration => ClientDataType::Create,
        Ceremony::Assertion => ClientDataType::Get,
    };
    let type_check = TYPE.of(ceremony).judge(
        received.kind == kind.as_str(),
        || quoted(kind.as_str()),
        || quoted(&received.kind),
    );
    let challenge = match &expected.challenge {
        Some(challenge) => CHALLENGE.of(ceremony).judge(
            received.challenge == *challenge,
            || shown(challenge),
            || shown(&received.challenge),
        ),
        None => CHALLENGE.of(ceremony).not_checked("the challenge that was sent is not known"),
    };
    let origin = if expected.origins.is_empty() {
        ORIGIN.of(ceremony).not_checked("no origin to expect was given")
    } else {
        ORIGIN.of(ceremony).judge(
            expected.origins.contains(&received.origin),
            || listed(&expected.origins),
            || quoted(&received.origin),
        )
    };
    let cross_origin = CROSS_ORIGIN.of(ceremony).judge(
        expected.cross_origin || received.cross_origin != Some(true),
        || if expected.cross_origin { "any crossOrigin" } else { "crossOrigin false" }.into(),
        || match received.cross_origin {
            Some(crossed) => format!("crossOrigin {crossed}"),
            None => "no crossOrigin".into(),
        },
    );
    let top_origin = match &received.top_origin {
        None => TOP_ORIGIN.of(ceremony).not_applicable("there is no topOrigin"),
        Some(seen) => TOP_ORIGIN.of(ceremony).judge(
            received.cross_origin == Some(true)
                && expected.cross_origin
                && expected.top_origins.contains(seen),
            || match expected.top_origins.as_slice() {
                [] => "no topOrigin".into(),
                origins => listed(origins),
            },
            || quoted(seen),
        ),
    };
    [type_check, challenge, origin, cross_origin, top_origin]
}

fn listed(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    texts.join(" or ")
}
