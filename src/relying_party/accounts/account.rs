//! One account.

use super::password::PasswordHash;
use super::{AccountName, Full, MAX_CREDENTIALS};
use crate::ctap::{Random, RandomError};
use crate::relying_party::ceremony::{Attested, Kept};
use crate::relying_party::identity::Profile;
use crate::webauthn::base64url::Base64Url;
use crate::webauthn::json::options::{DescriptorJson, UserEntityJson};
use crate::webauthn::verify::Facts;
use serde::{Deserialize, Serialize};

/// What a credential is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// It stands beside a password.
    SecondFactor,
    /// It signs in alone: it is discoverable, and the right person was there.
    Passwordless,
}

/// A credential of an account (WebAuthn Level 3 section 4, "credential record").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// The credential ID.
    pub id: Base64Url,
    /// The public key in COSE's form.
    pub public_key: Base64Url,
    /// The signature counter as it was last seen.
    pub sign_count: u32,
    /// How the key can be reached.
    pub transports: Vec<String>,
    /// Whether the credential may be backed up.
    pub backup_eligible: bool,
    /// Whether it was, when last seen.
    pub backed_up: bool,
    /// The key's model.
    pub aaguid: String,
    /// What it is for.
    pub purpose: Purpose,
    /// What the person calls the key.
    pub nickname: String,
    /// When it was registered, in seconds since 1970.
    pub registered: u64,
    /// When it was last used, in seconds since 1970.
    pub used: Option<u64>,
}

impl Credential {
    /// Keeps what a registration gave.
    pub fn of(attested: Attested, purpose: Purpose, nickname: &str, now: u64) -> Self {
        Self {
            id: attested.id.into(),
            public_key: attested.public_key.into(),
            sign_count: attested.sign_count,
            transports: attested.transports,
            backup_eligible: attested.backup_eligible,
            backed_up: attested.backed_up,
            aaguid: attested.aaguid,
            purpose,
            nickname: nickname.to_owned(),
            registered: now,
            used: None,
        }
    }

    /// Whether it may sign in without a password.
    pub fn signs_in_alone(&self) -> bool {
        self.purpose == Purpose::Passwordless
    }

    /// What an assertion is held against; `user_handle` is the account's.
    pub fn kept<'a>(&'a self, user_handle: &'a [u8]) -> Kept<'a> {
        Kept {
            id: self.id.as_bytes(),
            public_key: self.public_key.as_bytes(),
            sign_count: self.sign_count,
            backup_eligible: self.backup_eligible,
            backed_up: self.backed_up,
            user_handle,
        }
    }

    /// Notes an assertion that was accepted (section 7.2, the step that updates the record).
    pub fn note_use(&mut self, facts: &Facts, now: u64) {
        self.sign_count = facts.sign_count.unwrap_or(self.sign_count);
        self.backed_up = facts.flags.map_or(self.backed_up, |flags| flags.backed_up);
        self.used = Some(now);
    }

    /// How the client is told of it.
    pub fn descriptor(&self) -> DescriptorJson {
        DescriptorJson::new(self.id.clone(), self.transports.clone())
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Its name.
    pub name: AccountName,
    /// The person's name.
    pub display_name: String,
    /// The user handle, which says nothing of the person.
    pub user_handle: Base64Url,
    /// The password's hash; `None` where a credential signs in alone.
    pub password: Option<PasswordHash>,
    /// Whether a key is asked for after the password.
    pub second_factor: bool,
    /// The credentials, the oldest first.
    pub credentials: Vec<Credential>,
    /// Hashes of what computers keep that are not asked for the key again, with the second at which
    /// each ends.
    pub remembered: Vec<(Base64Url, u64)>,
}

impl Account {
    /// Makes an account without password and credentials, with a user handle as it is with this profile.
    ///
    /// # Errors
    ///
    /// [`RandomError`] when there is no randomness for its user handle.
    pub fn new(
        name: AccountName,
        display_name: &str,
        profile: Profile,
        random: &mut dyn Random,
    ) -> Result<Self, RandomError> {
        let (prefix, length) = profile.user_handle();
        let mut bytes = vec![0; length];
        random.fill(&mut bytes)?;
        let handle = [prefix, &bytes].concat();
        Ok(Self::of(
            &UserEntityJson {
                id: handle.as_slice().into(),
                name: name.to_string(),
                display_name: display_name.to_owned(),
            },
            name,
        ))
    }

    /// Makes an account, without password and credentials, for a user whose handle a key may know
    /// already.
    pub fn of(user: &UserEntityJson, name: AccountName) -> Self {
        Self {
            name,
            display_name: user.display_name.clone(),
            user_handle: user.id.clone(),
            password: None,
            second_factor: false,
            credentials: Vec::new(),
            remembered: Vec::new(),
        }
    }

    /// The account as options name it.
    pub fn user(&self) -> UserEntityJson {
        UserEntityJson {
            id: self.user_handle.clone(),
            name: self.name.to_string(),
            display_name: self.display_name.clone(),
        }
    }

    /// How the client is told of its credentials.
    pub fn descriptors(&self) -> Vec<DescriptorJson> {
        self.credentials.iter().map(Credential::descriptor).collect()
    }

    /// When a credential was last registered or used, in seconds since 1970.
    pub fn last_used(&self) -> Option<u64> {
        self.credentials.iter().map(|one| one.used.unwrap_or(one.registered)).max()
    }

    /// The credential with this ID.
    pub fn credential(&self, id: &[u8]) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.id.as_bytes() == id)
    }

    /// The credential with this ID, to be changed.
    pub fn credential_mut(&mut self, id: &[u8]) -> Option<&mut Credential> {
        self.credentials.iter_mut().find(|credential| credential.id.as_bytes() == id)
    }

    /// Adds a credential.
    ///
    /// # Errors
    ///
    /// [`Full`] when there are too many.
    pub fn add(&mut self, credential: Credential) -> Result<(), Full> {
        if self.credentials.len() >= MAX_CREDENTIALS {
            return Err(Full::Credentials);
        }
        self.credentials.push(credential);
        Ok(())
    }
}
