# SPDX-License-Identifier: GPL-2.0-or-later
$(call unit,planner,tests/unit/plan/test_plan.c,libhv.a,)
