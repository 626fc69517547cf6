#!/usr/bin/env python3
"""Finds out which functions fidokey runs between its start and its end, and writes `link/order.ld`.

    python3 tests/bench/link_order.py [BINARY]

Needs valgrind. Without BINARY, builds the release binary with its symbols first. The list is of use as
long as most of its names are those of the program: run this again after larger changes, after an update
of the compiler, and when `bench.py` says that fewer pages hold what runs at start.
See docs/decisions/0007-link-order.md.
"""

import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "link-order"
# One key with a PIN, and what people do with it.
SETUP = ["virtual create work", "pin set --new-pin-file pin -d virtual:work"]
COMMANDS = [
    "info -d virtual:work",
    "list",
    "pin status -d virtual:work",
    "pin verify --pin-file pin -d virtual:work",
    "register --rp example.com --user alice --resident --pin-file pin -d virtual:work",
    "assert --rp example.com --pin-file pin -d virtual:work",
    "credential list --pin-file pin -d virtual:work",
]
HEAD = """\
/* Functions that run in seven commands that people use most come first in the program and beside each
   other: the system brings code into memory by windows of 64 KiB, and each that is touched takes its time.
   Made by tests/bench/link_order.py; why is told in docs/decisions/0007-link-order.md. */
SECTIONS
{
  .text.start :
  {
"""
TAIL = """\
  }
}
INSERT BEFORE .text;
"""


def build():
    environment = dict(os.environ, CARGO_PROFILE_RELEASE_STRIP="none", CARGO_TARGET_DIR=str(TARGET))
    subprocess.run(["cargo", "build", "--release", "--locked", "--bin", "fidokey"], cwd=ROOT, env=environment, check=True)
    return TARGET / "release" / "fidokey"


def functions(binary):
    """All functions of a program: sizes in bytes by the names that the linker knows."""
    command = ["nm", "--print-size", str(binary)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    parts = (line.split() for line in lines)
    return {part[3]: int(part[1], 16) for part in parts if len(part) == 4 and part[2] in "tT"}


def run_by(binary, line, home):
    """The names of the functions that a command runs."""
    profile = home / "profile"
    environment = {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "PATH": os.environ["PATH"]}
    valgrind = ["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={profile}"]
    subprocess.run([*valgrind, str(binary), *line.split()], cwd=home, env=environment, check=True, capture_output=True)
    # A name is written once, behind a number that stands for it afterwards; `'2` marks a recursion.
    return set(re.findall(r"^c?fn=\(\d+\) ([^\s']+)", profile.read_text(), re.MULTILINE))


def pattern(name):
    """The name of a function, without what differs from one compiler to the next."""
    name = re.sub(r"17h[0-9a-f]{16}E.*", "17h*", name)
    return re.sub(r"Cs[0-9A-Za-z]{6,}_", "Cs*_", name)


def main():
    binary = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else build()
    sizes = functions(binary)
    uses = collections.defaultdict(set)
    run = set()
    with tempfile.TemporaryDirectory(prefix="fidokey-order-") as directory:
        home = pathlib.Path(directory)
        (home / "pin").write_text("1234")
        for line in SETUP:
            run_by(binary, line, home)
        for number, line in enumerate(COMMANDS):
            names = run_by(binary, line, home) & sizes.keys()
            run |= names
            for name in names:
                uses[pattern(name)].add(number)
    taken, used = collections.Counter(), collections.Counter()
    for name, size in sizes.items():
        taken[pattern(name)] += size
        used[pattern(name)] += size if name in run else 0

    def place(name):
        """What is mostly functions of one name that nobody runs comes last. What most commands run
        comes first, and what the same commands run is together, short functions before long ones."""
        return (taken[name] > 2 * used[name], -len(uses[name]), sorted(uses[name]), used[name], name)

    order = sorted(uses, key=place)
    # A compiler puts what it holds for unlikely into a section that is called so.
    lines = "".join(f"    *(.text.{name} .text.unlikely.{name})\n" for name in order)
    (ROOT / "link" / "order.ld").write_text(HEAD + lines + TAIL)
    print(f"{len(order)} patterns; {sum(len(uses[name]) == len(COMMANDS) for name in order)} of them in every command")


if __name__ == "__main__":
    main()
