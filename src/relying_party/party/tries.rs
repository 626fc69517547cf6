//! Wrong passwords are counted by user name, whether there is such a user or not.

use super::Refusal;
use crate::relying_party::accounts::AccountName;
use std::collections::HashMap;
use std::time::Duration;

/// How many wrong passwords may follow one another.
pub const MOST_TRIES: u32 = 10;

/// After how long they are forgotten.
pub const FORGOTTEN: Duration = Duration::from_secs(300);

/// How many names are counted; the one that was counted first goes first.
const MAX_NAMES: usize = 1000;

/// Wrong passwords.
#[derive(Debug, Default)]
pub(super) struct Tries(HashMap<AccountName, (u32, Duration)>);

impl Tries {
    /// Counts a try before its password is looked at, so that several at once count too.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooManyTries`] when there were too many.
    pub(super) fn begin(&mut self, name: &AccountName, now: Duration) -> Result<(), Refusal> {
        self.0.retain(|_, (_, since)| now.saturating_sub(*since) <= FORGOTTEN);
        if self.0.len() >= MAX_NAMES
            && !self.0.contains_key(name)
            && let Some(oldest) = self.0.iter().min_by_key(|(_, (_, since))| *since)
        {
            let oldest = oldest.0.clone();
            self.0.remove(&oldest);
        }
        let (count, since) = self.0.entry(name.clone()).or_insert((0, now));
        if *count >= MOST_TRIES {
            let left = FORGOTTEN.saturating_sub(now.saturating_sub(*since));
            return Err(Refusal::TooManyTries { seconds: left.as_secs().saturating_add(1) });
        }
        *count = count.saturating_add(1);
        Ok(())
    }

    /// Forgets what was wrong before a right password.
    pub(super) fn succeeded(&mut self, name: &AccountName) {
        self.0.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_up_to_a_bound_and_forgotten() {
        let mut tries = Tries::default();
        let name = |number: usize| AccountName::parse(&format!("user{number}")).unwrap();
        for _ in 0..MOST_TRIES {
            tries.begin(&name(0), Duration::ZERO).unwrap();
        }
        let half = FORGOTTEN / 2;
        assert_eq!(tries.begin(&name(0), half), Err(Refusal::TooManyTries { seconds: 151 }));
        tries.begin(&name(1), half).unwrap();
        tries.begin(&name(0), FORGOTTEN + Duration::from_secs(1)).unwrap();
        for number in 0..2 * MAX_NAMES {
            tries.begin(&name(number), FORGOTTEN * 2).unwrap();
        }
        assert_eq!(tries.0.len(), MAX_NAMES);
        tries.succeeded(&name(2 * MAX_NAMES - 1));
        assert_eq!(tries.0.len(), MAX_NAMES - 1);
    }
}
