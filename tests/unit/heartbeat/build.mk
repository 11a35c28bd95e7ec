# SPDX-License-Identifier: GPL-2.0-or-later
$(call unit,heartbeat_beat,tests/unit/heartbeat/test_beat.c,libbeat.a)
$(call unit,heartbeat_guest,tests/unit/heartbeat/test_guest.c \
	$(addprefix heartbeat/guest/,options.c health.c log.c))
