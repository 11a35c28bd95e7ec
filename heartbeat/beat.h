/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest and heartbeatd say to each other on org.taiki.heartbeat.0:
 * lines of ASCII, at most BEAT_LINE_MAX bytes with their newline, each with the
 * CRC-32 (IEEE) of everything before " crc=".  Either end may appear at any time
 * in the middle of a line: what does not parse is counted and dropped up to the
 * next newline, and nobody waits for anybody.  An empty line is nothing: who
 * opens the channel sends one first, so that what its predecessor left unfinished
 * does not spoil the first line.
 *
 *   guest → host  TB1 beat seq=17 clock=81234 load=12 role=active health=ok failures=0 crc=...
 *   guest → host  TB1 bye seq=18 clock=81301 crc=...   taiki-guest ends in order (the guest may
 *                                  be going down): silence after it is no hang, until a beat
 *   host → guest  TB1 set interval=1000 crc=...        how often to beat, ms
 *   host → guest  TB1 role value=active crc=...        run /etc/taiki/role.d, then beat with it
 *
 * A key that is not known is passed over, so that later versions may add some; a
 * known one stands once, in any order.  Numbers are decimal and without sign.
 */
#ifndef TAIKI_BEAT_H
#define TAIKI_BEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BEAT_PORT "org.taiki.heartbeat.0"
enum { BEAT_LINE_MAX = 256, BEAT_ROLE_MAX = 31 };
enum { BEAT_INTERVAL_MIN = 50, BEAT_INTERVAL_MAX = 60000 }; /* ms */

enum beat_health {
	BEAT_HEALTH_NONE,    /* no health command is configured, or it has not ended yet */
	BEAT_HEALTH_OK,      /* its last runs ended with 0 */
	BEAT_HEALTH_FAILED,  /* ... with something else, as many in a row as are configured */
	BEAT_HEALTH_TIMEOUT, /* ... the last one not in time, and was killed */
};

enum beat_kind { BEAT_BEAT, BEAT_SET, BEAT_ROLE, BEAT_BYE };

struct beat {
	enum beat_kind kind;
	uint64_t seq;   /* BEAT, BYE: 1, 2, 3, ...; 1 again: taiki-guest was started anew */
	uint64_t clock; /* BEAT, BYE: the guest's CLOCK_BOOTTIME, ms */
	unsigned load;  /* BEAT: 1-minute load average, hundredths */
	enum beat_health health; /* BEAT */
	uint64_t failures;       /* BEAT, may be missing: failed health runs since seq 1; that it
				    grows while health is "ok" shows a service that flaps */
	unsigned interval;       /* SET: ms, BEAT_INTERVAL_MIN..MAX */
	char role[BEAT_ROLE_MAX + 1]; /* BEAT, ROLE: [a-z0-9-]+, "none" where it has none */
};

/* beat_format() - @b as a line with its newline; its length, or -EINVAL (a value out of range). */
int beat_format(char out[BEAT_LINE_MAX], const struct beat *b);

/* beat_parse() - One line, without its newline, of @len bytes.  0, -EINVAL, or -EBADMSG: the CRC.
 * Unless 0, @b is left as it was; what the message has no field for is 0 or "". */
int beat_parse(const char *line, size_t len, struct beat *b);

/* beat_role_ok() - Whether @role can stand in a message. */
bool beat_role_ok(const char *role);

/* beat_health_name() - Its word in a beat: "none", "ok", "failed", "timeout". */
const char *beat_health_name(enum beat_health health);

/* What cuts a stream of bytes into lines; zeroed: empty. */
struct beat_framer {
	char line[BEAT_LINE_MAX];
	size_t len;
	bool overlong; /* until the next newline everything is dropped */
	uint64_t bad;  /* lines that were not one of ours */
};

/*
 * beat_feed() - Take the next bytes from *@data (advanced) until a whole line
 * has parsed: true and @b is set; false: all @len bytes are used up.
 */
bool beat_feed(struct beat_framer *f, const char **data, size_t *len, struct beat *b);

#endif
