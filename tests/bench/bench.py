#!/usr/bin/env python3
"""Measures what the project promises about speed and size, on demand.

    python3 tests/bench/bench.py

Builds the release binary and the minimal program, then prints each figure beside its bound. Whole
processes are timed, alternating with what they are compared with, and medians are given: machines
are shared and noisy. Exits with 1 if a bound is not kept.
"""

import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
FIDOKEY = TARGET / "release" / "fidokey"
MINIMAL = TARGET / "release" / "examples" / "minimal"
RUNS = 41
PAIRS = 200


class Machine:
    """A person's machine: a home of its own, so that nothing else is touched."""

    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="fidokey-bench-"))
        self.environment = {"HOME": str(self.home), "XDG_DATA_HOME": str(self.home / "data"), "PATH": os.environ["PATH"]}
        (self.home / "pin").write_text("1234")

    @property
    def keys(self):
        return self.home / "data" / "fidokey" / "virtual-keys"

    def run(self, program, *arguments):
        """Runs a program to its end: seconds, CPU seconds, peak memory in KiB."""
        with open(os.devnull, "r+b") as null:
            start = time.perf_counter()
            process = subprocess.Popen(
                [str(program), *arguments], cwd=self.home, env=self.environment, stdin=null, stdout=null, stderr=subprocess.PIPE
            )
            words = process.stderr.read()
            _, status, usage = os.wait4(process.pid, 0)
            taken = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f"{program} {' '.join(arguments)}: {words.decode()}")
        return taken, usage.ru_utime + usage.ru_stime, usage.ru_maxrss

    def installed(self, program, read_back):
        """A copy of a program, as an installation makes it.

        How Linux's page cache holds a file decides what mapping its code costs: in large pieces after it
        was written, in single pages after it was read back from disk, as after a restart.
        """
        copy = self.home / f"{program.name}{'-read-back' if read_back else ''}"
        shutil.copy(program, copy)
        with open(copy, "rb") as file:
            os.fsync(file.fileno())
            if read_back:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return copy

    def fidokey(self, line):
        return self.run(FIDOKEY, *line.split())


class Report:
    def __init__(self):
        self.kept = True

    def line(self, what, value, bound, unit):
        kept = value <= bound
        self.kept &= kept
        print(f"{what:58} {value:10.2f} {unit:3}  at most {bound:g} {unit}{'' if kept else '  NOT KEPT'}")


def median_of(machine, act, position=0, runs=RUNS):
    return statistics.median(act()[position] for _ in range(runs))


def main():
    subprocess.run(["cargo", "build", "--release", "--locked", "--bin", "fidokey", "--example", "minimal"], cwd=ROOT, check=True)
    machine, report = Machine(), Report()

    report.line("release binary", FIDOKEY.stat().st_size / 1e6, 10, "MB")

    no_key = median_of(machine, lambda: machine.fidokey("list"))
    report.line("list without a key, start to exit", no_key * 1e3, 10, "ms")

    machine.fidokey("virtual create work")
    machine.fidokey("pin set --new-pin-file pin -d virtual:work")
    for state, read_back in ("just installed", False), ("read back from disk", True):
        program, minimal = (machine.installed(one, read_back) for one in (FIDOKEY, MINIMAL))
        pairs = []
        for _ in range(PAIRS):
            ours = machine.run(program, "info", "-d", "virtual:work")[0]
            least = machine.run(minimal, str(machine.keys), "virtual:work")[0]
            pairs.append((ours, least))
        ours, least = (statistics.median(column) for column in zip(*pairs))
        print(f"{f'info on a lasting virtual key, {state}':58} {ours * 1e3:10.2f} ms")
        print(f"{f'the minimal program, {state}':58} {least * 1e3:10.2f} ms")
        report.line("ratio, median of pairs", statistics.median(a / b for a, b in pairs), 1.3, "")

    machine.fidokey("virtual create slow --touch 10000")
    taken, cpu, _ = machine.fidokey("register --rp example.com --user alice -d virtual:slow")
    assert taken > 9.5, f"the touch took {taken} s"
    _, quick, _ = machine.fidokey("register --rp example.com --user alice -d virtual:work --pin-file pin")
    print(f"{'the same registration without a wait, CPU':58} {quick * 1e3:10.2f} ms")
    report.line("CPU while waiting 10 s for a touch", cpu * 1e3, 20, "ms")

    machine.fidokey("virtual create full")
    machine.fidokey("pin set --new-pin-file pin -d virtual:full")
    for number in range(300):
        machine.fidokey(f"register --rp rp{number}.example --user u{number} --resident --pin-file pin -d virtual:full")
    _, _, peak = machine.fidokey("credential list --pin-file pin -d virtual:full")
    report.line("peak memory, listing 300 credentials", peak / 1024, 20, "MiB")
    listing = median_of(machine, lambda: machine.fidokey("credential list --pin-file pin -d virtual:full"), runs=5)
    print(f"{'listing 300 credentials, start to exit':58} {listing * 1e3:10.2f} ms")

    shutil.rmtree(machine.home)
    return 0 if report.kept else 1


if __name__ == "__main__":
    sys.exit(main())
