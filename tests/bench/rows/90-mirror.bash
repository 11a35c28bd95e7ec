# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # bench sets work
#
# taiki-mirrord against QEMU's mirror, nbdcopy, the disk alone, and what DRBD would do.

# mirror_measure PART [PROGRAM]: tests/bench/mirror PART, or the other program's, into the array m, KIND=VALUES
mirror_measure() {
	local kind value program=${2:-mirror}
	m=()
	O=$O "tests/bench/$program" "$1" "$ROUNDS" >"$work/mirror" || say "tests/bench/$program $1 did not come to its end"
	while read -r kind value; do m[$kind]+=" $value"; done <"$work/mirror"
}

bench_mirror_io() {
	local -A m
	mirror_measure io
	row mirror-write-1 writes/s more 1 "${m[write-1-ours]:-}" "${m[write-1-qemu]:-}"
	row mirror-write-32 writes/s more 1 "${m[write-32-ours]:-}" "${m[write-32-qemu]:-}"
	pair mirror-write-1-disk writes/s "${m[write-1-ours]:-}" "${m[write-1-raw]:-}"
	row mirror-write-32-disk writes/s more 0.45 "${m[write-32-ours]:-}" "${m[write-32-raw]:-}"
	pair mirror-vhost-write-1-disk writes/s "${m[write-1-vhost]:-}" "${m[write-1-raw]:-}"
	row mirror-vhost-write-32-disk writes/s more 0.45 "${m[write-32-vhost]:-}" "${m[write-32-raw]:-}"
	pair mirror-read-1-disk reads/s "${m[read-1-ours]:-}" "${m[read-1-raw]:-}"
	row mirror-read-32-disk reads/s more 0.9 "${m[read-32-ours]:-}" "${m[read-32-raw]:-}"
	pair mirror-vhost-read-1-disk reads/s "${m[read-1-vhost]:-}" "${m[read-1-raw]:-}"
	row mirror-vhost-read-32-disk reads/s more 0.9 "${m[read-32-vhost]:-}" "${m[read-32-raw]:-}"
}

bench_mirror_resync() {
	local -A m
	mirror_measure resync
	row mirror-resync ms less 0.8 "${m[full-ours]:-}" "${m[full-nbdcopy]:-}"
	row mirror-resync-part ms less 0.66 "${m[part-ours]:-}" "${m[part-copy]:-}"
	part mirror-resync-part-connected ms "${m[part-connected]:-}"
	row mirror-resync-load writes/s more 0.7 "${m[load-resync]:-}" "${m[load-alone]:-}"
	[[ -z ${m[load-short]:-} ]] || say "mirror-resync-load: the resync ended before the client did"
}

bench_mirror_fault() {
	local -A m
	mirror_measure fault
	limit mirror-peer-dead ms 2000 "${m[dead]:-}"
	limit mirror-peer-hung ms 2000 "${m[hung]:-}"
	limit mirror-peer-cut ms 2000 "${m[cut]:-}"
}

bench_mirror_metadata() {
	local -A m
	mirror_measure metadata
	row mirror-metadata "a 1000 writes" less 1 "${m[metadata-ours]:-}" "${m[metadata-drbd]:-}"
}

bench_mirror_memory() {
	local -A m
	mirror_measure memory
	limit mirror-memory KiB 32768 "${m[memory]:-}"
	part mirror-memory-written KiB "${m[memory-written]:-}"
}

bench_mirror_kernel() {
	local -A m
	local depth
	mirror_measure io mirror-kernel
	for depth in 1 32; do
		row mirror-kernel-write-$depth writes/s more 1 "${m[write-$depth-ours]:-}" "${m[write-$depth-drbd]:-}"
		row mirror-kernel-vhost-write-$depth writes/s more 1 "${m[write-$depth-vhost]:-}" "${m[write-$depth-drbd]:-}"
	done
}

bench_mirror_kernel_resync() {
	local -A m
	mirror_measure resync mirror-kernel
	row mirror-kernel-resync ms less 1 "${m[resync-ours]:-}" "${m[resync-drbd]:-}"
}

bench_mirror_kernel_metadata() {
	local -A m
	mirror_measure metadata mirror-kernel
	row mirror-kernel-metadata "a 1000 writes" less 1 "${m[metadata-ours]:-}" "${m[metadata-drbd]:-}"
}

explain <<'END'
`mirror-*`: both replicas on this machine, files on one disk used with O_DIRECT, TCP on the loopback between them, the client at
the NBD export (tests/bench/blockload). `mirror-write-1`, `-32`: random writes of 4 KiB, so many in flight, protocol C, against
QEMU's blockdev-mirror (write-blocking, qemu-storage-daemon) to qemu-nbd; `-disk`: against the same on one file without any mirror, which
writes once where a mirror writes twice; `mirror-vhost-*`: at the vhost-user export, which is what a guest's disk uses. `mirror-resync`: a full resync against nbdcopy between two qemu-nbd. `mirror-resync-part`: a hundredth
was written at random in blocks of 4 KiB while the peer was away; from the same bitmaps until both are UpToDate (`-connected`: from the order to connect), against reading and
writing the same blocks with 32 in flight, and a flush. `mirror-resync-load`: a client's writes while a full resync runs against without one.
`mirror-peer-*`: the longest that a write of a client's took while the peer was killed, stopped, or cut off without a word; DRBD's defaults
are 10.5 s for an idle link and 42 s (ko-count) for a peer that answers nothing. `mirror-metadata`: writes of metadata for a thousand at random over
64 GiB, against the same sequence through a model of DRBD's rule with its default of 1237 extents (a transaction for each write
outside of them), not against DRBD itself. `mirror-memory`: Pss of the daemon of a volume of 1 TiB; `-written`: after 20000 writes at random
that the peer does not have. `mirror-kernel-*`: against the DRBD 8.4 of Debian's kernel, in turns in the same two machines of
QEMU's software emulation (one processor each), on the same disks with the same metadata, by the same client inside: at /dev/drbd0 with O_DIRECT,
and at the NBD export; `-vhost-`: at the vhost-user export. `-resync`: a full resync of 256 MiB; `-metadata`: writes to a disk that has the metadata
alone, for 20000 of the client's at random over 64 GiB.
END

any mirror-{write-1,write-32,write-1-disk,write-32-disk,read-1-disk,read-32-disk} \
	mirror-vhost-{write-1,write-32,read-1,read-32}-disk && bench_mirror_io
any mirror-resync{,-part,-part-connected,-load} && bench_mirror_resync
any mirror-peer-{dead,hung,cut} && bench_mirror_fault
any mirror-metadata && bench_mirror_metadata
any mirror-memory{,-written} && bench_mirror_memory
any mirror-kernel-{,vhost-}write-{1,32} && bench_mirror_kernel
any mirror-kernel-resync && bench_mirror_kernel_resync
any mirror-kernel-metadata && bench_mirror_kernel_metadata
