"""python-fido2 on the one key that is plugged in, for the lab's jobs.

    peer.py list | info | retries
    peer.py credentials | set-pin | enroll < PIN
    peer.py read < PIN                   writes files for agree.py
    peer.py assert-any RP < PIN          with whatever the key holds for it
    peer.py delete RP < PIN              the credential there
    peer.py register RP FILE [not-resident] < PIN
                                         writes what it registered, for `assert --public-key`
    peer.py assert RP FILE < PIN         asserts and verifies with the registration that fidokey saved
"""

import json
import sys

from fido2 import cbor
from fido2.ctap import CtapError
from fido2.ctap2 import ClientPin, CredentialManagement, Ctap2
from fido2.ctap2.bio import CaptureError, FPBioEnrollment
from fido2.hid import CtapHidDevice
from fido2.utils import sha256, websafe_decode, websafe_encode

try:
    from fido2.webauthn import AttestationObject
except ImportError:  # Before version 1.0.
    from fido2.ctap2 import AttestationObject


def said_pin():
    return sys.stdin.readline().rstrip("\n")


def list_(ctap):
    print(ctap.device.descriptor.path, *ctap.get_info().versions)


def info(ctap):
    said = ctap.get_info()
    print("versions", *said.versions)
    print("extensions", *sorted(said.extensions))
    print("aaguid", bytes(said.aaguid).hex())
    print("options", *sorted(f"{name}={on}" for name, on in said.options.items()))
    print("protocols", *said.pin_uv_protocols)
    print("shortest PIN", said.min_pin_length)


def info_members(ctap):
    """What getInfo says, with fidokey's names."""
    said = ctap.get_info()
    aaguid = bytes(said.aaguid).hex()
    return {
        "versions": list(said.versions),
        "extensions": list(said.extensions),
        "aaguid": "-".join([aaguid[:8], aaguid[8:12], aaguid[12:16], aaguid[16:20], aaguid[20:]]),
        "options": dict(said.options),
        "max_msg_size": said.max_msg_size,
        "pin_uv_auth_protocols": list(said.pin_uv_protocols),
        "max_credential_id_length": said.max_cred_id_length,
        "transports": list(said.transports),
        "algorithms": [one["alg"] for one in said.algorithms],
        "max_serialized_large_blob_array": said.max_large_blob,
        "force_pin_change": said.force_pin_change,
        "min_pin_length": said.min_pin_length,
        "max_cred_blob_length": said.max_cred_blob_length,
        "max_rpids_for_set_min_pin_length": said.max_rpids_for_min_pin,
        "remaining_discoverable_credentials": said.remaining_disc_creds,
    }


def retries(ctap):
    print(ClientPin(ctap).get_pin_retries()[0])


def management(ctap):
    pin = ClientPin(ctap)
    permission = ClientPin.PERMISSION.CREDENTIAL_MGMT
    return CredentialManagement(ctap, pin.protocol, pin.get_pin_token(said_pin(), permission))


def listing(ctap):
    return listed(management(ctap))


def listed(manager):
    for rp in manager.enumerate_rps():
        rp_hash = rp[CredentialManagement.RESULT.RP_ID_HASH]
        for one in manager.enumerate_creds(rp_hash):
            user = one[CredentialManagement.RESULT.USER]
            identifier = one[CredentialManagement.RESULT.CREDENTIAL_ID]["id"]
            yield rp[CredentialManagement.RESULT.RP]["id"], user["name"], identifier


def credentials(ctap):
    for rp, name, identifier in listing(ctap):
        print(rp, name, identifier.hex()[:8])


def read(ctap):
    """What agree.py compares."""
    found = {
        "info": info_members(ctap),
        "retries": {"retries_left": ClientPin(ctap).get_pin_retries()[0]},
        "credentials": {
            "credentials": [
                {"rp_id": rp, "user_name": name, "id": websafe_encode(identifier)}
                for rp, name, identifier in listing(ctap)
            ]
        },
    }
    for act, members in found.items():
        with open(f"{act}.python", "w", encoding="utf-8") as file:
            json.dump(members, file)


def delete(ctap, rp):
    manager = management(ctap)
    (identifier,) = [one for of, _, one in listed(manager) if of == rp]
    manager.delete_cred({"type": "public-key", "id": identifier})


def assert_any(ctap, rp):
    pin = ClientPin(ctap)
    pin_token = pin.get_pin_token(said_pin(), ClientPin.PERMISSION.GET_ASSERTION, rp)
    client_data_hash = sha256(b"asked by python-fido2")
    ctap.get_assertion(
        rp,
        client_data_hash,
        pin_uv_param=pin.protocol.authenticate(pin_token, client_data_hash),
        pin_uv_protocol=pin.protocol.VERSION,
    )


def set_pin(ctap):
    ClientPin(ctap).set_pin(said_pin())
    print("set")


def enroll(ctap):
    pin = ClientPin(ctap)
    permission = ClientPin.PERMISSION.BIO_ENROLL
    bio = FPBioEnrollment(ctap, pin.protocol, pin.get_pin_token(said_pin(), permission))
    capture = bio.enroll()
    while True:
        try:
            template = capture.capture()
        except CaptureError as error:
            print("again:", error)
            continue
        if template is not None:
            break
    bio.set_name(template, "thumb")
    print("enrolled", *bio.enumerate_enrollments().values())


def register(ctap, rp, file, *words):
    pin = ClientPin(ctap)
    pin_token = pin.get_pin_token(said_pin(), ClientPin.PERMISSION.MAKE_CREDENTIAL, rp)
    client_data_hash = sha256(b"made by python-fido2")
    made = ctap.make_credential(
        client_data_hash,
        {"id": rp, "name": rp},
        {"id": b"robin", "name": "robin"},
        [{"type": "public-key", "alg": -7}],
        options={"rk": True} if not words else None,
        pin_uv_param=pin.protocol.authenticate(pin_token, client_data_hash),
        pin_uv_protocol=pin.protocol.VERSION,
    )
    with open(file, "wb") as public:
        public.write(cbor.encode(made.auth_data.credential_data.public_key))
    print("registered")


def assert_(ctap, rp, file):
    with open(file, encoding="utf-8") as saved:
        document = json.load(saved)
    # A RegistrationResponseJSON and, around it, who was registered.
    response = document["response"]["response"]
    made = AttestationObject(websafe_decode(response["attestationObject"]))
    data = made.auth_data.credential_data
    pin = ClientPin(ctap)
    pin_token = pin.get_pin_token(said_pin(), ClientPin.PERMISSION.GET_ASSERTION, rp)
    client_data_hash = sha256(b"asked by python-fido2")
    assertion = ctap.get_assertion(
        rp,
        client_data_hash,
        [{"type": "public-key", "id": data.credential_id}],
        pin_uv_param=pin.protocol.authenticate(pin_token, client_data_hash),
        pin_uv_protocol=pin.protocol.VERSION,
    )
    assertion.verify(client_data_hash, data.public_key)
    print("asserted and verified")


def main():
    acts = {
        "list": list_,
        "info": info,
        "retries": retries,
        "credentials": credentials,
        "read": read,
        "delete": delete,
        "set-pin": set_pin,
        "enroll": enroll,
        "register": register,
        "assert": assert_,
        "assert-any": assert_any,
    }
    (device,) = list(CtapHidDevice.list_devices())
    try:
        acts[sys.argv[1]](Ctap2(device), *sys.argv[2:])
    except CtapError as error:
        sys.exit(error.code.name)


main()
