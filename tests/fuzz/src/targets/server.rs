//! What servers say, and what the local relying party keeps.

use super::texts;
use fidokey::relying_party::accounts::state::State;
use fidokey::relying_party::remote::RelyingPartyUrl;
use fidokey::relying_party::remote::reply::Reply;
use fidokey::relying_party::remote::roots::roots_from_pem;

const RP_ID: &str = "localhost";

/// The file of `rp serve --state`; what is read is written and read again.
pub fn accounts(bytes: &[u8]) {
    let Ok(state) = State::from_bytes(bytes, RP_ID) else { return };
    let written = state.to_bytes(RP_ID).unwrap();
    assert_eq!(State::from_bytes(&written, RP_ID).unwrap(), state);
}

pub fn account_seeds() -> Vec<Vec<u8>> {
    vec![State::default().to_bytes(RP_ID).unwrap()]
}

/// A server's answer, and the texts that name one.
pub fn answer(bytes: &[u8]) {
    for status in [200, 400, 503] {
        let body = bytes.to_vec();
        let text = String::from_utf8_lossy(bytes).into_owned();
        let header = Some(text.clone());
        let reply = Reply {
            status,
            content_type: header.clone(),
            location: header.clone(),
            retry_after: header,
            body,
        };
        let _ = reply.accepted("https://example.com").map_err(|error| error.to_string());
        if let Ok(url) = RelyingPartyUrl::parse(&text) {
            let _ = (url.host().len(), url.origin(), url.is_loopback(), url.endpoint("/x"));
        }
    }
    let _ = roots_from_pem(bytes);
}

pub fn answer_seeds() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"status":"ok","errorMessage":""}"#,
        r#"{"status":"failed","errorMessage":"no"}"#,
        "https://example.com:8443/fido2",
        "-----BEGIN CERTIFICATE-----\nAAEC\n-----END CERTIFICATE-----\n",
    ])
}
