# SPDX-License-Identifier: GPL-2.0-or-later
$(call unit,pool_decide,tests/unit/pool/test_decide.c resource-agents/poold/decide.c)
$(call unit,pool_histories,tests/unit/pool/test_histories.c resource-agents/poold/decide.c)
$(call unit,pool_texts,tests/unit/pool/test_texts.c resource-agents/poold/active.c resource-agents/poold/settings.c,\
	libhv.a,-ljansson -lz -lnettle)
