//! Asking the person at the desk, by words that nobody types by mistake.

use anyhow::{Result, bail};
use std::io::{IsTerminal, Write, stdin, stdout};

/// Sees to it that there is somebody who can be asked.
///
/// # Errors
///
/// When input or output is no terminal.
pub(super) fn somebody_is_there() -> Result<()> {
    if !stdin().is_terminal() || !stdout().is_terminal() {
        bail!(
            "a key at hand needs somebody at a terminal, who is asked first. Nothing was changed."
        );
    }
    Ok(())
}

/// Whether the person types this word when asked for it.
///
/// # Errors
///
/// When the terminal cannot be read.
pub(super) fn is_typed(word: &str, to_what_end: &str) -> Result<bool> {
    print!("Type \"{word}\" {to_what_end}: ");
    stdout().flush()?;
    let mut line = String::new();
    stdin().read_line(&mut line)?;
    Ok(line.trim() == word)
}

/// Tells the person something.
pub(super) fn say(text: &str) {
    println!("{text}");
    let _ = stdout().flush();
}
