"""A relying party whose verification others wrote: python-fido2's or py_webauthn's.

    server.py fido2|webauthn [FLAW]
    server.py fido2|webauthn --tls ROOT

Speaks the REST interface that the FIDO2 conformance tests prescribe for servers, on a port of
127.0.0.1 that the operating system chooses. Prints its address when it is ready, and ends when
standard input does. With --tls it has a certificate, whose root it writes to the file ROOT.

What the libraries leave to whoever uses them is done here: a challenge is for one session and used
once, a credential belongs to one account and is registered once, and the user handle and (for
python-fido2) the signature counter are compared. Everything else is the library's own. With a FLAW,
one of these things is not done; the flaws are at the end of each class. Some flaws are in how it
says no: NO has them.
"""

import datetime
import http.cookies
import http.server
import json
import secrets
import socketserver
import ssl
import sys
import tempfile
import threading
import types
from base64 import urlsafe_b64decode, urlsafe_b64encode

RP_ID = "localhost"
RP_NAME = "Test"
MAX_BODY = 1 << 20


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


# How a server says no that does not speak as the interface prescribes: the HTTP status, and the body
# with the reason in it.
NO = {
    "says-error": (200, lambda reason: json.dumps({"error": reason})),
    "says-success": (200, lambda reason: json.dumps({"success": False, "message": reason})),
    "says-nothing": (200, lambda reason: "{}"),
    "says-page": (400, lambda reason: "<!DOCTYPE html><title>Bad request</title>"),
    "fails": (500, lambda reason: json.dumps({"error": "Internal Server Error"})),
    "gateway": (502, lambda reason: json.dumps({"error": "no upstream"})),
}


class Refused(Exception):
    """Something that a library leaves to whoever uses it."""


class Account:
    def __init__(self, name: str):
        self.name = name
        self.handle = secrets.token_bytes(32)
        self.credentials = {}


class Credential:
    def __init__(self, account: Account, known, count: int):
        self.account, self.known, self.count = account, known, count


class RelyingParty:
    """What is left to whoever uses a library; the library is in the subclasses."""

    def __init__(self, origin: str, flaw: str):
        self.origin, self.flaw = origin, flaw
        self.accounts, self.credentials, self.sessions = {}, {}, {}

    def answer(self, path: str, session: str, body: dict) -> dict:
        pending = self.sessions.setdefault(session, {})
        if path == "/attestation/options":
            account = self.accounts.setdefault(body["username"], Account(body["username"]))
            options, state = self.begin_registration(account, body)
            pending["registration"] = (account, state)
            return options
        if path == "/assertion/options":
            account = self.accounts.get(body["username"])
            if account is None:
                raise Refused("no such account")
            options, state = self.begin_assertion(account, body)
            pending["assertion"] = (account, state)
            return options
        if path == "/attestation/result":
            account, state = self.take(pending, "registration")
            return self.register(account, state, body)
        if path == "/assertion/result":
            account, state = self.take(pending, "assertion")
            return self.assert_(account, state, body)
        raise Refused("no such endpoint")

    def take(self, pending: dict, ceremony: str):
        """What was begun in this session; only once."""
        if ceremony not in pending:
            raise Refused("nothing was begun in this session")
        return pending[ceremony] if self.flaw == "replay" else pending.pop(ceremony)

    def register(self, account: Account, state, body: dict) -> dict:
        if self.flaw == "store-first":
            self.store(account, body)
        credential_id, known, count = self.verify_registration(state, body)
        if credential_id in self.credentials and self.flaw != "duplicate":
            raise Refused("the credential is registered already")
        credential = Credential(account, known, count)
        self.credentials[credential_id] = credential
        account.credentials[credential_id] = credential
        return {}

    def store(self, account: Account, body: dict):
        """The flaw of a server that keeps a credential before it looks at it."""
        from fido2.webauthn import RegistrationResponse

        data = RegistrationResponse.from_dict(body).response.attestation_object.auth_data
        known = data.credential_data
        account.credentials[known.credential_id] = Credential(account, known, data.counter)

    def assert_(self, account: Account, state, body: dict) -> dict:
        own = self.credentials if self.flaw == "foreign-credential" else account.credentials
        credential = own.get(decode(body["rawId"]))
        if credential is None:
            raise Refused("not a credential of this account")
        handle = body["response"].get("userHandle")
        if self.flaw != "user-handle" and handle and decode(handle) != account.handle:
            raise Refused("the user handle is another account's")
        credential.count = self.verify_assertion(state, body, credential)
        return {}


class WithFido2(RelyingParty):
    """python-fido2 (Fido2Server)."""

    def __init__(self, origin: str, flaw: str):
        super().__init__(origin, flaw)
        from fido2 import attestation, server, webauthn

        def verify_attestation(value, client_data_hash):
            verifier = attestation.Attestation.for_type(value.fmt)()
            verifier.verify(value.att_stmt, value.auth_data, client_data_hash)

        def new(conveyance):
            made = server.Fido2Server(
                webauthn.PublicKeyCredentialRpEntity(id=RP_ID, name=RP_NAME),
                attestation=conveyance,
                verify_origin=(lambda _: True) if flaw == "origin" else None,
                verify_attestation=None if flaw == "attestation" else verify_attestation,
            )
            made.allowed_algorithms = [
                one for one in made.allowed_algorithms if one.alg in (-7, -8, -257)
            ]
            return made

        self.new = new
        if flaw == "user-presence":
            webauthn.AuthenticatorData.is_user_present = lambda _: True

    def begin_registration(self, account, body):
        server = self.new(body.get("attestation") or "none")
        selection = body.get("authenticatorSelection") or {}
        options, state = server.register_begin(
            {"id": account.handle, "name": account.name, "displayName": body["displayName"]},
            credentials=[one.known for one in account.credentials.values()],
            resident_key_requirement=selection.get("residentKey"),
            user_verification=selection.get("userVerification"),
        )
        return dict(options.public_key), (server, state)

    def begin_assertion(self, account, body):
        server = self.new("none")
        options, state = server.authenticate_begin(
            [one.known for one in account.credentials.values()],
            user_verification=body.get("userVerification"),
        )
        return dict(options.public_key), (server, state)

    def trust_rp_id_hash(self, server, data):
        """The flaw of a server that takes the RP ID from what it was sent."""
        if self.flaw == "rp-id-hash":
            server.rp = types.SimpleNamespace(id=RP_ID, id_hash=data.rp_id_hash)

    def verify_registration(self, state, body):
        from fido2.webauthn import RegistrationResponse

        server, state = state
        self.trust_rp_id_hash(
            server, RegistrationResponse.from_dict(body).response.attestation_object.auth_data
        )
        data = server.register_complete(state, body)
        return data.credential_data.credential_id, data.credential_data, data.counter

    def verify_assertion(self, state, body, credential):
        from fido2.webauthn import AuthenticationResponse

        server, state = state
        data = AuthenticationResponse.from_dict(body).response.authenticator_data
        self.trust_rp_id_hash(server, data)
        known = credential.known
        if self.flaw == "signature":
            anything = types.SimpleNamespace(verify=lambda *_: None)
            known = types.SimpleNamespace(credential_id=known.credential_id, public_key=anything)
        server.authenticate_complete(state, [known], body)
        if (data.counter or credential.count) and data.counter <= credential.count:
            if self.flaw != "counter":
                raise Refused("the signature counter did not go up")
        return data.counter


class WithWebauthn(RelyingParty):
    """py_webauthn."""

    OFFERED = (-7, -257)

    def begin_registration(self, account, body):
        import webauthn
        from webauthn.helpers import structs
        from webauthn.helpers.cose import COSEAlgorithmIdentifier

        selection = body.get("authenticatorSelection") or {}
        required = selection.get("userVerification", "preferred")
        options = webauthn.generate_registration_options(
            rp_id=RP_ID,
            rp_name=RP_NAME,
            user_id=account.handle,
            user_name=account.name,
            user_display_name=body["displayName"],
            attestation=structs.AttestationConveyancePreference(body.get("attestation") or "none"),
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement(
                    selection.get("residentKey", "discouraged")
                ),
                user_verification=structs.UserVerificationRequirement(required),
            ),
            supported_pub_key_algs=[COSEAlgorithmIdentifier(one) for one in self.OFFERED],
            exclude_credentials=[
                structs.PublicKeyCredentialDescriptor(id=one) for one in account.credentials
            ],
        )
        return json.loads(webauthn.options_to_json(options)), (options.challenge, required)

    def begin_assertion(self, account, body):
        import webauthn
        from webauthn.helpers import structs

        required = body.get("userVerification", "preferred")
        options = webauthn.generate_authentication_options(
            rp_id=RP_ID,
            user_verification=structs.UserVerificationRequirement(required),
            allow_credentials=[
                structs.PublicKeyCredentialDescriptor(id=one) for one in account.credentials
            ],
        )
        return json.loads(webauthn.options_to_json(options)), (options.challenge, required)

    def expected(self, state, body):
        challenge, required = state
        if self.flaw == "shared-challenge":
            # Any challenge that any session was given, which this server remembers in one place.
            sent = decode(json.loads(decode(body["response"]["clientDataJSON"]))["challenge"])
            begun = [one for pending in self.sessions.values() for one in pending.values()]
            if sent in [one_challenge for _, (one_challenge, _) in begun]:
                challenge = sent
        return {
            "credential": body,
            "expected_challenge": challenge,
            "expected_rp_id": RP_ID,
            "expected_origin": self.origin,
            "require_user_verification": required == "required"
            and self.flaw != "user-verification",
        }

    def verify_registration(self, state, body):
        import webauthn
        from webauthn.helpers.cose import COSEAlgorithmIdentifier

        offered = list(COSEAlgorithmIdentifier)
        if self.flaw != "algorithm":
            offered = [COSEAlgorithmIdentifier(one) for one in self.OFFERED]
        made = webauthn.verify_registration_response(
            supported_pub_key_algs=offered, **self.expected(state, body)
        )
        return made.credential_id, made.credential_public_key, made.sign_count

    def verify_assertion(self, state, body, credential):
        import webauthn

        made = webauthn.verify_authentication_response(
            credential_public_key=credential.known,
            credential_current_sign_count=0 if self.flaw == "counter" else credential.count,
            **self.expected(state, body),
        )
        return made.new_sign_count


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One write for a whole answer.
    wbufsize = -1

    def do_POST(self):
        party = self.server.party
        cookies = http.cookies.SimpleCookie(self.headers.get("Cookie", ""))
        session = cookies["session"].value if "session" in cookies else secrets.token_urlsafe()
        try:
            length = int(self.headers.get("Content-Length", 0))
            if length > MAX_BODY:
                raise Refused("too long")
            body = json.loads(self.rfile.read(length))
            with self.server.lock:
                answer = party.answer(self.path, session, body)
            status, answer = 200, {"status": "ok", "errorMessage": "", **answer}
        except Exception as error:  # whatever a library throws is a no
            reason = str(error) or type(error).__name__
            status, answer = 400, {"status": "failed", "errorMessage": reason}
        text = json.dumps(answer).encode()
        if status != 200 and party.flaw in NO:
            status, body = NO[party.flaw]
            text = body(reason).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Set-Cookie", f"session={session}; Path=/; HttpOnly; SameSite=Strict")
        self.end_headers()
        self.wfile.write(text)
        self.wfile.flush()

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def server_bind(self):
        # HTTPServer would ask for this machine's name, which nobody needs.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]


def context(root_file: str) -> ssl.SSLContext:
    """TLS with a certificate of a root that was made a moment ago."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    now = datetime.datetime.now(datetime.timezone.utc)

    def certificate(key, name, issuer_key, issuer, authority):
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        )
        return builder.sign(issuer_key, hashes.SHA256())

    def pem(one) -> bytes:
        return one.public_bytes(serialization.Encoding.PEM)

    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = certificate(root_key, "Test root", root_key, "Test root", True)
    leaf = certificate(key, "localhost", root_key, "Test root", False)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as chain:
        chain.write(pem(leaf) + private)
        chain.flush()
        made.load_cert_chain(chain.name)
    with open(root_file, "wb") as file:
        file.write(pem(root))
    return made


def main():
    library, *arguments = sys.argv[1:]
    flaw, root = "", None
    match arguments:
        case ["--tls", root]:
            pass
        case [flaw]:
            pass
    server = Server(("127.0.0.1", 0), Handler)
    if root:
        server.socket = context(root).wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    origin = f"{'https' if root else 'http'}://localhost:{server.server_port}"
    server.party = {"fido2": WithFido2, "webauthn": WithWebauthn}[library](origin, flaw)
    server.lock = threading.Lock()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(origin, flush=True)
    sys.stdin.read()


main()
