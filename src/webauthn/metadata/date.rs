//! Dates of the metadata: a day, in the form of ISO 8601.

use der::DateTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use thiserror::Error;

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// The text is no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a date is written as YYYY-MM-DD")]
pub struct DateError;

impl Date {
    /// The day of a moment in seconds since the Unix epoch, in universal time; the last day of the
    /// year 9999 for every moment after that.
    pub fn of_moment(seconds: u64) -> Self {
        match DateTime::from_unix_duration(Duration::from_secs(seconds)) {
            Ok(moment) => Self { year: moment.year(), month: moment.month(), day: moment.day() },
            Err(_) => Self { year: 9999, month: 12, day: 31 },
        }
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let mut parts = text.trim().split('-');
        let mut number = || -> Result<u16, DateError> {
            let part = parts.next().ok_or(DateError)?;
            let is_number = part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
            if is_number { part.parse().map_err(|_| DateError) } else { Err(DateError) }
        };
        let (year, month, day) = (number()?, number()?, number()?);
        let month = u8::try_from(month).map_err(|_| DateError)?;
        let day = u8::try_from(day).map_err(|_| DateError)?;
        let is_day = DateTime::new(year, month, day, 0, 0, 0).is_ok();
        if is_day && parts.next().is_none() {
            Ok(Self { year, month, day })
        } else {
            Err(DateError)
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_written_and_compared() {
        let day: Date = "2026-11-01".parse().unwrap();
        assert_eq!(day.to_string(), "2026-11-01");
        assert_eq!("2021-1-2".parse::<Date>().unwrap().to_string(), "2021-01-02");
        assert!(day > "2026-10-31".parse().unwrap() && day < "2027-01-01".parse().unwrap());
        for wrong in
            ["", "2026", "2026-11", "2026-13-01", "2026-02-30", "2026-11-01-1", "+026-1-1", "x-1-1"]
        {
            assert_eq!(wrong.parse::<Date>(), Err(DateError), "{wrong}");
        }
        assert_eq!(Date::of_moment(1_793_491_200).to_string(), "2026-11-01");
        assert_eq!(Date::of_moment(u64::MAX).to_string(), "9999-12-31");
        assert_eq!(serde_json::to_string(&day).unwrap(), "\"2026-11-01\"");
        assert_eq!(serde_json::from_str::<Date>("\"2026-11-01\"").unwrap(), day);
    }
}
