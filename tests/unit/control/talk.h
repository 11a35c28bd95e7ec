/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The QMP server on a real socket, and what a test says to it; the loop is turned by hand. */
#ifndef TEST_CONTROL_TALK_H
#define TEST_CONTROL_TALK_H

extern char talk_path[64]; /* of the server's socket */

/* For cmocka: the server listens and nobody is connected; it is closed; its directory is removed. */
int talk_setup(void **state);
int talk_teardown(void **state);
int talk_remove(void **state);

/* talk_turn() - Until the server has nothing left to do. */
void talk_turn(void);
/* talk_connect_raw(), talk_connect_negotiated() - A client's socket; the latter has its greeting behind it. */
int talk_connect_raw(void);
int talk_connect_negotiated(void);
/* talk_said() - Whatever the server has sent to @fd; "" nothing, NULL it hung up. */
const char *talk_said(int fd);
void talk_tell(int fd, const char *text);
/* talk_tell_fds() - @text with the @n descriptors of @send along with it. */
void talk_tell_fds(int fd, const char *text, const int *send, unsigned n);

#endif
