# SPDX-License-Identifier: GPL-2.0-or-later
# What others know of DRBD: metadata and wire.  libc alone, but for the challenge (nettle).
$(call lib,mirror_drbd,$(wildcard mirror/drbd/*.c))

# Decisions without I/O.
$(call lib,mirror_rules,$(addprefix mirror/engine/,actlog.c bitmap.c generation.c handshake.c \
	interval.c))
