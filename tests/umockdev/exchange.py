"""What is said between a program and a key, as far as a test bed has to know it."""

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
