//! Related origins (WebAuthn Level 3 section 5.11): other origins that may ask for an RP ID, listed
//! at `https://RP-ID/.well-known/webauthn`. Fetching the list is somebody else's work.

use super::json::{DocumentError, parse};
use super::origin::Origin;
use serde::Deserialize;

/// How many different names a list may have; clients must heed at least five (section 5.11.1).
const MAX_LABELS: usize = 5;

/// The list of related origins.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RelatedOrigins {
    origins: Vec<String>,
    /// What else is there; with it, only an object is read.
    #[serde(flatten)]
    _more: serde_json::Map<String, serde_json::Value>,
}

/// What a list says of an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It may ask.
    Related,
    /// It is not in the list.
    NotListed,
    /// It is listed, but behind five other names, where clients need not look.
    BehindTooMany,
}

impl RelatedOrigins {
    /// Reads the document.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] with the place in the document.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        parse(bytes)
    }

    /// What the list says of an origin. Entries that are no origins are passed over.
    pub fn relation(&self, origin: &Origin) -> Relation {
        let mut labels: Vec<String> = Vec::new();
        let mut relation = Relation::NotListed;
        for text in &self.origins {
            // A URL's path does not belong to its origin.
            let end = text.find("://").and_then(|at| {
                let start = at.checked_add(3)?;
                let rest = text.get(start..)?;
                start.checked_add(rest.find(['/', '?', '#'])?)
            });
            let text = end.and_then(|end| text.get(..end)).unwrap_or(text);
            let Ok(listed) = Origin::parse(text) else { continue };
            // The first label of its registrable domain.
            let registrable = psl::domain_str(listed.host()).unwrap_or_default();
            let label = registrable.split('.').next().unwrap_or_default().to_owned();
            if label.is_empty() {
                continue;
            }
            let known = labels.contains(&label);
            if !known && labels.len() >= MAX_LABELS {
                if listed == *origin {
                    relation = Relation::BehindTooMany;
                }
                continue;
            }
            if listed == *origin {
                return Relation::Related;
            }
            if !known {
                labels.push(label);
            }
        }
        relation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relation(list: &[&str], origin: &str) -> Relation {
        let document = serde_json::json!({"origins": list, "more": 1}).to_string();
        let list = RelatedOrigins::parse(document.as_bytes()).unwrap();
        list.relation(&Origin::parse(origin).unwrap())
    }

    #[test]
    fn listed_origins_may_ask() {
        let list =
            ["https://example.co.uk", "https://example.de:8443/path", "nonsense", "http://a"];
        assert_eq!(relation(&list, "https://example.co.uk"), Relation::Related);
        assert_eq!(relation(&list, "https://example.de:8443"), Relation::Related);
        assert_eq!(relation(&list, "https://example.de"), Relation::NotListed);
        assert_eq!(relation(&list, "https://www.example.co.uk"), Relation::NotListed);
        assert_eq!(relation(&[], "https://example.de"), Relation::NotListed);
    }

    #[test]
    fn five_names_count_however_many_countries_each_has() {
        let mut list = vec!["https://co.uk"];
        list.extend(["https://a.com", "https://b.com", "https://c.com", "https://d.com"]);
        list.extend(["https://example.com", "https://f.com", "https://example.de"]);
        // The same name again is no sixth one; a public suffix has no name.
        assert_eq!(relation(&list, "https://example.de"), Relation::Related);
        assert_eq!(relation(&list, "https://f.com"), Relation::BehindTooMany);
        assert_eq!(relation(&list, "https://g.com"), Relation::NotListed);
    }

    #[test]
    fn another_document_is_refused_with_its_place() {
        for text in
            ["", "[]", "{}", "{\"origins\": \"https://a.com\"}", "{\"origins\": [1]}", "[[]]"]
        {
            assert!(RelatedOrigins::parse(text.as_bytes()).is_err(), "{text}");
        }
        let error = RelatedOrigins::parse(b"{\n\"origins\": [}").unwrap_err();
        assert_eq!(error.to_string(), "line 2, column 13: expected value");
    }
}
