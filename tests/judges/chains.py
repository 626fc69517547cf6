"""Prints certificate chains with the verdict that each must get, one JSON object a line: `name`,
`chain` and `roots` (DER in base64, the leaf first), `believed`, and `openssl`, which is OpenSSL's
verdict on the same chain at the same time (2026-11-24).

    chains.py [PAYLOAD]

With a payload of the FIDO metadata, also every certificate in it that another one there is said to have
issued: real ones of many vendors. `believed` is then what OpenSSL says.
"""

import base64
import datetime
import itertools
import json
import sys
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier
from OpenSSL import crypto

NOW = datetime.datetime(2026, 11, 24, tzinfo=datetime.timezone.utc)
DAY = datetime.timedelta(days=1)

KEYS = {
    "RSA-2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA-3072": lambda: rsa.generate_private_key(65537, 3072),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}
HASHES = [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()]


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Issued:
    def __init__(self, subject, issuer=None, key=None, hash=HASHES[0], **options):
        self.key = key or KEYS["P-256"]()
        self.name = name(subject)
        signer = issuer or self
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(signer.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(options.get("since", NOW - 365 * DAY))
            .not_valid_after(options.get("until", NOW + 365 * DAY))
        )
        constraints = options.get("constraints", (True, None))
        if constraints:
            ca, length = constraints
            builder = builder.add_extension(x509.BasicConstraints(ca, length), critical=True)
        if "usage" in options:
            usage = options["usage"]
            bits = dict.fromkeys(
                [
                    "content_commitment",
                    "key_encipherment",
                    "data_encipherment",
                    "key_agreement",
                    "crl_sign",
                    "encipher_only",
                    "decipher_only",
                ],
                False,
            )
            builder = builder.add_extension(
                x509.KeyUsage(digital_signature=True, key_cert_sign=usage == "sign", **bits),
                critical=True,
            )
        if "extension" in options:
            builder = builder.add_extension(
                x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), critical=True
            )
        hash = None if isinstance(signer.key, ed25519.Ed25519PrivateKey) else hash
        self.der = builder.sign(signer.key, hash).public_bytes(Encoding.DER)


def openssl(chain, roots):
    load = lambda der: crypto.X509.from_cryptography(x509.load_der_x509_certificate(der))
    store = crypto.X509Store()
    store.set_time(NOW.replace(tzinfo=None))
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    for root in roots:
        store.add_cert(load(root))
    leaf, *rest = [load(der) for der in chain]
    try:
        crypto.X509StoreContext(store, leaf, rest).verify_certificate()
        return True
    except crypto.X509StoreContextError:
        return False


def say(text, chain, roots, believed):
    chain, roots = [[one.der for one in list_] for list_ in (chain, roots)]
    encode = lambda ders: [base64.b64encode(der).decode() for der in ders]
    line = {
        "name": text,
        "chain": encode(chain),
        "roots": encode(roots),
        "believed": believed,
        "openssl": openssl(chain, roots),
    }
    print(json.dumps(line))


LEAF = {"constraints": (False, None)}


def three(root={}, middle={}, leaf={}, root_key=None, middle_key=None):
    top = Issued("Root", key=root_key, **root)
    mid = Issued("Middle", top, key=middle_key, **middle)
    return top, mid, Issued("Leaf", mid, **{**LEAF, **leaf})


for kind, hash in itertools.product(KEYS, HASHES):
    top = Issued("Root", key=KEYS[kind](), hash=hash)
    mid = Issued("Middle", top, key=KEYS[kind](), hash=hash)
    leaf = Issued("Leaf", mid, hash=hash, **LEAF)
    say(f"{kind} with {hash.name}", [leaf, mid], [top], True)
    other = Issued("Root", key=KEYS[kind](), hash=hash)
    say(f"{kind} with {hash.name}, another root of that name", [leaf, mid], [other], False)

top, mid, leaf = three()
say("the root in the chain", [leaf, mid, top], [top], True)
say("without the intermediate", [leaf], [top], False)
say("an intermediate that is trusted", [leaf], [mid], True)
say("the leaf itself is trusted", [leaf], [leaf], True)
say("another root", [leaf, mid], [Issued("Other")], False)
say("two roots", [leaf, mid], [Issued("Other"), top], True)
lower = Issued("Lower", mid)
low = Issued("Leaf", lower, **LEAF)
say("two intermediates", [low, lower, mid], [top], True)
say("two intermediates the other way round", [low, mid, lower], [top], True)

for text, changes, believed in [
    ("leaf expired", {"leaf": {"until": NOW - DAY}}, False),
    ("leaf not valid yet", {"leaf": {"since": NOW + DAY}}, False),
    ("intermediate expired", {"middle": {"until": NOW - DAY}}, False),
    ("intermediate is no authority", {"middle": {"constraints": (False, None)}}, False),
    ("intermediate without basic constraints", {"middle": {"constraints": None}}, False),
    ("intermediate may not sign certificates", {"middle": {"usage": "other"}}, False),
    ("intermediate may sign certificates", {"middle": {"usage": "sign"}}, True),
    ("root allows no intermediate", {"root": {"constraints": (True, 0)}}, False),
    ("root allows one intermediate", {"root": {"constraints": (True, 1)}}, True),
    ("intermediate allows none below", {"middle": {"constraints": (True, 0)}}, True),
    ("a critical extension on the leaf", {"leaf": {"extension": True}}, False),
    ("a critical extension on the intermediate", {"middle": {"extension": True}}, False),
    # A root is trusted as it is; OpenSSL thinks otherwise.
    ("root expired", {"root": {"until": NOW - DAY}}, True),
]:
    top, mid, leaf = three(**changes)
    say(text, [leaf, mid], [top], believed)

top, mid, _ = three(middle={"constraints": (True, 0)})
lower = Issued("Lower", mid)
say("too many below the intermediate", [Issued("Leaf", lower, **LEAF), lower, mid], [top], False)
say("RSA-1024", *(lambda top: ([Issued("Leaf", top, **LEAF)], [top]))(
    Issued("Root", key=rsa.generate_private_key(65537, 1024))), False)


# The attestation certificate of a U2F key of 2014, which python-fido2 2.2.1 keeps in its tests.
U2F_KEY = base64.b64decode(
    "MIICSjCCATKgAwIBAgIEBGyIIjANBgkqhkiG9w0BAQsFADAuMSwwKgYDVQQDEyNZdWJpY28gVTJGIFJvb3QgQ0EgU2VyaWFs"
    "IDQ1NzIwMDYzMTAgFw0xNDA4MDEwMDAwMDBaGA8yMDUwMDkwNDAwMDAwMFowLDEqMCgGA1UEAwwhWXViaWNvIFUyRiBFRSBT"
    "ZXJpYWwgMjQ5MTgyMzI0NzcwMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEPMq5LMuXKH7o5jlDfiH81rbxZbLVo/PbEx0x"
    "wWt0K7R22NHpkIDrVGybvfVW5iEP1CeFiZ54zFievjEPbNuf9KM7MDkwIgYJKwYBBAGCxAoCBBUxLjMuNi4xLjQuMS40MTQ4"
    "Mi4xLjIwEwYLKwYBBAGC5RwCAQEEBAMCBDAwDQYJKoZIhvcNAQELBQADggEBAJ+bBSJIvEz0LMWZH8qrrJtlG75b3NyO8K0s"
    "HB/7NtGHFdQueLJJIk+Sx+bnoFxJ8OfkyIG/LpT0Xkohgz10VoUdD2wUWilUDIdPMJLJNLQ9IiuJYsD0EM7x23WJKvEWtEqW"
    "9dNa3qOCL8cUb2AEOFvLabZcmefraRl4ZwPA2M1B6PdcykSqirclrY55n/OoaWpvGyZW5jGx5AGDwI/aU/pKj4WgVpOUSuF5"
    "oTOdAC0Vyr2BAJDsci713vmWWjcdQV1iS2iicHytl7zdF4Wvl+JY8z31agMaoDVtjo1evK3HTgcWNsaxEKzlzJuQ3+rK5kD/"
    "G7Dx/l207/epXwYHM/U="
)


def authority_serial(certificate):
    try:
        extension = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return extension.value.authority_cert_serial_number


def real(payload):
    ders = {
        base64.b64decode(root)
        for entry in payload["entries"]
        for root in entry["metadataStatement"]["attestationRootCertificates"]
    }
    known = {}
    for der in sorted(ders):
        try:
            known[der] = x509.load_der_x509_certificate(der)
        except ValueError:
            pass  # bytes after its end
    known[U2F_KEY] = x509.load_der_x509_certificate(U2F_KEY)
    for der, certificate in known.items():
        roots = [
            other
            for other, issuer in known.items()
            if other != der and issuer.subject == certificate.issuer
        ]
        # OpenSSL goes no further from one that signed itself, and not to a root that has run out.
        if not roots or certificate.issuer == certificate.subject:
            continue
        if any(known[root].not_valid_after_utc < NOW for root in roots):
            continue
        # It also takes authorityKeyIdentifier for more than a hint, which one vendor got wrong.
        serial = authority_serial(certificate)
        if serial and serial not in [known[root].serial_number for root in roots]:
            continue
        believed = openssl([der], roots)
        line = {
            "name": f"real: {certificate.subject.rfc4514_string()}",
            "chain": [base64.b64encode(der).decode()],
            "roots": [base64.b64encode(root).decode() for root in roots],
            "believed": believed,
            "openssl": believed,
        }
        print(json.dumps(line))


if len(sys.argv) > 1:
    warnings.simplefilter("ignore")
    with open(sys.argv[1]) as file:
        real(json.load(file))
