# SPDX-License-Identifier: GPL-2.0-or-later
$(call unit,agent_decide,tests/unit/agent/test_decide.c $(addprefix resource-agents/,\
	domain_decide.c ocf.c ocf_metadata.c))

# For pool.bats: who has a run directory's turn.
$(call prog,tests/unit/agent/turn,tests/unit/agent/turn.c,libhv.a,-ljansson -lz -lnettle)

# Who has an image's lock.
$(call prog,tests/unit/agent/image_lock,tests/unit/agent/image_lock.c,,)

# A pool of one: what adoption's tests begin with.
$(call prog,tests/unit/agent/standby,tests/unit/agent/standby.c,libhv.a,$$(LIBHV_LIBS))

# Its own functions stand before these of libhv's.
comma := ,
ADOPTER_WRAP := $(addprefix -Wl$(comma)--wrap=,hv_run_put hv_run_rename hv_run_remove)
$(call prog,tests/unit/agent/adopter,tests/unit/agent/adopter.c,libhv.a,$$(LIBHV_LIBS) $$(ADOPTER_WRAP))

$(call unit,agent_mirror,tests/unit/agent/test_mirror.c resource-agents/mirror_score.c)
