# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that are wrong, against a domain's QMP socket.

usage: hostile.py SOCKET CASE; exits 0 if the domain bore it.
"""
import json
import socket
import sys

PATH = sys.argv[1]
CLIENTS_MAX = 16


class Client:
    def __init__(self):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(20)
        self.s.connect(PATH)
        self.f = self.s.makefile("rb")

    def line(self):
        return json.loads(self.f.readline() or "null")

    def reply(self):
        while True:
            message = self.line()
            if message is None or "event" not in message:
                return message

    def ask(self, command, **arguments):
        self.s.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        return self.reply()

    def negotiated(self):
        assert "QMP" in self.line()
        assert self.ask("qmp_capabilities") == {"return": {}}
        return self


def bystander_is_served():
    assert Client().negotiated().ask("query-status")["return"]["running"]


def twenty():
    clients = [Client() for _ in range(20)]
    greetings = [c.line() for c in clients]
    assert all("QMP" in g for g in greetings[:CLIENTS_MAX]), greetings
    for c, g in zip(clients[CLIENTS_MAX:], greetings[CLIENTS_MAX:]):
        assert "too many clients" in g["error"]["desc"], g
        assert c.line() is None
    for c in clients:
        c.f.close()
        c.s.close()


def endless():
    c = Client().negotiated()
    try:
        c.s.sendall(b'{"execute": "' + b"x" * (4 << 20))
    except (BrokenPipeError, ConnectionResetError):
        pass
    try:
        said = c.reply()
    except ConnectionResetError:
        said = None
    assert said is None or "longer than" in said["error"]["desc"], said


def deep():
    c = Client().negotiated()
    try:
        c.s.sendall(b'{"execute": ' + b"[" * 100000)
        assert "nested too deeply" in c.reply()["error"]["desc"]
    except (BrokenPipeError, ConnectionResetError):
        pass


def garbage():
    c = Client().negotiated()
    for text in (b"\x00\x01\x02\n", b"GET / HTTP/1.1\r\n", b"]\n", b'{"a\n', b"\xff"):
        c.s.sendall(text)
        assert c.reply()["error"]["class"] == "GenericError"
    assert c.ask("query-status")["return"]["running"]


def types():
    c = Client().negotiated()
    for request in ({}, {"execute": None}, {"execute": "stop", "arguments": 1},
                    {"execute": "balloon", "arguments": {"value": {}}},
                    {"execute": "balloon", "arguments": {"value": 1 << 62}},
                    {"execute": "block_resize", "arguments": {"device": "nothing", "size": -1}},
                    {"execute": "set_link", "arguments": {"name": "x" * 5000, "up": True}},
                    {"execute": "x" * 100000}):
        c.s.sendall(json.dumps(request).encode())
        assert "error" in c.reply(), request
    assert c.ask("query-status")["return"]["running"]


def descriptors():
    """Hands over more and more of them: one may wait for its name, the rest is closed."""
    c = Client().negotiated()
    null = open("/dev/null", "rb")
    for _ in range(200):
        socket.send_fds(c.s, [b" "], [null.fileno()] * 253)
    assert "not starting with a digit" in c.ask("getfd", fdname="1")["error"]["desc"]
    for i in range(100):
        socket.send_fds(c.s, [b" "], [null.fileno(), c.s.fileno()])
        c.ask("getfd", fdname="x%d" % i)
    assert "not found" in c.ask("closefd", fdname="x99")["error"]["desc"]
    assert c.ask("closefd", fdname="x0") == {"return": {}}
    assert c.ask("x-taiki-info")["return"]["qmp"]["fds-closed"] > 50000


def deaf():
    """Asks and asks and never reads: dropped, while somebody else is served."""
    c = Client().negotiated()
    c.s.settimeout(0.2)
    request = json.dumps({"execute": "x-taiki-info"}).encode() * 100
    try:
        for _ in range(3000):
            try:
                c.s.send(request)
            except TimeoutError:
                pass
    except (BrokenPipeError, ConnectionResetError):
        bystander_is_served()
        return
    raise AssertionError("a client that never read was kept")


globals()[sys.argv[2]]()
bystander_is_served()
