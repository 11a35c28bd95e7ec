// SPDX-License-Identifier: GPL-2.0-or-later
/* What ocf:taiki:mirror is configured with; see ocf_taiki_mirror(7). */
#include <stddef.h>

#include "mirror.h"

const struct ocf_parameter mirror_parameters[] = {
	{.name = "resource",
	 .unique = true,
	 .shortdesc = "The volume's name",
	 .longdesc = "The volume's name; the resource's own where it is not given. Its NBD export "
		     "is the Unix socket /run/taiki/.mirror/NAME/nbd.sock."},
	{.name = "config",
	 .shortdesc = "A drbd.conf that describes the volume",
	 .longdesc = "Absolute path of a drbd.conf (/etc/drbd.conf, or a file of its own) whose "
		     "section resource NAME describes the volume. drbdadm reads it, of "
		     "drbd-utils. In its place disk and hosts are given, and what goes with "
		     "them."},
	{.name = "disk",
	 .shortdesc = "The disk under the volume",
	 .longdesc = "Absolute path of the device or file that holds the volume on each of both "
		     "hosts. It needs metadata: taiki-mirror create-md."},
	{.name = "meta_disk",
	 .fallback = "internal",
	 .shortdesc = "Where the metadata is",
	 .longdesc =
		 "internal (behind the data), PATH, or PATH[INDEX], as meta-disk in drbd.conf."},
	{.name = "hosts",
	 .shortdesc = "The two nodes, and where each is reached",
	 .longdesc =
		 "NODE=ADDRESS:PORT of both, separated by a blank or a comma; NODE as Pacemaker calls it."},
	{.name = "protocol",
	 .fallback = "C",
	 .shortdesc = "When a write is done",
	 .longdesc = "A: on its way to the peer; B: in the peer's memory; C: on the peer's disk."},
	{.name = "shared_secret_file",
	 .shortdesc = "File with the peers' common secret",
	 .longdesc = "The first line of this file is the secret that both sides have to have."},
	{.name = "tls_psk",
	 .shortdesc = "File with the key that encrypts what goes to the peer",
	 .longdesc = "Absolute path of a file with a line IDENTITY:KEY, as psktool writes it, that "
		     "nobody else may read. Both sides have to have the same; everything between "
		     "them is encrypted by TLS 1.3. The peer cannot be a kernel's DRBD then."},
	{.name = "al_extents",
	 .type = OCF_INTEGER,
	 .shortdesc = "Extents of 4 MiB that may be in use",
	 .longdesc = "How many extents of 4 MiB may be in use without a write to the activity log, "
		     "67 to 65534. As many as there is room for where it is not given."},
	{.name = "ping_timeout",
	 .type = OCF_INTEGER,
	 .fallback = "1000",
	 .shortdesc = "How long the peer may be silent when asked",
	 .longdesc = "Milliseconds in which the peer has to answer when it is asked whether it is "
		     "there, 100 to 30000. It is asked after half a second without a word."},
	{.name = "timeout",
	 .type = OCF_INTEGER,
	 .fallback = "2000",
	 .shortdesc = "How long the peer may leave a write unanswered, a time",
	 .longdesc = "Milliseconds, 100 to 60000; see ko_count."},
	{.name = "ko_count",
	 .type = OCF_INTEGER,
	 .fallback = "5",
	 .shortdesc = "So many times",
	 .longdesc = "A peer that is there, but has not answered a write for ko_count times "
		     "timeout, because its disk hangs, is given up: after 10 seconds where "
		     "neither is given. 0: never."},
	{.name = "fencing",
	 .fallback = "resource-and-stonith",
	 .shortdesc = "What is done about a peer that is lost",
	 .longdesc =
		 "resource-and-stonith: clients of the promoted side wait until the peer cannot "
		 "be promoted (a location constraint, placed and lifted by taiki-fence-peer) or "
		 "is fenced, and while the cluster has no quorum. resource-only: the constraint, "
		 "without waiting for it. dont-care: neither; a split brain is possible."},
	{.name = "scores",
	 .fallback = "0 1000 10000",
	 .shortdesc = "Promotion scores",
	 .longdesc = "Of a disk that is only Consistent, of one that is UpToDate while nothing is "
		     "known of the peer, and of one that is UpToDate and is Primary, connected, or "
		     "known to be the better one. What is Outdated or Inconsistent has none."},
	{.name = "logfile",
	 .shortdesc = "The daemon's log",
	 .longdesc = "Absolute path of the file that taiki-mirrord appends its messages to; "
		     "/var/log/taiki-mirrord-NAME.log where it is not given."},
	{.name = NULL},
};
