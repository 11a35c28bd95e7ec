#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The QMP server of a real hv-domain, in its jail, with a guest that runs.

# bats sets $stderr.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0
load ../agent/domain.bash

setup_file() {
	find_build
	make_roms
}

setup() {
	export TAIKI_RUN_DIR=$BATS_TEST_TMPDIR/run TAIKI_ETC_DIR=$BATS_TEST_TMPDIR/etc
	mkdir -p "$TAIKI_RUN_DIR"
	define web 0
	timeout 60 "$TAIKI_HV" start "$OCF_RESKEY_config"
}

teardown() { kill_domains; }

hostile() {
	timeout 120 python3 "$BATS_TEST_DIRNAME/hostile.py" "$TAIKI_RUN_DIR/web/qmp.sock" "$1"
}

@test "twenty clients at once: the last four are told why they may not" { hostile twenty; }
@test "a request without end is given up, and only its client" { hostile endless; }
@test "a request that nests without end is given up" { hostile deep; }
@test "garbage is answered, and the next request is understood" { hostile garbage; }
@test "wrong types are refused one by one" { hostile types; }
@test "a client that floods it with descriptors" { hostile descriptors; }
@test "a client that never reads is dropped, and nobody waits for it" { hostile deaf; }

@test "only root may connect" {
	[[ $(stat -c '%F %a %u' "$TAIKI_RUN_DIR/web/qmp.sock") == 'socket 600 0' ]]
}

not_running() { run -3 timeout 10 "$TAIKI_HV" info web; }

@test "the guest pauses, continues and ends as QMP says, and events tell" {
	run -0 timeout 60 python3 - "$TAIKI_RUN_DIR/web/qmp.sock" <<-'PY'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(20)
		s.connect(sys.argv[1])
		f = s.makefile("rw")
		seen = []
		def ask(command):
		    f.write(json.dumps({"execute": command}))
		    f.flush()
		    while True:
		        m = json.loads(f.readline())
		        if "event" not in m:
		            return m
		        seen.append(m["event"])
		f.readline()
		ask("qmp_capabilities")
		def clock():
		    return ask("x-taiki-info")["return"]["clock-ns"]
		assert ask("stop") == {"return": {}}
		assert ask("query-status")["return"]["status"] == "paused"
		stood = clock()
		assert clock() == stood
		assert ask("cont") == {"return": {}}
		assert ask("query-status")["return"]["running"]
		assert clock() > stood
		assert ask("system_reset") == {"return": {}}
		assert ask("system_powerdown") == {"return": {}}
		while "SHUTDOWN" not in seen:
		    m = json.loads(f.readline())
		    seen.append(m["event"])
		assert seen == ["STOP", "RESUME", "RESET", "POWERDOWN", "SHUTDOWN"], seen
		assert m["data"] == {"guest": True, "reason": "guest-shutdown"}, m
		assert f.readline() == ""
	PY
	until_true 10 not_running
}
