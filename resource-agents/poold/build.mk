# SPDX-License-Identifier: GPL-2.0-or-later
POOLD := resource-agents/poold

$(call prog,taiki-poold,$(addprefix $(POOLD)/,active.c attributes.c control.c decide.c guest.c image.c job.c main.c news.c \
	place.c publish.c settings.c source.c source_read.c spare.c status.c step.c sweep.c tend.c watch.c work.c) \
	$(addprefix heartbeat/,lines.c link.c poller.c qmp_read.c reporter.c serve.c timer.c),libhv.a,\
	$(QB_LIBS) -ljansson -lz -lnettle,sbin)

$(call prog,resource-agents/pool,$(addprefix resource-agents/,pool.c pool_end.c pool_find.c ocf.c ocf_metadata.c \
	poold/attributes.c poold/settings.c poold/sweep.c),libhv.a,-ljansson -lz -lnettle,$(OCF_DIR))
