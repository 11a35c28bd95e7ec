// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "fencing/agent.h"
#include "fencing/tls.h"
#include "fencing/trim.h"

enum { STDIN_MAX = 64 << 10, DAY_S = 86400 };

/* clang-format off */
const struct option_def option_defs[OPT_COUNT] = {
	[OPT_ACTION] = {"action", 'o', "action", TYPE_STRING, "reboot", .same_as = -1,
		.text = "Fencing action: off, on, reboot, status, list, list-status, monitor, metadata, validate-all or manpage"},
	[OPT_PLUG] = {"plug", 'n', "name", TYPE_STRING, .same_as = -1,
		.text = "Name of the domain (the virtual machine) to act on, as the hypervisor knows it"},
	[OPT_PORT] = {"port", 'n', "name", TYPE_STRING, .same_as = OPT_PLUG,
		.text = "Name of the domain to act on"},
	[OPT_TRANSPORT] = {"transport", 't', "transport", TYPE_SELECT, "channel", {"channel", "tls"}, -1,
		"How the hypervisor is reached: channel is this guest's own virtio port and needs no network; tls is TLS 1.3 with a pre-shared key"},
	[OPT_DEVICE] = {"device", 'd', "path", TYPE_STRING, .same_as = -1,
		.text = "With channel: the port's device, or a Unix socket; by default the port called " FENCE_PORT " is looked for"},
	[OPT_IP] = {"ip", 'a', "address", TYPE_STRING, .same_as = -1,
		.text = "With tls: address or host name of a host that runs taiki-fenced"},
	[OPT_IPADDR] = {"ipaddr", 'a', "address", TYPE_STRING, .same_as = OPT_IP,
		.text = "With tls: address or host name of a host that runs taiki-fenced"},
	[OPT_IPPORT] = {"ipport", 'u', "port", TYPE_INTEGER, FENCE_TLS_PORT, .same_as = -1,
		.text = "With tls: TCP port of taiki-fenced"},
	[OPT_IDENTITY] = {"identity", 'l', "name", TYPE_STRING, .same_as = -1,
		.text = "With tls: who we are, as it stands in the host's table of keys: the name of this domain, or of a stranger"},
	[OPT_KEY_FILE] = {"key_file", 'k', "path", TYPE_STRING, .same_as = -1,
		.text = "With tls: file with the key in hexadecimal, or with a line IDENTITY KEY; only its owner may read it"},
	[OPT_PSK] = {"psk", 0, "key", TYPE_STRING, .same_as = -1,
		.text = "With tls: the key itself, in hexadecimal; key_file keeps it out of the cluster's configuration"},
	[OPT_DELAY] = {"delay", 0, "seconds", TYPE_SECOND, "0", .same_as = -1,
		.text = "Wait X seconds before fencing is started"},
	[OPT_LOGIN_TIMEOUT] = {"login_timeout", 0, "seconds", TYPE_SECOND, "5", .same_as = -1,
		.text = "Fail when the hypervisor cannot be reached for X seconds"},
	[OPT_POWER_TIMEOUT] = {"power_timeout", 0, "seconds", TYPE_SECOND, "50", .same_as = -1,
		.text = "Fail when off, on or reboot is not proven after X seconds"},
	[OPT_POWER_WAIT] = {"power_wait", 0, "seconds", TYPE_SECOND, "0", .same_as = -1,
		.text = "Wait X seconds after off or on before the state is verified"},
	[OPT_SHELL_TIMEOUT] = {"shell_timeout", 0, "seconds", TYPE_SECOND, "10", .same_as = -1,
		.text = "Fail when status, list or monitor is not answered after X seconds"},
	[OPT_SEPARATOR] = {"separator", 'C', "char", TYPE_STRING, ",", .same_as = -1,
		.text = "Separator of the columns of list and list-status"},
	[OPT_VERBOSE] = {"verbose", 'v', NULL, TYPE_BOOLEAN, .same_as = -1,
		.text = "Say what is being done"},
	[OPT_QUIET] = {"quiet", 'q', NULL, TYPE_BOOLEAN, .same_as = -1,
		.text = "Say nothing on standard error"},
	[OPT_DEBUG] = {"debug", 'D', "path", TYPE_STRING, .same_as = OPT_DEBUG_FILE,
		.text = "Append all that is said, and what verbose would say, to this file"},
	[OPT_DEBUG_FILE] = {"debug_file", 'D', "path", TYPE_STRING, .same_as = -1,
		.text = "Append all that is said, and what verbose would say, to this file"},
	[OPT_VERSION] = {"version", 'V', NULL, TYPE_BOOLEAN, .same_as = -1,
		.text = "Display version information and exit"},
	[OPT_HELP] = {"help", 'h', NULL, TYPE_BOOLEAN, .same_as = -1,
		.text = "Display help and exit"},
};
/* clang-format on */

static void set(struct options *o, int opt, const char *value)
{
	if (option_defs[opt].same_as >= 0)
		opt = option_defs[opt].same_as;
	o->value[opt] = value;
}

static int find(const char *name)
{
	/* What the action was called before FenceAgentAPI had a version. */
	if (!strcmp(name, "option"))
		return OPT_ACTION;
	for (int i = 0; i < OPT_COUNT; i++)
		if (!strcmp(option_defs[i].name, name))
			return i;
	return -1;
}

static void read_line(struct options *o, char *line)
{
	char *value;
	int opt;

	line = fence_trim(line);
	value = strchr(line, '=');
	if (*line == '#' || !value)
		return;
	*value++ = '\0';
	opt = find(fence_trim(line));
	if (opt >= 0)
		set(o, opt, fence_trim(value));
	else
		agent_detail("%s: unknown, and passed over", line);
}

int options_read(struct options *o, FILE *in)
{
	size_t len;
	char *save, *line;

	o->text = malloc(STDIN_MAX + 1);
	if (!o->text)
		return -ENOMEM;
	len = fread(o->text, 1, STDIN_MAX + 1, in);
	if (ferror(in))
		return -EIO;
	if (len > STDIN_MAX)
		return -EFBIG;
	o->text[len] = '\0';
	for (line = strtok_r(o->text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		read_line(o, line);
	return 0;
}

/* The table as getopt_long() wants it. */
struct option_name_list {
	char name[OPT_COUNT][32];
	struct option option[OPT_COUNT + 1];
	char letters[3 * OPT_COUNT];
};

static void long_names(struct option_name_list *list)
{
	char *at = list->letters;

	for (int i = 0; i < OPT_COUNT; i++) {
		const struct option_def *d = &option_defs[i];
		char *name = list->name[i];

		snprintf(name, sizeof(list->name[i]), "%s", d->name);
		for (char *c = name; *c; c++)
			if (*c == '_')
				*c = '-';
		list->option[i] = (struct option){name, d->arg ? required_argument : no_argument,
						  NULL, 256 + i};
		if (!d->letter || d->same_as >= 0)
			continue;
		*at++ = d->letter;
		if (d->arg)
			*at++ = ':';
	}
}

int options_parse(struct options *o, int argc, char **argv)
{
	struct option_name_list list = {0};
	int c;

	long_names(&list);
	while ((c = getopt_long(argc, argv, list.letters, list.option, NULL)) != -1) {
		int opt = c - 256;

		if (c == '?')
			return -EINVAL;
		for (int i = 0; c < 256 && i < OPT_COUNT; i++)
			if (option_defs[i].letter == c && option_defs[i].same_as < 0)
				opt = i;
		set(o, opt, option_defs[opt].arg ? optarg : "1");
	}
	if (optind < argc) {
		fprintf(stderr,
			"fence_taiki: %s: what is this? Options begin with - (see --help)\n",
			argv[optind]);
		return -EINVAL;
	}
	return 0;
}

const char *options_get(const struct options *o, enum option_id opt)
{
	const char *v = o->value[opt];

	return v && *v ? v : option_defs[opt].initial;
}

bool options_flag(const struct options *o, enum option_id opt)
{
	static const char *const no[] = {"0", "no", "off", "false"};
	const char *v = options_get(o, opt);

	for (size_t i = 0; v && i < sizeof(no) / sizeof(no[0]); i++)
		if (!strcasecmp(v, no[i]))
			return false;
	return v != NULL;
}

int64_t options_ms(const struct options *o, enum option_id opt)
{
	const char *v = options_get(o, opt);
	char *end;
	double s;

	if (!v || !isdigit((unsigned char)*v))
		return -1;
	s = strtod(v, &end);
	if (*end == 's')
		end++;
	return *end || !(s >= 0 && s <= DAY_S) ? -1 : (int64_t)(s * 1000);
}
