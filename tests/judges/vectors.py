"""Makes the vectors of algorithms for which WebAuthn Level 3 has none.

    target/judges/venv/bin/python tests/judges/vectors.py > src/webauthn/test_vectors/made.txt

Keys, signatures and their SubjectPublicKeyInfo are made by the Python package `cryptography`, which is
OpenSSL; the documents around them by hand, in the form of `level-3.txt`: a registration without
attestation, and an assertion. Every run makes other keys.
"""

import hashlib
import json
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fixtures import cbor, encode

RP_ID, ORIGIN = "example.org", "https://example.org"
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ML_DSA = {-48: mldsa.MLDSA44PrivateKey, -49: mldsa.MLDSA65PrivateKey, -50: mldsa.MLDSA87PrivateKey}


def rsa_key():
    private = rsa.generate_private_key(65537, 2048)
    numbers = private.public_key().public_numbers()
    cose = cbor({1: 3, 3: -37, -1: numbers.n.to_bytes(256, "big"), -2: b"\x01\x00\x01"})
    salted = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)
    return private, cose, lambda data: private.sign(data, salted, hashes.SHA256())


def elliptic_key(algorithm: int, number: int, curve, digest, length: int):
    private = ec.generate_private_key(curve)
    numbers = private.public_key().public_numbers()
    x, y = numbers.x.to_bytes(length, "big"), numbers.y.to_bytes(length, "big")
    cose = cbor({1: 2, 3: algorithm, -1: number, -2: x, -3: y})

    def sign(data: bytes) -> bytes:
        while True:
            signature = private.sign(data, ec.ECDSA(digest))
            # On secp256k1 the second half of the values of s, which some programs refuse.
            if algorithm != -47 or decode_dss_signature(signature)[1] > SECP256K1_ORDER // 2:
                return signature

    return private, cose, sign


def ml_dsa_key(algorithm: int):
    private = ML_DSA[algorithm].generate()
    cose = cbor({1: 7, 3: algorithm, -1: private.public_key().public_bytes_raw()})
    return private, cose, private.sign


def show(name: str, private, cose: bytes, sign) -> None:
    def client_data(kind: str, challenge: bytes) -> bytes:
        members = {"type": kind, "challenge": encode(challenge), "origin": ORIGIN}
        return json.dumps(members | {"crossOrigin": False}, separators=(",", ":")).encode()

    rp_id_hash, credential_id = hashlib.sha256(RP_ID.encode()).digest(), b"credential"
    registered = rp_id_hash + struct.pack(">BI", 0x41, 0) + bytes(16)
    registered += struct.pack(">H", len(credential_id)) + credential_id + cose
    data = rp_id_hash + struct.pack(">BI", 0x01, 0)
    create, get = hashlib.sha256(b"create").digest(), hashlib.sha256(b"get").digest()
    get_client_data = client_data("webauthn.get", get)
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    print(f"\n[{name}]")
    for member, value in {
        "create_challenge": create,
        "create_client_data": client_data("webauthn.create", create),
        "attestation_object": cbor({"fmt": "none", "attStmt": {}, "authData": registered}),
        "get_challenge": get,
        "get_client_data": get_client_data,
        "authenticator_data": data,
        "signature": sign(data + hashlib.sha256(get_client_data).digest()),
        "public_key_spki": spki,
    }.items():
        digits = value.hex()
        print(member)
        for at in range(0, len(digits), 98):
            print(f" {digits[at : at + 98]}")


def main() -> None:
    print("# Vectors of algorithms for which WebAuthn Level 3 has none, in the form of level-3.txt. Made once by")
    print("# tests/judges/vectors.py with the Python package cryptography, which is OpenSSL.")
    show("none.PS256", *rsa_key())
    show("none.ES256K", *elliptic_key(-47, 8, ec.SECP256K1(), hashes.SHA256(), 32))
    show("none.ESP384", *elliptic_key(-51, 2, ec.SECP384R1(), hashes.SHA384(), 48))
    show("none.ESP512", *elliptic_key(-52, 3, ec.SECP521R1(), hashes.SHA512(), 66))
    for algorithm, level in ((-48, 44), (-49, 65), (-50, 87)):
        show(f"none.ML-DSA-{level}", *ml_dsa_key(algorithm))


if __name__ == "__main__":
    main()
