#!/usr/bin/env python3
"""Times fidokey and its peers on the one key that is plugged in, and prints a row of a table.

    peers.py ROW TIMES [PYTHON-TIMES]
    peers.py fill NUMBER      makes resident credentials until there are so many

A row is an act that each can do. TIMES times, fidokey and fido2-tools do it in turn; so often as said
last, a python-fido2 script does it too. Printed are, for fidokey / fido2-tools / python-fido2: the medians
of wall time from start to exit, of CPU time, and of HID reports to and from the key; the ratio of the
walls of fidokey and fido2-tools, as the median of the pairs; and the most memory.

`listing-N` is of N credentials at N relying parties; fido2-token lists the relying parties in one run,
and the credentials of each in one more. `delete-N` deletes one of N. fido2-tools and
the script list them first, as that is how they learn which one is meant, and that counts; fidokey is
given the beginning of an ID, and looks for it itself. The listing that tells this beginning, and making
the credential anew, count for nobody.

Without busybox there is no memory, and without a traffic file (FIDOKEY_BENCH_TRAFFIC) there are no
reports.
"""

import os
import pty
import re
import shutil
import statistics
import sys
import time

PIN = b"Gurke-4711\n"
DEVICE = "/dev/hidraw0"
# In the lab, `fidokey` alone is the one that keeps traces.
FIDOKEY = "/usr/bin/fidokey" if os.path.exists("/usr/bin/fidokey") else "fidokey"
BUSYBOX = shutil.which("busybox")
TRAFFIC = os.environ.get("FIDOKEY_BENCH_TRAFFIC", "/run/results/traffic/work")


class Traffic:
    """How many reports went each way since the last look."""

    def __init__(self):
        self.file = open(TRAFFIC, encoding="utf-8") if os.path.exists(TRAFFIC) else None

    def look(self):
        if self.file is None:
            return 0, 0
        arrows = [line.split()[1:2] for line in self.file]
        return arrows.count([">"]), arrows.count(["<"])


class Run:
    """What a command took: seconds of wall and CPU, KiB at most, reports to and from the key."""

    def __init__(self, wall=0.0, cpu=0.0, most=0, reports=(0, 0)):
        self.wall, self.cpu, self.most, self.reports = wall, cpu, most, reports

    def __add__(self, other):
        reports = tuple(a + b for a, b in zip(self.reports, other.reports))
        most = max(self.most, other.most)
        return Run(self.wall + other.wall, self.cpu + other.cpu, most, reports)


traffic = Traffic()


def run(line):
    """Runs a command line, and types the PIN when it is asked for; says what went wrong if it fails."""
    traffic.look()
    # `time` is what the command inherits its memory from, instead of this program.
    timed = [BUSYBOX, "time", "-v", "-o", "/tmp/usage"] if BUSYBOX else []
    words = [*timed, "/bin/sh", "-c", f"exec {line}"]
    began = time.monotonic()
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
        if not asked and b"Enter PIN" in said:
            os.write(terminal, PIN)
            asked = True
    _, status, usage = os.wait4(process, 0)
    wall = time.monotonic() - began
    os.close(terminal)
    if status != 0:
        sys.exit(f"{line}: {said.decode(errors='replace')}")
    most = 0
    if BUSYBOX:
        with open("/tmp/usage", encoding="utf-8") as report:
            most = int(re.search(r"Maximum resident set size \(kbytes\): (\d+)", report.read())[1])
    return Run(wall, usage.ru_utime + usage.ru_stime, most, traffic.look()), said.decode()


def took(line):
    return run(line)[0]


def register(rp):
    with_pin = "--algorithm ES256 --resident --pin-file pin --quiet"
    run(f"{FIDOKEY} register --rp {rp} --user pat {with_pin}")


def prepare():
    """A PIN, and the files that the peers read."""
    if os.path.exists("pin"):
        return
    with open("pin", "wb") as file:
        file.write(PIN)
    run(f"{FIDOKEY} pin set --new-pin-file pin --quiet")
    register("bench.org")
    hash_line = "A" * 43 + "=\n"
    with open("assertion", "w", encoding="utf-8") as file:
        file.write(hash_line + "bench.org\n")
    with open("registration", "w", encoding="utf-8") as file:
        file.write(hash_line + "bench.net\npat\ncGF0\n")
    with open("filled", "w", encoding="utf-8") as file:
        file.write("1")


def rps(number):
    """The relying parties of so many credentials."""
    return ["bench.org"] + [f"example{one}.org" for one in range(1, number)]


def fill(number):
    """Resident credentials until there are so many, each at a relying party of its own."""
    with open("filled", encoding="utf-8") as file:
        done = int(file.read())
    for rp in rps(number)[done:]:
        register(rp)
    with open("filled", "w", encoding="utf-8") as file:
        file.write(str(max(number, done)))


def listing_of_tools(number):
    runs = [run(f"fido2-token -L -r {DEVICE}")]
    runs += [run(f"fido2-token -L -k {rp} {DEVICE}") for rp in rps(number)]
    return sum((one for one, _ in runs), Run()), "".join(said for _, said in runs)


def delete_by_fidokey(number):
    """What is deleted is known by the beginning of its ID, as a listing shows it."""
    last = rps(number)[-1]
    shown = run(f"{FIDOKEY} credential list --pin-file pin --quiet --rp {last}")[1]
    short = re.search(r"^([0-9a-f]+) ", shown, re.MULTILINE)[1]
    took_it = took(f"{FIDOKEY} credential delete {short} --yes --pin-file pin")
    register(last)
    return took_it


def delete_by_tools(number):
    took_it, said = listing_of_tools(number)
    last = re.findall(r"^\d+: (\S+) pat ", said, re.MULTILINE)[-1]
    took_it += took(f"fido2-token -D -i {last} {DEVICE}")
    register(rps(number)[-1])
    return took_it


def delete_by_python(number):
    last = rps(number)[-1]
    took_it = took(f"python3 peer.py delete {last} < pin")
    register(last)
    return took_it


# Each takes how many credentials there are.
ROWS = {
    "list": (
        lambda _: took(f"{FIDOKEY} list"),
        lambda _: took("fido2-token -L"),
        lambda _: took("python3 peer.py list"),
    ),
    "info": (
        lambda _: took(f"{FIDOKEY} info"),
        lambda _: took(f"fido2-token -I {DEVICE}"),
        lambda _: took("python3 peer.py info"),
    ),
    "register": (
        lambda _: took(
            f"{FIDOKEY} register --rp bench.com --user pat --user-id cGF0 --algorithm ES256"
            " --pin-file pin"
        ),
        lambda _: took(f"fido2-cred -M -v -i registration -o made {DEVICE}"),
        lambda _: took("python3 peer.py register bench.com public not-resident < pin"),
    ),
    "assert": (
        lambda _: took(
            f"{FIDOKEY} assert --rp bench.org --user-verification required --pin-file pin"
        ),
        lambda _: took(f"fido2-assert -G -r -v -i assertion -o asserted {DEVICE}"),
        lambda _: took("python3 peer.py assert-any bench.org < pin"),
    ),
    "listing": (
        lambda _: took(f"{FIDOKEY} credential list --pin-file pin"),
        lambda number: listing_of_tools(number)[0],
        lambda _: took("python3 peer.py credentials < pin"),
    ),
    "delete": (delete_by_fidokey, delete_by_tools, delete_by_python),
}


def median(runs, what):
    return f"{statistics.median(what(one) for one in runs):.0f}"


def row(name, times, python_times):
    act, _, number = name.partition("-")
    number = int(number or 1)
    fill(number)
    ours, tools, python = ROWS[act]
    pairs = [(ours(number), tools(number)) for _ in range(times)]
    ratio = statistics.median(a.wall / b.wall for a, b in pairs)
    clients = [[pair[0] for pair in pairs], [pair[1] for pair in pairs]]
    if python_times:
        clients.append([python(number) for _ in range(python_times)])

    def each(what):
        return " / ".join(what(runs) for runs in clients)

    columns = [
        name,
        str(times),
        each(lambda runs: median(runs, lambda one: one.wall * 1000)),
        f"{ratio:.2f}",
        each(lambda runs: median(runs, lambda one: one.cpu * 1000)),
    ]
    if BUSYBOX:
        columns.append(each(lambda runs: f"{max(one.most for one in runs) / 1024:.1f}"))
    if traffic.file:
        out = [[median(runs, lambda one, way=way: one.reports[way]) for way in (0, 1)] for runs in clients]
        columns.append(" / ".join(" + ".join(both) for both in out))
    print(f"| {' | '.join(columns)} |")


def main():
    prepare()
    if sys.argv[1] == "fill":
        fill(int(sys.argv[2]))
    else:
        row(sys.argv[1], int(sys.argv[2]), int((sys.argv[3:] or [0])[0]))


main()
