use super::password::{MAX_LENGTH, Memory, Password, PasswordError, PasswordHash, Salt};
use super::*;
use crate::ctap::{Random, RandomError};
use crate::relying_party::identity::Profile;

struct Counting(u8);

impl Random for Counting {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
        Ok(())
    }
}

fn name(text: &str) -> AccountName {
    AccountName::parse(text).unwrap()
}

#[test]
fn names_that_look_alike_are_alike() {
    for (one, other) in
        [(" Alice ", "alice"), ("ALICE", "alice"), ("ALI\u{43}E\u{301}", "alic\u{e9}")]
    {
        assert_eq!(name(one), name(other));
    }
    for text in ["", "  ", "a\nb", "a\u{0}"] {
        assert!(AccountName::parse(text).is_err(), "{text:?}");
    }
    assert_eq!(AccountName::parse(&"é".repeat(64)).unwrap().as_str().chars().count(), 64);
    for length in [65, 100_000] {
        assert_eq!(AccountName::parse(&"é".repeat(length)), Err(NameError::TooLong));
    }
}

#[test]
fn a_password_is_known_by_its_hash() {
    let mut random = Counting(0);
    let password = Password::new("correct horse batte\u{301}ry");
    let memory = &mut Memory::default();
    let hash = PasswordHash::of(&password, Salt::fresh(&mut random).unwrap(), memory).unwrap();
    // However it was typed.
    assert!(hash.is_of(&Password::new("correct horse batt\u{e9}ry"), memory));
    assert!(!hash.is_of(&Password::new("correct horse battery"), memory));
    assert!(!hash.is_of(&Password::new(""), memory));
    let again = PasswordHash::of(&password, Salt::fresh(&mut random).unwrap(), memory).unwrap();
    assert_ne!(hash, again);
    assert_eq!(format!("{password:?} {hash:?}"), "Password(…) PasswordHash(…)");
    // The text goes into a file and comes back.
    let text = String::from(hash.clone());
    assert_eq!(PasswordHash::try_from(text), Ok(hash));
}

#[test]
fn nobody_s_hash_is_of_no_password_and_costs_the_same() {
    let nobody = PasswordHash::of_nobody();
    assert!(!nobody.is_of(&Password::new(""), &mut Memory::default()));
    // What is read from a file must have this program's cost; nobody's has it.
    assert!(PasswordHash::try_from(String::from(nobody)).is_ok());
}

#[test]
fn passwords_have_a_least_and_a_greatest_length() {
    let check = |text: &str| Password::new(text).check();
    assert_eq!(check("1234567"), Err(PasswordError::TooShort));
    assert_eq!(check("éééééééé"), Ok(()));
    assert_eq!(check(&"x".repeat(MAX_LENGTH)), Ok(()));
    assert_eq!(check(&"x".repeat(MAX_LENGTH + 1)), Err(PasswordError::TooLong));
}

#[test]
fn accounts_and_credentials_are_bounded() {
    let mut accounts = Accounts::default();
    let mut random = Counting(0);
    for number in 0..MAX_ACCOUNTS {
        let account =
            Account::new(name(&format!("user{number}")), "", Profile::Plain, &mut random).unwrap();
        accounts.put(account).unwrap();
    }
    let one_more = Account::new(name("one more"), "", Profile::Plain, &mut random).unwrap();
    assert_eq!(accounts.put(one_more), Err(Full::Accounts));
    // Those that are there can still be changed.
    let mut account = accounts.get(&name("USER1")).unwrap().clone();
    for number in 0..MAX_CREDENTIALS {
        account.add(credential(number)).unwrap();
    }
    assert_eq!(account.add(credential(99)), Err(Full::Credentials));
    accounts.put(account).unwrap();
    let (found, credential) = accounts.find(b"id7").unwrap();
    assert_eq!((found.name.as_str(), credential.nickname.as_str()), ("user1", "key 7"));
    assert!(accounts.find(b"id99").is_none());
}

/// Programs make accounts for ever: the one that was unused the longest goes.
#[test]
fn an_account_of_a_program_goes_in_its_turn() {
    let mut accounts = Accounts::default();
    let mut random = Counting(0);
    let mut account = |number: usize| {
        let name = name(&format!("user{number:04}"));
        let mut account = Account::new(name, "", Profile::Plain, &mut random).unwrap();
        let registered = u64::try_from(number).unwrap();
        account.add(Credential { registered, ..credential(number) }).unwrap();
        account
    };
    for number in 0..MAX_ACCOUNTS {
        accounts.put_in_turn(account(number));
    }
    // The first was used since.
    let first = accounts.get_mut(&name("user0000")).unwrap();
    first.credentials[0].used = Some(5000);
    for number in MAX_ACCOUNTS..MAX_ACCOUNTS + 10 {
        accounts.put_in_turn(account(number));
    }
    assert_eq!(accounts.iter().count(), MAX_ACCOUNTS);
    assert!(accounts.get(&name("user0000")).is_some());
    assert!(accounts.get(&name("user0010")).is_none());
    assert!(accounts.get(&name("user0011")).is_some());
}

fn credential(number: usize) -> Credential {
    Credential {
        id: format!("id{number}").into_bytes().into(),
        public_key: Vec::new().into(),
        sign_count: 0,
        transports: Vec::new(),
        backup_eligible: false,
        backed_up: false,
        aaguid: String::new(),
        purpose: Purpose::SecondFactor,
        nickname: format!("key {number}"),
        registered: 0,
        used: None,
    }
}
