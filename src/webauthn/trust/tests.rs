//! Chains made here with one fault each, and verdicts with metadata made here. Chains and roots that
//! others made are in the suite (tests/suite/trust.rs, tests/suite/metadata.rs).

pub(in crate::webauthn) mod authority;
mod judged;

use super::*;
use authority::{Issued, PRINTABLE, TODAY, Template};

fn roots(roots: &[&Issued]) -> Roots {
    Roots::from_der(roots.iter().map(|root| root.der.as_slice()))
}

fn find_at(chain: &[&Issued], trusted: &[&Issued], at: u64) -> Result<Path, PathError> {
    let chain: Vec<&[u8]> = chain.iter().map(|one| one.der.as_slice()).collect();
    path::find(&chain, roots(trusted).certificates(), at)
}

fn find(chain: &[&Issued], trusted: &[&Issued]) -> Result<Path, PathError> {
    find_at(chain, trusted, TODAY)
}

/// Why a chain of a root, an intermediate authority and a leaf is not believed.
fn refused(root: Template, middle: Template, leaf: Template) -> String {
    let root = Issued::root(&root, 1);
    let middle = root.issue(&middle, 2);
    let leaf = middle.issue(&leaf, 3);
    find(&[&leaf, &middle], &[&root]).unwrap_err().to_string()
}

fn root() -> Template {
    Template::authority("Root")
}

fn middle() -> Template {
    Template::authority("Middle")
}

fn leaf() -> Template {
    Template::leaf("Leaf")
}

#[test]
fn chains_that_lead_to_a_root_are_believed() {
    let root = Issued::root(&root(), 1);
    let middle = root.issue(&middle(), 2);
    let lower = middle.issue(&Template::authority("Lower"), 4);
    let direct = root.issue(&leaf(), 3);
    let leaf = lower.issue(&leaf(), 3);
    let other = Issued::root(&Template::authority("Other"), 9);
    let path = find(&[&direct], &[&other, &root]).unwrap();
    assert_eq!((path.length, path.root.as_str()), (1, "CN=Root"));
    assert_eq!(find(&[&leaf, &lower, &middle], &[&root]).unwrap().length, 3);
    // In any order, with the root among them, and with one that does not belong.
    assert_eq!(find(&[&leaf, &root, &other, &middle, &lower], &[&root]).unwrap().length, 3);
    // An authority in the middle may be what is trusted, and so may the leaf itself.
    assert_eq!(find(&[&leaf, &lower], &[&middle]).unwrap().root, "CN=Middle");
    assert_eq!(find(&[&leaf], &[&leaf]).unwrap().root, "CN=Leaf");
}

#[test]
fn a_root_is_trusted_as_it_is() {
    let plain = Template { constraints: None, usage: None, ..root() };
    let expired = Template { until: "250101000000Z", ..root() };
    for template in [plain, expired] {
        let root = Issued::root(&template, 1);
        let leaf = root.issue(&leaf(), 3);
        find(&[&leaf], &[&root]).unwrap();
        // Some roots in the FIDO metadata have bytes after their end.
        let chain = [leaf.der.as_slice()];
        let with_more = [root.der.as_slice(), b"\0\0"].concat();
        let roots = Roots::from_der([with_more.as_slice()]);
        path::find(&chain, roots.certificates(), TODAY).unwrap();
    }
}

#[test]
fn a_certificate_that_is_itself_a_root_is_trusted_as_it_is() {
    let root = Issued::root(&root(), 1);
    for template in [
        Template { until: "250101000000Z", ..leaf() },
        Template { from: "270101000000Z", ..leaf() },
        Template { strange: true, ..leaf() },
    ] {
        let leaf = root.issue(&template, 3);
        assert_eq!(find(&[&leaf], &[&leaf]).unwrap().root, "CN=Leaf");
        find(&[&leaf], &[&root]).unwrap_err();
    }
    let middle = root.issue(&Template { until: "250101000000Z", ..middle() }, 2);
    let leaf = middle.issue(&leaf(), 3);
    assert_eq!(find(&[&leaf, &middle], &[&middle]).unwrap().root, "CN=Middle");
}

#[test]
fn names_may_be_written_in_other_strings_and_letters() {
    let root = Issued::root(&Template { string: PRINTABLE, ..Template::authority("The  ROOT") }, 1);
    let twin = Issued::root(&Template::authority("the root"), 1);
    let leaf = twin.issue(&leaf(), 3);
    find(&[&leaf], &[&root]).unwrap();
}

#[test]
fn each_single_fault_is_named() {
    let day = |until| Template { until, ..leaf() };
    assert_eq!(
        refused(root(), middle(), day("251231235959Z")),
        "CN=Leaf was valid only until 2025-12-31T23:59:59Z"
    );
    assert_eq!(
        refused(root(), Template { until: "251231235959Z", ..middle() }, leaf()),
        "CN=Middle was valid only until 2025-12-31T23:59:59Z"
    );
    assert_eq!(
        refused(root(), middle(), Template { from: "270101000000Z", ..leaf() }),
        "CN=Leaf is valid only from 2027-01-01T00:00:00Z"
    );
    let no_authority = "CN=Middle issued a certificate and is no certificate authority";
    for constraints in [Some((false, None)), None] {
        assert_eq!(refused(root(), Template { constraints, ..middle() }, leaf()), no_authority);
    }
    assert_eq!(
        refused(root(), Template { usage: Some(0x80), ..middle() }, leaf()),
        "the key of CN=Middle may not sign certificates"
    );
    assert_eq!(
        refused(Template { constraints: Some((true, Some(0))), ..root() }, middle(), leaf()),
        "CN=Root allows 0 certificate authorities below it, and there are 1"
    );
    assert_eq!(
        refused(root(), middle(), Template { strange: true, ..leaf() }),
        "CN=Leaf has a critical extension that is not understood: 1.2.3.4"
    );
    assert_eq!(
        refused(Template { constraints: Some((false, None)), ..root() }, middle(), leaf()),
        "CN=Root issued a certificate and is no certificate authority"
    );
}

#[test]
fn a_certificate_is_valid_to_the_second() {
    let root = Issued::root(&root(), 1);
    let leaf = root.issue(&leaf(), 3);
    let (from, until) = Certificate::read(&leaf.der, false).unwrap().validity();
    for (at, believed) in [(from - 1, false), (from, true), (until, true), (until + 1, false)] {
        assert_eq!(find_at(&[&leaf], &[&root], at).is_ok(), believed, "{at}");
    }
}

#[test]
fn a_chain_to_another_root_is_not_believed() {
    let root = Issued::root(&root(), 1);
    let middle = root.issue(&middle(), 2);
    let leaf = middle.issue(&leaf(), 3);
    let other = Issued::root(&Template::authority("Other"), 9);
    let said = |result: Result<Path, PathError>| result.unwrap_err().to_string();
    assert_eq!(
        said(find(&[&leaf, &middle], &[&other])),
        "no root that is trusted issued CN=Middle, which was issued by CN=Root"
    );
    // The same name with another key.
    let namesake = Issued::root(&Template::authority("Root"), 9);
    assert_eq!(
        said(find(&[&leaf, &middle], &[&namesake])),
        "the signature of CN=Middle was not made by CN=Root"
    );
    // The right root beside it is found.
    find(&[&leaf, &middle], &[&namesake, &root]).unwrap();
    assert_eq!(
        said(find(&[&leaf], &[&root])),
        "no root that is trusted issued CN=Leaf, which was issued by CN=Middle"
    );
    assert_eq!(said(find(&[], &[&root])), "there is no certificate");
    assert_eq!(
        said(find(&[&leaf], &[])),
        "no root that is trusted issued CN=Leaf, which was issued by CN=Middle"
    );
    assert_eq!(said(find(&[&leaf; 9], &[&root])), "the chain has 9 certificates, more than 8");
    let broken = [leaf.der.as_slice(), b"\x30\x00"];
    assert_eq!(
        path::find(&broken, roots(&[&root]).certificates(), TODAY),
        Err(PathError::Unreadable { position: 2 })
    );
    let longer = [leaf.der.as_slice(), b"\0"].concat();
    assert_eq!(
        path::find(&[longer], roots(&[&root]).certificates(), TODAY),
        Err(PathError::Unreadable { position: 1 })
    );
}

#[test]
fn certificates_that_are_all_named_alike_cost_little() {
    let tops: Vec<Issued> =
        (1..=100).map(|number| Issued::root(&Template::authority("Same"), number)).collect();
    let leaf = Issued::root(&Template::authority("Same"), 200).issue(&leaf(), 3);
    let all: Vec<&Issued> = tops.iter().collect();
    assert_eq!(
        find(&[&leaf], &all).unwrap_err(),
        PathError::Signature { subject: "CN=Leaf".into(), issuer: "CN=Same".into() }
    );
    // Eight that could all have issued each other.
    let circle: Vec<Issued> =
        (1..=7).map(|_| Issued::root(&Template::authority("Same"), 1)).collect();
    let mut chain: Vec<&Issued> = vec![&leaf];
    chain.extend(&circle);
    find(&chain, &[&tops[40]]).unwrap_err();
}

#[test]
fn no_changed_bit_is_believed_and_none_panics() {
    let root = Issued::root(&root(), 1);
    let leaf = root.issue(&leaf(), 3);
    let trusted = roots(&[&root]);
    for at in 0..leaf.der.len() {
        for bit in [0x01, 0x80] {
            let mut der = leaf.der.clone();
            der[at] ^= bit;
            assert!(path::find(&[der], trusted.certificates(), TODAY).is_err(), "byte {at}");
        }
        let cut = &leaf.der[..at];
        assert!(path::find(&[cut], trusted.certificates(), TODAY).is_err());
        let mut der = root.der.clone();
        if let Some(byte) = der.get_mut(at) {
            *byte ^= 0x04;
        }
        // A damaged root is none, or another one.
        let _ = path::find(&[&leaf.der], Roots::from_der([der.as_slice()]).certificates(), TODAY);
    }
}

#[test]
fn roots_are_read_from_pem() {
    use base64::Engine;
    let one = Issued::root(&root(), 1);
    let other = Issued::root(&Template::authority("Other"), 2);
    let pem = |der: &[u8], width: usize| {
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        let lines: Vec<&str> =
            text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!(
            "-----BEGIN CERTIFICATE-----\r\n{}\r\n-----END CERTIFICATE-----\n",
            lines.join("\r\n")
        )
    };
    let both = format!("# Roots\n{}\nsubject=Other\n{}", pem(&one.der, 64), pem(&other.der, 76));
    assert_eq!(Roots::from_pem(&both).unwrap().len(), 2);
    assert_eq!(Roots::from_pem("").unwrap_err(), RootsError::None);
    assert_eq!(
        Roots::from_pem("-----BEGIN CERTIFICATE-----\nMIIB").unwrap_err(),
        RootsError::Unreadable { position: 1 }
    );
    let wrong = format!("{}{}", pem(&one.der, 64), pem(b"no certificate", 64));
    assert_eq!(Roots::from_pem(&wrong).unwrap_err(), RootsError::Unreadable { position: 2 });
    assert_eq!(
        Roots::from_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----").unwrap_err(),
        RootsError::None
    );
}

#[test]
fn a_certificate_is_for_the_hosts_that_it_names() {
    let der = |template: &Template| Issued::root(template, 1).der;
    let read = |template: &Template| Certificate::read(&der(template), false).unwrap();
    let named = Template { host: Some("mds.example.org"), ..Template::leaf("other.example.org") };
    assert!(read(&named).is_for_host("MDS.example.org"));
    assert!(!read(&named).is_for_host("other.example.org"));
    assert!(read(&Template::leaf("mds.example.org")).is_for_host("mds.example.org"));
    assert!(!read(&Template::leaf("a.mds.example.org")).is_for_host("mds.example.org"));
}
