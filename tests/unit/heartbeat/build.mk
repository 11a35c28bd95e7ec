# SPDX-License-Identifier: GPL-2.0-or-later
$(call unit,heartbeat_beat,tests/unit/heartbeat/test_beat.c,libbeat.a)
