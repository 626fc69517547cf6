//! `fidokey` talks CTAP2 over USB HID to FIDO2 security keys.
//!
//! # Layers
//!
//! A layer calls only downwards; `tests/suite/layering.rs` fails on an arrow that points back.
//!
//! | layer | what it does | what it does not |
//! |---|---|---|
//! | [`cli`] | flags, terminals, exit codes; one file per command | protocol |
//! | [`output`] | what was learned, as text or versioned JSON, one struct per view | talk to a key |
//! | `relying_party` | the local relying party, and ceremonies and audits against remote ones | print |
//! | [`client`] | a WebAuthn client: options, rules, ceremony, response | read flags |
//! | [`authenticator`] | ceremonies on a key; asks people only through a trait | print |
//! | [`webauthn`] | the rules: client data, RP ID, JSON forms, verification | touch a key |
//! | [`virtual_key`] | OpenSK behind the transport's traits | know CTAP |
//! | [`trace`] | what is said to a key, decoded, with secrets masked | decide what is said |
//! | [`host`] | what the operating system says of keys | open them |
//! | [`ctap`] | CTAP2 commands and PIN/UV auth protocols, as values; pure | any I/O |
//! | [`transport`] | moves messages to and from a key | know CBOR |
//! | [`wire`] | bytes to values and back; pure and total | any I/O |
//!
//! `relying_party` is behind the cargo feature `relying-party`, which is on by default.
//!
//! Direction of use: `main -> cli -> output -> relying_party -> client -> {authenticator, webauthn}`;
//! `authenticator -> {ctap, transport}`; `webauthn -> ctap`; `{ctap, transport} -> wire`, and every
//! layer may use `wire`. `{virtual_key, trace, host}` stand beside `authenticator`, over `transport`
//! (`trace` also over `ctap`), and are joined to it in `cli`. Names in one pair of braces do not know
//! each other.

#![deny(clippy::arithmetic_side_effects)]
#![warn(unreachable_pub)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::disallowed_methods))]

pub mod authenticator;
pub mod cli;
pub mod client;
pub mod ctap;
pub mod host;
pub mod output;
#[cfg(feature = "relying-party")]
pub mod relying_party;
pub mod trace;
pub mod transport;
pub mod virtual_key;
pub mod webauthn;
pub mod wire;
