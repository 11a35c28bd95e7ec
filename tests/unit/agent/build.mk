# SPDX-License-Identifier: GPL-2.0-or-later
$(call unit,agent_decide,tests/unit/agent/test_decide.c $(addprefix resource-agents/,\
	domain_decide.c ocf.c ocf_metadata.c))

# For pool.bats: who has a run directory's turn.
$(call prog,tests/unit/agent/turn,tests/unit/agent/turn.c,libhv.a,-ljansson -lz -lnettle)
