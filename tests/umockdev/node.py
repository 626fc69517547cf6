"""Device nodes and the sysfs around them, which umockdev shows to programs."""

import os

import gi

gi.require_version("UMockdev", "1.0")
from gi.repository import UMockdev  # noqa: E402  (its version is named first)

DESCRIPTOR = bytes.fromhex(
    "06d0f10901a1010920150026ff007508954081020921150026ff00750895409102c0"
)
MAJOR = 240
HUB = "/devices/pci0000:00/0000:00:14.0/usb1"


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
