"""Prints documents of every algorithm and attestation format, right or with one thing wrong, as JSON
lines: `name`, `wrong`, `judges` and `request`.

    formats.py [JUDGE]

`wrong` names the checks of fidokey that must fail, and no other may. `judges` names the judges that know
the algorithm or format and look at that thing: they must accept where nothing is wrong, and else reject.
`request` is a question to a judge. With JUDGE (fido2, webauthn, simplewebauthn) only questions are
printed, one a line, to be piped to it.

Keys, signatures and certificates are made by the Python package `cryptography`, which is OpenSSL; the
structures of TPMs, Android and Apple by hand, from their specifications.
"""

import datetime
import hashlib
import json
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier
from fixtures import cbor, encode

RP_ID, ORIGIN = "example.org", "https://login.example.org"
CHALLENGE = hashlib.sha256(b"challenge").digest()
CREDENTIAL_ID = hashlib.sha256(b"credential").digest()
AAGUID = bytes(range(1, 17))
USER_HANDLE = b"user handle"
CURVES = {
    -7: (1, ec.SECP256R1(), hashes.SHA256(), 32),
    -35: (2, ec.SECP384R1(), hashes.SHA384(), 48),
    -36: (3, ec.SECP521R1(), hashes.SHA512(), 66),
    -47: (8, ec.SECP256K1(), hashes.SHA256(), 32),
}
RSA = {-37: hashes.SHA256, -257: hashes.SHA256, -65535: hashes.SHA1}
ML_DSA = {-48: mldsa.MLDSA44PrivateKey, -49: mldsa.MLDSA65PrivateKey, -50: mldsa.MLDSA87PrivateKey}
NAMES = {
    -7: "ES256",
    -8: "EdDSA",
    -35: "ES384",
    -36: "ES512",
    -37: "PS256",
    -47: "ES256K",
    -48: "ML-DSA-44",
    -49: "ML-DSA-65",
    -50: "ML-DSA-87",
    -257: "RS256",
    -65535: "RS1",
}
ALL = ["fido2", "webauthn", "simplewebauthn"]
# Which judges verify which algorithm, where not all of them do.
ALGORITHM_JUDGES = {
    -35: ["fido2", "simplewebauthn"],
    -47: ["fido2"],
    -48: ["webauthn"],
    -49: ["webauthn"],
    -50: ["webauthn"],
}


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


class Key:
    """A key pair of any algorithm."""

    def __init__(self, algorithm: int):
        self.algorithm = algorithm
        if algorithm in CURVES:
            number, curve, self.digest, length = CURVES[algorithm]
            self.private = ec.generate_private_key(curve)
            numbers = self.private.public_key().public_numbers()
            self.x, self.y = numbers.x.to_bytes(length, "big"), numbers.y.to_bytes(length, "big")
            self.cose = cbor({1: 2, 3: algorithm, -1: number, -2: self.x, -3: self.y})
        elif algorithm in RSA:
            self.private = rsa.generate_private_key(65537, 2048)
            self.n = self.private.public_key().public_numbers().n.to_bytes(256, "big")
            self.cose = cbor({1: 3, 3: algorithm, -1: self.n, -2: b"\x01\x00\x01"})
        elif algorithm in ML_DSA:
            self.private = ML_DSA[algorithm].generate()
            public = self.private.public_key().public_bytes_raw()
            self.cose = cbor({1: 7, 3: algorithm, -1: public})
        else:
            self.private = ed25519.Ed25519PrivateKey.generate()
            public = self.private.public_key().public_bytes_raw()
            self.cose = cbor({1: 1, 3: algorithm, -1: 6, -2: public})

    def sign(self, data: bytes) -> bytes:
        if self.algorithm in CURVES:
            return self.private.sign(data, ec.ECDSA(self.digest))
        if self.algorithm == -37:
            salted = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)
            return self.private.sign(data, salted, hashes.SHA256())
        if self.algorithm in RSA:
            return self.private.sign(data, padding.PKCS1v15(), RSA[self.algorithm]())
        return self.private.sign(data)


def oid(text: str) -> ObjectIdentifier:
    return ObjectIdentifier(text)


def tlv(tag: int, value: bytes) -> bytes:
    """DER, for tags below 31, or above with the class and form in the first byte."""
    length = len(value)
    size = bytes([length]) if length < 128 else struct.pack(">BB", 0x81, length)
    return bytes([tag]) + size + value


def tagged(number: int, value: bytes) -> bytes:
    """An explicit tag of a context, which may need more than one byte."""
    if number < 31:
        return tlv(0xA0 | number, value)
    return bytes([0xBF, 0x80 | number >> 7, number & 0x7F, len(value)]) + value


SUBJECT = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "GB"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "fidokey tests"),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Authenticator Attestation"),
        x509.NameAttribute(NameOID.COMMON_NAME, "leaf"),
    ]
)
ISSUER = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")])
ROOT_KEY = Key(-7)


def certificate(key: Key, subject=SUBJECT, ca=False, extensions=()) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ISSUER)
        .public_key(key.private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc))
        .not_valid_after(datetime.datetime(2080, 1, 1, tzinfo=datetime.timezone.utc))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(ROOT_KEY.private, hashes.SHA256()).public_bytes(Encoding.DER)


ROOT = certificate(ROOT_KEY, subject=ISSUER, ca=True)


def unknown(dotted: str, value: bytes, critical=False):
    return x509.UnrecognizedExtension(oid(dotted), value), critical


class Registration:
    """A registration in parts. A format is a function of it that gives an attestation statement."""

    def __init__(self, key: Key):
        self.key = key
        members = {"type": "webauthn.create", "challenge": encode(CHALLENGE), "origin": ORIGIN}
        text = json.dumps(members | {"crossOrigin": False}, separators=(",", ":"))
        self.client_data = text.encode()
        self.auth_data = sha256(RP_ID.encode()) + struct.pack(">BI", 0x41, 5)
        self.auth_data += AAGUID + struct.pack(">H", len(CREDENTIAL_ID)) + CREDENTIAL_ID + key.cose
        self.hash = sha256(self.client_data)
        self.signed = self.auth_data + self.hash

    def response(self, fmt: str, statement) -> dict:
        attestation = {"fmt": fmt, "attStmt": statement, "authData": self.auth_data}
        parts = {
            "clientDataJSON": encode(self.client_data),
            "attestationObject": encode(cbor(attestation)),
            "authenticatorData": encode(self.auth_data),
            "publicKeyAlgorithm": self.key.algorithm,
            "transports": ["usb"],
        }
        return whole(parts)


def whole(parts: dict) -> dict:
    return {
        "id": encode(CREDENTIAL_ID),
        "rawId": encode(CREDENTIAL_ID),
        "response": parts,
        "authenticatorAttachment": "cross-platform",
        "clientExtensionResults": {},
        "type": "public-key",
    }


def show(name: str, wrong: list, judges: list, response: dict, **more) -> None:
    request = {
        "ceremony": "registration",
        "response": response,
        "challenge": encode(CHALLENGE),
        "origin": ORIGIN,
        "rp_id": RP_ID,
        "require_user_verification": False,
        "algorithms": list(NAMES),
        "roots": [encode(ROOT)],
    }
    request |= more
    if len(sys.argv) > 1:
        if sys.argv[1] in judges:
            print(json.dumps({"id": f"{name}: {'reject' if wrong else 'accept'}"} | request))
    else:
        print(json.dumps({"name": name, "wrong": wrong, "judges": judges, "request": request}))


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def algorithms() -> None:
    for algorithm in (-7, -8, -35, -36, -37, -47, -257, -48, -49, -50):
        name, key, other = NAMES[algorithm], Key(algorithm), Key(algorithm)
        judges = ALGORITHM_JUDGES.get(algorithm, ALL)
        made = Registration(key)
        signature = key.sign(made.signed)

        def packed(signature, stated=algorithm):
            return made.response("packed", {"alg": stated, "sig": signature})

        show(f"{name}, self", [], judges, packed(signature))
        wrong = ["attestation_signature"]
        show(f"{name}, self, bit changed", wrong, judges, packed(flipped(signature)))
        show(f"{name}, self, other key", wrong, judges, packed(other.sign(made.signed)))
        show(f"{name}, self, other bytes", wrong, judges, packed(key.sign(made.signed + b"\0")))
        show(f"{name}, none", [], judges, made.response("none", {}))
        assertions(name, key, other, judges)


def assertions(name: str, key: Key, other: Key, judges: list) -> None:
    members = {"type": "webauthn.get", "challenge": encode(CHALLENGE), "origin": ORIGIN}
    client_data = json.dumps(members | {"crossOrigin": False}, separators=(",", ":")).encode()
    auth_data = sha256(RP_ID.encode()) + struct.pack(">BI", 0x01, 6)
    signed = auth_data + sha256(client_data)
    known = {
        "ceremony": "authentication",
        "credential_id": encode(CREDENTIAL_ID),
        "public_key": encode(key.cose),
        "sign_count": 5,
        "user_handle": encode(USER_HANDLE),
    }
    for what, wrong, signature in (
        ("as made", [], key.sign(signed)),
        ("bit changed", ["signature"], flipped(key.sign(signed))),
        ("other key", ["signature"], other.sign(signed)),
        ("other bytes", ["signature"], key.sign(signed + b"\0")),
    ):
        parts = {
            "clientDataJSON": encode(client_data),
            "authenticatorData": encode(auth_data),
            "signature": encode(signature),
            "userHandle": encode(USER_HANDLE),
        }
        show(f"{name}, assertion, {what}", wrong, judges, whole(parts), **known)


# TPMs: Trusted Platform Module Library Part 2, sections 10.12 and 12.2.4.


def sized(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def pub_area(key: Key) -> bytes:
    nothing = struct.pack(">H", 0x0010)
    if key.algorithm == -7:
        kind, of_kind = 0x0023, struct.pack(">H", 0x0003) + nothing + sized(key.x) + sized(key.y)
    else:
        kind, of_kind = 0x0001, struct.pack(">HI", 2048, 0) + sized(key.n)
    return struct.pack(">HHI", kind, 0x000B, 1 << 18) + sized(b"") + nothing + nothing + of_kind


def cert_info(area: bytes, extra: bytes, magic=0xFF544347, kind=0x8017, name=None) -> bytes:
    info = struct.pack(">IH", magic, kind) + sized(b"signer") + sized(extra) + bytes(17 + 8)
    return info + sized(name or struct.pack(">H", 0x000B) + sha256(area)) + sized(b"")


TPM_NAME = x509.SubjectAlternativeName(
    [
        x509.DirectoryName(
            x509.Name(
                [
                    x509.NameAttribute(oid("2.23.133.2.1"), "id:494E5443"),
                    x509.NameAttribute(oid("2.23.133.2.2"), "model"),
                    x509.NameAttribute(oid("2.23.133.2.3"), "id:00000002"),
                ]
            )
        )
    ]
)
TPM_USAGE = x509.ExtendedKeyUsage([oid("2.23.133.8.3")])
TPM_EXTENSIONS = [(TPM_NAME, True), (TPM_USAGE, False)]


def aik(key: Key, **changes) -> bytes:
    return certificate(key, **({"subject": x509.Name([]), "extensions": TPM_EXTENSIONS} | changes))


def tpms() -> None:
    for credential, attestation in ((-7, -7), (-257, -257), (-257, -65535), (-7, -257)):
        key, signer = Key(credential), Key(attestation)
        made, digest = Registration(key), hashlib.sha1 if attestation == -65535 else hashlib.sha256
        area = pub_area(key)
        name = f"tpm, {NAMES[credential]} by {NAMES[attestation]}"

        def statement(area=area, info=None, der=None, **changes):
            info = info or cert_info(area, digest(made.signed).digest())
            members = {"ver": "2.0", "alg": attestation, "x5c": [der or aik(signer)]}
            members |= {"sig": signer.sign(info), "certInfo": info, "pubArea": area}
            return made.response("tpm", members | changes)

        show(name, [], ALL, statement())
        if attestation != credential:
            continue
        extra = digest(made.signed).digest()
        wrong, judges = ["attestation_statement"], ["webauthn", "simplewebauthn"]
        show(f"{name}, ver", wrong, judges, statement(ver="1.2"))
        signature = flipped(signer.sign(cert_info(area, extra)))
        show(f"{name}, signature", ["attestation_signature"], ALL, statement(sig=signature))
        show(f"{name}, another key", ["attestation_key"], ALL, statement(pub_area(Key(credential))))
        certify = ["tpm_certify_info"]
        for what, changes in (
            ("magic", {"magic": 0xFF544348}),
            ("type", {"kind": 0x8018}),
            ("name", {"name": struct.pack(">H", 0x000B) + sha256(b"other")}),
        ):
            info = cert_info(area, extra, **changes)
            judges = {"type": ["fido2", "simplewebauthn"]}.get(what, ALL)
            show(f"{name}, {what}", certify, judges, statement(info=info))
        info = cert_info(area, digest(b"other").digest())
        show(f"{name}, extraData", ["attestation_nonce"], ALL, statement(info=info))
        wrong = ["attestation_certificate"]
        for what, der in (
            ("subject", aik(signer, subject=SUBJECT)),
            ("no name", aik(signer, extensions=[(TPM_USAGE, False)])),
            ("no usage", aik(signer, extensions=[(TPM_NAME, True)])),
            ("authority", aik(signer, ca=True)),
        ):
            show(f"{name}, certificate, {what}", wrong, ALL, statement(der=der))
        aaguid = unknown("1.3.6.1.4.1.45724.1.1.4", b"\x04\x10" + bytes(16))
        der = aik(signer, extensions=[*TPM_EXTENSIONS, aaguid])
        # No judge looks at it.
        show(f"{name}, certificate, AAGUID", ["attestation_aaguid"], [], statement(der=der))


def apples() -> None:
    key, other = Key(-7), Key(-7)
    made = Registration(key)

    def statement(nonce=sha256(made.signed), certified=key, extensions=None):
        value = tlv(0x30, tlv(0xA1, tlv(0x04, nonce)))
        extensions = extensions or [unknown("1.2.840.113635.100.8.2", value)]
        der = certificate(certified, extensions=extensions)
        return made.response("apple", {"x5c": [der]})

    show("apple", [], ALL, statement())
    show("apple, nonce", ["attestation_nonce"], ALL, statement(nonce=sha256(b"other")))
    nothing = [unknown("1.2.840.113635.100.8.3", b"\x05\x00")]
    show("apple, no nonce", ["attestation_nonce"], ALL, statement(extensions=nothing))
    judges = ["webauthn", "simplewebauthn"]
    show("apple, another key", ["attestation_key"], judges, statement(certified=other))


def androids() -> None:
    key, other = Key(-7), Key(-7)
    made = Registration(key)

    def description(challenge=made.hash, origin=0, purpose=2, software=b"", more=b""):
        purposes = tagged(1, tlv(0x31, tlv(0x02, bytes([purpose]))))
        hardware = purposes + more + tagged(702, tlv(0x02, bytes([origin])))
        fields = tlv(0x02, b"\x03") + tlv(0x0A, b"\x01") + tlv(0x02, b"\x04") + tlv(0x0A, b"\x01")
        fields += tlv(0x04, challenge) + tlv(0x04, b"") + tlv(0x30, software) + tlv(0x30, hardware)
        return [unknown("1.3.6.1.4.1.11129.2.1.17", tlv(0x30, fields))]

    def statement(extensions=None, certified=key, signature=None):
        der = certificate(certified, extensions=extensions or description())
        signature = signature or certified.sign(made.signed)
        return made.response("android-key", {"alg": -7, "sig": signature, "x5c": [der, ROOT]})

    both, challenge = ["webauthn", "simplewebauthn"], description(challenge=sha256(b"other"))
    everybody = tagged(600, tlv(0x05, b""))
    origin = ["android_key_origin"]
    show("android-key", [], both, statement())
    signature = flipped(key.sign(made.signed))
    show("android-key, signature", ["attestation_signature"], both, statement(signature=signature))
    show("android-key, challenge", ["attestation_nonce"], both, statement(challenge))
    show("android-key, another key", ["attestation_key"], both, statement(certified=other))
    for what, extensions in (
        ("hardware", description(more=everybody)),
        ("software", description(software=everybody)),
    ):
        wrong = ["android_all_applications"]
        show(f"android-key, all applications, {what}", wrong, both, statement(extensions))
    show("android-key, origin", origin, ["webauthn"], statement(description(origin=2)))
    show("android-key, purpose", origin, ["webauthn"], statement(description(purpose=3)))
    nothing = [unknown("1.3.6.1.4.1.11129.2.1.18", b"\x05\x00")]
    show("android-key, no description", ["attestation_nonce"], both, statement(nothing))


def packed_and_compound() -> None:
    key, signer = Key(-7), Key(-7)
    made = Registration(key)
    fido = "1.3.6.1.4.1.45724"
    aaguid = unknown(f"{fido}.1.1.4", tlv(0x04, AAGUID))
    serial, firmware = tlv(0x04, b"SN0001"), unknown(f"{fido}.1.1.5", b"\x02\x02\x01\x02")
    transports = unknown(f"{fido}.2.1.1", b"\x03\x02\x04\x30")

    def packed(critical=False, **changes):
        extensions = [aaguid, unknown(f"{fido}.1.1.2", serial, critical), firmware, transports]
        der = certificate(signer, extensions=extensions)
        return {"alg": -7, "sig": signer.sign(made.signed), "x5c": [der]} | changes

    def u2f(**changes):
        data = b"\0" + sha256(RP_ID.encode()) + made.hash + CREDENTIAL_ID + b"\x04" + key.x + key.y
        return {"x5c": [certificate(signer)], "sig": signer.sign(data)} | changes

    show("packed, enterprise", [], ALL, made.response("packed", packed()))
    wrong = ["attestation_certificate"]
    show("packed, critical serial", wrong, [], made.response("packed", packed(critical=True)))

    def compound(*statements):
        return made.response("compound", [{"fmt": f, "attStmt": s} for f, s in statements])

    # No judge knows it.
    show("compound", [], [], compound(("packed", packed()), ("fido-u2f", u2f())))
    show("compound, one", ["attestation_statement"], [], compound(("packed", packed())))
    bad = flipped(packed()["sig"])
    wrong = ["attestation_signature"]
    show("compound, second", wrong, [], compound(("fido-u2f", u2f()), ("packed", packed(sig=bad))))
    show("compound, first", wrong, [], compound(("packed", packed(sig=bad)), ("fido-u2f", u2f())))
    nested = [{"fmt": "packed", "attStmt": packed()}, {"fmt": "none", "attStmt": {}}]
    wrong = ["attestation_statement", "attestation_format"]
    show("compound, nested", wrong, [], compound(("packed", packed()), ("compound", nested)))
    show("compound, empty", ["attestation_statement"], [], made.response("compound", []))


def main() -> None:
    algorithms()
    tpms()
    apples()
    androids()
    packed_and_compound()


if __name__ == "__main__":
    main()
