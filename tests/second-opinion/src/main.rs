//! A second client, by others: `ctap-hid-fido2`, with its results as JSON.
//!
//! What it reads from a key must equal what `fidokey --json` says of the same key; the names of
//! members are fidokey's. It is no tool for people: it trusts the key, and says nothing while it
//! waits for a touch.

mod json;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clap::{Parser, Subcommand};
use ctap_hid_fido2::fidokey::get_assertion::get_assertion_params::Assertion;
use ctap_hid_fido2::fidokey::make_credential::Attestation;
use ctap_hid_fido2::fidokey::{GetAssertionArgsBuilder, MakeCredentialArgsBuilder};
use ctap_hid_fido2::public_key::{PublicKey, PublicKeyType};
use ctap_hid_fido2::public_key_credential_descriptor::PublicKeyCredentialDescriptor;
use ctap_hid_fido2::public_key_credential_user_entity::PublicKeyCredentialUserEntity;
use ctap_hid_fido2::{Cfg, FidoKeyHid, FidoKeyHidFactory, HidParam, get_fidokey_devices, verifier};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Write, stdin};

/// Shows what ctap-hid-fido2 sees on a key, as JSON.
///
/// A PIN is the first line of standard input; without one, no user is verified.
#[derive(Parser)]
struct Arguments {
    /// The device node of the key; without it, there must be one key only.
    #[arg(long)]
    device: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lists the keys that are plugged in
    List,
    /// Shows getInfo; members that the key leaves out, or that are zero, are left out
    Info,
    /// Shows how many wrong PINs are left
    Retries,
    /// Lists the discoverable credentials; needs the PIN
    Credentials,
    /// Makes a discoverable credential and verifies the attestation
    Register {
        rp_id: String,
        #[arg(long, default_value = "user")]
        user_name: String,
        /// The user ID, in base64url
        #[arg(long, default_value = "dXNlcg")]
        user_id: String,
    },
    /// Makes an assertion
    Assert {
        rp_id: String,
        /// The credential ID, in base64url
        #[arg(long)]
        credential_id: Option<String>,
        /// The public key that the assertion is to be verified with, as `register` prints it
        #[arg(long)]
        public_key: Option<String>,
    },
    /// Deletes a discoverable credential; needs the PIN
    Delete {
        /// The credential ID, in base64url
        credential_id: String,
    },
    /// Sets the first PIN: the first line of standard input
    SetPin,
    /// Changes the PIN: from the first to the second line of standard input
    ChangePin,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    // The library says this and that on standard output, which is kept for the answer.
    let mut stdout = File::from(rustix::io::dup(rustix::stdio::stdout())?);
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    let answer = match arguments.command {
        Command::List => list(),
        command => obey(&open(arguments.device)?, command)?,
    };
    writeln!(stdout, "{answer:#}")?;
    Ok(())
}

fn list() -> Value {
    let key = |key: ctap_hid_fido2::HidInfo| {
        let HidParam::Path(path) = key.param else { return Value::Null };
        json!({
            "path": path,
            "vendor_id": format!("{:04x}", key.vid),
            "product_id": format!("{:04x}", key.pid),
            "product": key.product_string,
        })
    };
    get_fidokey_devices().into_iter().map(key).collect()
}

fn open(device: Option<String>) -> Result<FidoKeyHid> {
    let mut settings = Cfg::init();
    settings.enable_keep_alive_msg = false;
    let mut key = match device {
        Some(path) => FidoKeyHidFactory::create_by_params(&[HidParam::Path(path)], &settings)?,
        None => FidoKeyHidFactory::create(&settings)?,
    };
    let option = |name: &str, options: &[(String, bool)]| {
        options.iter().any(|(known, value)| known == name && *value)
    };
    let info = key.get_info().context("getInfo")?;
    // Keys of CTAP 2.1 need not know the command numbers of the preview, and most do not.
    key.use_pre_credential_management = !option("credMgmt", &info.options);
    key.use_pre_bio_enrollment = !info.options.iter().any(|(known, _)| known == "bioEnroll");
    key.set_pin_uv_auth_protocol_two().context("getInfo")?;
    Ok(key)
}

fn obey(key: &FidoKeyHid, command: Command) -> Result<Value> {
    Ok(match command {
        Command::List => list(),
        Command::Info => json::info(key)?,
        Command::Retries => json!({ "retries_left": key.get_pin_retries()? }),
        Command::Credentials => credentials(key, &line()?)?,
        Command::Register { rp_id, user_name, user_id } => {
            let user_id = bytes(&user_id)?;
            let user = PublicKeyCredentialUserEntity::new(Some(&user_id), Some(&user_name), None);
            register(key, &rp_id, &user, &line()?)?
        }
        Command::Assert { rp_id, credential_id, public_key } => {
            let credential_id = credential_id.map(|id| bytes(&id)).transpose()?;
            let public_key = public_key.map(|key| bytes(&key)).transpose()?;
            assert(key, &rp_id, credential_id, public_key, &line()?)?
        }
        Command::Delete { credential_id } => {
            let id = bytes(&credential_id)?;
            let credential = PublicKeyCredentialDescriptor { id, ctype: "public-key".to_owned() };
            key.credential_management_delete_credential(Some(&line()?), credential)?;
            json!({ "deleted": credential_id })
        }
        Command::SetPin => {
            key.set_new_pin(&line()?)?;
            json!({ "pin_set": true })
        }
        Command::ChangePin => {
            key.change_pin(&line()?, &line()?)?;
            json!({ "pin_set": true })
        }
    })
}

fn credentials(key: &FidoKeyHid, pin: &str) -> Result<Value> {
    let count = key.credential_management_get_creds_metadata(Some(pin))?;
    let mut credentials = Vec::new();
    // A key without credentials answers the enumeration with an error.
    if count.existing_resident_credentials_count > 0 {
        for rp in key.credential_management_enumerate_rps(Some(pin))? {
            let of_rp =
                key.credential_management_enumerate_credentials(Some(pin), &rp.rpid_hash)?;
            let rp_id = &rp.public_key_credential_rp_entity.id;
            credentials.extend(of_rp.iter().map(|credential| json::credential(rp_id, credential)));
        }
    }
    Ok(json!({
        "existing": count.existing_resident_credentials_count,
        "remaining": count.max_possible_remaining_resident_credentials_count,
        "credentials": credentials,
    }))
}

fn register(
    key: &FidoKeyHid,
    rp_id: &str,
    user: &PublicKeyCredentialUserEntity,
    pin: &str,
) -> Result<Value> {
    let challenge = verifier::create_challenge();
    let arguments = MakeCredentialArgsBuilder::new(rp_id, &challenge).user_entity(user);
    let arguments = arguments.resident_key();
    let arguments =
        if pin.is_empty() { arguments.without_pin_and_uv() } else { arguments.pin(pin) };
    let attestation = key.make_credential_with_args(&arguments.build())?;
    ensure!(attestation_holds(rp_id, &challenge, &attestation), "the attestation does not hold");
    Ok(json::attestation(&attestation))
}

fn attestation_holds(rp_id: &str, challenge: &[u8], attestation: &Attestation) -> bool {
    if !attestation.attstmt_x5c.is_empty() {
        return verifier::verify_attestation(rp_id, challenge, attestation).is_success;
    }
    // Signed by the credential itself, as an assertion is.
    let assertion = Assertion {
        rpid_hash: attestation.rpid_hash.clone(),
        auth_data: attestation.auth_data.clone(),
        signature: attestation.attstmt_sig.clone(),
        ..Assertion::default()
    };
    verifier::verify_assertion(rp_id, &attestation.credential_publickey, challenge, &assertion)
}

fn assert(
    key: &FidoKeyHid,
    rp_id: &str,
    credential_id: Option<Vec<u8>>,
    public_key: Option<Vec<u8>>,
    pin: &str,
) -> Result<Value> {
    let challenge = verifier::create_challenge();
    let mut arguments = GetAssertionArgsBuilder::new(rp_id, &challenge);
    if let Some(id) = &credential_id {
        arguments = arguments.credential_id(id);
    }
    let arguments =
        if pin.is_empty() { arguments.without_pin_and_uv() } else { arguments.pin(pin) };
    let assertions = key.get_assertion_with_args(&arguments.build())?;
    let verified = public_key.map(|bytes| {
        // The library calls it DER; it is the bare key: 65 bytes on P-256.
        let kind = if bytes.len() == 32 { PublicKeyType::Ed25519 } else { PublicKeyType::Ecdsa256 };
        let public_key = PublicKey::with_der(&bytes, kind);
        assertions
            .iter()
            .any(|assertion| verifier::verify_assertion(rp_id, &public_key, &challenge, assertion))
    });
    ensure!(verified != Some(false), "no assertion is of this public key");
    Ok(assertions.iter().map(json::assertion).collect())
}

/// Reads a line from standard input.
fn line() -> Result<String> {
    let mut line = String::new();
    stdin().read_line(&mut line).context("standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn bytes(text: &str) -> Result<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).with_context(|| format!("{text} is not base64url"))
}
