/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests that hold our files against what the distribution's tools make of them.
 */
#ifndef TESTS_MIRROR_TOOL_H
#define TESTS_MIRROR_TOOL_H

#include <stdint.h>

/*
 * tool() - Run @argv (NULL at its end); what it prints on standard output, freed by the caller, and
 * its exit status.  The test fails when it cannot be run.
 */
char *tool(const char *const argv[], int *status);

/* tool_drbdmeta() - drbdmeta --force - v08 FILE KIND COMMAND [ARG [ARG...]] in @words; its output, which must be a success. */
char *tool_drbdmeta(const char *file, const char *words);

/* scratch() - A new sparse file of @bytes, open for reading and writing; its name is put into @name. */
int scratch(char name[64], uint64_t bytes);

/* A generator whose sequence a test can repeat. */
uint64_t rnd(uint64_t *state);

#endif
