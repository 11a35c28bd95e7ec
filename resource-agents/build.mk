# SPDX-License-Identifier: GPL-2.0-or-later
OCF_DIR := /usr/lib/ocf/resource.d/taiki
DOMAIN_SRCS := $(addprefix resource-agents/,domain_bring.c domain_decide.c domain_definition.c \
	domain_find.c domain_monitor.c domain_resources.c domain_start.c domain_stop.c fencing_enabled.c ocf.c \
	ocf_metadata.c)

$(call prog,resource-agents/domain,resource-agents/domain.c $(DOMAIN_SRCS),libhv.a,\
	-ljansson -lz -lnettle,$(OCF_DIR))

$(call prog,resource-agents/heartbeat,$(addprefix resource-agents/,heartbeat.c heartbeat_find.c \
	heartbeat_spawn.c ocf.c ocf_metadata.c),libhv.a,-ljansson -lz -lnettle,$(OCF_DIR))

$(call prog,resource-agents/mirror,$(addprefix resource-agents/,mirror.c mirror_find.c mirror_publish.c \
	mirror_score.c ocf.c ocf_metadata.c),mirror_client.a mirror_drbd.a libhv.a,-ljansson -lz -lnettle,$(OCF_DIR))
include resource-agents/poold/build.mk
