# SPDX-License-Identifier: GPL-2.0-or-later
# control.a: the QMP server.
$(call lib,control,$(wildcard hvcore/vmm/control/*.c))
