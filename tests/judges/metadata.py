"""Signs payloads of the FIDO metadata as a service would, or with one fault.

    metadata.py DIRECTORY < JOBS

JOBS is one JSON object per line: `name`, `payload` (the name of a file) and `fault` ("none" for a right
one). DIRECTORY gets `root.pem`, `other.pem` (a root that signed nothing) and a `NAME.jwt` for each job.
Prints a line for each: `name`, and `accepted`: whether python-fido2 believes it under `root.pem`. It
reads an ES256 signature only in the form of X.509, and no payload with a single deviation, so that it is
no judge of those.
"""

import base64
import datetime
import json
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from fido2.mds3 import parse_blob

NOW = datetime.datetime(2026, 11, 24)
DAY = datetime.timedelta(days=1)


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(subject, key, issuer, signer, authority, until=NOW + 365 * DAY):
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 365 * DAY)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    return builder.sign(signer, hashes.SHA256())


# As the real service: RSA throughout. ES256 is allowed too.
ROOT_KEY = rsa.generate_private_key(65537, 2048)
MIDDLE_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
ROOT = certificate("Test Root", ROOT_KEY, "Test Root", ROOT_KEY, True)
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = certificate("Other Root", OTHER_KEY, "Other Root", OTHER_KEY, True)
MIDDLE = certificate("Test CA", MIDDLE_KEY, "Test Root", ROOT_KEY, True)


def signed(payload: bytes, fault: str) -> bytes:
    algorithm, key, middle = "RS256", RSA_KEY, MIDDLE
    until = NOW + 365 * DAY
    if fault == "expired certificate":
        until = NOW - DAY
    if fault == "expired authority":
        middle = certificate("Test CA", MIDDLE_KEY, "Test Root", ROOT_KEY, True, NOW - DAY)
    if fault == "no authority":
        middle = certificate("Test CA", MIDDLE_KEY, "Test Root", ROOT_KEY, False)
    if fault == "es256":
        algorithm, key = "ES256", EC_KEY
    leaf = certificate("Test Signer", key, "Test CA", MIDDLE_KEY, False, until)
    chain = [leaf, middle]
    if fault == "no intermediate":
        chain = [leaf]
    if fault == "other signer":
        key = rsa.generate_private_key(65537, 2048)
    header = {
        "alg": algorithm,
        "typ": "JWT",
        "x5c": [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in chain],
    }
    if fault == "alg none":
        header["alg"] = "none"
    if fault == "hs256":
        header["alg"] = "HS256"
    if fault == "x5u":
        header["x5u"] = "https://mds.example.org/chain.pem"
        del header["x5c"]
    if fault == "no chain":
        del header["x5c"]
    if fault == "not json":
        return payload
    message = f"{part(json.dumps(header).encode())}.{part(payload)}".encode()
    if algorithm == "RS256":
        signature = key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    else:
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    if fault == "alg none":
        signature = b""
    if fault == "tampered payload":
        changed = payload.replace(b'"no"', b'"nO"', 1)
        head = part(json.dumps(header).encode())
        message = f"{head}.{part(changed)}".encode()
    if fault == "tampered signature":
        signature = bytes([signature[0] ^ 1]) + signature[1:]
    return message + b"." + part(signature).encode()


def main(directory: Path) -> None:
    root = ROOT.public_bytes(Encoding.DER)
    (directory / "root.pem").write_bytes(ROOT.public_bytes(Encoding.PEM))
    (directory / "other.pem").write_bytes(OTHER.public_bytes(Encoding.PEM))
    for line in sys.stdin:
        job = json.loads(line)
        blob = signed(Path(job["payload"]).read_bytes(), job["fault"])
        (directory / f"{job['name']}.jwt").write_bytes(blob)
        try:
            parse_blob(blob, root)
            accepted = True
        except Exception as error:  # any complaint counts
            print(f"{job['name']}: {error!r}"[:200], file=sys.stderr)
            accepted = False
        print(json.dumps({"name": job["name"], "accepted": accepted}), flush=True)


main(Path(sys.argv[1]))
