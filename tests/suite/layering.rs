//! A layer calls only downwards, and what is asynchronous stays in one: every path in the sources
//! is parsed and held against the map in `src/lib.rs`.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use syn::visit::Visit;

/// What each layer may use besides itself and `wire`. Names that are not here may use nothing.
const MAY_USE: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("transport", &[]),
    ("ctap", &[]),
    ("virtual_key", &["transport"]),
    ("host", &["transport"]),
    ("trace", &["ctap", "transport"]),
    ("authenticator", &["ctap", "transport"]),
    ("webauthn", &["ctap"]),
    ("client", &["authenticator", "webauthn", "ctap", "transport"]),
    ("relying_party", &["client", "authenticator", "webauthn", "ctap", "transport"]),
    (
        "output",
        &[
            "relying_party",
            "client",
            "authenticator",
            "webauthn",
            "ctap",
            "transport",
            "host",
            "trace",
            "virtual_key",
        ],
    ),
    (
        "cli",
        &[
            "output",
            "relying_party",
            "client",
            "authenticator",
            "webauthn",
            "ctap",
            "transport",
            "host",
            "trace",
            "virtual_key",
        ],
    ),
];

/// What brings an asynchronous runtime or speaks HTTP: libraries for one layer alone.
const LIBRARIES_OF_THE_RELYING_PARTY: &[&str] =
    &["axum", "hyper", "hyper_util", "tokio", "ureq", "rustls"];

/// Something in a file that the map does not allow: the module, and what stands there.
type Forbidden = (String, String);

struct Paths {
    /// The module that is being read, from the crate's root.
    module: Vec<String>,
    /// Paths into this crate, absolute.
    found: BTreeSet<Vec<String>>,
    /// Names of libraries with which paths begin.
    libraries: BTreeSet<String>,
    /// What hides a path from this test, or belongs to one layer alone.
    others: Vec<String>,
}

impl Paths {
    /// A path that starts in `crate`, `super` or `self`, made absolute.
    fn absolute(&self, segments: &[String]) -> Option<Vec<String>> {
        let mut absolute = match segments.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("super" | "self") => self.module.clone(),
            _ => return None,
        };
        for segment in segments {
            match segment.as_str() {
                "super" => drop(absolute.pop()),
                "self" | "crate" => {}
                _ => absolute.push(segment.clone()),
            }
        }
        Some(absolute)
    }

    fn note(&mut self, segments: &[String]) {
        if let Some(absolute) = self.absolute(segments) {
            self.found.insert(absolute);
        } else if let Some(first) = segments.first() {
            self.libraries.insert(first.clone());
        }
    }

    fn note_tree(&mut self, before: &mut Vec<String>, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.note_tree(before, &path.tree);
                before.pop();
            }
            syn::UseTree::Name(name) => self.note_with(before, name.ident.to_string()),
            syn::UseTree::Rename(name) => self.note_with(before, name.ident.to_string()),
            syn::UseTree::Glob(_) => self.note_with(before, "*".to_owned()),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.note_tree(before, tree);
                }
            }
        }
    }

    /// Notes what a `use` names. Under another name, the crate's root would lead anywhere unseen.
    fn note_with(&mut self, before: &[String], last: String) {
        let mut segments = before.to_vec();
        segments.push(last);
        if self.absolute(&segments).is_some_and(|path| path.is_empty()) {
            self.others.push(format!("use {}", segments.join("::")));
        }
        self.note(&segments);
    }

    /// Notes the paths among tokens: those of macros and attributes, which are no paths to `syn`.
    fn note_tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = &tokens[..];
        while let Some((token, after)) = rest.split_first() {
            rest = after;
            match token {
                TokenTree::Ident(name) => {
                    rest = self.note_token_path(&mut vec![name.to_string()], after);
                }
                TokenTree::Group(group) => self.note_tokens(group.stream()),
                // `#[serde(with = "crate::…")]`.
                TokenTree::Literal(literal) => {
                    let text = syn::parse_str::<syn::LitStr>(&literal.to_string());
                    let path = text.and_then(|text| text.parse_with(syn::Path::parse_mod_style));
                    if let Ok(path) = path {
                        self.visit_path(&path);
                    }
                }
                TokenTree::Punct(_) => {}
            }
        }
    }

    /// Notes one path, or several as in `crate::{a, b::c}`, and gives the tokens behind it.
    fn note_token_path<'t>(
        &mut self,
        path: &mut Vec<String>,
        mut rest: &'t [TokenTree],
    ) -> &'t [TokenTree] {
        let is_colon =
            |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ':');
        loop {
            match rest {
                [a, b, TokenTree::Ident(name), after @ ..] if is_colon(a) && is_colon(b) => {
                    path.push(name.to_string());
                    rest = after;
                }
                [a, b, TokenTree::Group(group), after @ ..] if is_colon(a) && is_colon(b) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    for part in
                        inner.split(|t| matches!(t, TokenTree::Punct(p) if p.as_char() == ','))
                    {
                        if let [TokenTree::Ident(name), after @ ..] = part {
                            let mut longer = path.clone();
                            longer.push(name.to_string());
                            self.note_token_path(&mut longer, after);
                        }
                    }
                    return after;
                }
                // A word by itself leads nowhere.
                _ if path.len() == 1 => return rest,
                _ => {
                    self.note(path);
                    return rest;
                }
            }
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    /// `super` means something else inside a module that is written out in the file.
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        syn::visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.note_tree(&mut Vec::new(), &item.tree);
        item.attrs.iter().for_each(|attribute| self.visit_attribute(attribute));
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        self.others.push(format!("extern crate {}", item.ident));
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if attribute.path().is_ident("path") {
            self.others.push("#[path]".to_owned());
        }
        // What is only told about may be anywhere.
        if !attribute.path().is_ident("doc") {
            syn::visit::visit_attribute(self, attribute);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if path.leading_colon.is_some() || segments.len() > 1 {
            self.note(&segments);
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        if item.path.is_ident("include") {
            self.others.push("include!".to_owned());
        }
        syn::visit::visit_macro(self, item);
    }

    fn visit_token_stream(&mut self, tokens: &'ast TokenStream) {
        self.note_tokens(tokens.clone());
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        if signature.asyncness.is_some() {
            self.libraries.insert("async".to_owned());
        }
        syn::visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, expression: &'ast syn::ExprAsync) {
        self.libraries.insert("async".to_owned());
        syn::visit::visit_expr_async(self, expression);
    }
}

/// What in one file the map does not allow: uses that point upwards, what would hide them, and
/// asynchronous code outside its layer.
fn forbidden(module: &[String], source: &str) -> Vec<Forbidden> {
    let file = syn::parse_file(source).unwrap();
    let mut paths = Paths {
        module: module.to_vec(),
        found: BTreeSet::new(),
        libraries: BTreeSet::new(),
        others: Vec::new(),
    };
    paths.visit_file(&file);
    let Some(layer) = module.first() else { return Vec::new() };
    let (_, allowed) = MAY_USE
        .iter()
        .find(|(name, _)| name == layer)
        .unwrap_or_else(|| panic!("the layer {layer} is not in the map"));
    let backward = paths.found.iter().filter_map(|path| {
        let used = path.first()?;
        let fine = used == layer || used == "wire" || allowed.contains(&used.as_str());
        (!fine).then(|| path.join("::"))
    });
    let asynchronous = paths.libraries.into_iter().filter(|library| {
        let kept_in_one =
            library == "async" || LIBRARIES_OF_THE_RELYING_PARTY.contains(&library.as_str());
        kept_in_one && layer != "relying_party"
    });
    let all = backward.chain(asynchronous).chain(paths.others);
    all.map(|what| (module.join("::"), what)).collect()
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// `src/a/b/mod.rs` and `src/a/b.rs` are the module `a::b`.
fn module_of(root: &Path, path: &Path) -> Vec<String> {
    let relative = path.strip_prefix(root).unwrap().with_extension("");
    let mut module: Vec<String> =
        relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    module
}

#[test]
fn no_arrow_points_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 50, "the sources were not found");
    let mut found = Vec::new();
    for file in files {
        let module = module_of(&root, &file);
        if matches!(module.as_slice(), [one] if one == "lib" || one == "main") {
            continue;
        }
        found.extend(forbidden(&module, &std::fs::read_to_string(&file).unwrap()));
    }
    assert_eq!(found, []);
}

#[test]
fn every_kind_of_backward_path_is_seen() {
    let module = ["wire".to_owned(), "cbor".to_owned()];
    for source in [
        "use crate::cli::error::CliError;",
        "use crate::{wire::status, cli::exit};",
        "use super::super::cli;",
        "fn f() { crate::transport::channel::open(); }",
        "fn f(x: super::super::ctap::Pin) {}",
        "fn f() { format!(\"{}\", crate::output::words::act()); }",
        "mod inner { pub use super::super::super::virtual_key::*; }",
        "fn f(x: self::super::super::ctap::Pin) {}",
        "use self::super::super::cli::exit;",
        "struct S { #[arg(value_parser = crate::cli::connect::device)] x: String }",
        "#[derive(S)] struct S { #[serde(with = \"crate::output::json::base64url\")] x: String }",
        "#[cfg_attr(test, doc(cfg(crate::cli::x)))] use crate::wire::status;",
        "fn f() { list!(crate::{wire::status, cli::exit}); }",
        "fn f() { list! { a => [b, { super::super::host::x() }] } }",
        "macro_rules! m { () => { $crate::client::register() } }",
        "use crate::*;",
        "use crate as root;",
        "use crate::{self as root};",
        "use super::super as up;",
        "use self::super::super as up;",
        "extern crate self as root;",
        "#[path = \"../cli/exit.rs\"] mod exit;",
        "include!(\"../cli/exit.rs\");",
        "use tokio::time::sleep;",
        "fn f() { ::ureq::get(\"\"); }",
        "fn f() { list!(hyper::body::Bytes); }",
        "async fn f() {}",
        "fn f() { drop(async { 1 }); }",
    ] {
        assert_eq!(forbidden(&module, source).len(), 1, "{source}");
    }
    for source in [
        "use crate::wire::status;",
        "use super::cbor;",
        "use super::super::wire::cose;",
        "mod tests { use super::super::cbor; }",
        "use self::decode::map;",
        "use super::{self, cbor as c};",
        "/// As [`crate::cli::exit`]\nfn f() { tokio(); }",
        "fn f() { list!(super::{cbor, status::Status}, tokio); }",
        "const T: &str = include_str!(\"table.txt\");",
    ] {
        assert_eq!(forbidden(&module, source), [], "{source}");
    }
}

/// `main -> cli` only.
#[test]
fn the_binary_is_a_few_lines() {
    let main = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs");
    assert!(std::fs::read_to_string(main).unwrap().lines().count() <= 30);
}
