//! Keys that say something else of themselves than the virtual key does.

use super::faults::Faults;
use fidokey::wire::cbor::{self, Encoded, Key, MapBuilder};

/// Changes of a reply to getInfo.
#[derive(Clone, Default)]
pub struct Edit {
    members: Vec<(i64, Option<Encoded>)>,
    options: Vec<(&'static str, Option<bool>)>,
}

impl Edit {
    /// Changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a member.
    pub fn member(self, number: i64, value: Encoded) -> Self {
        self.optional(number, Some(value))
    }

    /// Leaves a member out.
    pub fn without(self, number: i64) -> Self {
        self.optional(number, None)
    }

    /// Adds or replaces a member, or leaves it out.
    pub fn optional(mut self, number: i64, value: Option<Encoded>) -> Self {
        self.members.push((number, value));
        self
    }

    /// Adds or replaces an option, or leaves it out.
    pub fn option(mut self, id: &'static str, value: Option<bool>) -> Self {
        self.options.push((id, value));
        self
    }

    /// The changed reply, status byte first.
    pub fn apply(&self, reply: &[u8]) -> Vec<u8> {
        let (status, body) = reply.split_first().unwrap();
        let map = cbor::parse(body).unwrap().map().unwrap();
        let mut edited = MapBuilder::new();
        for (key, item) in map.members() {
            let Key::Integer(number) = key else { panic!("a member without a number") };
            if self.members.iter().all(|(edited, _)| edited != number) {
                let mut value = Encoded::from_item(*item);
                if *number == 0x04 {
                    value = self.apply_to_options(*item);
                }
                edited = edited.member(*number, value);
            }
        }
        for (number, value) in &self.members {
            edited = edited.optional(*number, value.clone());
        }
        [&[*status], edited.build().as_bytes()].concat()
    }

    fn apply_to_options(&self, options: cbor::Item<'_>) -> Encoded {
        let mut edited = MapBuilder::new();
        for (key, item) in options.map().unwrap().members() {
            let Key::Text(id) = key else { panic!("an option without a name") };
            if self.options.iter().all(|(edited, _)| edited != id) {
                edited = edited.text_member(id, Encoded::from_item(*item));
            }
        }
        for (id, value) in &self.options {
            if let Some(value) = value {
                edited = edited.text_member(id, Encoded::boolean(*value));
            }
        }
        edited.build()
    }

    /// Every key says this of itself from now on.
    pub fn install(self, faults: &Faults) {
        faults.replies(
            move |request, reply| {
                if request == [0x04] { self.apply(&reply) } else { reply }
            },
        );
    }
}
