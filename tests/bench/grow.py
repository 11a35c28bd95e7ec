# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a guest (balloon.c) takes to grow, over QMP; the same for hv-domain and QEMU.

usage: grow.py SOCKET CONSOLE LARGE SMALL ROUNDS

Prints a line a round: milliseconds from the command to the target being reached, and to
every page that came back having been written to.  ROUNDS 0: it only shrinks.
"""
import json
import socket
import sys
import time

PATIENCE = 300


class Qmp:
    def __init__(self, path):
        for _ in range(PATIENCE * 10):
            try:
                self.s = socket.socket(socket.AF_UNIX)
                self.s.connect(path)
                break
            except OSError:
                time.sleep(0.1)
        self.f = self.s.makefile("rw")
        self.f.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.f.write(json.dumps({"execute": command, "arguments": arguments}))
        self.f.flush()
        while True:
            message = json.loads(self.f.readline())
            if "event" not in message:
                return message["return"]


def said(console):
    try:
        with open(console) as f:
            return "".join(c for c in f.read() if c in "RIDU")
    except FileNotFoundError:
        return ""


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            sys.exit("the guest did not come so far: it said " + said(sys.argv[2]))
        time.sleep(0.001)


def main():
    path, console, large, small, rounds = sys.argv[1:]
    q = Qmp(path)
    until(lambda: said(console).startswith("R"))
    for i in range(max(int(rounds), 1)):
        q.ask("balloon", value=int(small))
        until(lambda: said(console).count("I") > i)
        if rounds == "0":
            return
        time.sleep(0.2)
        began = time.monotonic()
        q.ask("balloon", value=int(large))
        until(lambda: q.ask("query-balloon")["actual"] == int(large))
        grown = time.monotonic()
        until(lambda: said(console).count("U") > i)
        print("%.3f %.3f" % ((grown - began) * 1000, (time.monotonic() - began) * 1000), flush=True)


main()
