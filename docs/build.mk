# SPDX-License-Identifier: GPL-2.0-or-later
$(foreach s,1 5 7 8,$(call install,$(wildcard docs/man/*.$s),share/man/man$s))
