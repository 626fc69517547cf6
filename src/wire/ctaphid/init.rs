//! What a key says when a channel is opened (CTAP 2.3 section 11.2.9.1.3).

/// A key's answer to CTAPHID_INIT (section 11.2.9.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitReply {
    /// The nonce that the asker sent.
    pub nonce: [u8; 8],
    /// The channel given to the asker.
    pub channel: u32,
    /// The CTAPHID protocol version, 2 for all current keys.
    pub protocol_version: u8,
    /// The device version: major, minor, build. Its meaning is the vendor's.
    pub device_version: [u8; 3],
    /// What the key can do.
    pub capabilities: Capabilities,
}

impl InitReply {
    /// Reads the reply; `None` when it is shorter than 17 bytes. More bytes are ignored, as the
    /// specification asks.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (nonce, rest) = payload.split_first_chunk::<8>()?;
        let (channel, rest) = rest.split_first_chunk::<4>()?;
        let ([protocol_version, major, minor, build, capabilities], _) =
            rest.split_first_chunk::<5>()?;
        Some(Self {
            nonce: *nonce,
            channel: u32::from_be_bytes(*channel),
            protocol_version: *protocol_version,
            device_version: [*major, *minor, *build],
            capabilities: Capabilities(*capabilities),
        })
    }
}

/// The capability flags of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities(pub u8);

impl Capabilities {
    /// The key can make itself noticeable.
    pub fn wink(self) -> bool {
        self.0 & 0x01 != 0
    }

    /// The key can be locked to a channel.
    pub fn lock(self) -> bool {
        self.0 & 0x02 != 0
    }

    /// The key claims to speak CTAP2. Some that claim it do not (YubiKey 4 FIPS).
    pub fn cbor(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// The key speaks CTAP1/U2F. The flag on the wire says that it does not.
    pub fn u2f(self) -> bool {
        self.0 & 0x08 == 0
    }
}
