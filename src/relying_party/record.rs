//! What a ceremony leaves behind, to be looked at: what was asked, what came back, and what was made
//! of it.

use super::accounts::{AccountName, Purpose};
use super::ceremony::Judgement;
use crate::webauthn::check::Check;
use crate::webauthn::model_names::ModelNames;
use crate::webauthn::verify::Facts;
use crate::wire::attestation_object::AttestationObject;
use crate::wire::authenticator_data::AuthenticatorData;
use crate::wire::cbor;
use crate::wire::text::hex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::VecDeque;

/// How many records are kept; the oldest go first.
const MAX_RECORDS: usize = 100;

/// Which of the two ceremonies it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A credential was to be made.
    Registration,
    /// A credential was to be used.
    Assertion,
}

/// For what the ceremony was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// A key beside a password.
    SecondFactor,
    /// A key alone.
    Passwordless,
    /// A program, through the conformance interface.
    Conformance,
}

impl From<Purpose> for Flow {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::SecondFactor => Self::SecondFactor,
            Purpose::Passwordless => Self::Passwordless,
        }
    }
}

/// Who may look at a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Everybody: whoever reaches the interface could have made it.
    Everybody,
    /// Who was at the other end, and who signs in to the account.
    Visitor {
        /// The number of the visitor.
        visitor: Option<u64>,
        /// The account.
        account: Option<AccountName>,
    },
}

impl Owner {
    /// Whether it is for this visitor, with this account.
    pub fn includes(&self, visitor: Option<u64>, account: Option<&AccountName>) -> bool {
        match self {
            Self::Everybody => true,
            Self::Visitor { visitor: owner, account: name } => {
                (owner.is_some() && *owner == visitor)
                    || (name.is_some() && name.as_ref() == account)
            }
        }
    }
}

/// Authenticator data, decoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecodedData {
    /// The hash of the RP ID, in hexadecimal.
    pub rp_id_hash: String,
    /// The names of the flags that are set.
    pub flags: String,
    /// The signature counter.
    pub sign_count: u32,
    /// The key's model.
    pub aaguid: Option<String>,
    /// The credential ID, in hexadecimal.
    pub credential_id: Option<String>,
    /// The public key, in CBOR's diagnostic notation.
    pub public_key: Option<String>,
    /// Extension outputs, in CBOR's diagnostic notation.
    pub extensions: Option<String>,
}

impl DecodedData {
    /// Decodes; `None` when the bytes are something else.
    fn of(bytes: &[u8]) -> Option<Self> {
        let data = AuthenticatorData::parse(bytes).ok()?;
        let credential = data.attested_credential.as_ref();
        Some(Self {
            rp_id_hash: hex(&data.rp_id_hash),
            flags: data.flags.to_string(),
            sign_count: data.sign_count,
            aaguid: credential.map(|credential| credential.aaguid.to_string()),
            credential_id: credential.map(|credential| hex(&credential.credential_id)),
            public_key: credential.and_then(|credential| notation(&credential.public_key.raw)),
            extensions: data.extensions.as_deref().and_then(notation),
        })
    }

    /// Decodes what an attestation object holds.
    fn of_object(bytes: &[u8]) -> Option<Self> {
        Self::of(&AttestationObject::parse(bytes).ok()?.authenticator_data)
    }
}

fn notation(bytes: &[u8]) -> Option<String> {
    Some(cbor::parse(bytes).ok()?.value().ok()?.to_string())
}

/// What stands in a list of records.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordLine {
    /// Its number, counted from 1 since the service began.
    pub number: u64,
    /// When the response came, in seconds since 1970.
    pub time: u64,
    /// Which ceremony it was.
    pub kind: Kind,
    /// For what.
    pub flow: Flow,
    /// The account's name, where one is known.
    pub user: Option<String>,
    /// Whether the response was accepted.
    pub accepted: bool,
    /// The browser's error, when there was no response to judge.
    pub browser_error: Option<String>,
}

/// What one ceremony left behind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// The same in short.
    #[serde(flatten)]
    pub line: RecordLine,
    /// Why it was refused, in one line.
    pub reason: Option<String>,
    /// The AAGUID of the key's model; of a sign-in, the one that was registered.
    pub aaguid: Option<String>,
    /// What the key's model is called.
    pub model: Option<String>,
    /// The options as they were sent.
    pub options: Value,
    /// The response as it came.
    pub response: Value,
    /// The client data as text.
    pub client_data: Option<String>,
    /// The authenticator data, decoded; `None` when it cannot be read.
    pub authenticator_data: Option<DecodedData>,
    /// Every check.
    pub checks: Vec<Check>,
    /// What was learned.
    pub facts: Facts,
    /// Who may look at it.
    #[serde(skip)]
    pub owner: Owner,
}

/// What a record is made from.
pub struct Evidence<'a> {
    /// Which ceremony it was.
    pub kind: Kind,
    /// For what.
    pub flow: Flow,
    /// The account's name, where one is known.
    pub user: Option<String>,
    /// The options as they were sent.
    pub options: &'a Value,
    /// The response as it came.
    pub response: Value,
    /// The client data.
    pub client_data: Option<&'a [u8]>,
    /// The authenticator data, or the attestation object that holds it.
    pub data: &'a [u8],
    /// The AAGUID with which the credential was registered before.
    pub aaguid: Option<String>,
    /// Who may look at it.
    pub owner: Owner,
}

/// The last records.
#[derive(Debug, Default)]
pub struct Records {
    kept: VecDeque<Record>,
    made: u64,
}

impl Records {
    /// Makes a record and keeps it; gives its number.
    pub fn keep(
        &mut self,
        evidence: Evidence<'_>,
        judgement: &Judgement,
        names: &ModelNames,
        time: u64,
    ) -> u64 {
        let mut record = Self::record(evidence, time);
        if let Some(aaguid) = &judgement.facts.aaguid {
            record.aaguid = Some(aaguid.clone());
        }
        let aaguid = record.aaguid.as_deref().and_then(|text| text.parse().ok());
        record.model = aaguid.and_then(|aaguid| names.name(aaguid)).map(str::to_owned);
        record.line.accepted = judgement.accepted;
        record.reason = judgement.reason();
        record.checks.clone_from(&judgement.checks);
        record.facts = judgement.facts.clone();
        self.push(record)
    }

    /// Makes a record of a ceremony that came to no response, and keeps it; gives its number.
    pub fn keep_unanswered(&mut self, evidence: Evidence<'_>, error: &str, time: u64) -> u64 {
        let mut record = Self::record(evidence, time);
        record.line.browser_error = Some(error.to_owned());
        self.push(record)
    }

    fn record(evidence: Evidence<'_>, time: u64) -> Record {
        let authenticator_data = match evidence.kind {
            Kind::Registration => DecodedData::of_object(evidence.data),
            Kind::Assertion => DecodedData::of(evidence.data),
        };
        Record {
            line: RecordLine {
                number: 0,
                time,
                kind: evidence.kind,
                flow: evidence.flow,
                user: evidence.user,
                accepted: false,
                browser_error: None,
            },
            reason: None,
            aaguid: evidence.aaguid,
            model: None,
            options: evidence.options.clone(),
            response: evidence.response,
            client_data: evidence.client_data.map(|it| String::from_utf8_lossy(it).into_owned()),
            authenticator_data,
            checks: Vec::new(),
            facts: Facts::default(),
            owner: evidence.owner,
        }
    }

    fn push(&mut self, mut record: Record) -> u64 {
        self.made = self.made.saturating_add(1);
        record.line.number = self.made;
        if self.kept.len() >= MAX_RECORDS {
            self.kept.pop_front();
        }
        self.kept.push_back(record);
        self.made
    }

    /// The records that are still kept, the newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Record> {
        self.kept.iter().rev()
    }
}
