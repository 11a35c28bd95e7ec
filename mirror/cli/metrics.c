// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prometheus' text format, of all volumes of this host.
 */
#include <stdio.h>
#include <string.h>

#include "mirror/cli/cli.h"

static const struct {
	const char *name, *type, *help, *key;
} metrics[] = {
	{"size_bytes", "gauge", "Size of the volume", "size"},
	{"out_of_sync_bytes", "gauge", "What the two disks may differ in", "out-of-sync"},
	{"resync_left_bytes", "gauge", "What is left of the resync that runs", "resync-left"},
	{"written_bytes_total", "counter", "Written by clients", "written"},
	{"read_bytes_total", "counter", "Read by clients", "read"},
	{"sent_bytes_total", "counter", "Sent to the peer", "sent"},
	{"received_bytes_total", "counter", "Received from the peer", "received"},
	{"requests_in_flight", "gauge", "Requests of clients that are not done", "in-flight"},
	{"epochs", "gauge", "Epochs that the peer has not confirmed", "epochs"},
	{"actlog_transactions_total", "counter", "Writes to the activity log", "al-transactions"},
	{"metadata_writes_total", "counter", "Writes of metadata", "metadata-writes"},
	{"nbd_clients", "gauge", "Clients of the export", "nbd-clients"},
};

static const struct {
	const char *name, *help, *key, *value;
} states[] = {
	{"primary", "1 where it is Primary here", "role", "Primary"},
	{"connected", "1 where the peer is there and nothing is resynced", "connection",
	 "Connected"},
	{"disk_up_to_date", "1 where this disk is UpToDate", "disk", "UpToDate"},
	{"peer_disk_up_to_date", "1 where the peer's disk is UpToDate", "peer-disk", "UpToDate"},
};

static void head(const char *name, const char *type, const char *help)
{
	printf("# HELP taiki_mirror_%s %s\n# TYPE taiki_mirror_%s %s\n", name, help, name, type);
}

/* Names need no quoting (place_name_ok). */
static void line(const char *metric, const json_t *o, json_int_t value)
{
	printf("taiki_mirror_%s{volume=\"%s\"} %" JSON_INTEGER_FORMAT "\n", metric,
	       cli_text(o, "name"), value);
}

static int add(void *arg, const char *name)
{
	json_t *o = cli_ask(name, "status", NULL);

	return json_array_append_new(arg, o) ? CLI_FAILED : CLI_OK;
}

int cli_metrics(int argc, char **argv)
{
	json_t *all, *o;
	size_t i;
	int rc;

	if (argc != 1)
		return CLI_USAGE;
	all = json_array();
	rc = cli_each(add, all);
	for (size_t m = 0; m < sizeof(metrics) / sizeof(metrics[0]); m++) {
		head(metrics[m].name, metrics[m].type, metrics[m].help);
		json_array_foreach (all, i, o)
			line(metrics[m].name, o,
			     json_integer_value(json_object_get(o, metrics[m].key)));
	}
	for (size_t s = 0; s < sizeof(states) / sizeof(states[0]); s++) {
		head(states[s].name, "gauge", states[s].help);
		json_array_foreach (all, i, o)
			line(states[s].name, o,
			     !strcmp(cli_text(o, states[s].key), states[s].value));
	}
	head("suspended", "gauge", "1 where clients have to wait");
	json_array_foreach (all, i, o)
		line("suspended", o, json_is_true(json_object_get(o, "suspended")));
	json_decref(all);
	return rc;
}
