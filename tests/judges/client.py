"""python-fido2's WebAuthn client on a key whose HID reports go over standard input and output.

One argument, a file with the job as JSON: `ceremony` ("registration", "authentication" or "u2f"),
`options` (WebAuthn's options in JSON), `origin`, `pin` (or null), and `result`, the file that the
response is written to, as WebAuthn's JSON. "u2f" registers with U2F under `options.appid`, and gives
the credential's `id` and, as COSE, its `public_key`.
"""

import json
import sys
from pathlib import Path

from fido2 import cbor
from fido2.client import DefaultClientDataCollector, Fido2Client, UserInteraction
from fido2.cose import ES256
from fido2.ctap1 import APDU, ApduError, Ctap1
from fido2.ctap2.extensions import (
    CredBlobExtension,
    CredPropsExtension,
    CredProtectExtension,
    HmacSecretExtension,
    LargeBlobExtension,
    MinPinLengthExtension,
)
from fido2.hid import CtapHidDevice
from fido2.hid.base import CtapHidConnection, HidDescriptor
from fido2.utils import sha256, websafe_decode, websafe_encode
from fido2.webauthn import (
    PublicKeyCredentialCreationOptions,
    PublicKeyCredentialRequestOptions,
)

REPORT = 64


class Cable(CtapHidConnection):
    """Reports over standard input and output."""

    def read_packet(self) -> bytes:
        report = sys.stdin.buffer.read(REPORT)
        if len(report) != REPORT:
            raise OSError("the key is gone")
        return report

    def write_packet(self, data: bytes) -> None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def close(self) -> None:
        pass


class Person(UserInteraction):
    """Knows the PIN."""

    def __init__(self, pin: str | None):
        self._pin = pin

    def prompt_up(self) -> None:
        pass

    def request_pin(self, permissions, rp_id):
        return self._pin

    def request_uv(self, permissions, rp_id):
        return True


def touched(act):
    """Asks until the key was touched, as U2F wants it."""
    for _ in range(100):
        try:
            return act()
        except ApduError as error:
            if error.code != APDU.USE_NOT_SATISFIED:
                raise
    raise TimeoutError("nobody touches the key")


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    # The one extension input in bytes that the library does not read from JSON.
    extensions = job["options"].get("extensions") or {}
    if "credBlob" in extensions:
        extensions["credBlob"] = websafe_decode(extensions["credBlob"])
    descriptor = HidDescriptor("key", 0, 0, REPORT, REPORT, None, None)
    device = CtapHidDevice(descriptor, Cable())
    result = Path(job["result"])
    if job["ceremony"] == "u2f":
        app_id = job["options"]["appid"].encode()
        made = touched(lambda: Ctap1(device).register(b"\0" * 32, sha256(app_id)))
        public_key = cbor.encode(ES256.from_ctap1(made.public_key))
        answer = {
            "id": websafe_encode(made.key_handle),
            "public_key": websafe_encode(public_key),
        }
        result.write_text(json.dumps(answer))
        return
    client = Fido2Client(
        device,
        client_data_collector=DefaultClientDataCollector(job["origin"]),
        user_interaction=Person(job["pin"]),
        extensions=[
            HmacSecretExtension(),
            LargeBlobExtension(),
            CredBlobExtension(),
            CredProtectExtension(),
            MinPinLengthExtension(),
            CredPropsExtension(),
        ],
    )
    if job["ceremony"] == "registration":
        response = client.make_credential(
            PublicKeyCredentialCreationOptions.from_dict(job["options"])
        )
    else:
        options = PublicKeyCredentialRequestOptions.from_dict(job["options"])
        response = client.get_assertion(options).get_response(0)
    result.write_text(json.dumps(dict(response)))


if __name__ == "__main__":
    main()
