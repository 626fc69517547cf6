//! One entry of a trace as a few lines of text.

use super::super::text::{count, escape};
use super::values::{Indented, inline};
use crate::trace::{Direction, Entry, Event, Message, Named, Opened, Seconds};
use crate::wire::status::Status;

/// Where what belongs to an entry begins: below its first word.
const INDENT: usize = 14;

/// One entry.
pub(super) fn text(entry: &Entry) -> String {
    let mut text = format!("{:>12}  {}\n", moment(entry.time), line(&entry.event));
    if let Event::Message(message) = &entry.event {
        members(message, &mut text);
    }
    text
}

/// What happened, on one line.
fn line(event: &Event) -> String {
    match event {
        Event::Opened(opened) => {
            let Opened { key, input_report, output_report, .. } = **opened;
            let mut line = format!("key {key} is {}", key_name(opened));
            if let (Some(vendor), Some(product)) = (opened.vendor_id, opened.product_id) {
                line.push_str(&format!(", USB {vendor:04x}:{product:04x}"));
            }
            if let Some(port) = &opened.port {
                line.push_str(&format!(", port {}", escape(port)));
            }
            if (input_report, output_report) != (64, 64) {
                line.push_str(&format!(", reports of {input_report} and {output_report} B"));
            }
            line
        }
        Event::NotOpened { path, reason } => {
            format!("{} was not opened: {}", escape(path), escape(reason))
        }
        Event::Message(message) => head(message),
        Event::Keepalive { key, status, count, since, .. } => {
            let words = match status.number {
                1 => "it is working",
                2 => "it waits for a touch",
                _ => "a status that the specification does not define",
            };
            let run = match count {
                0 | 1 => String::new(),
                count => format!(" ({count} times from {} on)", moment(*since)),
            };
            format!("key {key} <- keepalive {}: {words}{run}", named(status))
        }
        Event::NotAMessage { key, channel, reason, length, packets } => {
            let channel = channel.as_ref().map(|channel| format!(" on {}", escape(channel)));
            let (channel, reason) = (channel.unwrap_or_default(), escape(reason));
            let packets = count(*packets, "packet", "packets");
            format!("key {key} <- no message{channel}: {reason} ({length} B in {packets})")
        }
        Event::Unanswered { key, command, ctap_command, waited } => {
            let command = asked(command, ctap_command.as_ref());
            format!("key {key} gave no answer to {command} in {}", seconds(*waited))
        }
        Event::Failed { key, act, reason, command, ctap_command } => {
            let (act, reason) = (escape(act), escape(reason));
            let during = command.as_ref().map(|command| asked(command, ctap_command.as_ref()));
            let during = during.map(|command| format!(" during {command}")).unwrap_or_default();
            format!("key {key} failed to {act}{during}: {reason}")
        }
        Event::Closed { key } => format!("key {key} was closed"),
        Event::Replugged { path } => format!("{} was unplugged and plugged in", escape(path)),
        Event::Full { most } => format!("the trace ends here: it has {most} B"),
        Event::Ended { exit_code } => format!("the command ended with code {exit_code}"),
    }
}

/// The first line of a message: who says what to whom, and how long it is.
fn head(message: &Message) -> String {
    let Message { key, length, packets, .. } = *message;
    let size = match packets {
        0 | 1 => format!("{length} B"),
        packets => format!("{length} B in {packets} packets"),
    };
    if message.foreign {
        let (command, channel) = (hid_name(&message.command), escape(&message.channel));
        return format!("key {key} <- {command} to another program on {channel}, {size}");
    }
    let command = match &message.ctap_command {
        Some(command) => ctap_name(command),
        None => format!("{} on {}", hid_name(&message.command), escape(&message.channel)),
    };
    let subcommand = message.ctap_subcommand.as_ref();
    let subcommand = subcommand.map(|subcommand| format!(" {}", named(subcommand)));
    let command = format!("{command}{}", subcommand.unwrap_or_default());
    match (message.direction, &message.ctap_status) {
        (Direction::ToKey, _) => format!("key {key} -> {command}, {size}"),
        (Direction::FromKey, None) => format!("key {key} <- {command}, {size}"),
        (Direction::FromKey, Some(status)) => {
            let words = u8::try_from(status.number).map(|number| Status(number).meaning());
            let words = words.unwrap_or("no status");
            format!("key {key} <- {}: {words}, {size} (to {command})", named(status))
        }
    }
}

fn members(message: &Message, text: &mut String) {
    let mut lines = Indented::new(INDENT, text);
    if let Some(members) = &message.members {
        lines.members(members);
    }
    if let Some(undecodable) = &message.undecodable {
        let (at, reason) = (undecodable.at, escape(&undecodable.reason));
        let data = inline(&undecodable.data).unwrap_or_default();
        lines.line(&format!("cannot be decoded from byte {at} on: {reason}"));
        lines.line(&format!("bytes: {data}"));
    }
}

/// What a key is called, and where it is.
pub(super) fn key_name(opened: &Opened) -> String {
    let path = escape(&opened.path);
    match opened.product.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        Some(product) => format!("{} ({path})", escape(product)),
        None => path,
    }
}

/// A time since the beginning; one that cannot be is not shown.
fn moment(time: Seconds) -> String {
    match time.0 {
        time if (0.0..1e8).contains(&time) => format!("{time:.6}"),
        _ => "?".to_owned(),
    }
}

/// A time as a person reads it.
pub(super) fn seconds(time: Seconds) -> String {
    match time.0 {
        time if (0.0..1e8).contains(&time) => format!("{time:.6} s"),
        _ => "an unknown time".to_owned(),
    }
}

fn asked(command: &Named, ctap_command: Option<&Named>) -> String {
    ctap_command.map_or_else(|| hid_name(command), ctap_name)
}

/// A CTAPHID command without its prefix.
fn hid_name(command: &Named) -> String {
    match &command.name {
        Some(name) => escape(name.trim_start_matches("CTAPHID_")),
        None => format!("CTAPHID command 0x{:02x}", command.number),
    }
}

/// A CTAP2 command without its prefix.
fn ctap_name(command: &Named) -> String {
    match &command.name {
        Some(name) => escape(name.trim_start_matches("authenticator")),
        None => format!("CTAP2 command 0x{:02x}", command.number),
    }
}

/// A name with its number, or the number alone.
fn named(named: &Named) -> String {
    match &named.name {
        Some(name) => format!("{} (0x{:02x})", escape(name), named.number),
        None => format!("0x{:02x}", named.number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keepalive(time: f64, count: u64) -> String {
        let (key, channel) = (1, "00000001".to_owned());
        let (status, since) = (Named::new(2, Some("UPNEEDED")), Seconds(0.5));
        text(&Entry {
            time: Seconds(time),
            event: Event::Keepalive { key, channel, status, count, since },
        })
    }

    #[test]
    fn times_stand_below_each_other() {
        let words = "key 1 <- keepalive UPNEEDED (0x02): it waits for a touch";
        assert_eq!(keepalive(0.5, 1), format!("    0.500000  {words}\n"));
        let run = "(57 times from 0.500000 on)";
        assert_eq!(keepalive(3600.25, 57), format!(" 3600.250000  {words} {run}\n"));
        assert_eq!(keepalive(f64::MAX, 1), format!("           ?  {words}\n"));
        assert_eq!(keepalive(-1.0, 1), format!("           ?  {words}\n"));
    }
}
