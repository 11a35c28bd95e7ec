# SPDX-License-Identifier: GPL-2.0-or-later
$(call prog,hv,$(wildcard hvcore/cli/*.c),libhv.a,$$(LIBHV_LIBS),sbin)
# bash-completion loads by the command's name, so it is installed as "hv".
INSTALLS += hvcore/cli/hv.bash-completion:share/bash-completion/completions/hv:644
