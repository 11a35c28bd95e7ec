# SPDX-License-Identifier: GPL-2.0-or-later
# Together with what of libhv a static program in a guest needs.
$(call lib,libbeat,heartbeat/beat.c $(addprefix hvcore/lib/,crc.c role.c role_feed.c))
include heartbeat/guest/build.mk

# Pacemaker's libraries, glib and libxml2: only the reporter needs them.
QB_LIBS     := $(shell $(PKG_CONFIG) --libs libqb 2>/dev/null)
PCMK_CFLAGS := $(shell $(PKG_CONFIG) --cflags pacemaker glib-2.0 2>/dev/null)
PCMK_LIBS   := $(shell $(PKG_CONFIG) --libs pacemaker pacemaker-cib glib-2.0 libxml-2.0 2>/dev/null)
CFLAGS_reporter_worker.c := $(patsubst -I%,-isystem %,$(PCMK_CFLAGS))
CFLAGS_reporter_capacity.c := $(CFLAGS_reporter_worker.c)
CFLAGS_reporter_cib.c    := $(CFLAGS_reporter_worker.c)
CFLAGS_reporter_watch.c  := $(CFLAGS_reporter_worker.c)

# Decisions and parsers, which need nothing of the rest.
HEARTBEAT_PURE := $(addprefix heartbeat/,act.c agent_read.c ask.c detector.c evidence.c intervals.c lines.c \
	qmp_read.c report_decide.c state.c verdict.c)
HEARTBEATD := $(HEARTBEAT_PURE) $(addprefix heartbeat/,act_do.c control.c domain.c host.c journal.c link.c \
	main.c poller.c reporter.c run.c serve.c status.c tell.c timer.c watch_agent.c \
	watch_beats.c watch_qmp.c watch_sample.c)

$(call prog,taiki-heartbeatd,$(HEARTBEATD),libhv.a libbeat.a,$(QB_LIBS) -ljansson -lz -lm,sbin)
$(call prog,taiki-heartbeat-reporter,$(addprefix heartbeat/,reporter_main.c reporter_worker.c \
	reporter_capacity.c reporter_cib.c reporter_watch.c),libhv.a,$(PCMK_LIBS),libexec/taiki)
$(call prog,taiki-heartbeat,$(wildcard heartbeat/cli/*.c),libhv.a,-ljansson,sbin)
INSTALLS += heartbeat/taiki-heartbeatd.service:/usr/lib/systemd/system/taiki-heartbeatd.service:644
INSTALLS += heartbeat/taiki-heartbeat.bash-completion:share/bash-completion/completions/taiki-heartbeat:644
INSTALLS += heartbeat/taiki-heartbeat.bash-completion:share/bash-completion/completions/taiki-heartbeatd:644
