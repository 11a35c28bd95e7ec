# SPDX-License-Identifier: GPL-2.0-or-later
OCF_DIR := /usr/lib/ocf/resource.d/taiki
DOMAIN_SRCS := $(addprefix resource-agents/,domain_bring.c domain_decide.c domain_definition.c \
	domain_find.c domain_monitor.c domain_resources.c domain_start.c domain_stop.c fencing_enabled.c ocf.c \
	ocf_metadata.c)

$(call prog,resource-agents/domain,resource-agents/domain.c $(DOMAIN_SRCS),libhv.a,\
	-ljansson -lz -lnettle,$(OCF_DIR))

$(call prog,resource-agents/heartbeat,$(addprefix resource-agents/,heartbeat.c heartbeat_find.c \
	heartbeat_spawn.c ocf.c ocf_metadata.c),libhv.a,-ljansson -lz -lnettle,$(OCF_DIR))

$(call prog,resource-agents/mirror,$(addprefix resource-agents/,mirror.c mirror_conf.c mirror_find.c \
	mirror_parameters.c mirror_publish.c mirror_score.c ocf.c ocf_metadata.c),mirror_client.a mirror_drbd.a libhv.a,-ljansson -lz -lnettle,$(OCF_DIR))

$(call prog,resource-agents/multipath,$(addprefix resource-agents/,multipath.c multipath_ask.c \
	multipath_judge.c multipath_past.c multipath_read.c multipath_sysfs.c multipath_watch.c path_hold.c path_publish.c ocf.c \
	ocf_metadata.c),libhv.a,-ljansson -lz -lnettle,$(OCF_DIR))

include resource-agents/poold/build.mk

LIBNL_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags libnl-3.0 2>/dev/null))
LIBNL_LIBS   := $(shell $(PKG_CONFIG) --libs libnl-3.0 2>/dev/null)
$(foreach f,link_netlink.c link_parse.c test_link.c,$(eval CFLAGS_$f := $(LIBNL_CFLAGS)))
LINK_SRCS := $(addprefix resource-agents/,link_netlink.c link_options.c link_parse.c link_speed.c)
$(call prog,resource-agents/bond,$(addprefix resource-agents/,bond.c bond_build.c bond_health.c bond_plan.c \
	bond_settings.c path_hold.c path_publish.c ocf.c ocf_metadata.c) $(LINK_SRCS),libhv.a,\
	$(LIBNL_LIBS) -ljansson -lz -lnettle,$(OCF_DIR))
