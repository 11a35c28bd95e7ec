# SPDX-License-Identifier: GPL-2.0-or-later
$(call unit,control_framer,tests/unit/control/test_framer.c hvcore/vmm/control/framer.c)
$(call unit,control_dispatch,tests/unit/control/test_dispatch.c tests/unit/control/fakes.c,\
	control.a libhv.a,-ljansson)
CONTROL_TALK := $(addprefix tests/unit/control/,talk.c fakes.c)
$(call unit,control_server,tests/unit/control/test_server.c $(CONTROL_TALK),control.a libhv.a,\
	-ljansson -lpthread)
$(call unit,control_fds,tests/unit/control/test_fds.c $(CONTROL_TALK),control.a libhv.a,\
	-ljansson -lpthread)
$(call unit,control_standby,tests/unit/control/test_standby.c $(CONTROL_TALK),control.a libhv.a,\
	-ljansson)
$(call unit,control_client,tests/unit/control/test_client.c,libhv.a,-ljansson -lpthread)
