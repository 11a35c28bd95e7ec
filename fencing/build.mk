# SPDX-License-Identifier: GPL-2.0-or-later
# What agent and daemon share, and what the agent (it runs in guests) needs: libc alone.
$(call lib,fence_message,$(addprefix fencing/,message.c message_names.c framer.c))
