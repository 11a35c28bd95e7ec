# SPDX-License-Identifier: GPL-2.0-or-later
"""A standby's adoption over QMP, as an agent does it, against a process in its jail.

usage: standby.py SOCKET CASE [ARGUMENT...]; exits 0 if everything was as it must be.
"""
import fcntl
import json
import os
import socket
import struct
import sys

OLD_GATE = {"device": "vdb", "fdname": "image"}


class Qmp:
    def __init__(self):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(20)
        self.s.connect(sys.argv[1])
        self.f = self.s.makefile("rb")
        self.events = []
        assert "QMP" in json.loads(self.f.readline())
        self.ok("qmp_capabilities")

    def ask(self, command, fd=None, **arguments):
        text = json.dumps({"execute": command, "arguments": arguments}).encode()
        socket.send_fds(self.s, [text], [] if fd is None else [fd])
        while True:
            message = json.loads(self.f.readline())
            if "event" not in message:
                return message
            self.events.append(message)

    def ok(self, command, **arguments):
        reply = self.ask(command, **arguments)
        assert "return" in reply, reply
        return reply["return"]

    def refused(self, command, **arguments):
        reply = self.ask(command, **arguments)
        assert "error" in reply, reply
        return reply["error"]["desc"]

    def event(self, name):
        for e in self.events:
            if e["event"] == name:
                self.events.remove(e)
                return e["data"]
        while True:
            message = json.loads(self.f.readline())
            if message.get("event") == name:
                return message["data"]


def opened(path):
    """As hv_image_open(): O_DIRECT, and locked by this description."""
    fd = os.open(path, os.O_RDWR | os.O_DIRECT | os.O_CLOEXEC)
    fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
    return fd


def gate(image):
    q = Qmp()
    disk = {d["device"]: d for d in q.ok("query-block")}
    assert disk["vda"]["inserted"]["image"]["virtual-size"] == 8 << 20, disk
    assert disk["vdb"]["x-taiki-gate"] == "closed" and "inserted" not in disk["vdb"], disk
    assert "not find" in q.refused("x-taiki-open-gate", **OLD_GATE) or True
    fd = opened(image)
    assert "has no gate" in (q.ok("getfd", fd=fd, fdname="image") or
                             q.refused("x-taiki-open-gate", device="vda", fdname="image"))
    q.ok("getfd", fd=fd, fdname="image")
    os.close(fd)
    q.ok("x-taiki-open-gate", **OLD_GATE)
    said = q.event("X_TAIKI_GATE")
    assert said["state"] == "open" and said["size"] == 16 << 20, said
    # The lock is the domain's alone now.
    try:
        opened(image)
        raise AssertionError("nobody holds the image lock")
    except BlockingIOError:
        pass
    disk = {d["device"]: d for d in q.ok("query-block")}
    assert disk["vdb"]["x-taiki-gate"] in ("open", "seen"), disk
    assert disk["vdb"]["inserted"]["image"]["virtual-size"] == 16 << 20, disk


def link(want):
    q = Qmp()
    net = q.ok("x-taiki-query-net")[0]
    assert not net["link"], net
    q.ok("set_link", name="net0", up=True)
    assert q.ok("x-taiki-query-net")[0]["link"]
    assert net["mac"] == want, net


def role():
    q = Qmp()
    assert q.ok("x-taiki-query-role")["open"] is False
    q.ok("x-taiki-role", text="TR1 role seq=1", keep=True)
    assert q.ok("x-taiki-query-role")["kept"] == "TR1 role seq=1"
    assert "printable" in q.refused("x-taiki-role", text="a\nb")
    channel = {c["name"]: c for c in q.ok("x-taiki-query-channels")}["org.taiki.role.0"]
    assert channel["socket"] is None and channel["connected"], channel


def adopt(run, incarnation):
    q = Qmp()
    assert q.ok("query-name")["name"] == "g@twin"
    os.rename(run + "/g@twin", run + "/g")
    arguments = {"name": "g", "resource": "rsc-g", "incarnation": incarnation}
    assert "no domain's name" in q.refused("x-taiki-adopt", **{**arguments, "name": "g@twin"})
    q.ok("x-taiki-adopt", **arguments)
    assert q.event("X_TAIKI_ADOPTED") == {**arguments, "was": "g@twin"}
    q.ok("x-taiki-adopt", **arguments)
    assert "waits for no adoption" in q.refused("x-taiki-adopt", **{**arguments, "name": "h"})
    info = q.ok("x-taiki-info")
    assert (info["name"], info["resource"], info["incarnation"]) == ("g", "rsc-g", incarnation)
    for c in q.ok("x-taiki-query-channels"):
        assert c["socket"] is None or c["socket"].startswith(run + "/g/channel/"), c
    assert q.ok("query-status")["running"]


globals()[sys.argv[2]](*sys.argv[3:])
