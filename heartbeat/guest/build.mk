# SPDX-License-Identifier: GPL-2.0-or-later
# Static: it runs in any Linux guest, whatever its libraries.  (The sanitizers cannot.)
$(call prog,heartbeat/guest/taiki-guest,$(wildcard heartbeat/guest/*.c),libbeat.a,-ljansson \
	$(if $(SANITIZE),,-static-pie -s $(if $(filter clang%,$(CC)),-Wno-unused-command-line-argument)),sbin)
$(call install,heartbeat/guest/guest.conf,share/doc/taiki)
$(call install,heartbeat/guest/role-port.sh,share/doc/taiki,755)
$(call install,heartbeat/guest/taiki-guest.service,/usr/lib/systemd/system)
# Copied to a guest's /etc/taiki/role.d by whoever wants them.
$(call install,$(wildcard heartbeat/guest/role.d/*),share/taiki/role.d,755)
# For guests without systemd; to be copied to their /etc/init.d.
INSTALLS += heartbeat/guest/taiki-guest.init:share/taiki/taiki-guest.init:755
INSTALLS += heartbeat/guest/taiki-guest.bash-completion:share/bash-completion/completions/taiki-guest:644
