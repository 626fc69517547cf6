"""python-fido2's WebAuthn client on a key whose HID reports go over standard input and output.

One argument, a file with the job as JSON: `ceremony` ("registration" or "authentication"),
`options` (WebAuthn's options in JSON), `origin`, `pin` (or null), and `result`, the file that the
response is written to, as WebAuthn's JSON.
"""

import json
import sys
from pathlib import Path

from fido2.client import DefaultClientDataCollector, Fido2Client, UserInteraction
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
from fido2.utils import websafe_decode
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


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    # The one extension input in bytes that the library does not read from JSON.
    extensions = job["options"].get("extensions") or {}
    if "credBlob" in extensions:
        extensions["credBlob"] = websafe_decode(extensions["credBlob"])
    descriptor = HidDescriptor("key", 0, 0, REPORT, REPORT, None, None)
    client = Fido2Client(
        CtapHidDevice(descriptor, Cable()),
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
    Path(job["result"]).write_text(json.dumps(dict(response)))


if __name__ == "__main__":
    main()
