"""Keys on this machine that are none: device nodes, sysfs and udev's word for them come from umockdev,
and behind each node is a firmware process (tests/firmware).

    bed.py

Reads requests on standard input, a line each with a tab between words, and answers each with a line,
`ok` or `no`, a tab, and what there is to say. The first line, unasked, is `ok` and the root of what a
program sees that runs with the library umockdev-preload: give it that root as UMOCKDEV_DIR.

    key NAME PROGRAM STATE VENDOR PRODUCT-ID MANUFACTURER PRODUCT SERIAL TRAFFIC LOG TOUCH SWITCHES
    plug NAME | unplug NAME | replug NAME
    touch NAME | touch NAME long|auto|hold | finger NAME good|wrong|auto|none
    await NAME touch|idle|cancel
    count NAME

A device node keeps reports apart as the kernel's hidraw does: a read gives one, a write takes one, and
whoever opens it sees what comes from then on. It needs Debian's python3-gi and gir1.2-umockdev-1.0.
"""

import sys

import gi

gi.require_version("UMockdev", "1.0")
from gi.repository import UMockdev  # noqa: E402  (its version is named first)

from key import Key, Refused  # noqa: E402
from node import Node  # noqa: E402


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
                key.touch("touch")
            case ["touch", "long"]:
                key.touch("touch long")
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
