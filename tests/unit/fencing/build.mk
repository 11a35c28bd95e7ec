# SPDX-License-Identifier: GPL-2.0-or-later
$(call unit,fencing_message,tests/unit/fencing/test_message.c,fence_message.a,-lz)
