# SPDX-License-Identifier: GPL-2.0-or-later
$(call unit,agent_decide,tests/unit/agent/test_decide.c $(addprefix resource-agents/,\
	domain_decide.c ocf.c ocf_metadata.c),libhv.a,-ljansson -lz -lnettle)

# For pool.bats: who has a run directory's turn.
$(call prog,tests/unit/agent/turn,tests/unit/agent/turn.c,libhv.a,-ljansson -lz -lnettle)

# Who has an image's lock.
$(call prog,tests/unit/agent/image_lock,tests/unit/agent/image_lock.c,,)

# A pool of one: what adoption's tests begin with.
$(call prog,tests/unit/agent/standby,tests/unit/agent/standby.c,libhv.a,$$(LIBHV_LIBS))

# Its own functions stand before these of libhv's.
comma := ,
ADOPTER_WRAP := $(addprefix -Wl$(comma)--wrap=,hv_run_put hv_run_rename hv_run_remove \
	hv_qmp_open_domain hv_qmp_call)
$(call prog,tests/unit/agent/adopter,tests/unit/agent/adopter.c,libhv.a,$$(LIBHV_LIBS) $$(ADOPTER_WRAP))

$(call unit,agent_mirror,tests/unit/agent/test_mirror.c resource-agents/mirror_score.c)

$(call unit,agent_paths,tests/unit/agent/test_paths.c resource-agents/path_hold.c)

# What a bond is, as the kernel tells it, and what is done about it.
BOND_RULES := tests/unit/agent/bond_host.c $(addprefix resource-agents/,bond_health.c bond_plan.c \
	bond_settings.c link_options.c link_parse.c ocf.c ocf_metadata.c)
$(call unit,agent_bond,tests/unit/agent/test_bond.c $(BOND_RULES),,$(LIBNL_LIBS))
$(call unit,agent_bond_health,tests/unit/agent/test_bond_health.c $(BOND_RULES),,$(LIBNL_LIBS))
$(call unit,agent_link,tests/unit/agent/test_link.c $(LINK_SRCS),libhv.a,$(LIBNL_LIBS))
$(call unit,agent_multipath,tests/unit/agent/test_multipath.c $(addprefix resource-agents/multipath_,\
	judge.c past.c read.c sysfs.c),libhv.a,-ljansson -lz -lnettle)
