// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * <serial>, <console> and <channel>: the 16550A, the virtio console and named
 * ports.  Their far ends are sockets in the run directory; where libvirt would
 * have put them (a pty, a file of its own) makes no difference to the guest.
 */
#include <string.h>

#include "reading.h"

static const char run_dir[] = "it is served on the run directory's console.sock";
static const char ends[] = "give type='pty': it is served on the run directory's console.sock";
static const char describes[] = "it only describes";

static enum hv_verdict_kind take_serial(struct reading *r, xmlNodePtr node, const char *value)
{
	if (r->has_serial)
		return hv_read_refuse(r, "one serial port is there");
	r->has_serial = true;
	return HV_UNDERSTOOD;
}

/*
 * libvirt writes the serial port a second time as the first <console>.  The
 * first console is what `hv console` talks to.
 */
static enum hv_verdict_kind take_console(struct reading *r, xmlNodePtr node, const char *value)
{
	xmlNodePtr target = hv_read_child(node, "target");
	bool virtio = target && hv_read_attr_is(target, "type", "virtio");

	if (virtio && r->c->console)
		return hv_read_refuse(r, "one virtio console is there");
	if (!r->has_console)
		r->c->console_is_serial = !virtio;
	r->has_console = true;
	r->c->console |= virtio;
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_channel(struct reading *r, xmlNodePtr node, const char *value)
{
	r->channel = NULL;
	if (hv_read_attr_is(node, "type", "spicevmc") ||
	    hv_read_attr_is(node, "type", "spiceport") ||
	    hv_read_attr_is(node, "type", "qemu-vdagent")) {
		r->skip = true;
		return hv_read_pass(r, "there is no display");
	}
	if (r->c->nchannels == HV_CHANNELS_MAX)
		return hv_read_refuse(r, "more than %d channels", HV_CHANNELS_MAX);
	r->channel = &r->c->channel[r->c->nchannels++];
	return HV_UNDERSTOOD;
}

static enum hv_verdict_kind take_channel_name(struct reading *r, xmlNodePtr node, const char *value)
{
	return hv_read_string(r, &r->channel->name, value);
}

static enum hv_verdict_kind take_channel_path(struct reading *r, xmlNodePtr node, const char *value)
{
	if (!strncmp(value, "/var/lib/libvirt/", 17) || !strncmp(value, "/run/libvirt/", 13))
		return hv_read_pass(r,
				    "a path that libvirt made; it is in the run directory instead");
	return hv_read_string(r, &r->channel->socket, value);
}

static enum hv_verdict_kind channel_done(struct reading *r, xmlNodePtr node, const char *value)
{
	return r->channel->name ? HV_UNDERSTOOD : hv_read_refuse(r, "it has no <target name=>");
}

#define S "domain/devices/serial"
#define C "domain/devices/console"
#define N "domain/devices/channel"

const struct rule hv_rules_char[] = {
	TAKE(S, take_serial),
	ONE_OF(S "/@type", "pty|unix|stdio", ends),
	PASS(S "/@tty", describes),
	PASS_TREE(S "/source", run_dir),
	PASS_TREE(S "/log", run_dir),
	UNDERSTOOD(S "/target"),
	ONE_OF(S "/target/@type", "isa-serial", "the serial port is a 16550A: isa-serial"),
	ONE_OF(S "/target/@port", "0", "one serial port is there"),
	UNDERSTOOD(S "/target/model"),
	ONE_OF(S "/target/model/@name", "isa-serial", "the serial port is a 16550A: isa-serial"),
	TAKE(C, take_console),
	ONE_OF(C "/@type", "pty|unix|stdio", ends),
	PASS(C "/@tty", describes),
	PASS_TREE(C "/source", run_dir),
	PASS_TREE(C "/log", run_dir),
	UNDERSTOOD(C "/target"),
	ONE_OF(C "/target/@type", "serial|virtio", "only the serial port and virtio are there"),
	PASS(C "/target/@port", describes),
	{.path = N, .kind = HV_UNDERSTOOD, .take = take_channel, .done = channel_done},
	ONE_OF(N "/@type", "unix", "only type='unix' is there"),
	UNDERSTOOD(N "/source"),
	ONE_OF(N "/source/@mode", "bind", "hv-domain always listens: give mode='bind'"),
	TAKE(N "/source/@path", take_channel_path),
	PASS_TREE(N "/source/seclabel", "hv-domain has its own confinement"),
	PASS_TREE(N "/log", describes),
	UNDERSTOOD(N "/target"),
	ONE_OF(N "/target/@type", "virtio", "only virtio channels are there"),
	TAKE(N "/target/@name", take_channel_name),
	PASS(N "/target/@state", describes),
	{0},
};
