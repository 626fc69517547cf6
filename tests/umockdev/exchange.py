"""What is said between a program and a key, as far as a test bed has to know it.

The lab has the same in Rust (tests/vm/src/stage/exchange.rs). Run by itself, this plays exchange.txt, as the
lab's own tests do, and fails where an answer is another.
"""

import pathlib

REPORT = 64
# Keepalives that may have been on their way when a key was touched.
LATE = 5

# CTAPHID commands and the keepalive that asks for a touch (CTAP 2.3 section 11.2.9).
CANCEL = 0x11
KEEPALIVE = 0x3B
UP_NEEDED = 2


class Exchange:
    """What the reports seen so far say of a key."""

    def __init__(self):
        self.pending = {}
        self.cancels = 0
        self.to_key = 0
        self.from_key = 0

    def outgoing(self, report):
        self.to_key += 1
        if not report[4] & 0x80:
            return
        if report[4] & 0x7F == CANCEL:
            self.cancels += 1
        else:
            self.pending[report[:4]] = {"left": None, "touch": False, "late": 0}

    def incoming(self, report):
        self.from_key += 1
        request = self.pending.get(report[:4])
        if request is None:
            return
        if report[4] & 0x80:
            if report[4] & 0x7F == KEEPALIVE:
                self.keepalive(request, report[7])
                return
            request["left"] = max(0, int.from_bytes(report[5:7], "big") - (REPORT - 7))
        elif request["left"] is not None:
            request["left"] = max(0, request["left"] - (REPORT - 5))
        request["touch"] = False
        if request["left"] == 0:
            del self.pending[report[:4]]

    @staticmethod
    def keepalive(request, status):
        if status == UP_NEEDED and request["late"] > 0:
            request["late"] -= 1
        else:
            request["touch"] = status == UP_NEEDED
            request["late"] = 0

    def touched(self):
        for request in self.pending.values():
            if request["touch"]:
                request["touch"] = False
                request["late"] = LATE

    def needs_touch(self):
        return any(request["touch"] for request in self.pending.values())

    def take_cancel(self):
        is_new, self.cancels = self.cancels > 0, 0
        return is_new

    def is_idle(self):
        return not self.pending


def play(table):
    """Plays the table; gives how many answers were compared."""
    asked = 0
    exchange = Exchange()
    for number, line in enumerate(table.splitlines(), 1):
        match line.split(" ", 1):
            case [""]:
                exchange = Exchange()
            case ["#", *_]:
                pass
            case [(">" | "<") as arrow, digits]:
                report = bytes.fromhex(digits).ljust(REPORT, b"\0")
                exchange.outgoing(report) if arrow == ">" else exchange.incoming(report)
            case ["touched"]:
                exchange.touched()
            case [("touch" | "idle" | "cancel") as word, expected]:
                asks = {"touch": exchange.needs_touch, "idle": exchange.is_idle, "cancel": exchange.take_cancel}
                said = "yes" if asks[word]() else "no"
                if said != expected:
                    raise SystemExit(f"exchange.txt:{number}: {word} is {said}, not {expected}")
                asked += 1
            case _:
                raise SystemExit(f"exchange.txt:{number}: {line}")
    return asked


if __name__ == "__main__":
    if play(pathlib.Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")) <= 20:
        raise SystemExit("exchange.txt asks for too little")
