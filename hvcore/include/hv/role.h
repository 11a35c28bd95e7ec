/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a host and a guest say to each other on org.taiki.role.0: lines of
 * printable ASCII, at most HV_ROLE_LINE_MAX bytes with their newline, each with the
 * CRC-32 (IEEE) of everything before " crc=".  Either end may appear at any time
 * in the middle of a line: what does not parse is counted and dropped up to the
 * next newline, and an empty line is nothing; who opens the port sends one first.
 *
 *   host → guest  TR1 role seq=3 value=active name=web address=10.0.0.5%2F24 crc=...
 *                   take this role; it comes again whenever the guest opens the port,
 *                   and the guest does nothing for a seq that it has done in this boot
 *   host → guest  TR1 ask crc=...                          say hello
 *   guest → host  TR1 hello role=standby seq=0 crc=...     when it opens the port, and asked:
 *                   it is booted; its role, and the seq of the last one done (0: none)
 *   guest → host  TR1 done role=active seq=3 status=0 crc=...
 *                   the scripts of this role have ended; status 0: well, and role is
 *                   the new one; else what the first that failed ended with, and role is
 *                   the one that it still has
 *
 * In role every other key is the role's data: whatever the definition says
 * (<taiki:role>).  In the others a key that is not known is passed over.  A key
 * stands once, in any order.  In values everything but letters, digits and - . _ : is
 * written %XX; what comes may leave more as it is, all but space and percent.
 * Control characters are in no value.
 */
#ifndef HV_ROLE_H
#define HV_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HV_CHANNEL_ROLE "org.taiki.role.0"

enum {
	HV_ROLE_LINE_MAX = 1024, /* bytes of a line with its newline */
	HV_ROLE_MAX = 31,        /* bytes of a role: [a-z0-9-]+ */
	HV_ROLE_KEY_MAX = 31,    /* [a-z][a-z0-9-]* */
	HV_ROLE_VALUE_MAX = 255, /* bytes of a value, decoded */
	HV_ROLE_PAIRS_MAX = 16,
	HV_ROLE_STATUS_MAX = 255,
};

/* Roles that the host gives; a guest that was given none has "none". */
#define HV_ROLE_ACTIVE  "active"
#define HV_ROLE_STANDBY "standby"
#define HV_ROLE_NONE    "none"

enum hv_role_kind { HV_ROLE_ROLE, HV_ROLE_ASK, HV_ROLE_HELLO, HV_ROLE_DONE };

struct hv_role_pair {
	char key[HV_ROLE_KEY_MAX + 1];
	char value[HV_ROLE_VALUE_MAX + 1];
};

struct hv_role {
	enum hv_role_kind kind;
	uint64_t seq;                                /* ROLE: 1 and up; HELLO, DONE */
	char role[HV_ROLE_MAX + 1];                  /* ROLE, HELLO, DONE */
	unsigned status;                             /* DONE: 0..HV_ROLE_STATUS_MAX */
	struct hv_role_pair pair[HV_ROLE_PAIRS_MAX]; /* ROLE: its data, in order */
	unsigned pairs;
};

/* hv_role_ok() - Whether @role can stand in a message. */
bool hv_role_ok(const char *role);

/*
 * hv_role_key_ok() - Whether a definition may use @key: [a-z][a-z0-9-]*, and none that
 * messages use themselves (role, seq, value, status, crc, name).  The agent adds "name".
 */
bool hv_role_key_ok(const char *key);

/* hv_role_value_ok() - Whether @value fits: its length, and no control characters. */
bool hv_role_value_ok(const char *value);

/* hv_role_add() - Append a pair to a ROLE; 0, -EINVAL (not ok, or there already), -ENOSPC. */
int hv_role_add(struct hv_role *r, const char *key, const char *value);

/* hv_role_get() - The value of @key in a ROLE, or NULL. */
const char *hv_role_get(const struct hv_role *r, const char *key);

/*
 * hv_role_format() - @r as a line without its newline (x-taiki-role takes it so; in the port it
 * has one); its length, -EINVAL (a value out of range), -E2BIG (longer than a line may be).
 */
int hv_role_format(char out[HV_ROLE_LINE_MAX], const struct hv_role *r);

/* hv_role_parse() - One line, without its newline, of @len bytes.  0, -EINVAL, or -EBADMSG: the
 * CRC.  Unless 0, @r is left as it was; what the message has no field for is 0 or "". */
int hv_role_parse(const char *line, size_t len, struct hv_role *r);

/* What cuts a stream of bytes into lines; zeroed: empty. */
struct hv_role_framer {
	char line[HV_ROLE_LINE_MAX];
	size_t len;
	bool overlong; /* until the next newline everything is dropped */
	uint64_t bad;  /* lines that were not one of ours */
};

/*
 * hv_role_feed() - Take the next bytes from *@data (advanced) until a whole line
 * has parsed: true and @r is set; false: all @len bytes are used up.
 */
bool hv_role_feed(struct hv_role_framer *f, const char **data, size_t *len, struct hv_role *r);

#endif
