/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket from the inside: control.c has the clients, commands.c what they may ask for.
 */
#ifndef MIRROR_CONTROL_H
#define MIRROR_CONTROL_H

#include <jansson.h>
#include <stddef.h>

#include "mirror/engine/volume.h"

struct client;
struct mirrord;

/* command_execute() - One line of a client, without its newline; it is answered now, or after client_wait(). */
void command_execute(struct client *c, const char *line, size_t len);

struct mirrord *client_mirrord(struct client *c);

/* client_say() - A line, and @o is taken.  It fits into a socket's buffer; who does not read is cut off. */
void client_say(struct client *c, json_t *o);
/* client_done() - It was done, and there is nothing more to say.  client_refuse() - It was not. */
void client_done(struct client *c);
void client_refuse(struct client *c, const char *why);

/*
 * client_wait() - The answer comes later: what is returned is called with @c, once, and says it.  Until then no
 * other line of this client is looked at.
 */
volume_answer *client_wait(struct client *c);

/* client_watch() - It is told the status now, and whenever it changes. */
void client_watch(struct client *c);

#endif
