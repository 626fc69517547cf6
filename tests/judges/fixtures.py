"""Prints requests for the judges with the verdict that each must get, one JSON object a line:
`name`, `accepted` and `request`.

The documents are made here with bare cryptography, so that no library judges what it wrote itself:
a key of each algorithm registers and asserts, and then one thing at a time is wrong. The suite asks
every judge about every line (tests/suite/judges.rs), which shows that a judge looks at each thing.
"""

import base64
import copy
import datetime
import hashlib
import json
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

RP_ID = "example.org"
ORIGIN = "https://login.example.org"
CHALLENGE = hashlib.sha256(b"challenge").digest()
CREDENTIAL_ID = hashlib.sha256(b"credential").digest()
USER_HANDLE = b"user handle"
AAGUID = bytes(range(1, 17))
# Certificates are judged by today's clock as well as by the suite's, which stands still.
VALID_FROM = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
VALID_UNTIL = datetime.datetime(2120, 1, 1, tzinfo=datetime.timezone.utc)
# By attestation, the parts in which no bit may change unnoticed.
SIGNED = {
    "none": [],
    "self": ["client_data", "auth_data", "signature"],
    "certificate": ["client_data", "auth_data", "signature"],
    # Counter, AAGUID and the key's description are not signed.
    "u2f": ["client_data", "signature"],
}
UP, UV, AT = 0x01, 0x04, 0x40
ES256, EDDSA = -7, -8


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def cbor(value) -> bytes:
    """Maps keep the order that they are written in."""

    def head(major: int, number: int) -> bytes:
        if number < 24:
            return bytes([major << 5 | number])
        if number < 256:
            return bytes([major << 5 | 24, number])
        return struct.pack(">BH", major << 5 | 25, number)

    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


class Key:
    def __init__(self, algorithm: int):
        self.algorithm = algorithm
        if algorithm == ES256:
            self.private = ec.generate_private_key(ec.SECP256R1())
            numbers = self.private.public_key().public_numbers()
            self.x, self.y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
            self.cose = cbor({1: 2, 3: ES256, -1: 1, -2: self.x, -3: self.y})
        else:
            self.private = ed25519.Ed25519PrivateKey.generate()
            point = self.private.public_key().public_bytes_raw()
            self.cose = cbor({1: 1, 3: EDDSA, -1: 6, -2: point})

    def sign(self, data: bytes) -> bytes:
        if self.algorithm == ES256:
            return self.private.sign(data, ec.ECDSA(hashes.SHA256()))
        return self.private.sign(data)


def certificate(key: Key, issuer: Key, ca: bool, name: str, by: str) -> bytes:
    def subject(common_name: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "GB"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "fidokey tests"),
                x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Authenticator Attestation"),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )

    builder = (
        x509.CertificateBuilder()
        .subject_name(subject(name))
        .issuer_name(subject(by))
        .public_key(key.private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(VALID_FROM)
        .not_valid_after(VALID_UNTIL)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not ca:
        # id-fido-gen-ce-aaguid, WebAuthn Level 3 section 8.2.1
        oid = ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
        value = x509.UnrecognizedExtension(oid, b"\x04\x10" + AAGUID)
        builder = builder.add_extension(value, critical=False)
    return builder.sign(issuer.private, hashes.SHA256()).public_bytes(Encoding.DER)


ROOT_KEY, BATCH_KEY = Key(ES256), Key(ES256)
ROOT = certificate(ROOT_KEY, ROOT_KEY, True, "root", "root")
BATCH = certificate(BATCH_KEY, ROOT_KEY, False, "batch", "root")
# Another authority that goes by the same name.
FORGED_ROOT_KEY = Key(ES256)
FORGED_ROOT = certificate(FORGED_ROOT_KEY, FORGED_ROOT_KEY, True, "root", "root")


def client_data(kind: str, challenge: bytes = CHALLENGE, origin: str = ORIGIN) -> bytes:
    members = {"type": kind, "challenge": encode(challenge), "origin": origin, "crossOrigin": False}
    return json.dumps(members, separators=(",", ":")).encode()


class Document:
    """A response in parts, each of which can be spoilt before it is put together."""

    def __init__(self, key: Key, ceremony: str, flags: int, attestation: str = "self"):
        self.key, self.ceremony, self.attestation = key, ceremony, attestation
        registration = ceremony == "registration"
        self.client_data = client_data("webauthn.create" if registration else "webauthn.get")
        self.auth_data = hashlib.sha256(RP_ID.encode()).digest()
        if registration:
            aaguid = bytes(16) if attestation == "u2f" else AAGUID
            length = struct.pack(">H", len(CREDENTIAL_ID))
            self.auth_data += struct.pack(">BI", flags | AT, 5)
            self.auth_data += aaguid + length + CREDENTIAL_ID + key.cose
        else:
            self.auth_data += struct.pack(">BI", flags, 6)
        self.credential_id, self.user_handle = CREDENTIAL_ID, USER_HANDLE
        self.sign()

    def sign(self) -> None:
        signer = BATCH_KEY if self.attestation in ("certificate", "u2f") else self.key
        signed = self.auth_data + hashlib.sha256(self.client_data).digest()
        if self.attestation == "u2f":
            rp_id_hash, point = self.auth_data[:32], b"\x04" + self.key.x + self.key.y
            client_data_hash = hashlib.sha256(self.client_data).digest()
            signed = b"\x00" + rp_id_hash + client_data_hash + CREDENTIAL_ID + point
        self.signature = signer.sign(signed)

    def attestation_object(self) -> bytes:
        algorithm = ES256 if self.attestation == "certificate" else self.key.algorithm
        fmt, statement = {
            "none": ("none", {}),
            "self": ("packed", {"alg": algorithm, "sig": self.signature}),
            "certificate": ("packed", {"alg": algorithm, "sig": self.signature, "x5c": [BATCH]}),
            "u2f": ("fido-u2f", {"x5c": [BATCH], "sig": self.signature}),
        }[self.attestation]
        return cbor({"fmt": fmt, "attStmt": statement, "authData": self.auth_data})

    def response(self) -> dict:
        parts = {"clientDataJSON": encode(self.client_data)}
        if self.ceremony == "registration":
            parts["attestationObject"] = encode(self.attestation_object())
            parts["authenticatorData"] = encode(self.auth_data)
            parts["publicKeyAlgorithm"] = self.key.algorithm
            parts["transports"] = ["usb"]
        else:
            parts["authenticatorData"] = encode(self.auth_data)
            parts["signature"] = encode(self.signature)
            parts["userHandle"] = encode(self.user_handle)
        return {
            "id": encode(self.credential_id),
            "rawId": encode(self.credential_id),
            "response": parts,
            "authenticatorAttachment": "cross-platform",
            "clientExtensionResults": {},
            "type": "public-key",
        }

    def changed(self, **parts) -> "Document":
        """A copy with other parts, signed anew, as by a real key in a wrong ceremony."""
        other = copy.copy(self)
        other.__dict__.update(parts)
        other.sign()
        return other

    def spoilt(self, part: str, at: int) -> "Document":
        """A copy with one bit changed and not signed again."""
        other = copy.copy(self)
        spoilt = bytearray(getattr(self, part))
        spoilt[at] ^= 0x01
        setattr(other, part, bytes(spoilt))
        return other


def show(name: str, accepted: bool, document: Document, **expected) -> None:
    request = {
        "ceremony": document.ceremony,
        "response": document.response(),
        "challenge": encode(CHALLENGE),
        "origin": ORIGIN,
        "rp_id": RP_ID,
        "require_user_verification": False,
    }
    if document.ceremony == "registration":
        request |= {"algorithms": [ES256, EDDSA], "roots": [encode(ROOT)]}
    else:
        request |= {
            "credential_id": encode(CREDENTIAL_ID),
            "public_key": encode(document.key.cose),
            "sign_count": 5,
            "user_handle": encode(USER_HANDLE),
        }
    print(json.dumps({"name": name, "accepted": accepted, "request": request | expected}))


def show_ceremony(name: str, good: Document, verified: Document) -> None:
    """`good` is without user verification, `verified` with it."""
    registration = good.ceremony == "registration"
    wrong_type = "webauthn.get" if registration else "webauthn.create"
    kind = "webauthn.create" if registration else "webauthn.get"
    no_presence = bytearray(good.auth_data)
    no_presence[32] &= ~UP
    elsewhere = hashlib.sha256(b"example.com").digest() + good.auth_data[32:]

    show(f"{name}: as made", True, good)
    show(f"{name}: with user verification", True, verified, require_user_verification=True)
    show(f"{name}: without the demanded verification", False, good, require_user_verification=True)
    show(f"{name}: other challenge expected", False, good, challenge=encode(bytes(32)))
    show(f"{name}: other origin expected", False, good, origin="https://example.org")
    show(f"{name}: other RP ID expected", False, good, rp_id="login.example.org")
    show(f"{name}: other challenge", False, good.changed(client_data=client_data(kind, bytes(32))))
    other_origin = client_data(kind, origin="https://login.example.org.example.com")
    show(f"{name}: other origin", False, good.changed(client_data=other_origin))
    show(f"{name}: other type", False, good.changed(client_data=client_data(wrong_type)))
    show(f"{name}: other RP ID", False, good.changed(auth_data=elsewhere))
    show(f"{name}: nobody present", False, good.changed(auth_data=bytes(no_presence)))
    for part in SIGNED[good.attestation]:
        length = len(getattr(good, part))
        for at in [*range(0, length, 10), length - 1]:
            show(f"{name}: bit changed in byte {at} of {part}", False, good.spoilt(part, at))


def main() -> None:
    for algorithm, label in ((ES256, "ES256"), (EDDSA, "EdDSA")):
        key, stranger = Key(algorithm), Key(algorithm)
        attestations = ["none", "self"] + (["certificate", "u2f"] if algorithm == ES256 else [])
        for attestation in attestations:
            name = f"{label} registration, attestation {attestation}"
            good = Document(key, "registration", UP, attestation)
            show_ceremony(name, good, Document(key, "registration", UP | UV, attestation))
            show(f"{name}: algorithm not offered", False, good, algorithms=[-257])
            if attestation in ("certificate", "u2f"):
                show(f"{name}: without roots", True, good, roots=[])
                show(f"{name}: other root", False, good, roots=[encode(FORGED_ROOT)])

        name = f"{label} authentication"
        good = Document(key, "authentication", UP)
        show_ceremony(name, good, Document(key, "authentication", UP | UV))
        show(f"{name}: key of another", False, good, public_key=encode(stranger.cose))
        show(f"{name}: counter that stood still", False, good, sign_count=6)
        show(f"{name}: other credential", False, good, credential_id=encode(bytes(32)))
        show(f"{name}: other user", False, good, user_handle=encode(b"somebody else"))


if __name__ == "__main__":
    main()
