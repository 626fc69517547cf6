"""Judges WebAuthn responses with python-fido2 or py_webauthn.

    judge.py fido2|webauthn

The first line on stdout names the judge. Then one JSON request is read a line, and one JSON verdict
is written a line. `judge.mjs` does the same with @simplewebauthn/server.

A request:

    id                          whatever; comes back in the verdict
    ceremony                    "registration" or "authentication"
    response                    the RegistrationResponseJSON or AuthenticationResponseJSON
    challenge                   base64url
    origin, rp_id               what the relying party expects; the U2F AppID in place of the RP ID,
                                if the credential was made with U2F
    require_user_verification   true or false
    algorithms                  the COSE numbers that were offered (registration)
    roots                       certificates in DER, base64url; with them, an attestation certificate
                                must chain to one of them (registration)
    credential_id, public_key, sign_count, user_handle
                                what the relying party keeps of the registration (authentication);
                                user_handle may be null

A verdict: id, accepted, reason; when accepted, what the library read; when not, rejected_by:
"library", or "relying party" for what the library leaves to its caller (of WebAuthn Level 3
sections 7.1 and 7.2: offered algorithms, credential and user looked up, counter). A request that
cannot be understood gets an error instead of a verdict, so that a mistake in the asking never
passes as a rejection.

No judge looks at authenticatorData, publicKey and publicKeyAlgorithm of a registration, which
repeat what is in the attestation object, or compares its id with the one in there.
"""

import base64
import json
import sys
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fido2 import cbor
from fido2.attestation import Attestation, AttestationVerifier
from fido2.cose import CoseKey
from fido2.rpid import verify_rp_id
from fido2.server import Fido2Server
from fido2.webauthn import (
    Aaguid,
    AttestedCredentialData,
    AuthenticationResponse,
    RegistrationResponse,
)
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import AttestationFormat


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Refused(Exception):
    """The library accepts, but a relying party must not."""


@dataclass
class Request:
    ceremony: str
    response: dict[str, Any]
    challenge: bytes
    origin: str
    rp_id: str
    require_user_verification: bool
    algorithms: list[int]
    roots: list[bytes]
    credential_id: bytes
    public_key: bytes
    sign_count: int
    user_handle: bytes | None

    @staticmethod
    def read(fields: dict[str, Any]) -> "Request":
        registration = {"registration": True, "authentication": False}[fields["ceremony"]]
        handle = fields.get("user_handle")
        challenge = decode(fields["challenge"])
        if len(challenge) < 16:
            raise ValueError("a challenge has at least 16 bytes")
        return Request(
            ceremony=fields["ceremony"],
            response=fields["response"],
            challenge=challenge,
            origin=fields["origin"],
            rp_id=fields["rp_id"],
            require_user_verification=fields["require_user_verification"],
            algorithms=fields["algorithms"] if registration else [],
            roots=[decode(root) for root in fields["roots"]] if registration else [],
            credential_id=b"" if registration else decode(fields["credential_id"]),
            public_key=b"" if registration else decode(fields["public_key"]),
            sign_count=0 if registration else fields["sign_count"],
            user_handle=None if handle is None else decode(handle),
        )

    def user_verification(self) -> str:
        return "required" if self.require_user_verification else "discouraged"

    def check_lookup(self) -> None:
        """The credential is the one that was registered, and so is its user."""
        if self.response["id"] != encode(self.credential_id):
            raise Refused("the credential is not the one that was registered")
        answered = self.response["response"].get("userHandle")
        if self.user_handle is not None and answered not in (None, encode(self.user_handle)):
            raise Refused("the user handle is not the one that was registered")

    def check_counter(self, sign_count: int) -> None:
        """A counter that does not grow hints at a cloned key."""
        if (sign_count or self.sign_count) and sign_count <= self.sign_count:
            raise Refused("the signature counter did not grow")


class Statements(AttestationVerifier):
    """Verifies every attestation statement, and its certificates when there are roots."""

    def __init__(self, roots: list[bytes]):
        super().__init__()
        self.roots = roots
        self.type = ""

    def verify_attestation(self, attestation_object, client_data_hash):
        result = Attestation.for_type(attestation_object.fmt)().verify(
            attestation_object.att_stmt, attestation_object.auth_data, client_data_hash
        )
        self.type = result.attestation_type.name.lower()
        if result.trust_path and self.roots:
            super().verify_attestation(attestation_object, client_data_hash)

    def ca_lookup(self, attestation_result, auth_data):
        last = x509.load_der_x509_certificate(attestation_result.trust_path[-1])
        for root in self.roots:
            if x509.load_der_x509_certificate(root).subject == last.issuer:
                return root
        return None


class PythonFido2:
    package = "fido2"

    def _server(self, request: Request, verify_attestation=None) -> Fido2Server:
        is_app_id = request.rp_id.startswith("https://")
        return Fido2Server(
            {"id": request.rp_id, "name": request.rp_id},
            # Anything but "none" makes it call verify_attestation.
            attestation="direct",
            verify_attestation=verify_attestation,
            # By default any origin under the RP ID will do; a U2F AppID, which is a URL, has none.
            verify_origin=lambda origin: origin == request.origin
            and (is_app_id or verify_rp_id(request.rp_id, origin)),
        )

    def registration(self, request: Request) -> dict[str, Any]:
        statements = Statements(request.roots)
        server = self._server(request, statements)
        _, state = server.register_begin(
            {"id": b"user", "name": "user"},
            user_verification=request.user_verification(),
            challenge=request.challenge,
        )
        response = RegistrationResponse.from_dict(request.response)
        auth_data = server.register_complete(state, response)
        credential = auth_data.credential_data
        algorithm = credential.public_key.ALGORITHM
        if algorithm not in request.algorithms:
            raise Refused(f"algorithm {algorithm} was not offered")
        return {
            "credential_id": encode(credential.credential_id),
            "public_key": encode(cbor.encode(credential.public_key)),
            "sign_count": auth_data.counter,
            "aaguid": str(credential.aaguid),
            "fmt": response.response.attestation_object.fmt,
            "attestation_type": statements.type,
            "user_verified": auth_data.is_user_verified(),
        }

    def authentication(self, request: Request) -> dict[str, Any]:
        credential = AttestedCredentialData.create(
            Aaguid.NONE, request.credential_id, CoseKey.parse(cbor.decode(request.public_key))
        )
        server = self._server(request)
        _, state = server.authenticate_begin(
            [credential],
            user_verification=request.user_verification(),
            challenge=request.challenge,
        )
        response = AuthenticationResponse.from_dict(request.response)
        server.authenticate_complete(state, [credential], response)
        auth_data = response.response.authenticator_data
        request.check_lookup()
        request.check_counter(auth_data.counter)
        return {
            "credential_id": encode(response.raw_id),
            "sign_count": auth_data.counter,
            "user_verified": auth_data.is_user_verified(),
        }


class PyWebauthn:
    package = "webauthn"

    def registration(self, request: Request) -> dict[str, Any]:
        roots = [
            x509.load_der_x509_certificate(root).public_bytes(Encoding.PEM)
            for root in request.roots
        ]
        verified = verify_registration_response(
            credential=request.response,
            expected_challenge=request.challenge,
            expected_rp_id=request.rp_id,
            expected_origin=request.origin,
            require_user_verification=request.require_user_verification,
            supported_pub_key_algs=[
                known for known in COSEAlgorithmIdentifier if known in request.algorithms
            ],
            pem_root_certs_bytes_by_fmt={
                AttestationFormat.PACKED: roots,
                AttestationFormat.FIDO_U2F: roots,
                AttestationFormat.TPM: roots,
                AttestationFormat.APPLE: roots,
                AttestationFormat.ANDROID_KEY: roots,
            },
        )
        return {
            "credential_id": encode(verified.credential_id),
            "public_key": encode(verified.credential_public_key),
            "sign_count": verified.sign_count,
            "aaguid": verified.aaguid,
            "fmt": AttestationFormat(verified.fmt).value,
            "attestation_type": None,
            "user_verified": verified.user_verified,
        }

    def authentication(self, request: Request) -> dict[str, Any]:
        verified = verify_authentication_response(
            credential=request.response,
            expected_challenge=request.challenge,
            expected_rp_id=request.rp_id,
            expected_origin=request.origin,
            credential_public_key=request.public_key,
            credential_current_sign_count=request.sign_count,
            require_user_verification=request.require_user_verification,
        )
        request.check_lookup()
        return {
            "credential_id": encode(verified.credential_id),
            "sign_count": verified.new_sign_count,
            "user_verified": verified.user_verified,
        }


def answer(judge: PythonFido2 | PyWebauthn, line: str) -> dict[str, Any]:
    fields = json.loads(line)
    reply = {"id": fields.get("id")}
    try:
        request = Request.read(fields)
        verify = getattr(judge, request.ceremony)
    except (KeyError, TypeError, ValueError) as error:
        return reply | {"error": f"{type(error).__name__}: {error}"}
    try:
        return reply | {"accepted": True, "reason": "verified"} | verify(request)
    except Refused as refused:
        return reply | {
            "accepted": False,
            "reason": str(refused),
            "rejected_by": "relying party",
        }
    except Exception as error:  # noqa: BLE001  a library may reject with any exception
        return reply | {
            "accepted": False,
            "reason": f"{type(error).__name__}: {error}",
            "rejected_by": "library",
        }


def main() -> None:
    judge = {"fido2": PythonFido2, "webauthn": PyWebauthn}[sys.argv[1]]()
    print(json.dumps({"judge": judge.package, "version": version(judge.package)}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(judge, line)), flush=True)


if __name__ == "__main__":
    main()
