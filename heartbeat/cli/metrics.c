// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prometheus' text format.  With -o the file appears as a whole, as the
 * textfile collector wants it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "hv/replace.h"

/* Metrics of each domain that are one number of its document. */
static const struct {
	const char *name, *type, *help;
	const char *part, *key; /* where it stands; part "": at the top */
	double scale;
	bool no_negative; /* a negative one is none */
} metrics[] = {
	{"silence_seconds", "gauge", "Silence of what is expected, less what the host owes", "",
	 "silence_ms", 1e-3},
	{"phi", "gauge", "How surprising the silence of its beats is (8: one in 10^8)", "", "phi",
	 1},
	{"resets", "gauge", "Resets in place within the window", "", "resets", 1},
	{"judgements_total", "counter", "Times it was judged", "", "judgements", 1},
	{"beats_total", "counter", "Beats received", "beats", "count", 1},
	{"bad_lines_total", "counter", "Lines on its channel that were no beats", "beats", "bad",
	 1},
	{"guest_load", "gauge", "The guest's 1-minute load average", "beats", "load", 1},
	{"health_failures_total", "counter", "Failed runs of its health command", "beats",
	 "health_failures", 1},
	{"work_total", "counter", "Instructions (soft) or exits (kvm) of its vCPUs", "progress",
	 "work", 1},
	{"cpu_seconds_total", "counter", "CPU time of its vCPUs", "progress", "cpu_ns", 1e-9},
	{"io_total", "counter", "Requests and packets its guest has finished", "progress", "io", 1},
	{"starved_seconds_total", "counter", "What it waited for a CPU", "evidence", "starved_ms",
	 1e-3},
	{"report_latency_seconds", "gauge", "From the verdict until the controller had it",
	 "report", "latency_ms", 1e-3, true},
};

static void head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP taiki_heartbeat_%s %s\n# TYPE taiki_heartbeat_%s %s\n", name, help, name,
		type);
}

static const json_t *part(const json_t *d, const char *name)
{
	return *name ? json_object_get(d, name) : d;
}

/* Names are of [A-Za-z0-9._-] (hv_name_ok), and need no quoting. */
static void domain_metrics(FILE *f, const json_t *domains)
{
	size_t i;
	json_t *d;

	for (size_t m = 0; m < sizeof(metrics) / sizeof(metrics[0]); m++) {
		head(f, metrics[m].name, metrics[m].type, metrics[m].help);
		json_array_foreach (domains, i, d) {
			double v = cli_number(part(d, metrics[m].part), metrics[m].key);

			if (metrics[m].no_negative && v < 0)
				continue;
			fprintf(f, "taiki_heartbeat_%s{domain=\"%s\"} %.9g\n", metrics[m].name,
				cli_text(d, "name"), v * metrics[m].scale);
		}
	}
}

static void state_metrics(FILE *f, const json_t *domains)
{
	static const char *const states[] = {"unknown", "alive", "suspect", "failed"};
	size_t i;
	json_t *d;

	head(f, "state", "gauge", "1 for the state the domain is in");
	json_array_foreach (domains, i, d)
		for (size_t s = 0; s < 4; s++)
			fprintf(f, "taiki_heartbeat_state{domain=\"%s\",state=\"%s\"} %d\n",
				cli_text(d, "name"), states[s],
				!strcmp(states[s], cli_text(d, "verdict")));
	head(f, "verdicts_total", "counter", "How often the state was entered");
	json_array_foreach (domains, i, d)
		for (size_t s = 0; s < 4; s++)
			fprintf(f,
				"taiki_heartbeat_verdicts_total{domain=\"%s\",state=\"%s\"} %.0f\n",
				cli_text(d, "name"), states[s],
				cli_number(json_object_get(d, "entered"), states[s]));
}

static void daemon_metrics(FILE *f, const json_t *d)
{
	static const struct {
		const char *name, *type, *help, *key;
		double scale;
	} own[] = {
		{"daemon_uptime_seconds", "gauge", "Since the daemon was started", "uptime_s", 1},
		{"daemon_domains", "gauge", "Domains it watches", "domains", 1},
		{"daemon_late_seconds", "gauge", "How late its last tick was", "late_last_ms",
		 1e-3},
		{"daemon_late_most_seconds", "gauge", "How late it was at most", "late_most_ms",
		 1e-3},
		{"daemon_blind_seconds_total", "counter", "Time in which it did not run",
		 "blind_ms", 1e-3},
		{"daemon_stalls_total", "counter", "How often it did not run", "stalls", 1},
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		head(f, own[i].name, own[i].type, own[i].help);
		fprintf(f, "taiki_heartbeat_%s %.9g\n", own[i].name,
			cli_number(d, own[i].key) * own[i].scale);
	}
}

/* up says that the daemon did not answer: no metrics at all look like a collector that is broken. */
static void print(FILE *f, const json_t *o)
{
	head(f, "up", "gauge", "Whether taiki-heartbeatd answers");
	fprintf(f, "taiki_heartbeat_up %d\n", o != NULL);
	if (!o)
		return;
	daemon_metrics(f, json_object_get(o, "daemon"));
	state_metrics(f, json_object_get(o, "domains"));
	domain_metrics(f, json_object_get(o, "domains"));
}

static int print_file(const char *path, const json_t *o)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int rc = -ENOMEM;

	if (f) {
		print(f, o);
		if (!fclose(f))
			rc = hv_replace(path, text, len, 0644, false);
	}
	free(text);
	if (!rc)
		return CLI_OK;
	fprintf(stderr, "taiki-heartbeat: %s: cannot be written: %s\n", path, strerror(-rc));
	return CLI_FAILED;
}

int cli_metrics(int argc, char **argv)
{
	const char *path = NULL;
	json_t *o;
	int rc = CLI_OK;

	for (int a = 1; a < argc; a++) {
		if (strcmp(argv[a], "-o") || a + 1 == argc)
			return CLI_USAGE;
		path = argv[++a];
	}
	o = cli_ask("");
	if (path)
		rc = print_file(path, o);
	else
		print(stdout, o);
	if (!o)
		rc = CLI_FAILED;
	json_decref(o);
	return rc;
}
