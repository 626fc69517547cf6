"""Keys on this machine that are none: device nodes, sysfs and udev's word for them come from umockdev,
and behind each node is a firmware process (tests/firmware).

    bed.py

Reads requests on standard input, a line each with a tab between words, and answers each with a line,
`ok` or `no`, a tab, and what there is to say. The first line, unasked, is `ok` and the root of what a
program sees that runs with the library umockdev-preload: give it that root as UMOCKDEV_DIR.

    key NAME PROGRAM STATE VENDOR PRODUCT-ID MANUFACTURER PRODUCT SERIAL TRAFFIC TOUCH
    plug NAME | unplug NAME | replug NAME
    touch NAME | touch NAME auto|hold | finger NAME good|wrong|auto|none
    await NAME touch|idle|cancel
    count NAME

A device node keeps reports apart as the kernel's hidraw does: a read gives one, a write takes one, and
whoever opens it sees what comes from then on. It needs Debian's python3-gi and gir1.2-umockdev-1.0.
"""

import collections
import errno
import os
import subprocess
import sys
import threading
import time

import gi

gi.require_version("UMockdev", "1.0")
from gi.repository import UMockdev  # noqa: E402  (its version is named first)

REPORT = 64
DESCRIPTOR = bytes.fromhex(
    "06d0f10901a1010920150026ff007508954081020921150026ff00750895409102c0"
)
MAJOR = 240
# Reports that the kernel keeps for a client that does not read.
KEPT = 64
HUB = "/devices/pci0000:00/0000:00:14.0/usb1"

# How long may pass until something happens that was to happen, in seconds.
EVENT = 30
# How long a client that ended may have left a request behind, before its reports are counted.
LEFT_BEHIND = 2
# Keepalives that may have been on their way when a key was touched.
LATE = 5

# CTAPHID commands and the keepalive that asks for a touch (CTAP 2.3 section 11.2.9).
CANCEL = 0x11
KEEPALIVE = 0x3B
UP_NEEDED = 2

# Linux's ioctl numbers of hidraw devices: direction, size, 'H', number.
HIDIOCGRDESCSIZE = 0x80044801
HIDIOCGRDESC = 0x90044802
HIDIOCGRAWINFO = 0x80084803
BUS_USB = 3


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


class Key:
    """A key: a firmware, and while it is plugged in a device node."""

    def __init__(self, bed, words):
        (self.name, self.program, self.state, vendor, product_id, self.manufacturer, self.product,
         self.serial, traffic, touch) = words
        self.ids = (int(vendor, 16), int(product_id, 16))
        self.bed = bed
        self.traffic = open(traffic, "w", encoding="ascii")
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
            [self.program, "--state", self.state], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            bufsize=0, **control)
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

    def touch(self):
        self.until("a wait for a touch", EVENT, self.exchange.needs_touch)
        with self.changed:
            self.exchange.touched()
        self.order("touch")

    def set_touch(self, how):
        self.standing = f"touch {how}"
        if self.firmware:
            self.order(self.standing)

    def wait(self, condition):
        waits = {
            "touch": ("a wait for a touch", self.exchange.needs_touch),
            "idle": ("an answer", lambda: not self.exchange.pending),
            "cancel": ("a CANCEL", self.exchange.take_cancel),
        }
        if condition not in waits:
            raise Refused(f"{condition} cannot be waited for here")
        what, holds = waits[condition]
        self.until(what, EVENT, holds)

    def count(self):
        with self.changed:
            # Whether it answers or not: what went there is counted.
            self.changed.wait_for(lambda: not self.exchange.pending, LEFT_BEHIND)
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
        self.traffic.write(f"{time.monotonic():.6f} {arrow} {report.hex().rstrip('0')}\n")
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


class Node:
    """The device node of a key, and what stands for it in sysfs."""

    def __init__(self, testbed, number, key):
        self.testbed = testbed
        self.number = number
        self.path = f"/dev/hidraw{number}"
        self.port = f"1-{number + 1}"
        self.usb = f"{HUB}/{self.port}"
        vendor, product_id = key.ids
        self.hid = f"0003:{vendor:04X}:{product_id:04X}.{number + 1:04X}"
        testbed.add_from_string(self.description(key))
        self.root = testbed.get_root_dir()
        # Where it is seen: the list that programs look at first, then what that leads to.
        self.places = [
            f"sys/class/hidraw/hidraw{number}",
            f"dev/hidraw{number}",
            f"sys/dev/char/{MAJOR}:{number}",
            f"sys/bus/hid/devices/{self.hid}",
            f"sys/bus/usb/devices/{self.port}:1.0",
            f"sys/bus/usb/devices/{self.port}",
            f"sys{self.usb}",
        ]
        self.aside = f"{self.root}/unplugged-{number}"
        self.master = testbed.get_dev_fd(self.path)
        self.slave = os.open(self.root + self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.is_awake = False
        self.clients = UMockdev.IoctlBase()
        for signal, callback in {
            "client-connected": key.opened,
            "client-vanished": key.closed,
            "handle-read": key.read,
            "handle-write": key.write,
            "handle-ioctl": key.ioctl,
        }.items():
            self.clients.connect(signal, callback)
        testbed.attach_ioctl(self.path, self.clients)

    def description(self, key):
        vendor, product_id = key.ids
        interface = f"{self.usb}/{self.port}:1.0"
        serial = f"A: serial={key.serial}\\n\n" if key.serial else ""
        return f"""P: {interface}/{self.hid}/hidraw/hidraw{self.number}
N: hidraw{self.number}
E: DEVNAME={self.path}
E: MAJOR={MAJOR}
E: MINOR={self.number}
E: SUBSYSTEM=hidraw
E: ID_FIDO_TOKEN=1
A: dev={MAJOR}:{self.number}\\n
L: device=../../../{self.hid}

P: {interface}/{self.hid}
E: SUBSYSTEM=hid
E: DRIVER=hid-generic
E: HID_ID=0003:{vendor:08X}:{product_id:08X}
E: HID_NAME={key.manufacturer} {key.product}
E: HID_PHYS=usb-0000:00:14.0-{self.number + 1}/input0
E: HID_UNIQ={key.serial}
H: report_descriptor={DESCRIPTOR.hex().upper()}

P: {interface}
E: SUBSYSTEM=usb
E: DEVTYPE=usb_interface
E: DRIVER=usbhid
A: bInterfaceNumber=00\\n

P: {self.usb}
E: SUBSYSTEM=usb
E: DEVTYPE=usb_device
E: DRIVER=usb
E: DEVNAME=/dev/bus/usb/001/{self.number + 2:03}
A: idVendor={vendor:04x}\\n
A: idProduct={product_id:04x}\\n
A: bcdDevice=0100\\n
A: manufacturer={key.manufacturer}\\n
A: product={key.product}\\n
{serial}
"""

    # The node is a pseudo-terminal: it is readable as long as a byte waits there, which no client reads.

    def wake(self):
        if not self.is_awake:
            os.write(self.master, b"!")
            self.is_awake = True

    def calm(self):
        if self.is_awake:
            os.read(self.slave, 1)
            self.is_awake = False

    # umockdev makes a node once only, so what is unplugged is put aside and not thrown away.

    def disappear(self):
        os.mkdir(self.aside)
        for place, path in enumerate(self.places):
            os.rename(f"{self.root}/{path}", f"{self.aside}/{place}")

    def reappear(self):
        self.calm()
        for place, path in reversed(list(enumerate(self.places))):
            os.rename(f"{self.aside}/{place}", f"{self.root}/{path}")
        os.rmdir(self.aside)


class Bed:
    """All of it."""

    def __init__(self):
        self.testbed = UMockdev.Testbed.new()
        self.keys = {}
        self.nodes = 0

    def appear(self, key):
        if key.node:
            key.node.reappear()
            return key.node
        self.nodes += 1
        return Node(self.testbed, self.nodes - 1, key)

    def do(self, words):
        act, name, *rest = words
        if act == "key":
            self.keys[name] = Key(self, words[1:])
            return ""
        if name not in self.keys:
            raise Refused(f"there is no key {name}")
        key = self.keys[name]
        match [act, *rest]:
            case ["plug"]:
                key.plug()
            case ["unplug"]:
                key.unplug()
            case ["replug"]:
                key.unplug()
                key.plug()
            case ["touch"]:
                key.touch()
            case ["touch", how]:
                key.set_touch(how)
            case ["finger", how]:
                key.order(f"finger {how}")
            case ["await", condition]:
                key.wait(condition)
            case ["count"]:
                return key.count()
            case _:
                raise Refused(f"{' '.join(words)} cannot be played here")
        return ""


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


def main():
    bed = Bed()
    print(f"ok\t{bed.testbed.get_root_dir()}", flush=True)
    for line in sys.stdin:
        try:
            answer = f"ok\t{bed.do(line.rstrip(chr(10)).split(chr(9)))}"
        except Refused as refused:
            answer = f"no\t{refused}"
        print(answer, flush=True)
    for key in bed.keys.values():
        key.unplug()


if __name__ == "__main__":
    main()
