# SPDX-License-Identifier: GPL-2.0-or-later
$(call unit,heartbeat_beat,tests/unit/heartbeat/test_beat.c,libbeat.a)
$(call unit,heartbeat_guest,tests/unit/heartbeat/test_guest.c \
	$(addprefix heartbeat/guest/,options.c health.c log.c environment.c keep.c),libbeat.a)
$(call unit,heartbeat_verdict,tests/unit/heartbeat/test_verdict.c heartbeat/verdict.c)
DETECTOR := $(addprefix heartbeat/,detector.c evidence.c intervals.c verdict.c)
$(call unit,heartbeat_detector,tests/unit/heartbeat/test_detector.c $(DETECTOR),,-lm)
$(call unit,heartbeat_histories,tests/unit/heartbeat/test_histories.c $(DETECTOR),,-lm)
$(call unit,heartbeat_state,tests/unit/heartbeat/test_state.c heartbeat/state.c,libhv.a,-lz)
$(call unit,heartbeat_decisions,tests/unit/heartbeat/test_decisions.c \
	$(addprefix heartbeat/,act.c report_decide.c state.c),libhv.a,-lz)
$(call unit,heartbeat_heard,tests/unit/heartbeat/test_heard.c \
	$(addprefix heartbeat/,agent_read.c ask.c lines.c qmp_read.c),libhv.a,-ljansson)
$(call unit,heartbeat_guest_agent,tests/unit/heartbeat/test_guest_agent.c \
	$(addprefix heartbeat/guest/,agent_ask.c vcpus.c),,-ljansson)
