//! A command line before it runs, and its run.

use super::Desk;
use super::outcome::Outcome;
use super::terminal::{ScriptedTerminal, Typed};
use super::world::{Ran, SeededRandom, Surrounded};
use fidokey::cli::terminal::Terminal;
use fidokey::transport::Interrupt;
use std::sync::{Arc, Mutex};

/// A command line that is about to run.
pub struct Prepared<'d> {
    pub(super) desk: &'d Desk,
    pub(super) arguments: Vec<String>,
    pub(super) stdin: Vec<u8>,
    pub(super) stdin_is_terminal: bool,
    pub(super) terminal: Option<Vec<Typed>>,
    pub(super) homeless: bool,
    pub(super) columns: Option<usize>,
}

impl Prepared<'_> {
    /// Adds one argument as it is, spaces included.
    pub fn arg(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Pipes something in.
    pub fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = bytes.as_ref().to_vec();
        self
    }

    /// Lets standard input be a terminal, as it is unless something else is piped in.
    pub fn stdin_at_terminal(mut self) -> Self {
        self.stdin_is_terminal = true;
        self
    }

    /// Puts a person at a terminal who answers prompts in this order.
    pub fn typing<const N: usize>(mut self, answers: [&str; N]) -> Self {
        self.terminal = Some(answers.iter().map(|line| Typed::Line((*line).to_owned())).collect());
        self
    }

    /// Puts a person at a terminal who answers prompts in this order, or breaks off.
    pub fn at_terminal(mut self, answers: impl IntoIterator<Item = Typed>) -> Self {
        self.terminal = Some(answers.into_iter().collect());
        self
    }

    /// Gives the terminal a width.
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = Some(columns);
        self
    }

    /// Takes away the place for this person's data.
    pub fn homeless(mut self) -> Self {
        self.homeless = true;
        self
    }

    /// Runs it.
    pub fn run(self) -> Outcome {
        let mut stdin = self.stdin.as_slice();
        let interrupt = Interrupt::new();
        *self.desk.interrupt.lock().unwrap() = interrupt.clone();
        self.desk.hands.interrupt_with(interrupt.clone());
        let transcript = Arc::new(Mutex::new(Vec::new()));
        let is_terminal = self.terminal.is_some();
        let terminal = self.terminal.map(|answers| {
            let (transcript, interrupt) = (transcript.clone(), interrupt.clone());
            let clock = self.desk.clock.clone();
            Box::new(ScriptedTerminal::new(answers, transcript, interrupt, clock))
                as Box<dyn Terminal>
        });
        let surrounded = Surrounded {
            stdin: &mut stdin,
            stdin_is_terminal: self.stdin_is_terminal,
            terminal,
            columns: self.columns,
            data_directory: (!self.homeless).then(|| self.desk.data_directory()),
            host: self.desk.host(),
            bus: self.desk.bus.clone(),
            clock: self.desk.clock.clone(),
            random: &mut SeededRandom(self.desk.randomness.clone()),
            interrupt,
        };
        let Ran { exit, stdout, stderr } = surrounded.run(&self.arguments, is_terminal);
        let home = self.desk.home.path().to_str().unwrap().to_owned();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&home, "HOME");
        let prompts = transcript.lock().unwrap().clone();
        let prompts = prompts.iter().map(|prompt| prompt.replace(&home, "HOME")).collect();
        Outcome {
            line: self.arguments.join(" ").replace(&home, "HOME"),
            stdout: text(stdout),
            stderr: text(stderr),
            prompts,
            exit,
        }
    }
}
