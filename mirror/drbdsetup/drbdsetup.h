/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * taiki-drbdsetup: what drbdadm calls in place of drbdsetup (of DRBD 8.4).
 *
 *   main.c     the commands        bring.c    those that bring a volume up, change its options, and take it down
 *   show.c     those that tell     options.c  drbd.conf's options as taiki-mirrord's
 *   keep.c     what has been said of a volume, in drbd.conf's words: RUN/.mirror/NAME/drbdsetup.json
 *
 *   {"minor": "61", "path": "/dev/vda", "meta": "/dev/vda", "kind": "internal",
 *    "local": "ipv4:10.0.0.1:7789", "peer": "ipv4:10.0.0.2:7789",
 *    "resource": {OPTION: VALUE}, "disk": {OPTION: VALUE}, "net": {OPTION: VALUE}}
 */
#ifndef MIRROR_DRBDSETUP_H
#define MIRROR_DRBDSETUP_H

#include <jansson.h>
#include <stdbool.h>

/*
 * As drbdsetup's; drbdadm shows standard error and passes the failure on.  After SETUP_FAILED it has drbdmeta do some
 * commands (invalidate, outdate) to a disk that nobody uses; after SETUP_REFUSED, a state's refusal, it does not.
 */
enum { SETUP_OK = 0, SETUP_LATE = 5, SETUP_FAILED = 10, SETUP_REFUSED = 11, SETUP_USAGE = 20 };

enum { SETUP_NAME = 64 };

/* ---- keep.c ---- */

/* keep_load() - Of resource @name; NULL: there is none.  keep_save() - 0 or -errno. */
json_t *keep_load(const char *name);
int keep_save(const char *name, const json_t *o);

/* keep_find() - The resource, and its name, whose @key has @value; NULL. */
json_t *keep_find(const char *key, const char *value, char name[SETUP_NAME]);

/* keep_text() - A string of @o, or "". */
const char *keep_text(const json_t *o, const char *key);

/* ---- options.c ---- */

/*
 * option_keep() - drbdsetup's @option ("--protocol=C") into the object @section.  0; -ENOTSUP: it asks for what is
 * not there, and a message has said so.
 */
int option_keep(json_t *section, const char *option);

/*
 * options_ours() - What is kept of volume @name in @o as taiki-mirrord's options, appended to the array @out.  What tunes
 * a kernel is passed over; shared-secret becomes --shared-secret-file of a file of the volume's.  0 or -errno.
 */
int options_ours(json_t *out, const char *name, const json_t *o);

/* ---- main.c ---- */

/* complain() - @why on standard error; SETUP_FAILED. */
int complain(const char *who, const char *why);

/* ask() - Have the daemon of @name do it; *@out (may be NULL) is the caller's.  An exit status. */
int ask(const char *name, const char *command, json_t *arguments, json_t **out);

/* by_minor() - The volume of @minor.  An exit status. */
int by_minor(const char *minor, char name[SETUP_NAME]);

/* ---- the commands: argv[0] is theirs, and there is at least one argument ---- */

int bring_new_resource(int argc, char **argv), bring_new_minor(int argc, char **argv),
	bring_attach(int argc, char **argv), bring_connect(int argc, char **argv),
	bring_disconnect(int argc, char **argv), bring_down(int argc, char **argv),
	bring_disk_options(int argc, char **argv), bring_net_options(int argc, char **argv),
	bring_resource_options(int argc, char **argv);
int show_config(int argc, char **argv), show_state(int argc, char **argv),
	show_status(int argc, char **argv), show_identifiers(int argc, char **argv),
	show_wait(int argc, char **argv);

#endif
