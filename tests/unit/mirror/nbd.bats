#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The NBD export, by its clients: libnbd's tools and Python module, QEMU's, and fio.

bats_require_minimum_version 1.5.0
# shellcheck source=tests/unit/mirror/pair.bash
load pair.bash

teardown() { pair_end; }

# alone BYTES: a is Primary, and has no peer
alone() {
	pair_new "$1"
	up a --no-connect
	mirror a primary r0 --force
}

# client: a program for Python's nbd, which is connected to a's export as h, with every context; SCRIPT on stdin
client() {
	/usr/bin/python3 - "$(nbd a)" <<-END
		import nbd, sys, errno
		def refused(number, f, *a, **k):
		    try:
		        f(*a, **k)
		    except nbd.Error as e:
		        assert e.errnum == number, (e.errnum, number, e.string)
		        return
		    assert False, "not refused"
		h = nbd.NBD()
		for c in ("base:allocation", "taiki:out-of-sync"):
		    h.add_meta_context(c)
		h.connect_uri(sys.argv[1])
		$(cat)
	END
}

@test "what the export is: sizes, flags, contexts; by the volume's name too, and by no other" {
	alone 16M
	run -0 nbdinfo --json "$(nbd a)"
	jq -e '.exports[0] | .["export-size"] > 16000000 and .block_size_minimum == 512 and
		.block_size_preferred == 4096 and .can_df and .can_fua and .can_flush and .can_fast_zero and
		.can_multi_conn and .can_trim and .can_zero and (.is_read_only | not) and
		(.contexts | sort) == ["base:allocation", "taiki:out-of-sync"]' <<<"$output"
	nbdinfo --size "nbd+unix:///r0?socket=$PAIR/a/.mirror/r0/nbd.sock"
	run ! qemu-img info "nbd+unix:///r1?socket=$PAIR/a/.mirror/r0/nbd.sock"
	[[ $output == *"has no name, or the volume's"* ]]
	nbdinfo --list "nbd+unix:///?socket=$PAIR/a/.mirror/r0/nbd.sock"
}

@test "status of blocks: what is a hole and what is not, what the peer may not have, one extent where one is asked for" {
	alone 64M
	qemu-io -f raw -c 'write -P 1 4M 1M' -c 'write -P 2 8M 64k' -c flush "$(nbd a)" >/dev/null
	run -0 nbdinfo --map=base:allocation --json "$(nbd a)"
	jq -e '.[0:4] | map([.offset, .length, .type]) == [[0, 4194304, 3], [4194304, 1048576, 0],
		[5242880, 3145728, 3], [8388608, 65536, 0]]' <<<"$output"
	# what QEMU makes of it
	run -0 qemu-img map --output=json -f raw "$(nbd a)"
	jq -e 'map(select(.data) | [.start, .length]) | .[0:2] == [[4194304, 1048576], [8388608, 65536]]' <<<"$output"
	qemu-img convert -f raw -O raw "$(nbd a)" "$PAIR/copy"
	cmp -n "$(status a size)" "$PAIR/copy" "$PAIR/a.img"
	client <<-'END'
		def ask(n, at, **k):
		    found = {}
		    h.block_status(n, at, lambda c, o, e, err: found.update({c: e}), **k)
		    return found
		M = 1 << 20
		one = ask(8 * M, 3 * M, flags=nbd.CMD_FLAG_REQ_ONE)
		assert one == {"base:allocation": [M, 3], "taiki:out-of-sync": [8 * M, 1]}, one
		part = ask(2 * M, 3 * M)["base:allocation"]
		assert part == [M, 3, M, 0], part
	END
}

@test "what the peer may not have is what was written while it was away" {
	pair_new 32M
	up a
	up b
	await is a connection Connected
	mirror a primary r0 --force
	synced
	mirror b disconnect r0
	await is a connection WFConnection
	qemu-io -f raw -c 'write 8M 12k' -c flush "$(nbd a)" >/dev/null
	run -0 nbdinfo --map=taiki:out-of-sync --json "$(nbd a)"
	jq -e 'map([.offset, .length, .type]) | .[0:2] == [[0, 8388608, 0], [8388608, 12288, 1]] and
		.[2][0] == 8400896 and .[2][2] == 0' <<<"$output"
}

@test "structured replies: data, zeroes as a hole, in one chunk where that is wanted, and errors that say why" {
	alone 16M
	client <<-'END'
		def chunks(n, at, **k):
		    seen = []
		    h.pread_structured(n, at, lambda b, o, s, e: seen.append((o, len(b), s)), **k)
		    return seen
		assert h.get_structured_replies_negotiated()
		h.pwrite(b"x" * 4096, 65536, nbd.CMD_FLAG_FUA)
		assert chunks(4096, 65536) == [(65536, 4096, nbd.READ_DATA)]
		assert chunks(65536, 0) == [(0, 65536, nbd.READ_HOLE)]
		assert chunks(65536, 0, flags=nbd.CMD_FLAG_DF) == [(0, 65536, nbd.READ_DATA)]
		assert h.pread(8192, 61440 + 2048) == b"\0" * 2048 + b"x" * 4096 + b"\0" * 2048
		h.set_strict_mode(0)
		refused(errno.EINVAL, h.pread, 512, 100)
		refused(errno.EINVAL, h.pread, 512, h.get_size())
		refused(errno.ENOSPC, h.pwrite, b"y" * 512, h.get_size())
		refused(errno.EINVAL, h.pread, 8 << 20, 0)
		refused(errno.EINVAL, h.cache, 512, 0)
		refused(errno.EINVAL, h.trim, 4096, 0, 1 << 9)
		# and it is still there to serve
		assert h.pread(4096, 65536) == b"x" * 4096
	END
	# without them, and without anything else that was not always there
	/usr/bin/python3 - "$(nbd a)" <<-'END'
		import nbd, sys
		h = nbd.NBD()
		h.set_request_structured_replies(False)
		h.connect_uri(sys.argv[1])
		assert not h.can_df()
		assert h.pread(4096, 65536) == b"x" * 4096 and h.pread(4096, 0) == b"\0" * 4096
	END
}

@test "write-zeroes and trim: storage is given back, or kept where that is asked for" {
	alone 16M
	client <<-'END'
		M = 1 << 20
		h.pwrite(b"x" * 4 * M, 0)
		h.zero(M, 0, nbd.CMD_FLAG_NO_HOLE | nbd.CMD_FLAG_FUA)
		h.zero(M, M, nbd.CMD_FLAG_FAST_ZERO)
		h.trim(M, 2 * M, nbd.CMD_FLAG_FUA)
		h.zero(512, 3 * M + 512)
		h.flush()
		assert h.pread(3 * M, 0) == b"\0" * 3 * M
		assert h.pread(2048, 3 * M) == b"x" * 512 + b"\0" * 512 + b"x" * 1024
	END
	run -0 nbdinfo --map --json "$(nbd a)"
	jq -e 'map(select(.offset == 1048576 or .offset + .length == 3145728)) | .[0].type == 3' <<<"$output"
}

@test "several clients see one disk: what one has flushed the other reads, with four connections of nbdcopy" {
	alone 48M
	head -c 32M /dev/urandom >"$PAIR/data"
	nbdcopy --connections=4 --requests=16 --flush "$PAIR/data" "$(nbd a)"
	nbdcopy --connections=4 "$(nbd a)" "$PAIR/back"
	cmp -n 33554432 "$PAIR/data" "$PAIR/back"
	qemu-img compare -f raw -F raw "$PAIR/back" "$(nbd a)"
}

@test "fio writes at random with 16 in flight, and reads what it wrote" {
	alone 32M
	run -0 fio --name=v --ioengine=nbd --uri="$(nbd a)" --rw=randwrite --bsrange=512-64k --blockalign=512 \
		--size=16M --iodepth=16 --verify=crc32c --do_verify=1 --randrepeat=1 --verify_state_save=0 --output-format=terse
	[[ $output != *error* ]]
}

@test "a second Primary's client is refused by the reason, and who asks for nonsense goes alone" {
	alone 16M
	# bytes that are no protocol, and options that are too long: only that client is gone
	head -c 300 /dev/urandom | timeout 5 socat -t 1 - "UNIX-CONNECT:$PAIR/a/.mirror/r0/nbd.sock" >/dev/null || true
	printf '\0\0\0\3IHAVEOPT\0\0\0\7\177\0\0\0' |
		timeout 5 socat -t 1 - "UNIX-CONNECT:$PAIR/a/.mirror/r0/nbd.sock" >/dev/null || true
	nbdinfo --size "$(nbd a)"
	mirror a secondary r0
	run ! qemu-img info "$(nbd a)"
	[[ $output == *"not Primary"* ]]
}
