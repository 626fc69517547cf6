//! Lies that are told in registrations and in assertions alike (WebAuthn Level 3 sections 7.1 and 7.2).

use super::{assertion, flip, registration};
use crate::relying_party::audit::case::Case;
use crate::relying_party::audit::case::Severity::{Must, Should};
use crate::relying_party::audit::case::Told;
use crate::relying_party::audit::origins;
use crate::relying_party::audit::stage::Scene;
use crate::relying_party::forge::ForgeError;
use crate::relying_party::forge::authenticator_data::{AuthenticatorDataPlan, BS, UP};
use crate::relying_party::forge::client_data::{ClientDataFault, ClientDataPlan};

/// The sections with the procedures of the relying party: of registrations, of assertions.
const PROCEDURE: (&str, &str) = ("7.1", "7.2");
/// The section with the form of authenticator data.
const AUTHENTICATOR_DATA: (&str, &str) = ("6.1", "6.1");

/// Extension outputs of a key that nobody has asked: `{"credProtect": 2}`.
const EXTENSIONS: &[u8] = b"\xa1\x6bcredProtect\x02";

/// Changes what an honest client and an honest key would send.
type Tell = fn(&mut ClientDataPlan, &mut AuthenticatorDataPlan, &Scene<'_>);

fn told(
    tell: Tell,
    (client_data, authenticator_data): (&mut ClientDataPlan, &mut AuthenticatorDataPlan),
    scene: &Scene<'_>,
) -> Result<Told, ForgeError> {
    tell(client_data, authenticator_data, scene);
    Ok(Told::Yes)
}

/// Makes two cases of each lie: `reg-NAME` and `auth-NAME`.
macro_rules! in_both_ceremonies {
    ($($name:literal, $severity:ident, $sections:ident, $lie:literal: $tell:expr;)*) => {
        pub(super) static REGISTRATION: &[Case] = &[$(
            registration::case(
                concat!("reg-", $name), $severity, $sections.0, $lie,
                |plan, scene| {
                    told($tell, (&mut plan.client_data, &mut plan.authenticator_data), scene)
                },
            ),
        )*];
        pub(super) static ASSERTION: &[Case] = &[$(
            assertion::case(
                concat!("auth-", $name), $severity, $sections.1, $lie,
                |plan, scene| {
                    told($tell, (&mut plan.client_data, &mut plan.authenticator_data), scene)
                },
            ),
        )*];
    };
}

in_both_ceremonies! {
    "challenge-wrong", Must, PROCEDURE, "the challenge is another one":
        |client, _, _| flip(client.challenge.as_deref_mut());
    "challenge-missing", Must, PROCEDURE, "the client data has no challenge":
        |client, _, _| client.challenge = None;
    "origin", Must, PROCEDURE, "the origin is another one":
        |client, _, _| client.origin = "https://evil.example".to_owned();
    "origin-suffix", Must, PROCEDURE, "the origin begins like the right one":
        |client, _, scene| client.origin = origins::with_suffix(scene.origin);
    "origin-prefix", Must, PROCEDURE, "the origin ends like the right one":
        |client, _, scene| client.origin = origins::with_prefix(scene.origin);
    "origin-subdomain", Should, PROCEDURE, "the origin is a sub-domain":
        |client, _, scene| client.origin = origins::below(scene.origin);
    "origin-port", Must, PROCEDURE, "the origin has another port":
        |client, _, scene| client.origin = origins::other_port(scene.origin);
    "origin-scheme", Must, PROCEDURE, "the origin has the other scheme":
        |client, _, scene| client.origin = origins::other_scheme(scene.origin);
    "cross-origin", Must, PROCEDURE, "the page is in a foreign frame":
        |client, _, _| client.cross_origin = true;
    "top-origin", Must, PROCEDURE, "the page is in a frame of a named site":
        |client, _, _| {
            client.cross_origin = true;
            client.top_origin = Some("https://evil.example".to_owned());
        };
    "client-data-json", Must, PROCEDURE, "the client data is not JSON":
        |client, _, _| client.fault = ClientDataFault::NotJson;
    "client-data-utf8", Should, PROCEDURE, "the client data is not UTF-8":
        |client, _, _| client.fault = ClientDataFault::NotUtf8;
    "rp-id-hash", Must, PROCEDURE, "the key answers for another RP ID":
        |_, data, _| flip(Some(&mut data.rp_id_hash));
    "user-presence", Must, PROCEDURE, "nobody was there (UP not set)":
        |_, data, _| data.flags &= !UP;
    "backup-state", Must, PROCEDURE, "backed up (BS) but not eligible (BE)":
        |_, data, _| data.flags |= BS;
    "auth-data-truncated", Must, AUTHENTICATOR_DATA, "the authenticator data is cut":
        |_, data, _| data.cut = 1;
    "auth-data-trailing", Should, AUTHENTICATOR_DATA, "a byte follows the authenticator data":
        |_, data, _| data.trailing = vec![0];
    "extension-flag", Must, AUTHENTICATOR_DATA, "ED is set, and no extensions follow":
        |_, data, _| data.extension_flag = Some(true);
    "extension-data", Should, AUTHENTICATOR_DATA, "extensions follow, and ED is not set":
        |_, data, _| {
            data.extensions = Some(EXTENSIONS.to_vec());
            data.extension_flag = Some(false);
        };
}
