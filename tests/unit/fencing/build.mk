# SPDX-License-Identifier: GPL-2.0-or-later
$(call unit,fencing_message,tests/unit/fencing/test_message.c,fence_message.a,-lz)
define door_unit
$(call unit,fencing_$1,tests/unit/fencing/test_$1.c $2,fence_doors.a fence_message.a libhv.a,\
	$(DOORS_LIBS))
endef
$(foreach t,policy keys audit,$(call door_unit,$t))
$(call door_unit,channel,tests/unit/fencing/rig.c)
$(call door_unit,tls,tests/unit/fencing/rig.c)

# For the agent's bats file.
$(call prog,tests/unit/fencing/door_server,tests/unit/fencing/door_server.c tests/unit/fencing/relay.c,\
	fence_doors.a fence_message.a libhv.a,$(DOORS_LIBS))
$(foreach t,order sync confirm,$(call unit,fencing_$t,tests/unit/fencing/test_$t.c,fence_order.a fence_message.a,))
$(call unit,fencing_mark,tests/unit/fencing/test_mark.c fencing/mark.c,,$(XML2_LIBS))
