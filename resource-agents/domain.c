// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ocf:taiki:domain: a virtual machine as a cluster resource.  Here is what
 * Pacemaker and its tools see of it; see ocf_taiki_domain(7).
 */
#include <stddef.h>

#include "domain.h"

static const struct ocf_parameter parameters[] = {
	{.name = "definition",
	 .shortdesc = "Domain definition, encoded",
	 .longdesc = "The domain's definition, a libvirt domain XML, compressed and in base64. "
		     "\"hv cluster define FILE\" and \"hv cluster update FILE\" put it here, so "
		     "that every host has the same one and needs no file."},
	{.name = "config",
	 .shortdesc = "Domain definition, a file",
	 .longdesc = "Absolute path of the domain's definition, a libvirt domain XML. The file "
		     "has to be on every host that may run the domain. Give either this or "
		     "\"definition\"."},
	{.name = "digest",
	 .shortdesc = "SHA-256 of the definition",
	 .longdesc = "SHA-256 of the definition's text, in hexadecimal. A host whose file "
		     "differs is taken for not installed and does not run the domain."},
	{.name = "force_stop",
	 .type = OCF_BOOLEAN,
	 .reloadable = true,
	 .fallback = "false",
	 .shortdesc = "Kill instead of shutting down",
	 .longdesc = "Always end the domain at once, without asking the guest to shut down. What "
		     "the guest has not written is lost."},
	{.name = "shutdown_timeout",
	 .reloadable = true,
	 .fallback = "0",
	 .shortdesc = "Time for an ordered shutdown",
	 .longdesc = "How long a stop waits for the guest to shut down before it kills the "
		     "domain. 0, and whatever is longer, means most of the stop operation's "
		     "timeout."},
	{.name = "role_timeout",
	 .reloadable = true,
	 .fallback = "2min",
	 .shortdesc = "Time for the guest to take its role",
	 .longdesc =
		 "How long a guest that speaks of roles (taiki-guest) may take for the one that "
		 "it was told when it became, or was started as, the domain. Later than that, "
		 "and where a script of the role fails, the domain is shown as degraded; it is "
		 "not recovered. 0 is for ever."},
	{.name = "assume_fencing",
	 .type = OCF_BOOLEAN,
	 .reloadable = true,
	 .fallback = "false",
	 .shortdesc = "Do not ask whether the cluster fences",
	 .longdesc = "A disk with the guard \"fencing\" is kept to one writer by nothing but the "
		     "cluster's fencing, so a start is refused where stonith-enabled is false or "
		     "no cluster answers. With true, you answer for that yourself."},
	{.name = "ledger",
	 .reloadable = true,
	 .fallback = "refuse",
	 .shortdesc = "What a start does where the host has no room",
	 .longdesc = "Each host keeps account of what its domains hold (hv ledger). A start for "
		     "which there is no room, not even when others shrink as far as they may, is "
		     "refused; with \"ignore\" it goes on, and nobody shrinks for it."},
	{.name = "memory",
	 .reloadable = true,
	 .shortdesc = "Memory of the guest",
	 .longdesc = "What the balloon leaves the guest, in place of the definition's "
		     "currentMemory: 512MiB, 2GiB. This and the parameters below can be changed "
		     "while the domain runs, also by rules (by time of day); what could not be "
		     "applied is shown by \"hv info\"."},
	{.name = "shares",
	 .type = OCF_INTEGER,
	 .reloadable = true,
	 .shortdesc = "Weight of its processors",
	 .longdesc = "CPU weight against other domains, 2 to 262144, in place of the "
		     "definition's cputune shares."},
	{.name = "period",
	 .type = OCF_INTEGER,
	 .reloadable = true,
	 .shortdesc = "Period of the quota in microseconds",
	 .longdesc = "In place of the definition's cputune period: 1000 to 1000000."},
	{.name = "quota",
	 .type = OCF_INTEGER,
	 .reloadable = true,
	 .shortdesc = "CPU time of each processor a period, in microseconds",
	 .longdesc = "A cap, in place of the definition's cputune quota; -1 is no limit."},
	{.name = "cpus",
	 .reloadable = true,
	 .shortdesc = "CPUs of the host for its processors alone",
	 .longdesc = "A set such as 2-3,8, in place of the definition's vcpupin; none takes them "
		     "away. No other domain runs on them, and two domains cannot have the same."},
	{.name = "limits",
	 .reloadable = true,
	 .shortdesc = "Rate limits of disks and interfaces",
	 .longdesc = "Settings as \"hv set\" has them, separated by blanks: \"vda.bps=10M "
		     "vda.iops=500 net0.tx-bps=1M\"; in place of the definition's iotune and "
		     "bandwidth. 0 is no limit."},
	{.name = "standby",
	 .reloadable = true,
	 .fallback = "twin,spare",
	 .shortdesc = "What a start may adopt",
	 .longdesc = "What of the domain's waits on the host, put there by ocf:taiki:pool, a start "
		     "makes the domain instead of booting it: \"twin\", \"spare\" (where the "
		     "definition allows it), both, or \"none\". Where nothing is there, or it "
		     "cannot be adopted, the domain is started cold."},
	{.name = NULL},
};

static const struct ocf_action actions[] = {
	{.name = "start", .run = domain_start, .timeout = 90},
	{.name = "stop", .run = domain_stop, .timeout = 90},
	{.name = "monitor", .run = domain_monitor, .timeout = 20, .interval = 10},
	/*
	 * What Pacemaker files a failure under that heartbeat reports.  It calls no
	 * agent for it; listed, so that its on-fail can be set with pcs and crm.
	 */
	{.name = "asyncmon", .run = domain_monitor, .timeout = 20, .since_1_1 = true},
	{.name = "reload-agent", .run = domain_reload, .timeout = 20, .since_1_1 = true},
	{.name = "validate-all", .run = domain_validate, .timeout = 20},
	{.name = "meta-data", .timeout = 5},
	{.name = NULL},
};

static const struct ocf_agent agent = {
	.name = "domain",
	.version = TAIKI_VERSION,
	.shortdesc = "Runs a virtual machine on Taiki's hypervisor",
	.longdesc =
		"Starts, watches and stops a virtual machine that is defined by a libvirt domain "
		"XML and runs on Taiki's hypervisor. A stop is a fence: it shuts the guest down "
		"in order if it can, kills it if it must, and succeeds only when it is proven "
		"that nothing of it can reach a disk any more. A domain is a primitive; it "
		"cannot be cloned.",
	.parameters = parameters,
	.actions = actions,
};

int main(int argc, char **argv)
{
	return ocf_main(&agent, argc, argv);
}
