//! The `compound` format (WebAuthn Level 3 section 8.9): several statements about one credential.
//!
//! How many of them must hold is for the relying party to say; here all must.

use super::rules::{FORMAT as RULE, STATEMENT, TRUST};
use super::{AttestationKind, AttestationVerdict, Ceremony, examine_one, unreadable};
use crate::webauthn::check::Check;
use crate::wire::cbor::{CborError, Item};

/// The format's identifier.
pub(super) const FORMAT: &str = "compound";

/// The most statements that are looked at. Nobody makes more than a few.
const MOST: usize = 16;

pub(super) fn examine(
    statement: Result<Item<'_>, CborError>,
    ceremony: &Ceremony<'_>,
) -> (AttestationVerdict, Vec<Check>) {
    let mut checks = vec![RULE.passed_with(FORMAT)];
    let read = statement.and_then(Item::array).and_then(|items| {
        items.into_iter().map(sub_statement).collect::<Result<Vec<_>, CborError>>()
    });
    let statements = match read {
        Ok(statements) => statements,
        Err(error) => {
            checks.extend(unreadable(&error));
            return (AttestationVerdict::new(FORMAT, AttestationKind::Unknown), checks);
        }
    };
    let nested = statements.iter().any(|(format, _)| *format == FORMAT);
    let count = statements.len();
    checks.push(STATEMENT.judge(
        (2..=MOST).contains(&count) && !nested,
        || format!("2 to {MOST} statements, none of them compound"),
        || match nested {
            true => "a compound statement in a compound one".into(),
            false => format!("{count} statements"),
        },
    ));
    let mut verdict = AttestationVerdict::new(FORMAT, AttestationKind::Compound);
    // One that is nested is shown as a format that is not checked.
    for (number, (format, statement)) in (1..).zip(statements).take(MOST) {
        let (examined, of_statement) = examine_one(format, Ok(statement), ceremony);
        verdict.statements.push(examined);
        // Trust is decided once, on all certificates.
        let of_statement = of_statement.into_iter().filter(|check| check.id != TRUST.id);
        checks.extend(of_statement.map(|check| Check { statement: Some(number), ..check }));
    }
    checks.push(match verdict.certificates().as_slice() {
        [] => TRUST.not_applicable("no statement has a certificate"),
        _ => TRUST.not_checked("no roots were given, so trust is not checked"),
    });
    (verdict, checks)
}

/// A statement among several: its format and itself.
fn sub_statement(item: Item<'_>) -> Result<(&str, Item<'_>), CborError> {
    let map = item.map()?;
    let format = map.get_text("fmt").ok_or(CborError::Missing("fmt"))?.text()?;
    let statement = map.get_text("attStmt").ok_or(CborError::Missing("attStmt"))?;
    Ok((format, statement))
}
