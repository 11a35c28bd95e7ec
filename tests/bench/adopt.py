#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# adopt.py alone ROUNDS | burst COUNT: twins of flat guests, adopted by agents that are called
# directly, in a network of their own.
#
# alone: a line each round, from the agent's call to the role's having been told, ms, and what the
# agent took of processors, ms.
# burst: one line: until the last one's has been told, ms, until the last agent has ended, and what
# each agent took of processors; what was lost or is there twice ends it with an error.

import os
import re
import resource
import selectors
import shutil
import subprocess
import sys
import tempfile
import time

O = os.environ["O"]
STANDBY, AGENT = f"{O}/tests/unit/agent/standby", f"{O}/resource-agents/domain"
ROLE = re.compile(rb": role after ([0-9.]+) ms")


def definition(work, name):
    for image in (f"{name}-here.raw", f"{name}-data.raw"):
        with open(f"{work}/{image}", "wb") as f:
            f.truncate(1 << 20)
    path = f"{work}/{name}.xml"
    disk = "<disk type='file'><source file='{}'/><target dev='{}'/></disk>".format
    with open(path, "w") as f:
        f.write(f"""<domain type='kvm'><name>{name}</name>
<memory unit='MiB'>64</memory><vcpu>1</vcpu>
<metadata><taiki:domain xmlns:taiki='urn:taiki:domain:1'>
<taiki:standby memory='16' unit='MiB' quota='20000' shares='64'>
<taiki:active-only disk='vdb'/><taiki:active-only interface='net0'/>
<taiki:role key='address' value='10.0.0.5/24'/></taiki:standby></taiki:domain></metadata>
<os><type arch='x86_64'>hvm</type><kernel>{O}/bench/flat</kernel></os><features><acpi/></features>
<devices>{disk(f"{work}/{name}-{{node}}.raw", "vda")}{disk(f"{work}/{name}-data.raw", "vdb")}
<interface type='bridge'><source bridge='bench'/></interface>
<serial type='pty'/></devices></domain>""")
    return path


def agent(action, name, path, gate=None, **more):
    """With a gate it waits until that, a pipe, ends: so many cannot be begun at once."""
    env = dict(os.environ, OCF_RESOURCE_INSTANCE=name, OCF_RESKEY_config=path, OCF_RESKEY_assume_fencing="true",
               OCF_RESKEY_CRM_meta_timeout="60000", OCF_RESKEY_CRM_meta_interval="0", **more)
    wait = ["/bin/sh", "-c", 'read -r _; exec "$0" "$@" </dev/null'] if gate else []
    return subprocess.Popen([*wait, AGENT, action], env=env, stdin=gate or subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def wait_twin(name):
    subprocess.run([STANDBY, f"{name}@twin", name_path[name]], check=True)
    with open(f"{os.environ['TAIKI_RUN_DIR']}/{name}@twin/pid") as f:
        return int(f.read())


def start(names):
    """All at once; ms until each one's role was told, and until all have ended."""
    poll = selectors.DefaultSelector()
    gate, opener = os.pipe()
    many = gate if len(names) > 1 else None
    began = time.monotonic()
    agents = {name: agent("start", name, name_path[name], many) for name in names}
    told, said = {}, {name: b"" for name in names}
    for name, a in agents.items():
        poll.register(a.stderr, selectors.EVENT_READ, name)
    os.close(gate)
    if many:
        time.sleep(2)
        began = time.monotonic()
    os.close(opener)
    while poll.get_map():
        for key, _ in poll.select():
            data = os.read(key.fd, 65536)
            now = (time.monotonic() - began) * 1000
            said[key.data] += data
            if not data:
                poll.unregister(key.fileobj)
            elif key.data not in told and ROLE.search(said[key.data]):
                told[key.data] = now
    for name, a in agents.items():
        if a.wait() or name not in told:
            sys.exit(f"{name}: {said[name].decode()}")
    return told, (time.monotonic() - began) * 1000


def stop(names):
    for a in [agent("stop", name, name_path[name], OCF_RESKEY_force_stop="true") for name in names]:
        if a.wait():
            sys.exit(a.stderr.read().decode())


def check(name, pid):
    run = os.environ["TAIKI_RUN_DIR"]
    with open(f"{run}/{name}/pid") as f:
        if int(f.read()) != pid or os.path.exists(f"{run}/{name}@twin"):
            sys.exit(f"{name} is not what waited for it")


def spent():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


def alone(rounds):
    for _ in range(rounds):
        pid = wait_twin("twin0")
        time.sleep(0.2)
        before = spent()
        told, _ = start(["twin0"])
        after = spent()
        check("twin0", pid)
        print(f"{told['twin0']:.3f} {after - before:.3f}", flush=True)
        stop(["twin0"])


def burst(count):
    names = [f"twin{i}" for i in range(count)]
    pids = {name: wait_twin(name) for name in names}
    time.sleep(1)
    before = spent()
    told, all_ended = start(names)
    each = (spent() - before) / count
    for name in names:
        check(name, pids[name])
    if len(set(pids.values())) != count:
        sys.exit("one is there twice")
    print(f"{max(told.values()):.3f} {all_ended:.3f} {each:.3f}", flush=True)
    stop(names)


def own_group():
    """As systemd has it: agents in a control group of their own, beside the one of all domains."""
    for base in ("/sys/fs/cgroup/cpu", "/sys/fs/cgroup"):
        try:
            os.makedirs(f"{base}/taiki-bench", exist_ok=True)
            with open(f"{base}/taiki-bench/cgroup.procs", "w") as f:
                f.write(str(os.getpid()))
        except OSError:
            continue
        return base
    return None


def leave_group(base):
    with open(f"{base}/cgroup.procs", "w") as f:
        f.write(str(os.getpid()))
    os.rmdir(f"{base}/taiki-bench")


os.environ["TAIKI_NODE"] = "here"
for line in ("link add bench type bridge", "link set bench up"):
    subprocess.run(["ip", *line.split()], check=True)
n = int(sys.argv[2])
group = own_group()
try:
    where = tempfile.mkdtemp(dir="/var/tmp")
    name_path = {f"twin{i}": definition(where, f"twin{i}") for i in range(n if sys.argv[1] == "burst" else 1)}
    {"alone": alone, "burst": burst}[sys.argv[1]](n)
finally:
    shutil.rmtree(where)
    if group:
        leave_group(group)
