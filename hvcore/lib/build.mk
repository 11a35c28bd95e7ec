# SPDX-License-Identifier: GPL-2.0-or-later
# libhv.a: everything behind hvcore/include/hv/.  Only definition*.c needs
# libxml2, zlib and nettle; hv-domain takes none of those members out of the archive.
$(call lib,libhv,$(wildcard hvcore/lib/*.c))

XML2_CFLAGS := $(shell $(PKG_CONFIG) --cflags libxml-2.0 2>/dev/null)
XML2_LIBS   := $(shell $(PKG_CONFIG) --libs libxml-2.0 2>/dev/null)
LIBHV_LIBS  := $(XML2_LIBS) -ljansson -lnettle -lz

CPPFLAGS += $(XML2_CFLAGS)
