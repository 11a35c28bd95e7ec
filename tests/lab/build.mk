# SPDX-License-Identifier: GPL-2.0-or-later
# What the lab needs besides scripts; none of it is installed.
FUSE_CFLAGS := $(shell $(PKG_CONFIG) --cflags fuse3 2>/dev/null)
CFLAGS_storaged.c     := $(FUSE_CFLAGS)
CFLAGS_storaged_ops.c := $(FUSE_CFLAGS)

$(call prog,tests/lab/node-init,tests/lab/node-init.c)
$(call prog,tests/lab/lab-node,tests/lab/lab-node.c)
$(call prog,tests/lab/storaged,$(wildcard tests/lab/storaged*.c),,$(shell $(PKG_CONFIG) --libs fuse3 2>/dev/null) -lpthread)

# What `make install` would install, for the nodes of a lab: FILE:TARGET:MODE.
.PHONY: lab-installs
lab-installs:
	@printf '%s\n' $(foreach i,$(INSTALLS),$(if $(filter /%,$i),$i,$(CURDIR)/$i))

# Preloaded into sanlock on the nodes.
EXTRAS += $(O)/tests/lab/limits.so
$(O)/tests/lab/limits.so: tests/lab/limits.c
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -fPIC -shared -o $@ $< -ldl

$(call unit,lab-storage,tests/lab/storaged_cache.c tests/lab/storaged_platter.c tests/lab/test-cache.c)

# A fence request with an id of the test's choice.
$(call prog,tests/lab/fence-ask,tests/lab/fence-ask.c,fence_message.a,-lgnutls)

# What hangs a test guest; tests/tools/guest-image takes it in where it was built.
$(O)/tests/tools/guest-hang: tests/tools/guest-hang.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -static -o $@ $<
EXTRAS += $(O)/tests/tools/guest-hang
