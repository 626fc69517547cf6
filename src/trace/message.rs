//! What a whole message says: CTAP2 commands and answers by member, the rest of CTAPHID by its own
//! rules (CTAP 2.3 section 11.2.9).

use super::decode::{Masking, body, hex, masked};
use super::entry::{Named, Undecodable};
use super::members::{
    definition, extensions_member, may_give_secret, subcommand_member, subcommand_name,
};
use crate::ctap::CommandCode;
use crate::wire::cbor::{self, Key};
use crate::wire::ctaphid::{Command, HidErrorCode, InitReply, Keepalive};
use crate::wire::status::Status;
use serde_json::{Map, Value, json};

/// What a message holds.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) ctap_command: Option<Named>,
    pub(super) ctap_subcommand: Option<Named>,
    pub(super) ctap_status: Option<Named>,
    pub(super) members: Option<Value>,
    pub(super) undecodable: Option<Undecodable>,
}

/// What is remembered of a CTAP2 request, to make sense of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) command: CommandCode,
    pub(super) subcommand: Option<i64>,
    /// Whether the answer may hold a secret that was asked for.
    pub(super) gives_secrets: bool,
}

impl Asked {
    /// Reads what a request asks for; `None` for one without a command byte.
    pub(super) fn of(payload: &[u8]) -> Option<Self> {
        let (command, parameters) = payload.split_first()?;
        let command = CommandCode(*command);
        let members = cbor::salvage_map(parameters).members;
        let find = |number: i64| {
            let found = members.iter().find(|(key, _)| key.integer().ok() == Some(number));
            found.map(|(_, value)| *value)
        };
        let subcommand = subcommand_member(command).and_then(find);
        let subcommand = subcommand.and_then(|number| number.integer().ok());
        let extensions = extensions_member(command).and_then(find);
        let extensions = extensions.map(|extensions| cbor::salvage_map(extensions.raw()).members);
        let asks_for_secret = extensions.iter().flatten().any(
            |(key, _)| matches!(Key::of(*key), Key::Text(extension) if may_give_secret(extension)),
        );
        let gives_secrets = asks_for_secret || definition(command, subcommand).gives_secrets;
        Some(Self { command, subcommand, gives_secrets })
    }

    pub(super) fn command_named(self) -> Named {
        Named::new(self.command.0, self.command.name())
    }

    fn subcommand_named(self) -> Option<Named> {
        let number = self.subcommand?;
        Some(Named::new(number, subcommand_name(self.command, number)))
    }
}

/// A CTAPHID command with its name.
pub(super) fn command_named(command: Command) -> Named {
    let name = match command {
        Command::PING => Some("CTAPHID_PING"),
        Command::MSG => Some("CTAPHID_MSG"),
        Command::LOCK => Some("CTAPHID_LOCK"),
        Command::INIT => Some("CTAPHID_INIT"),
        Command::WINK => Some("CTAPHID_WINK"),
        Command::CBOR => Some("CTAPHID_CBOR"),
        Command::CANCEL => Some("CTAPHID_CANCEL"),
        Command::KEEPALIVE => Some("CTAPHID_KEEPALIVE"),
        Command::ERROR => Some("CTAPHID_ERROR"),
        _ => None,
    };
    Named::new(command.0, name)
}

/// The status of a keepalive with its name.
pub(super) fn keepalive_named(byte: u8) -> Named {
    let name = match Keepalive::from_byte(byte) {
        Keepalive::Processing => Some("PROCESSING"),
        Keepalive::UserPresenceNeeded => Some("UPNEEDED"),
        Keepalive::Other(_) => None,
    };
    Named::new(byte, name)
}

/// What a message to a key says.
pub(super) fn request(command: Command, payload: &[u8], masking: Masking) -> Content {
    match command {
        Command::CBOR => cbor_request(payload, masking),
        Command::INIT => of(json!({ "nonce": hex(payload) })),
        Command::MSG => of(u2f_request(payload)),
        Command::LOCK => of(json!({ "seconds": payload.first() })),
        Command::PING => of(json!({ "data": hex(payload) })),
        _ if payload.is_empty() => Content::default(),
        _ => of(json!({ "data": masked(payload.len()) })),
    }
}

/// What a message from a key says. `asked` is the last CTAP2 request.
pub(super) fn reply(
    command: Command,
    payload: &[u8],
    asked: Option<Asked>,
    masking: Masking,
) -> Content {
    match command {
        Command::CBOR => cbor_reply(payload, asked, masking),
        Command::INIT => match InitReply::parse(payload) {
            Some(reply) => of(init_reply(&reply)),
            None => undecodable("an answer to CTAPHID_INIT has at least 17 bytes", payload),
        },
        Command::ERROR => match payload.first() {
            Some(code) => of(json!({ "error": error_code(HidErrorCode(*code)) })),
            None => undecodable("an error without its code", payload),
        },
        Command::MSG => of(u2f_reply(payload)),
        Command::PING => of(json!({ "data": hex(payload) })),
        _ if payload.is_empty() => Content::default(),
        _ => of(json!({ "data": masked(payload.len()) })),
    }
}

fn of(members: Value) -> Content {
    Content { members: Some(members), ..Content::default() }
}

fn undecodable(reason: &str, payload: &[u8]) -> Content {
    let undecodable = Undecodable { reason: reason.to_owned(), at: 0, data: hex(payload) };
    Content { undecodable: Some(undecodable), ..Content::default() }
}

fn cbor_request(payload: &[u8], masking: Masking) -> Content {
    let Some((asked, (_, parameters))) = Asked::of(payload).zip(payload.split_first()) else {
        return undecodable("a CTAP2 command without its number", payload);
    };
    let shape = definition(asked.command, asked.subcommand).request;
    let body = body(parameters, shape, true, masking);
    Content {
        ctap_command: Some(asked.command_named()),
        ctap_subcommand: asked.subcommand_named(),
        ctap_status: None,
        members: body.members,
        undecodable: body.undecodable,
    }
}

fn cbor_reply(payload: &[u8], asked: Option<Asked>, masking: Masking) -> Content {
    let Some((status, rest)) = payload.split_first() else {
        return undecodable("an answer to a CTAP2 command without its status", payload);
    };
    let status = Status(*status);
    let mut content = Content {
        ctap_command: asked.map(Asked::command_named),
        ctap_subcommand: asked.and_then(Asked::subcommand_named),
        ctap_status: Some(Named::new(status.0, status.name())),
        ..Content::default()
    };
    let gives_secrets = asked.is_none_or(|asked| asked.gives_secrets);
    match asked {
        Some(asked) if status.is_ok() => {
            let shape = definition(asked.command, asked.subcommand).reply;
            let body = body(rest, shape, gives_secrets, masking);
            content.members = body.members;
            content.undecodable = body.undecodable;
        }
        _ if rest.is_empty() => {}
        asked => {
            let reason = match asked {
                Some(_) => "it follows the status of an error",
                None => "nothing was asked",
            };
            let data = if gives_secrets { masked(rest.len()) } else { hex(rest) };
            let reason = reason.to_owned();
            content.undecodable = Some(Undecodable { reason, at: 1, data });
        }
    }
    content
}

fn init_reply(reply: &InitReply) -> Value {
    let [major, minor, build] = reply.device_version;
    let capabilities = reply.capabilities;
    let names = [
        (capabilities.wink(), "WINK"),
        (capabilities.lock(), "LOCK"),
        (capabilities.cbor(), "CBOR"),
        (!capabilities.u2f(), "NMSG"),
    ];
    let names: Vec<&str> = names.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
    json!({
        "nonce": hex(&reply.nonce),
        "channel": format!("{:08x}", reply.channel),
        "protocolVersion": reply.protocol_version,
        "deviceVersion": format!("{major}.{minor}.{build}"),
        "capabilities": { "names": names, "number": capabilities.0 },
    })
}

fn error_code(code: HidErrorCode) -> Value {
    match code.name() {
        name if name.starts_with("ERR_") => json!({ "name": name, "number": code.0 }),
        _ => code.0.into(),
    }
}

/// The head of a U2F message (U2F raw messages, section 3); its data where the instruction is one of
/// U2F's own, which carry no secret.
fn u2f_request(payload: &[u8]) -> Value {
    let Some(([class, instruction, p1, p2], data)) = payload.split_first_chunk::<4>() else {
        return json!({ "data": masked(payload.len()) });
    };
    let name = match instruction {
        1 => Some("U2F_REGISTER"),
        2 => Some("U2F_AUTHENTICATE"),
        3 => Some("U2F_VERSION"),
        _ => None,
    };
    let mut members = Map::new();
    members.insert("class".to_owned(), (*class).into());
    let instruction = match name {
        Some(name) => json!({ "name": name, "number": instruction }),
        None => (*instruction).into(),
    };
    members.insert("instruction".to_owned(), instruction);
    members.insert("parameters".to_owned(), json!([p1, p2]));
    if !data.is_empty() {
        let shown = if name.is_some() { hex(data) } else { masked(data.len()) };
        members.insert("data".to_owned(), shown);
    }
    Value::Object(members)
}

/// The status word of a U2F answer, and how long the answer is.
fn u2f_reply(payload: &[u8]) -> Value {
    match payload.split_last_chunk::<2>() {
        Some(([], status)) => json!({ "status": hex(status) }),
        Some((data, status)) => json!({ "status": hex(status), "data": masked(data.len()) }),
        None => json!({ "data": masked(payload.len()) }),
    }
}
