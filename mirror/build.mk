# SPDX-License-Identifier: GPL-2.0-or-later
# What others know of DRBD: metadata and wire.  libc alone, but for the challenge (nettle).
$(call lib,mirror_drbd,$(wildcard mirror/drbd/*.c))

# Decisions without I/O.
MIRROR_RULES := $(addprefix mirror/engine/,actlog.c bitmap.c generation.c handshake.c interval.c permit.c)
$(call lib,mirror_rules,$(MIRROR_RULES))

# The engine and what it is exported as.
$(call lib,mirror_engine,$(filter-out $(MIRROR_RULES),$(wildcard mirror/engine/*.c)) $(wildcard mirror/export/*.c))

MIRROR_LIBS := mirror_engine.a mirror_rules.a mirror_drbd.a libhv.a
$(call prog,taiki-mirrord,$(addprefix mirror/,control.c main.c options.c place.c status.c),$(MIRROR_LIBS),\
	-luring -lnettle -ljansson -lpthread,sbin)
$(call prog,taiki-mirror,$(wildcard mirror/cli/*.c) mirror/place.c,mirror_drbd.a libhv.a,-ljansson -lnettle,sbin)
