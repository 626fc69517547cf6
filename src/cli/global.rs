//! Flags that every command takes.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Flags that every command takes, before or after its name.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Use this key: a path, the start of a serial number, an AAGUID, part of a product's or model's
    /// name, `virtual`, or `virtual:NAME`.
    #[arg(short, long, value_name = "SELECTOR", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub device: Option<String>,

    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,

    /// Say nothing but answers, warnings and errors.
    #[arg(short, long)]
    pub quiet: bool,

    /// Say which key is used, and which commands it is sent.
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,

    /// Never ask; fail with the flag that would have answered.
    #[arg(long)]
    pub no_input: bool,

    /// Answer yes to every question that asks for a confirmation.
    #[arg(short, long)]
    pub yes: bool,

    /// Wait for a key to be plugged in, for at most this many seconds (30 without a number).
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "30", require_equals = true)]
    pub wait: Option<u64>,

    /// When to use colour.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,

    /// Wait this long for a touch, or for a key to be unplugged and plugged in again, in seconds.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: Option<u64>,

    /// Read the PIN from a file, or from standard input with `-`.
    #[arg(long, value_name = "FILE", conflicts_with = "pin_fd")]
    pub pin_file: Option<PathBuf>,

    /// Read the PIN from this file descriptor.
    #[arg(long, value_name = "NUMBER")]
    pub pin_fd: Option<i32>,

    /// Send the PIN exactly as typed, without Unicode normalization.
    #[arg(long)]
    pub pin_as_typed: bool,

    /// Use the PIN even when only one try is left.
    #[arg(long)]
    pub last_try: bool,

    /// Write what is said to the key and what it answers, decoded and without secrets, to this file;
    /// `fidokey trace show` reads it.
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}
