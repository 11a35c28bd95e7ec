# SPDX-License-Identifier: GPL-2.0-or-later
# What others know of DRBD: metadata and wire.  libc alone, but for the challenge (nettle).
$(call lib,mirror_drbd,$(wildcard mirror/drbd/*.c))

# Decisions without I/O.
MIRROR_RULES := $(addprefix mirror/engine/,actlog.c bitmap.c fence_outcome.c generation.c handshake.c interval.c pace.c permit.c window.c)
$(call lib,mirror_rules,$(MIRROR_RULES))

# The engine and what it is exported as.
$(call lib,mirror_engine,$(filter-out $(MIRROR_RULES),$(wildcard mirror/engine/*.c)) $(wildcard mirror/export/*.c))

# Where a volume's sockets are, and asking its daemon: for the command line and the agent.
$(call lib,mirror_client,mirror/client.c mirror/conf.c mirror/daemon.c mirror/place.c mirror/size.c)

MIRROR_LIBS := mirror_engine.a mirror_rules.a mirror_drbd.a libhv.a
$(call prog,taiki-mirrord,$(addprefix mirror/,advice.c commands.c control.c handler.c main.c quorum.c options.c reconfigure.c status.c),mirror_client.a $(MIRROR_LIBS),\
	-luring -lnettle -lgnutls -ljansson -lpthread -lquorum,sbin)
$(call prog,taiki-mirror,$(wildcard mirror/cli/*.c),mirror_client.a mirror_drbd.a libhv.a,\
	-ljansson -lnettle -lz,sbin)

# What has Pacemaker promote nowhere else: the fence-peer handler.
CFLAGS_facts.c := $(shell $(PKG_CONFIG) --cflags libxml-2.0 2>/dev/null)
$(call lib,mirror_fence,$(addprefix mirror/fence/,decide.c facts.c))
$(call prog,taiki-fence-peer,mirror/fence/main.c,mirror_fence.a libhv.a,$(shell $(PKG_CONFIG) --libs libxml-2.0 2>/dev/null),\
	libexec/taiki)
INSTALLS += mirror/taiki-mirror.bash-completion:share/bash-completion/completions/taiki-mirror:644

# What the distribution's drbdadm drives instead of drbdsetup.
$(call prog,taiki-drbdsetup,$(wildcard mirror/drbdsetup/*.c),mirror_client.a libhv.a,-ljansson -lnettle -lz,\
	libexec/taiki)
