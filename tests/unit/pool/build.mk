# SPDX-License-Identifier: GPL-2.0-or-later
$(call unit,pool_decide,tests/unit/pool/test_decide.c resource-agents/pool/decide.c)
$(call unit,pool_histories,tests/unit/pool/test_histories.c resource-agents/pool/decide.c)
