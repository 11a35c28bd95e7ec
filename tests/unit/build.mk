# SPDX-License-Identifier: GPL-2.0-or-later
include $(wildcard tests/unit/*/build.mk)
