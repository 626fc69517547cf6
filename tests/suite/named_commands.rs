//! What is named to a person exists: every command and flag that stands between backticks in a
//! snapshot, or in the documents, is looked up in the command line's own definition.

use clap::{Arg, ArgAction, Command, CommandFactory};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The whole definition, and every long flag in it.
struct Definition {
    root: Command,
    flags: BTreeSet<String>,
}

impl Definition {
    fn new() -> Self {
        let mut root = fidokey::cli::args::Cli::command();
        root.build();
        let mut flags = BTreeSet::new();
        let mut commands = vec![&root];
        while let Some(command) = commands.pop() {
            let long = command.get_arguments().filter_map(Arg::get_long);
            flags.extend(long.map(str::to_owned));
            commands.extend(command.get_subcommands());
        }
        Self { root, flags }
    }

    /// Whether a command line is one of `fidokey` that only names a group of commands.
    fn is_group(&self, line: &str) -> bool {
        let mut words = line.split_whitespace().filter(|word| !word.starts_with('-'));
        let none = words.next() != Some("fidokey") || line.contains("--help");
        !none
            && words
                .try_fold(&self.root, |command, word| command.find_subcommand(word))
                .is_some_and(Command::has_subcommands)
    }

    /// What is wrong with a command line, if anything. A word in capitals stands for any.
    fn fault(&self, line: &str) -> Option<String> {
        // What follows in a pipe or is redirected is somebody else's.
        let is_end =
            |word: &&str| ["|", "&&", ">", "#", "\\"].contains(word) || word.starts_with("#");
        let mut words = line.split_whitespace().take_while(|word| !is_end(word)).peekable();
        match words.next() {
            Some("fidokey") => {}
            // A flag by itself may belong to any command.
            Some(flag) if flag.starts_with("--") => {
                let name = flag.trim_start_matches('-').split('=').next().unwrap_or_default();
                // Two hyphens alone end the flags.
                let is_known = name.is_empty() || self.flags.contains(name);
                return (!is_known).then(|| format!("no flag {flag}"));
            }
            _ => return None,
        }
        let mut command = &self.root;
        while let Some(word) = words.next() {
            if let Some(flag) = word.strip_prefix('-') {
                let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
                let is_it = |arg: &&Arg| match name.strip_prefix('-') {
                    Some(long) => arg.get_long() == Some(long),
                    None => arg.get_short().is_some_and(|short| name.starts_with(short)),
                };
                if name.is_empty() || name == "-" {
                    continue;
                }
                let Some(arg) = command.get_arguments().find(is_it) else {
                    return Some(format!("{} has no flag {word}", command.get_name()));
                };
                let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
                let wants = arg.get_num_args().is_some_and(|range| range.min_values() > 0);
                if takes && wants && value.is_empty() {
                    words.next();
                }
            } else if word.chars().all(char::is_uppercase) {
                return None;
            } else if command.has_subcommands() {
                match command.find_subcommand(word) {
                    Some(found) => command = found,
                    None => return Some(format!("{} has no command {word}", command.get_name())),
                }
            }
        }
        None
    }
}

/// The files below a folder for which this holds.
fn files(folder: &Path, wanted: &dyn Fn(&Path) -> bool, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, wanted, found);
        } else if wanted(&path) {
            found.push(path);
        }
    }
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// The lines of the blocks that show what is typed.
fn typed(text: &str) -> impl Iterator<Item = &str> {
    text.split("```sh\n").skip(1).flat_map(|block| block.split("```").take(1)).flat_map(str::lines)
}

#[test]
fn hints_name_only_commands_and_flags_that_exist() {
    let definition = Definition::new();
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let mut snapshots = Vec::new();
    let is_snapshot = |path: &Path| path.extension().is_some_and(|extension| extension == "snap");
    files(&suite, &is_snapshot, &mut snapshots);
    let mut seen = 0;
    for path in &snapshots {
        let text = std::fs::read_to_string(path).unwrap();
        for line in quoted(&text) {
            let fault = definition.fault(line);
            assert_eq!(fault, None, "{}: `{line}`", path.display());
            assert!(!definition.is_group(line), "{}: `{line}`", path.display());
            seen += usize::from(line.starts_with("fidokey "));
        }
    }
    assert!(seen > 100, "{seen}");
    assert!(snapshots.iter().any(|path| path.starts_with(suite.join("rp_serve"))));
}

#[test]
fn documents_name_only_commands_and_flags_that_exist() {
    let definition = Definition::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = vec![root.join("README.md"), root.join("SECURITY.md")];
    let is_document = |path: &Path| path.extension().is_some_and(|extension| extension == "md");
    files(&root.join("docs"), &is_document, &mut documents);
    files(&root.join("udev"), &is_document, &mut documents);
    // It is made from the definition, and shows how lines are built.
    documents.retain(|path| !path.ends_with("cli-reference.md"));
    let mut seen = 0;
    for path in &documents {
        let text = std::fs::read_to_string(path).unwrap();
        for line in quoted(&text).chain(typed(&text)).filter(|line| line.starts_with("fidokey ")) {
            let fault = definition.fault(line);
            assert_eq!(fault, None, "{}: `{line}`", path.display());
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen}");
}

#[test]
fn what_does_not_exist_is_found_out() {
    let definition = Definition::new();
    for line in [
        "fidokey nonsense",
        "fidokey credential nonsense",
        "fidokey list --resident",
        "fidokey --device pin nonsense",
        "fidokey pin set --rp example.com --json",
        "--nonsense",
    ] {
        assert!(definition.fault(line).is_some(), "{line}");
    }
    for line in [
        "fidokey",
        "fidokey credential --help",
        "fidokey --device list pin set --json | jq --nonsense",
        "fidokey register --rp=example.com --user alice -q",
        "--resident",
        "sudo udevadm --nonsense",
    ] {
        assert_eq!(definition.fault(line), None, "{line}");
    }
}
