/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What both halves of a stream share.
 */
#ifndef MIRROR_ENGINE_STREAM_PRIVATE_H
#define MIRROR_ENGINE_STREAM_PRIVATE_H

#include "mirror/engine/stream.h"

enum part { PART_HEADER, PART_FIELDS, PART_BULK };

enum { STREAM_BUFFER = 128 << 10 };

/* stream_read() - What can be read now. */
void stream_read(struct stream *s);

/* stream_write() - What can be written now. */
void stream_write(struct stream *s);

/* stream_out_drop() - Everything that is queued, unsent. */
void stream_out_drop(struct stream *s);
void stream_out_init(struct stream *s);
void stream_out_free(struct stream *s);

#endif
