"""Holds what several clients read from one key against each other, for the lab's jobs.

    agree.py [info] [retries] [credentials]

What each read is in the file `ACT.CLIENT` of this folder. Printed is a line for each thing that was
read: its name, who read it, and the value if all agree; otherwise each value, and the end is 1. A client
that has no word for a thing is not asked for it.
"""

import json
import pathlib
import re
import sys


def read(act, client):
    path = pathlib.Path(f"{act}.{client}")
    return path.read_text(encoding="utf-8") if path.exists() else None


def info_of_json(text):
    """fidokey and the second-opinion client, which use the same names."""
    said = json.loads(text)
    said = said.get("info", said)
    # The latter cannot tell false from absent.
    return {name: value for name, value in said.items() if value is not False}


def info_of_tools(text):
    lines = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    options = lines["options"].split(", ")
    return {
        "versions": lines["version strings"].split(", "),
        "extensions": lines["extension strings"].split(", "),
        "transports": lines["transport strings"].split(", "),
        "aaguid": re.sub("(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", lines["aaguid"]),
        "options": {name.removeprefix("no"): not name.startswith("no") for name in options},
        "max_msg_size": int(lines["maxmsgsiz"]),
        "max_credential_id_length": int(lines["maxcredlen"]),
        "max_serialized_large_blob_array": int(lines["maxlargeblob"]),
        "max_rpids_for_set_min_pin_length": int(lines["maxrpids in minpinlen"]),
        "remaining_discoverable_credentials": int(lines["remaining rk(s)"]),
        "min_pin_length": int(lines["minpinlen"]),
        "pin_uv_auth_protocols": [int(number) for number in lines["pin protocols"].split(", ")],
    }


def credentials_of_json(text):
    return {
        f"{one['rp_id']} {one.get('user', one).get('name', one.get('user_name'))}": one["id"]
        for one in json.loads(text)["credentials"]
    }


def retries_of_tools(text):
    return {"retries_left": int(re.search(r"pin retries: (\d+)", text).group(1))}


def retries_of_json(text):
    """A number alone is python-fido2's."""
    said = json.loads(text)
    return {"retries_left": said if isinstance(said, int) else said["retries_left"]}


READERS = {
    ("info", "fidokey"): info_of_json,
    ("info", "second"): info_of_json,
    ("info", "python"): info_of_json,
    ("info", "tools"): info_of_tools,
    ("retries", "fidokey"): retries_of_json,
    ("retries", "second"): retries_of_json,
    ("retries", "python"): retries_of_json,
    ("retries", "tools"): retries_of_tools,
    ("credentials", "fidokey"): credentials_of_json,
    ("credentials", "second"): credentials_of_json,
    ("credentials", "python"): credentials_of_json,
}


def compare(act):
    said = {}
    for (of, client), reader in READERS.items():
        text = read(act, client) if of == act else None
        if text is not None:
            said[client] = reader(text)
    agree = True
    for name in sorted({name for members in said.values() for name in members}):
        values = {client: members[name] for client, members in said.items() if name in members}
        # Credentials are listed whole by everybody: one that is missing is a difference.
        if act == "credentials" and len(values) < len(said):
            values |= {client: None for client in said if client not in values}
        first = next(iter(values.values()))
        if all(value == first for value in values.values()):
            print(f"{name}  {' '.join(values)}  {json.dumps(first, sort_keys=True)}")
        else:
            agree = False
            for client, value in values.items():
                print(f"{name}  {client} alone  {json.dumps(value, sort_keys=True)}")
    return agree


sys.exit(not all([compare(act) for act in sys.argv[1:]]))
