//! A layer calls only downwards: every path in the sources is parsed and held against the map in
//! `src/lib.rs`.

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

/// A use of one layer by another that the map does not allow.
type Backward = (String, String, String);

struct Paths {
    /// The module that is being read, from the crate's root.
    module: Vec<String>,
    found: BTreeSet<Vec<String>>,
}

impl Paths {
    /// Notes a path that starts in `crate` or `super`, made absolute.
    fn note(&mut self, segments: &[String]) {
        let mut absolute = match segments.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("super") => self.module[..self.module.len().saturating_sub(1)].to_vec(),
            _ => return,
        };
        for segment in &segments[1..] {
            if segment == "super" {
                absolute.pop();
            } else {
                absolute.push(segment.clone());
            }
        }
        self.found.insert(absolute);
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

    fn note_with(&mut self, before: &[String], last: String) {
        let mut segments = before.to_vec();
        segments.push(last);
        self.note(&segments);
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
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.note(&segments);
        syn::visit::visit_path(self, path);
    }

    /// Paths inside macros such as `format!(…)` or `matches!(…)` are tokens, not paths.
    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let text = item.tokens.to_string().replace(' ', "");
        for start in ["crate::", "super::"] {
            for (at, _) in text.match_indices(start) {
                let path: String = text[at..]
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':')
                    .collect();
                let segments: Vec<String> =
                    path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
                self.note(&segments);
            }
        }
        syn::visit::visit_macro(self, item);
    }
}

/// The uses in one file that point upwards.
fn backward_arrows(module: &[String], source: &str) -> Vec<Backward> {
    let file = syn::parse_file(source).unwrap();
    let mut paths = Paths { module: module.to_vec(), found: BTreeSet::new() };
    paths.visit_file(&file);
    let Some(layer) = module.first() else { return Vec::new() };
    let (_, allowed) = MAY_USE
        .iter()
        .find(|(name, _)| name == layer)
        .unwrap_or_else(|| panic!("the layer {layer} is not in the map"));
    paths
        .found
        .iter()
        .filter_map(|path| {
            let used = path.first()?;
            let fine = used == layer || used == "wire" || allowed.contains(&used.as_str());
            (!fine).then(|| (module.join("::"), used.clone(), path.join("::")))
        })
        .collect()
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
    let mut backward = Vec::new();
    for file in files {
        let module = module_of(&root, &file);
        if matches!(module.as_slice(), [one] if one == "lib" || one == "main") {
            continue;
        }
        backward.extend(backward_arrows(&module, &std::fs::read_to_string(&file).unwrap()));
    }
    assert_eq!(backward, []);
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
    ] {
        assert_eq!(backward_arrows(&module, source).len(), 1, "{source}");
    }
    for source in [
        "use crate::wire::status;",
        "use super::cbor;",
        "use super::super::wire::cose;",
        "mod tests { use super::super::cbor; }",
    ] {
        assert_eq!(backward_arrows(&module, source), [], "{source}");
    }
}

/// `main -> cli` only.
#[test]
fn the_binary_is_a_few_lines() {
    let main = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs");
    assert!(std::fs::read_to_string(main).unwrap().lines().count() <= 30);
}
