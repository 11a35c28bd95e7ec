# SPDX-License-Identifier: GPL-2.0-or-later
$(call unit,mirror_meta,tests/unit/mirror/test_meta.c tests/unit/mirror/tool.c,mirror_drbd.a,)
$(call unit,mirror_grow,tests/unit/mirror/test_grow.c,mirror_drbd.a,)
$(call unit,mirror_drbdmeta,tests/unit/mirror/test_drbdmeta.c tests/unit/mirror/tool.c,mirror_drbd.a,)
$(call unit,mirror_wire,$(addprefix tests/unit/mirror/,test_wire.c capture.c tool.c),mirror_drbd.a,-lnettle)
$(call unit,mirror_wire_bits,$(addprefix tests/unit/mirror/,test_wire_bits.c tool.c),mirror_drbd.a,-lnettle)
$(call unit,mirror_generation,$(addprefix tests/unit/mirror/,test_generation.c tool.c),mirror_rules.a,)
$(call unit,mirror_tracking,$(addprefix tests/unit/mirror/,test_tracking.c tool.c),mirror_rules.a mirror_drbd.a,)
$(call unit,mirror_fence,tests/unit/mirror/test_fence.c,mirror_fence.a mirror_rules.a mirror_drbd.a,\
	$(shell $(PKG_CONFIG) --libs libxml-2.0 2>/dev/null))
$(call unit,mirror_permit,tests/unit/mirror/test_permit.c,mirror_rules.a mirror_drbd.a,)
VHOST_FRONT := $(addprefix tests/unit/mirror/,vhost_front.c tool.c)
$(call unit,mirror_vhost,tests/unit/mirror/test_vhost.c $(VHOST_FRONT),$(MIRROR_LIBS),-luring -lnettle -lgnutls -ljansson -lpthread)
$(call unit,mirror_vhost_messages,tests/unit/mirror/test_vhost_messages.c $(VHOST_FRONT),$(MIRROR_LIBS),\
	-luring -lnettle -lgnutls -ljansson -lpthread)
$(call unit,mirror_pace,tests/unit/mirror/test_pace.c,mirror_rules.a,)

# A peer that lies.
$(call prog,tests/unit/mirror/liar,$(addprefix tests/unit/mirror/,liar.c lies.c lies_meet.c lies_resync.c talk.c) tests/history/torture/nbd.c,mirror_drbd.a,-lnettle)
