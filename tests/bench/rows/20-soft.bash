# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # bench sets O, guest, work
#
# Debian's kernel and busybox on the soft engine against QEMU's TCG.

# The Linux guest of both sides does the same work and says where it is.
linux_script() {
	cat <<'END'
sleep 1
echo "@md5 begins"; dd if=/dev/zero bs=1M count=64 2>/dev/null | md5sum; echo "@md5 ends"
echo "@loop begins"; i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo "@loop ends"
echo "@fork begins"; i=0; while [ $i -lt 400 ]; do /bin/busybox true; i=$((i+1)); done; echo "@fork ends"
/guestio /dev/vda seq 128
/guestio /dev/vda rand 4000
echo "@all done"; sleep 30
END
}
marks=(-e 'first=' -e 'init=init: first line'
	-e 'md5a=@md5 begins' -e 'md5b=@md5 ends' -e 'loopa=@loop begins' -e 'loopb=@loop ends'
	-e 'forka=@fork begins' -e 'forkb=@fork ends' -e 'seqa=@seq begins' -e 'seqb=@seq ends'
	-e 'randa=@rand begins' -e 'randb=@rand ends' -e 'all=@all done')

prepare_linux() {
	local d=$work/extra
	mkdir -p "$d"
	cp "$O/bench/guestio" "$d/guestio"
	(cd "$d" && echo guestio | cpio -o -H newc --quiet | gzip -n) >"$work/extra.gz"
	cat "$guest/initrd.gz" "$work/extra.gz" >"$work/initrd.gz"
	# On its disk before the first reads it, or that side waits for the write.
	[[ -s $work/disk ]] || { head -c 256M /dev/urandom >"$work/disk" && sync "$work/disk"; }
	cmdline="console=ttyS0 cryptomgr.notests taiki.exec=$(linux_script | base64 -w0)"
}

linux_ours() {
	domain linux soft 256 "$guest/vmlinuz" "$work/initrd.gz" "$cmdline" "$work/disk" >"$work/linux.xml"
	hv start --paused "$work/linux.xml" >/dev/null || return 1
	pid=$(<"$TAIKI_RUN_DIR/linux/pid")
	(sleep 12 && pss "$pid" >"$work/pss.busy" 2>/dev/null) &
	stamp -t 300 -u "$TAIKI_RUN_DIR/linux/console.sock" -l "$work/ours.log" "${marks[@]}" -- \
		hv resume linux >"$work/ours" || say "the guest on soft did not finish: see its console:" \
		"$(tail -n 3 "$work/ours.log")"
	if [[ -n ${1:-} ]]; then
		sleep 15
		pss "$pid" >"$work/pss.idle"
	fi
	hv destroy linux >/dev/null
}

linux_theirs() {
	stamp -t 300 -l "$work/theirs.log" "${marks[@]}" -- qemu-system-x86_64 -M pc -accel tcg -cpu max \
		-m 256 -nodefaults -display none -serial stdio -kernel "$guest/vmlinux" \
		-initrd "$work/initrd.gz" -append "$cmdline" \
		-drive "file=$work/disk,if=none,id=d,format=raw,cache=none,aio=io_uring" \
		-device virtio-blk-pci,drive=d >"$work/theirs"
}

bench_linux() {
	local i m busy=""
	declare -A o=() t=()
	prepare_linux
	for ((i = 0; i < ROUNDS; i++)); do
		linux_ours "$([[ $i == 0 ]] && echo idle)"
		linux_theirs
		o[boot]+=" $(from_to "$work/ours" first init)"
		t[boot]+=" $(from_to "$work/theirs" first init)"
		for m in md5 loop fork seq rand; do
			o[$m]+=" $(from_to "$work/ours" ${m}a ${m}b)"
			t[$m]+=" $(from_to "$work/theirs" ${m}a ${m}b)"
		done
		busy+=" $(cat "$work/pss.busy" 2>/dev/null)"
	done
	row soft-boot ms less 0.5 "${o[boot]}" "${t[boot]}"
	row soft-loop-md5sum ms less 0.4 "${o[md5]}" "${t[md5]}"
	row soft-loop-shell ms less 0.4 "${o[loop]}" "${t[loop]}"
	row soft-fork ms less 0.5 "${o[fork]}" "${t[fork]}"
	row disk-sequential ms less 1 "${o[seq]}" "${t[seq]}"
	row disk-random ms less 0.7 "${o[rand]}" "${t[rand]}"
	limit vmm-memory-soft-busy KiB 24576 "$busy"
	limit vmm-memory-soft-idle KiB 4096 "$(cat "$work/pss.idle" 2>/dev/null)"
}

explain <<'END'
`soft-*` and `disk-*`: Debian's cloud kernel and busybox on the soft engine against QEMU's TCG, stamped by
the reader of the console. `disk-sequential`: 128 reads of 1 MiB, `disk-random`: 4000 of 4 KiB, one at a
time, into a pool of 32 MiB, past the page caches of guest and host. `vmm-memory-soft-*`: Pss as above, in the loops and after them.
END

any soft-boot soft-loop-md5sum soft-loop-shell soft-fork disk-sequential disk-random \
	vmm-memory-soft-busy vmm-memory-soft-idle && bench_linux
