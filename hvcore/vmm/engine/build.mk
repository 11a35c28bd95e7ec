# SPDX-License-Identifier: GPL-2.0-or-later
# engine.a: everything that executes guest instructions.
$(call lib,engine,$(wildcard hvcore/vmm/engine/*.c hvcore/vmm/engine/soft/*.c))
