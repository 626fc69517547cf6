//! A terminal with a person who has learned their lines.

use fidokey::cli::terminal::Terminal;
use fidokey::transport::Interrupt;
use fidokey::virtual_key::ManualClock;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use zeroize::Zeroizing;

/// What the person does at a prompt.
#[derive(Clone, Debug)]
pub enum Typed {
    /// Types a line.
    Line(String),
    /// Types a line after so long.
    Slowly(Duration, String),
    /// Ends the input (Ctrl-D).
    End,
    /// Interrupts (Ctrl-C).
    Interrupt,
}

pub struct ScriptedTerminal {
    answers: VecDeque<Typed>,
    transcript: Arc<Mutex<Vec<String>>>,
    interrupt: Interrupt,
    clock: Arc<ManualClock>,
}

impl ScriptedTerminal {
    pub fn new(
        answers: Vec<Typed>,
        transcript: Arc<Mutex<Vec<String>>>,
        interrupt: Interrupt,
        clock: Arc<ManualClock>,
    ) -> Self {
        Self { answers: answers.into(), transcript, interrupt, clock }
    }

    fn next(&mut self, prompt: &str, secret: bool) -> Option<String> {
        let next = self.answers.pop_front();
        if let Some(Typed::Slowly(span, _)) = &next {
            self.clock.advance(*span);
        }
        let (shown, answer) = match next {
            Some(Typed::Line(line) | Typed::Slowly(_, line)) => {
                let shown = if secret { "*".repeat(line.chars().count()) } else { line.clone() };
                (shown, Some(line))
            }
            Some(Typed::End) => ("^D".to_owned(), None),
            Some(Typed::Interrupt) => {
                self.interrupt.request();
                ("^C".to_owned(), None)
            }
            None => ("[nobody expected this question]".to_owned(), None),
        };
        self.transcript.lock().unwrap().push(format!("{prompt}{shown}"));
        answer
    }
}

impl Terminal for ScriptedTerminal {
    fn read_line(&mut self, prompt: &str) -> io::Result<Option<String>> {
        Ok(self.next(prompt, false))
    }

    fn read_secret(&mut self, prompt: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        Ok(self.next(prompt, true).map(|line| Zeroizing::new(line.into_bytes())))
    }
}
