/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest agent answers (the QEMU guest agent's protocol); the guest is hostile. */
#ifndef HEARTBEAT_AGENT_READ_H
#define HEARTBEAT_AGENT_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* agent_read() - Whether the line answers guest-sync-delimited @id: the agent lives. */
bool agent_read(const char *line, size_t len, uint32_t id);

#endif
