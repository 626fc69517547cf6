//! A value in a document, and where it stands.

use super::OptionsError;
use crate::webauthn::base64url::{Base64Url, decode};
use serde_json::{Map, Value};
use std::str::FromStr;

/// A value and its path from the document's root.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    value: &'a Value,
    path: String,
}

impl<'a> Place<'a> {
    /// The whole document.
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    /// A member of an object; `null` counts as absent.
    pub(super) fn member(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(Self { value, path: self.path_of(name) })
    }

    /// A member that must be there.
    pub(super) fn required(&self, name: &str) -> Result<Self, OptionsError> {
        self.member(name).ok_or_else(|| OptionsError::Missing { path: self.path_of(name) })
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn element(&self, position: usize, value: &'a Value) -> Self {
        Self { value, path: format!("{}[{position}]", self.path) }
    }

    fn is_not(&self, expected: &'static str) -> OptionsError {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        OptionsError::Type { path: self.path.clone(), expected, found }
    }

    pub(super) fn object(&self) -> Result<&'a Map<String, Value>, OptionsError> {
        self.value.as_object().ok_or_else(|| self.is_not("an object"))
    }

    /// The members of an object whose names are data; each is placed by its position.
    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Self)>, OptionsError> {
        let members = self.object()?.iter().enumerate();
        Ok(members
            .map(|(position, (name, value))| (name.as_str(), self.element(position, value)))
            .collect())
    }

    pub(super) fn list(&self) -> Result<Vec<Self>, OptionsError> {
        let list = self.value.as_array().ok_or_else(|| self.is_not("a list"))?;
        Ok(list.iter().enumerate().map(|(at, value)| self.element(at, value)).collect())
    }

    pub(super) fn text(&self) -> Result<&'a str, OptionsError> {
        self.value.as_str().ok_or_else(|| self.is_not("text"))
    }

    pub(super) fn texts(&self) -> Result<Vec<String>, OptionsError> {
        self.list()?.iter().map(|place| place.text().map(str::to_owned)).collect()
    }

    pub(super) fn boolean(&self) -> Result<bool, OptionsError> {
        self.value.as_bool().ok_or_else(|| self.is_not("true or false"))
    }

    pub(super) fn integer(&self) -> Result<i64, OptionsError> {
        self.whole(Value::as_i64).ok_or_else(|| self.is_not("a whole number"))
    }

    pub(super) fn unsigned(&self) -> Result<u64, OptionsError> {
        self.whole(Value::as_u64).ok_or_else(|| self.is_not("a whole number, zero or more"))
    }

    /// A whole number, however it is written: `60000.0` and `6e4` are the same to a browser.
    fn whole<T: FromStr>(&self, plain: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        plain(self.value).or_else(|| {
            let text = self.value.as_f64()?.to_string();
            text.parse().ok()
        })
    }

    pub(super) fn bytes(&self) -> Result<Base64Url, OptionsError> {
        let bytes = decode(self.text()?).map_err(|_| self.not_base64())?;
        Ok(Base64Url(bytes))
    }

    pub(super) fn not_base64(&self) -> OptionsError {
        OptionsError::Base64 { path: self.path.clone() }
    }

    pub(super) fn length(&self, length: usize, allowed: &'static str) -> OptionsError {
        OptionsError::Length { path: self.path.clone(), length, allowed }
    }

    pub(super) fn none_known(&self) -> OptionsError {
        OptionsError::NoneKnown { path: self.path.clone() }
    }

    /// A member that may be absent, as text.
    pub(super) fn optional_text(&self, name: &str) -> Result<Option<String>, OptionsError> {
        self.member(name).map(|place| place.text().map(str::to_owned)).transpose()
    }

    /// A member that may be absent, as a list of texts.
    pub(super) fn optional_texts(&self, name: &str) -> Result<Vec<String>, OptionsError> {
        Ok(self.member(name).map(|place| place.texts()).transpose()?.unwrap_or_default())
    }

    /// A member that is `false` when absent.
    pub(super) fn flag(&self, name: &str) -> Result<bool, OptionsError> {
        Ok(self.member(name).map(|place| place.boolean()).transpose()?.unwrap_or_default())
    }

    /// A member of an enumeration; what is unknown counts as absent.
    pub(super) fn choice<T>(
        &self,
        name: &str,
        known: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, OptionsError> {
        let Some(place) = self.member(name) else { return Ok(None) };
        place.text().map(known)
    }
}
