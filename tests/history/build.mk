# SPDX-License-Identifier: GPL-2.0-or-later
# The history checker, its unit test, and the listener for acknowledgements.
HISTORY := tests/history/check.c tests/history/history_read.c
$(call prog,tests/history/history-check,$(HISTORY) tests/history/main.c,,-ljansson)
$(call prog,tests/history/ack-listen,tests/history/ack-listen.c)
$(call prog,tests/history/writer,tests/history/writer.c)
$(call unit,history-check,tests/history/check.c tests/history/test-check.c)
$(call unit,history-register,tests/history/register.c tests/history/test-register.c)

# Two mirrors under faults; the judgement over what their client was told.
$(call prog,tests/history/mirror-torture,$(wildcard tests/history/torture/*.c) tests/history/register.c,\
	mirror_client.a mirror_drbd.a libhv.a,-ljansson -lnettle -lz -lpthread)
