//! Wrong passwords are counted by user name, whether there is such a user or not.

use super::Refusal;
use crate::relying_party::accounts::AccountName;
use std::collections::HashMap;
use std::time::Duration;

/// How many wrong passwords may follow one another.
pub const MOST_TRIES: u32 = 10;

/// After how long they are forgotten.
pub const FORGOTTEN: Duration = Duration::from_secs(300);

/// How many names are counted. Of the names that may be tried further the one with the fewest tries goes
/// first, so that no name is tried anew by way of trying others.
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
        if self.0.len() >= MAX_NAMES && !self.0.contains_key(name) {
            let open = self.0.iter().filter(|(_, (count, _))| *count < MOST_TRIES);
            let Some(fewest) = open.min_by_key(|(_, tried)| **tried).map(|(name, _)| name.clone())
            else {
                let first = self.0.values().map(|(_, since)| *since).min().unwrap_or(now);
                return Err(too_many(first, now));
            };
            self.0.remove(&fewest);
        }
        let (count, since) = self.0.entry(name.clone()).or_insert((0, now));
        if *count >= MOST_TRIES {
            return Err(too_many(*since, now));
        }
        *count = count.saturating_add(1);
        Ok(())
    }

    /// Forgets what was wrong before a right password.
    pub(super) fn succeeded(&mut self, name: &AccountName) {
        self.0.remove(name);
    }
}

/// Too many tries since then.
fn too_many(since: Duration, now: Duration) -> Refusal {
    let left = FORGOTTEN.saturating_sub(now.saturating_sub(since));
    Refusal::TooManyTries { seconds: left.as_secs().saturating_add(1) }
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

    /// Wrong passwords for other names do not make room for more of the same name.
    #[test]
    fn no_name_is_tried_anew_by_way_of_others() {
        let mut tries = Tries::default();
        let name = |number: usize| AccountName::parse(&format!("user{number}")).unwrap();
        for _ in 1..MOST_TRIES {
            tries.begin(&name(0), Duration::ZERO).unwrap();
        }
        for number in 1..3 * MAX_NAMES {
            tries.begin(&name(number), Duration::ZERO).unwrap();
        }
        tries.begin(&name(0), Duration::ZERO).unwrap();
        for number in 1..3 * MAX_NAMES {
            tries.begin(&name(number), Duration::ZERO).unwrap();
        }
        let refused = Err(Refusal::TooManyTries { seconds: 301 });
        assert_eq!(tries.begin(&name(0), Duration::ZERO), refused);
        // Where all are at the bound, nobody else is let in.
        let mut tries = Tries::default();
        for number in 0..MAX_NAMES {
            for _ in 0..MOST_TRIES {
                tries.begin(&name(number), Duration::ZERO).unwrap();
            }
        }
        assert_eq!(tries.begin(&name(MAX_NAMES), Duration::ZERO), refused);
        assert_eq!(tries.begin(&name(MAX_NAMES), FORGOTTEN * 2), Ok(()));
    }
}
