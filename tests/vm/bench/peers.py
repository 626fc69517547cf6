"""Times fidokey and its peers on the one key that is plugged in, in pairs, and prints a row.

    peers.py ROW PAIRS

A row is an act that both can do; each pair runs fidokey and fido2-tools once, in turn. Printed are
the medians of wall time from start to exit and of CPU in milliseconds, the ratio of each pair's wall
times as a median, and the most memory that either had in MiB. `listing-N` is of N credentials at N
relying parties; fido2-token lists the relying parties in one run, and the credentials of each in one
more. python-fido2 runs once, where it can.
"""

import os
import pty
import re
import statistics
import sys
import time

PIN = b"4711\n"
DEVICE = "/dev/hidraw0"


def run(line, pin=False):
    """Runs a command line; gives wall seconds, CPU seconds and KiB at most, or says what went wrong."""
    began = time.monotonic()
    # `time` is what the command inherits its memory from, instead of this program.
    words = ["/bin/busybox", "time", "-v", "-o", "/tmp/usage", "sh", "-c", f"exec {line}"]
    process, terminal = pty.fork()
    if process == 0:
        os.execv(words[0], words)
    said, asked = b"", False
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        if not part:
            break
        said += part
        if pin and not asked and b"Enter PIN" in said:
            os.write(terminal, PIN)
            asked = True
    _, status, usage = os.wait4(process, 0)
    wall = time.monotonic() - began
    os.close(terminal)
    if status != 0:
        sys.exit(f"{line}: {said.decode(errors='replace')}")
    with open("/tmp/usage", encoding="utf-8") as report:
        most = re.search(r"Maximum resident set size \(kbytes\): (\d+)", report.read())
    return wall, usage.ru_utime + usage.ru_stime, int(most.group(1))


def prepare():
    """A PIN, and the files that the peers read."""
    if os.path.exists("pin"):
        return
    with open("pin", "wb") as file:
        file.write(PIN)
    run("fidokey pin set --new-pin-file pin --quiet")
    run("fidokey register --rp bench.org --user pat --algorithm ES256 --resident --pin-file pin --quiet")
    hash_line = "A" * 43 + "=\n"
    with open("assertion", "w", encoding="utf-8") as file:
        file.write(hash_line + "bench.org\n")
    with open("registration", "w", encoding="utf-8") as file:
        file.write(hash_line + "bench.net\npat\ncGF0\n")


def fill(number):
    """Resident credentials until there are so many, each at a relying party of its own."""
    done = int(open("filled", encoding="utf-8").read()) if os.path.exists("filled") else 1
    for one in range(done, number):
        rp = f"example{one}.org"
        run(f"fidokey register --rp {rp} --user pat --algorithm ES256 --resident --pin-file pin --quiet")
    with open("filled", "w", encoding="utf-8") as file:
        file.write(str(max(number, done)))


ROWS = {
    "list": ("fidokey list", "fido2-token -L"),
    "info": ("fidokey info", f"fido2-token -I {DEVICE}"),
    "register": (
        "fidokey register --rp bench.com --user pat --user-id cGF0 --algorithm ES256 --pin-file pin",
        f"fido2-cred -M -v -i registration -o made {DEVICE}",
    ),
    "assert": (
        "fidokey assert --rp bench.org --user-verification required --pin-file pin",
        f"fido2-assert -G -r -v -i assertion -o asserted {DEVICE}",
    ),
    "listing": ("fidokey credential list --pin-file pin", f"fido2-token -L -r {DEVICE}"),
}

PYTHON = {"info": "python3 peer.py info", "listing": "python3 peer.py credentials < pin"}


def peer(act, number):
    """What fido2-tools need for an act, added up."""
    runs = [run(ROWS[act][1], pin=True)]
    if act == "listing":
        rps = ["bench.org"] + [f"example{one}.org" for one in range(1, number)]
        runs += [run(f"fido2-token -L -k {rp} {DEVICE}", pin=True) for rp in rps]
    return sum(one[0] for one in runs), sum(one[1] for one in runs), max(one[2] for one in runs)


def row(name, pairs):
    act, _, number = name.partition("-")
    number = int(number or 0)
    fill(number)
    both = [(run(ROWS[act][0]), peer(act, number)) for _ in range(pairs)]
    columns = [name]
    for who in (0, 1):
        for what, scale in ((0, 1000), (1, 1000)):
            columns.append(f"{statistics.median(pair[who][what] for pair in both) * scale:.0f}")
    columns.append(f"{statistics.median(a[0] / b[0] for a, b in both):.2f}")
    columns += [f"{max(pair[who][2] for pair in both) / 1024:.1f}" for who in (0, 1)]
    if act in PYTHON:
        wall, _, _ = run(PYTHON[act])
        columns.append(f"python-fido2 {wall * 1000:.0f}")
    print("  ".join(columns))


prepare()
row(sys.argv[1], int(sys.argv[2]))
