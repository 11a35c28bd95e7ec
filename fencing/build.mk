# SPDX-License-Identifier: GPL-2.0-or-later
# What agent and daemon share, and what the agent (it runs in guests) needs: libc alone.
$(call lib,fence_message,$(addprefix fencing/,message.c message_names.c framer.c) \
	hvcore/lib/crc.c)

# The doors of taiki-fenced.  Needs libhv.a, -ljansson -lqb -lgnutls.
$(call lib,fence_doors,$(addprefix fencing/,audit.c door.c door_address.c door_channel.c \
	door_keys.c door_keys_parse.c door_policy.c door_replay.c door_tls.c door_tls_conn.c))
DOORS_LIBS := -ljansson -lqb -lgnutls

# The agent runs in guests of any kind: static, but for its helper that speaks TLS.
AGENT_SRCS := $(addprefix fencing/,agent_options.c agent_check.c agent_metadata.c agent_link.c \
	agent_link_tls.c agent_ask.c agent_act.c)
$(call prog,fence_taiki,fencing/fence_taiki.c $(AGENT_SRCS),fence_message.a,\
	$(if $(SANITIZE),,-static-pie $(if $(filter clang%,$(CC)),-Wno-unused-command-line-argument)),sbin)
$(call prog,fence_taiki_tls,fencing/fence_taiki_tls.c,,-lgnutls,libexec/taiki)
INSTALLS += fencing/fence_taiki.bash-completion:share/bash-completion/completions/fence_taiki:644
INSTALLS += fencing/taiki-fence.logrotate:/etc/logrotate.d/taiki-fence:644

# What the hosts decide together: no I/O, libc alone.
$(call lib,fence_order,$(addprefix fencing/,authorise.c confirm.c order.c order_duty.c \
	order_message.c order_state.c order_table.c pack.c sync.c))

# Pacemaker's libraries, with glib, are the helper's alone.
FENCE_PCMK_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags pacemaker \
	pacemaker-cib pacemaker-fencing glib-2.0 2>/dev/null))
$(foreach f,helper_worker.c helper_cib.c helper_history.c helper_settle.c,\
	$(eval CFLAGS_$f := $(FENCE_PCMK_CFLAGS)))
FENCED_LIBS := -lcpg -lquorum -lcmap -lcib -lstonithd -lcrmcommon -lglib-2.0 -lpthread

$(call prog,taiki-fenced,$(addprefix fencing/,clients.c cluster.c cluster_name.c daemon.c \
	domains.c duties.c helper.c helper_cib.c helper_history.c helper_settle.c helper_worker.c \
	hosts.c keep.c mark.c settings.c status.c taiki-fenced.c work.c),\
	fence_doors.a fence_message.a fence_order.a libhv.a,\
	$(DOORS_LIBS) $(FENCED_LIBS) $$(LIBHV_LIBS),sbin)
INSTALLS += fencing/taiki-fenced.service:/usr/lib/systemd/system/taiki-fenced.service:644
INSTALLS += fencing/taiki-fenced.bash-completion:share/bash-completion/completions/taiki-fenced:644
$(call install,fencing/fenced.conf,share/doc/taiki)
