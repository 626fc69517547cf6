"""Prints what a key needs to attest with a certificate, as one JSON object: `private_key`,
`certificate`, `root` and `aaguid`, each base64url."""

import json

import fixtures

number = fixtures.BATCH_KEY.private.private_numbers().private_value
print(
    json.dumps(
        {
            "private_key": fixtures.encode(number.to_bytes(32, "big")),
            "certificate": fixtures.encode(fixtures.BATCH),
            "root": fixtures.encode(fixtures.ROOT),
            "aaguid": fixtures.encode(fixtures.AAGUID),
        }
    )
)
