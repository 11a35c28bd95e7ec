# SPDX-License-Identifier: GPL-2.0-or-later
$(call unit,control_framer,tests/unit/control/test_framer.c hvcore/vmm/control/framer.c)
CONTROL_FAKES := tests/unit/control/fakes.c hvcore/vmm/listen.c
$(call unit,control_dispatch,tests/unit/control/test_dispatch.c $(CONTROL_FAKES),\
	control.a libhv.a,-ljansson)
CONTROL_TALK := tests/unit/control/talk.c $(CONTROL_FAKES)
$(call unit,control_server,tests/unit/control/test_server.c $(CONTROL_TALK),control.a libhv.a,\
	-ljansson -lpthread)
$(call unit,control_fds,tests/unit/control/test_fds.c $(CONTROL_TALK),control.a libhv.a,\
	-ljansson -lpthread)
$(call unit,control_standby,tests/unit/control/test_standby.c $(CONTROL_TALK),control.a libhv.a,\
	-ljansson)
$(call unit,control_client,tests/unit/control/test_client.c,libhv.a,-ljansson -lpthread)
$(call unit,control_listen,tests/unit/control/test_listen.c hvcore/vmm/listen.c,libhv.a,-lpthread)
