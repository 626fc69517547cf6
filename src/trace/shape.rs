//! What the members of a message are: their names, their kinds, and which are secret.

use crate::ctap::get_info::MEMBERS;
use crate::wire::cose::Algorithm;

/// What a value is, as far as it matters to whoever shows it.
#[derive(Debug)]
pub(super) enum Shape {
    /// Anything; shown as it is.
    Plain,
    /// A secret, unless it is `true`, `false` or `null`: some members are a flag in one direction
    /// and a secret in the other.
    Secret,
    /// A map with whole numbers as keys. Members that are not among these are shown by number.
    Members(&'static [Field]),
    /// As [`Shape::Members`], but members that are not among these are secret.
    Guarded(&'static [Field]),
    /// A map of these members, some of them secret, or else a secret itself.
    GuardedOrSecret(&'static [Field]),
    /// A map with texts as keys. Members that are not among these are shown as they are.
    Texts(&'static [(&'static str, Shape)]),
    /// A list of such values.
    Each(&'static Shape),
    /// A number that has a name.
    Name(fn(i64) -> Option<&'static str>),
    /// A number of bits that have names.
    Bits(&'static [(u64, &'static str)]),
    /// A COSE key.
    CoseKey,
    /// Authenticator data, as a byte string.
    AuthenticatorData,
    /// The map of getInfo.
    Info,
}

/// A member of a map with whole numbers as keys.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: i64,
    pub(super) name: &'static str,
    pub(super) shape: Shape,
}

/// A member.
pub(super) const fn field(number: i64, name: &'static str, shape: Shape) -> Field {
    Field { number, name, shape }
}

/// A member that is shown as it is.
pub(super) const fn plain(number: i64, name: &'static str) -> Field {
    field(number, name, Shape::Plain)
}

/// A member that is masked.
pub(super) const fn secret(number: i64, name: &'static str) -> Field {
    field(number, name, Shape::Secret)
}

/// Finds a member by its number.
pub(super) fn find(fields: &'static [Field], number: i64) -> Option<&'static Field> {
    fields.iter().find(|field| field.number == number)
}

/// A COSE algorithm.
pub(super) const ALGORITHM: Shape = Shape::Name(|number| Algorithm(number).name());

/// A map that has its algorithm under `alg`: an entry of `pubKeyCredParams`, or an attestation
/// statement.
pub(super) const WITH_ALGORITHM: Shape = Shape::Texts(&[("alg", ALGORITHM)]);

/// The name of a member of getInfo, and what it is.
pub(super) fn info_member(number: i64) -> Option<(&'static str, &'static Shape)> {
    const ALGORITHMS: &Shape = &Shape::Each(&WITH_ALGORITHM);
    const CONFIG_COMMANDS: &Shape = &Shape::Each(&Shape::Name(config_subcommand));
    let member = MEMBERS.iter().find(|member| member.number == number)?;
    let shape = match member.name {
        "algorithms" => ALGORITHMS,
        "authenticatorConfigCommands" => CONFIG_COMMANDS,
        _ => &Shape::Plain,
    };
    Some((member.name, shape))
}

/// The name of a subcommand of authenticatorConfig.
pub(super) fn config_subcommand(number: i64) -> Option<&'static str> {
    Some(match number {
        0x01 => "enableEnterpriseAttestation",
        0x02 => "toggleAlwaysUv",
        0x03 => "setMinPINLength",
        0x04 => "enableLongTouchForReset",
        0xff => "vendorPrototype",
        _ => return None,
    })
}

/// The members of a COSE key of some type (RFC 9053; RFC 9964 for key type 7). A private part has no
/// place in any message.
pub(super) fn cose_fields(key_type: Option<i64>) -> &'static [Field] {
    const KEY_TYPE: Field = field(1, "kty", Shape::Name(key_type_name));
    const KEY_ID: Field = plain(2, "kid");
    const ALG: Field = field(3, "alg", ALGORITHM);
    const CURVE: Field = field(-1, "crv", Shape::Name(curve_name));
    const RSA: &[Field] = &[KEY_TYPE, KEY_ID, ALG, plain(-1, "n"), plain(-2, "e")];
    const AKP: &[Field] = &[KEY_TYPE, KEY_ID, ALG, plain(-1, "pub")];
    const CURVES: &[Field] = &[KEY_TYPE, KEY_ID, ALG, CURVE, plain(-2, "x"), plain(-3, "y")];
    match key_type {
        Some(3) => RSA,
        Some(7) => AKP,
        _ => CURVES,
    }
}

fn key_type_name(number: i64) -> Option<&'static str> {
    Some(match number {
        1 => "OKP",
        2 => "EC2",
        3 => "RSA",
        7 => "AKP",
        _ => return None,
    })
}

fn curve_name(number: i64) -> Option<&'static str> {
    Some(match number {
        1 => "P-256",
        2 => "P-384",
        3 => "P-521",
        4 => "X25519",
        6 => "Ed25519",
        7 => "Ed448",
        8 => "secp256k1",
        _ => return None,
    })
}
