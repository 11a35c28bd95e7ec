# SPDX-License-Identifier: GPL-2.0-or-later
# What agent and daemon share, and what the agent (it runs in guests) needs: libc alone.
$(call lib,fence_message,$(addprefix fencing/,message.c message_names.c framer.c))

# The doors of taiki-fenced.  Needs libhv.a, -ljansson -lqb -lgnutls.
$(call lib,fence_doors,$(addprefix fencing/,audit.c door.c door_address.c door_channel.c \
	door_keys.c door_keys_parse.c door_policy.c door_replay.c door_tls.c door_tls_conn.c))
DOORS_LIBS := -ljansson -lqb -lgnutls
