//! The command line: the list of commands, each with its flags and the global ones.
//!
//! Help, man pages, completions and `docs/cli-reference.md` are all made from this tree.

use super::commands;
use super::global::Global;
use clap::error::ErrorKind;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;

/// Works with FIDO2 security keys of any vendor.
///
/// Lists keys, registers and asserts credentials, shows and deletes what a key holds, sets PINs,
/// and resets keys. The answer goes to stdout, everything else to stderr.
#[derive(Debug, Parser)]
#[command(name = "fidokey", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Start with `fidokey demo`, which needs no key, or `fidokey list`.\n\
                        Exit codes: 0 done, 1 failed, 2 wrong command line, 3 no single usable key, \
                        4 PIN, 5 not touched or declined, 6 not supported, 7 no match, 8 a check said \
                        no. `fidokey man` explains them.")]
pub struct Cli {
    /// Flags that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Makes [`Command`] from its list.
///
/// What clap's derive would make, except that the flags of a command are only built when it is the
/// one that was typed, or when all are asked for.
macro_rules! commands {
    ($($(#[doc = $doc:literal])* $(#[cfg($cfg:meta)])? $variant:ident($args:path) = $name:literal;)*) => {
        /// What to do.
        #[derive(Debug)]
        pub enum Command {
            $($(#[doc = $doc])* $(#[cfg($cfg)])? $variant($args),)*
        }

        impl Command {
            /// Reads a command line that begins with this command's name, with the definition of
            /// this command alone. `None` for whatever that cannot read.
            fn read_alone(name: &str, arguments: &[OsString]) -> Option<Cli> {
                match name {
                    $($(#[cfg($cfg)])? $name => {
                        let (global, args) = read_one::<$args>($name, arguments)?;
                        Some(Cli { global, command: Self::$variant(args) })
                    })*
                    _ => None,
                }
            }
        }

        impl Subcommand for Command {
            fn augment_subcommands(parent: clap::Command) -> clap::Command {
                // Its flags are the global ones.
                let parent = handed_down(parent);
                let parent = parent.subcommand_required(true).arg_required_else_help(true);
                $($(#[cfg($cfg)])? let parent = parent.subcommand({
                    const WORDS: &[&str] = &[$($doc),*];
                    describe(clap::Command::new($name), WORDS)
                        .defer(|command| describe(<$args>::augment_args(command), WORDS))
                });)*
                parent
            }

            fn augment_subcommands_for_update(parent: clap::Command) -> clap::Command {
                Self::augment_subcommands(parent)
            }

            fn has_subcommand(name: &str) -> bool {
                [$($(#[cfg($cfg)])? $name),*].contains(&name)
            }
        }

        impl FromArgMatches for Command {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                match matches.subcommand() {
                    $($(#[cfg($cfg)])? Some(($name, matches)) => {
                        <$args>::from_arg_matches(matches).map(Self::$variant)
                    })*
                    _ => Err(clap::Error::new(ErrorKind::MissingSubcommand)),
                }
            }

            fn update_from_arg_matches(
                &mut self,
                matches: &ArgMatches,
            ) -> Result<(), clap::Error> {
                *self = Self::from_arg_matches(matches)?;
                Ok(())
            }
        }
    };
}

impl Cli {
    /// Reads a command line.
    ///
    /// One that begins with a command's name is read with the definition of that command alone:
    /// building all of them, each with a copy of every global flag, takes longer than all else that
    /// `fidokey info` does before it talks to a key. Whatever that cannot read, mistakes and requests
    /// for help among it, is read with the whole definition.
    ///
    /// # Errors
    ///
    /// A mistake on the command line, or a request for help or the version.
    pub fn read(arguments: &[OsString]) -> Result<Self, clap::Error> {
        if let Some((_, after)) = arguments.split_first()
            && let Some(name) = after.first().and_then(|first| first.to_str())
            && let Some(cli) = Command::read_alone(name, after)
        {
            return Ok(cli);
        }
        Self::try_parse_from(arguments)
    }

    /// The names of the command and its subcommand in a command line that can be read, such as
    /// `credential list`: nothing that somebody typed besides.
    pub fn command_name(arguments: &[OsString]) -> String {
        let mut names = Vec::new();
        let matches = Self::command().try_get_matches_from(arguments).ok();
        let mut matches = matches.as_ref();
        while let Some((name, below)) = matches.and_then(ArgMatches::subcommand) {
            names.push(name);
            matches = Some(below);
        }
        names.join(" ")
    }
}

/// Reads what comes after the name of a command with that command's definition.
///
/// Not inlined: the frame of a function that holds this for every command takes seven pages of stack.
#[inline(never)]
fn read_one<A: Args>(name: &'static str, arguments: &[OsString]) -> Option<(Global, A)> {
    let mut definition = Global::augment_args(A::augment_args(clap::Command::new(name)))
        // Help is printed from the whole definition.
        .disable_help_flag(true);
    if definition.has_subcommands() {
        definition = handed_down(definition);
    }
    let mut matches = definition.try_get_matches_from(arguments).ok()?;
    // Taken out of the matches, which `from_arg_matches` would copy first.
    let global = Global::from_arg_matches_mut(&mut matches).ok()?;
    Some((global, A::from_arg_matches_mut(&mut matches).ok()?))
}

/// Lets flags of a command be typed after the name of a subcommand too.
fn handed_down(command: clap::Command) -> clap::Command {
    command.mut_args(|flag| flag.global(true))
}

/// Gives a command its description: the first paragraph, and all of them for its own help.
fn describe(command: clap::Command, words: &[&str]) -> clap::Command {
    let paragraphs: Vec<String> = words
        .split(|line| line.trim().is_empty())
        .map(|lines| lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "))
        .collect();
    let first = paragraphs.first().map_or("", |first| first.trim_end_matches('.')).to_owned();
    let described = command.about(first);
    if paragraphs.len() > 1 { described.long_about(paragraphs.join("\n\n")) } else { described }
}

commands! {
    /// Run the main job from start to end on a throw-away virtual key.
    ///
    /// Nothing is kept, and no key that is plugged in is touched.
    Demo(commands::demo::DemoArgs) = "demo";
    /// List every FIDO key that is plugged in, also those that cannot be used, with the reason.
    ///
    /// Each key is asked what it is; one that another program uses is shown as busy and not waited
    /// for. Virtual keys are not listed here: see `fidokey virtual list`.
    List(commands::list::ListArgs) = "list";
    /// Show one key in depth: what it is, what it can do, and how it is configured.
    ///
    /// No PIN is needed, no PIN try is used, and nothing is changed.
    Info(commands::info::InfoArgs) = "info";
    /// Find out why a key is not seen or cannot be used, and what mends it.
    ///
    /// Every key is looked at, also those that may not be opened. For each that cannot be used you are
    /// told what is so, why, and the one command that helps next. No PIN try is used, nobody has to
    /// touch anything, and nothing is changed. Ends with 0 if there are keys and all of them can be
    /// used, with 8 if one cannot, and with 3 if there is none.
    Doctor(commands::doctor::DoctorArgs) = "doctor";
    /// Find out whether a service will accept a key, before you register it there.
    ///
    /// What is known of the service is held against what the key says of itself, rule by rule, each
    /// with its source. No PIN try is used, nobody has to touch anything, and nothing is changed.
    /// Ends with 0 if the service would accept the key, and with 8 if it would refuse it.
    Check(commands::check::CheckArgs) = "check";
    /// Make a key blink, to learn which one it is.
    ///
    /// With several keys, name one with --device, or use `fidokey select`.
    Wink(commands::wink::WinkArgs) = "wink";
    /// Touch one of several keys, to learn which one it is and how to name it.
    ///
    /// All keys of FIDO 2.1 or later wait for a touch at the same time, and the first that is
    /// touched is it. Older keys blink one by one, and you are asked. Nothing is changed on any key.
    Select(commands::select::SelectArgs) = "select";
    /// Register a credential.
    ///
    /// The result is verified before it is printed. The client data is built from --origin and
    /// --challenge, or only its hash is given. With --json, stdout carries the WebAuthn
    /// RegistrationResponseJSON alone, and the verdict goes to stderr or to --report.
    Register(commands::register::RegisterArgs) = "register";
    /// Make an assertion with a credential.
    ///
    /// The result is verified before it is printed; its signature is checked when the public key is
    /// known from --registration or --public-key. With --json, stdout carries the WebAuthn
    /// AuthenticationResponseJSON alone, and the verdict goes to stderr or to --report.
    Assert(commands::assert::AssertArgs) = "assert";
    /// Verify a response that was saved, of a registration or of an assertion.
    ///
    /// The response may come from any browser or program. Every check of WebAuthn Level 3 sections 7.1
    /// and 7.2 is shown with its outcome, what was expected and what was seen. No key is needed.
    Verify(commands::verify::VerifyArgs) = "verify";
    /// List, show, delete and rename the credentials that a key holds.
    ///
    /// Only resident credentials (discoverable credentials, passkeys) are on the key. Where a key is
    /// a second factor beside a password, it often keeps nothing, and there is nothing to list.
    Credential(commands::credential::CredentialArgs) = "credential";
    /// Show, set, change or verify the PIN of a key.
    Pin(commands::pin::PinArgs) = "pin";
    /// Erase everything on a key.
    ///
    /// Every account, the PIN and the fingerprints are lost; there is no way back. Before anything
    /// is done you are asked to type a word, unless you add --yes. A key allows a reset only just
    /// after it was plugged in, so that you are asked to unplug it, plug it in again and touch it.
    Reset(commands::reset::ResetArgs) = "reset";
    /// Try keys against relying parties, and relying parties against keys.
    #[cfg(feature = "relying-party")]
    Rp(commands::rp::RpArgs) = "rp";
    /// Keep and show the FIDO metadata: what vendors and the FIDO Alliance say of models of keys.
    ///
    /// Who has imported it sees models by its names, and `register` and `verify registration` say
    /// whether an attestation leads to a root of the model, whether it was revoked or compromised, and
    /// how it is certified. Nothing is downloaded.
    Metadata(commands::metadata::MetadataArgs) = "metadata";
    /// Show what a command said to a key, from a file that --trace wrote.
    ///
    /// Every command takes --trace FILE. The file holds every message by name, and no PIN, token or
    /// derived secret.
    Trace(commands::trace::TraceArgs) = "trace";
    /// Manage virtual keys that last, for trying things out.
    ///
    /// A virtual key is real firmware (OpenSK) that runs inside this program. Every command takes
    /// one with `--device virtual:NAME`, and none takes it without being told so. Its private keys
    /// are in a plain file: it is not for protecting accounts.
    Virtual(commands::virtual_key::VirtualArgs) = "virtual";
    /// Print a script that completes command lines.
    ///
    /// For bash: `mkdir -p ~/.local/share/bash-completion/completions`, and then
    /// `fidokey completions bash > ~/.local/share/bash-completion/completions/fidokey`.
    /// For other shells, put it where the shell looks for such scripts.
    Completions(commands::completions::CompletionsArgs) = "completions";
    /// Print the manual page of fidokey or of one of its commands.
    ///
    /// Read one with `fidokey man credential list | man -l -`, or write all of them to a directory
    /// with --out.
    Man(commands::man::ManArgs) = "man";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_has_a_name_without_what_was_typed() {
        for (line, name) in [
            ("fidokey --device list credential delete ab --yes", "credential delete"),
            ("fidokey info -d pin", "info"),
            ("fidokey nonsense", ""),
        ] {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(Cli::command_name(&arguments), name);
        }
    }

    /// What is read with one command's definition alone is what the whole one says.
    #[test]
    fn a_command_line_is_read_the_same_with_one_definition_and_with_all() {
        for line in [
            "fidokey info",
            "fidokey --json list -q",
            "fidokey register --rp example.com --user list --device info --timeout 5",
            "fidokey --device list info --wait",
            "fidokey -d pin credential list --wait=3 --rp man",
            "fidokey credential delete ab cd --yes",
            "fidokey pin set --new-pin-file -",
            "fidokey completions bash",
            "fidokey man pin set",
            "fidokey --device info",
            "fidokey info --nonsense",
            "fidokey pin",
            "fidokey help list",
            "fidokey list --help",
            "fidokey nonsense",
            "fidokey",
        ] {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let words = |read: Result<Cli, clap::Error>| match read {
                Ok(cli) => format!("{cli:?}"),
                Err(error) => error.to_string(),
            };
            assert_eq!(words(Cli::read(&arguments)), words(Cli::try_parse_from(&arguments)));
        }
    }
}
