"""Keys: firmware processes behind device nodes."""

import collections
import errno
import os
import subprocess
import threading
import time

from exchange import CANCEL, REPORT, Exchange
from node import DESCRIPTOR

# Reports that the kernel keeps for a client that does not read.
KEPT = 64
# How long may pass until something happens that was to happen, in seconds.
EVENT = 30
# How long a client that ended may have left a request behind, before its reports are counted.
LEFT_BEHIND = 2
# Linux's ioctl numbers of hidraw devices: direction, size, 'H', number.
HIDIOCGRDESCSIZE = 0x80044801
HIDIOCGRDESC = 0x90044802
HIDIOCGRAWINFO = 0x80084803
BUS_USB = 3


class Key:
    """A key: a firmware, and while it is plugged in a device node."""

    def __init__(self, bed, words):
        (self.name, self.program, self.state, vendor, product_id, self.manufacturer, self.product,
         self.serial, traffic, log, touch, switches) = words
        self.ids = (int(vendor, 16), int(product_id, 16))
        self.bed = bed
        self.traffic = open(traffic, "w", encoding="ascii")
        self.log = open(log, "w", encoding="utf-8")
        self.switches = switches.split()
        self.standing = f"touch {touch}"
        self.changed = threading.Condition()
        self.exchange = Exchange()
        self.firmware = None
        self.node = None

    # What follows is called by whoever reads the requests.

    def plug(self):
        if self.firmware:
            raise Refused(f"{self.name} is plugged in already")
        theirs, ours = os.pipe()
        control = {"pass_fds": (3,), "preexec_fn": lambda: os.dup2(theirs, 3)}
        if theirs == 3:
            control = {"pass_fds": (3,)}
        self.firmware = subprocess.Popen(
            [self.program, "--state", self.state, *self.switches], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.log, bufsize=0, **control)
        os.close(theirs)
        self.control = os.fdopen(ours, "w", buffering=1)
        self.order(self.standing)
        with self.changed:
            self.exchange.pending.clear()
            self.queues = {}
            self.present = set()
            self.is_there = True
        self.node = self.bed.appear(self)
        threading.Thread(target=self.carry, args=(self.firmware,), daemon=True).start()

    def unplug(self):
        if not self.firmware:
            return
        with self.changed:
            self.is_there = False
            self.exchange.pending.clear()
            # Whoever waits for a report finds out now.
            self.node.wake()
        self.node.disappear()
        self.firmware.kill()
        self.firmware.wait()
        self.control.close()
        self.firmware = None

    def order(self, line):
        if not self.firmware:
            raise Refused(f"{self.name} has no power")
        self.control.write(line + "\n")

    def touch(self, order):
        self.until("a wait for a touch", EVENT, self.exchange.needs_touch)
        with self.changed:
            self.exchange.touched()
        self.order(order)

    def set_touch(self, how):
        self.standing = f"touch {how}"
        if self.firmware:
            self.order(self.standing)

    def wait(self, condition):
        waits = {
            "touch": ("a wait for a touch", self.exchange.needs_touch),
            "idle": ("an answer", self.exchange.is_idle),
            "cancel": ("a CANCEL", self.exchange.take_cancel),
        }
        if condition not in waits:
            raise Refused(f"{condition} cannot be waited for here")
        what, holds = waits[condition]
        self.until(what, EVENT, holds)

    def count(self):
        with self.changed:
            # Whether it answers or not: what went there is counted.
            self.changed.wait_for(self.exchange.is_idle, LEFT_BEHIND)
            counts = f"out {self.exchange.to_key} in {self.exchange.from_key}"
            self.exchange.to_key = self.exchange.from_key = 0
        return counts

    def until(self, what, limit, holds):
        with self.changed:
            if not self.firmware:
                raise Refused(f"{self.name} is not plugged in")
            if not self.changed.wait_for(holds, limit):
                raise Refused(f"timed out after {limit} s: {what} of {self.name}")

    # What follows is called by umockdev's thread, for clients, and by the thread of the firmware.

    def note(self, arrow, report):
        digits = report.rstrip(b"\0").hex()
        self.traffic.write(f"{time.monotonic():.6f} {arrow}  {digits}\n")
        self.traffic.flush()

    def carry(self, firmware):
        while len(report := read_exactly(firmware.stdout, REPORT)) == REPORT:
            with self.changed:
                self.note("<", report)
                self.exchange.incoming(report)
                for queue in self.queues.values():
                    queue.append(report)
                if self.queues:
                    self.node.wake()
                self.changed.notify_all()

    # That a client is gone is heard of late. So each counts as gone as soon as another comes, until it
    # shows by an act that it is not: a report for one that is gone must not make the node readable.

    def opened(self, _, client):
        with self.changed:
            for queue in self.queues.values():
                queue.clear()
            self.present.clear()
            self.node.calm()
            self.met(client)

    def closed(self, _, client):
        with self.changed:
            self.queues.pop(client, None)
            self.present.discard(client)

    def met(self, client):
        self.present.add(client)
        return self.queues.setdefault(client, collections.deque(maxlen=KEPT))

    def read(self, _, client):
        with self.changed:
            queue = self.met(client)
            if not self.is_there:
                client.complete(-1, errno.EIO)
            elif not queue:
                client.complete(-1, errno.EAGAIN)
            else:
                report = queue.popleft()
                if not any(self.queues[other] for other in self.present):
                    self.node.calm()
                client.props.arg.update(0, report)
                client.complete(len(report), 0)
        return True

    def write(self, _, client):
        written = bytes(client.props.arg.retrieve())
        with self.changed:
            self.met(client)
            if not self.is_there:
                client.complete(-1, errno.ENODEV)
                return True
            # The report's number comes first: 0, as reports are not numbered.
            report = written[1 : 1 + REPORT].ljust(REPORT, b"\0")
            self.note(">", report)
            self.exchange.outgoing(report)
            try:
                self.firmware.stdin.write(report)
            except BrokenPipeError:
                pass
            self.changed.notify_all()
        client.complete(len(written), 0)
        return True

    def ioctl(self, _, client):
        request = client.props.request
        size = len(DESCRIPTOR).to_bytes(4, "little")
        vendor, product_id = (number.to_bytes(2, "little") for number in self.ids)
        answers = {
            HIDIOCGRDESCSIZE: size,
            # The size stands before it.
            HIDIOCGRDESC: size + DESCRIPTOR,
            HIDIOCGRAWINFO: BUS_USB.to_bytes(4, "little") + vendor + product_id,
        }
        if request not in answers:
            client.complete(-1, errno.ENOTTY)
            return True
        client.props.arg.resolve(0, len(answers[request])).update(0, answers[request])
        client.complete(0, 0)
        return True


class Refused(Exception):
    """A request cannot be met; why."""


def read_exactly(stream, length):
    read = b""
    while len(read) < length:
        part = stream.read(length - len(read))
        if not part:
            break
        read += part
    return read
