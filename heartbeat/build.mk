# SPDX-License-Identifier: GPL-2.0-or-later
$(call lib,libbeat,heartbeat/beat.c)
include heartbeat/guest/build.mk

# glib and libxml2 come with Pacemaker's libraries, and only the reporter's worker uses them.
PCMK_CFLAGS := $(shell $(PKG_CONFIG) --cflags pacemaker libqb glib-2.0 2>/dev/null)
PCMK_LIBS   := $(shell $(PKG_CONFIG) --libs pacemaker libqb glib-2.0 libxml-2.0 2>/dev/null)
CFLAGS_reporter_worker.c := $(patsubst -I%,-isystem %,$(PCMK_CFLAGS))

HEARTBEATD := $(addprefix heartbeat/,domain.c log.c main.c privilege.c report_decide.c reporter.c \
	reporter_worker.c run.c tell.c)

$(call prog,taiki-heartbeatd,$(HEARTBEATD),libhv.a libbeat.a,$(PCMK_LIBS) -ljansson,sbin)
