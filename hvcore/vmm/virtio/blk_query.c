/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block devices as the control connection sees them. */
#include <errno.h>
#include <string.h>

#include "hv/limits_json.h"
#include "hvcore/vmm/loop.h"
#include "hvcore/vmm/virtio/blk.h"
#include "hvcore/vmm/virtio/devices.h"

/* How long a request may take before a resize, which would wait behind it, is refused. */
#define HANGING_NS (1ULL * 1000 * 1000 * 1000)

/* Milliseconds the disk has owed answers; 0: it owes none. */
static uint64_t owing_ms(const struct blk *d)
{
	return d->began ? (loop_host_now() - d->began) / 1000000 : 0;
}

/* What is in it; nothing while its gate is closed. */
static json_t *inserted(const struct blk *d)
{
	json_t *image, *o;

	if (blk_closed(d))
		return NULL;
	image = json_pack("{s:s, s:s, s:I}", "filename", d->block.path, "format", "raw",
			  "virtual-size", (json_int_t)d->block.size);
	o = json_pack("{s:s, s:b, s:s, s:b, s:o}", "file", d->block.path, "ro", d->block.readonly,
		      "drv", "raw", "x-taiki-direct", !d->block.readonly, "image", image);
	hv_limits_to_json(&d->throttle.limits, HV_WORDS_DISK, o);
	return o;
}

/* Also of a disk with nothing in it: they hold when it opens. */
static json_t *limits(const struct blk *d)
{
	json_t *o = json_object();

	hv_limits_to_json(&d->throttle.limits, HV_WORDS_DISK, o);
	return o;
}

static const char *io_status(const struct blk *d)
{
	if (!d->nkept && !d->retrying)
		return "ok";
	return d->last_error == -ENOSPC ? "nospace" : "failed";
}

static json_t *one_block(const struct blk *d)
{
	return json_pack("{s:s, s:s, s:b, s:b, s:s, s:o*, s:s*, s:o}", "device", d->v.name, "type",
			 "unknown", "removable", 0, "locked", 0, "io-status", io_status(d),
			 "inserted", inserted(d), "x-taiki-gate", blk_gate_name(d),
			 "x-taiki-limits", limits(d));
}

json_t *virtio_blk_query(void)
{
	json_t *all = json_array();

	for (struct blk *d = blk_list; d; d = d->next)
		json_array_append_new(all, one_block(d));
	return all;
}

static json_t *count_object(const struct blk *d)
{
	static const struct {
		const char *done, *failed, *bytes;
	} key[] = {
		[BLOCK_READ] = {"rd_operations", "failed_rd_operations", "rd_bytes"},
		[BLOCK_WRITE] = {"wr_operations", "failed_wr_operations", "wr_bytes"},
		[BLOCK_FLUSH] = {"flush_operations", "failed_flush_operations", NULL},
		[BLOCK_DISCARD] = {"unmap_operations", "failed_unmap_operations", "unmap_bytes"},
		[BLOCK_ZEROES] = {"x-taiki-zeroes_operations", "x-taiki-failed_zeroes_operations",
				  "x-taiki-zeroes_bytes"},
	};
	json_t *o = json_object();

	for (size_t i = 0; i < sizeof(key) / sizeof(key[0]); i++) {
		const struct blk_count *c = &d->count[i];

		json_object_set_new(o, key[i].done, json_integer((json_int_t)c->done));
		json_object_set_new(o, key[i].failed, json_integer((json_int_t)c->failed));
		if (key[i].bytes)
			json_object_set_new(o, key[i].bytes, json_integer((json_int_t)c->bytes));
	}
	json_object_set_new(o, "x-taiki-refused", json_integer((json_int_t)d->refused));
	json_object_set_new(o, "x-taiki-gated", json_integer((json_int_t)d->gate.refused));
	json_object_set_new(o, "x-taiki-inflight", json_integer(d->inflight));
	json_object_set_new(o, "x-taiki-waiting", json_integer(d->waits));
	json_object_set_new(o, "x-taiki-kept", json_integer(d->nkept + d->retrying));
	json_object_set_new(o, "x-taiki-throttled", json_integer((json_int_t)d->throttled));
	json_object_set_new(o, "x-taiki-owing-ms", json_integer((json_int_t)owing_ms(d)));
	return o;
}

uint64_t virtio_blk_owing_ms(const char **name)
{
	uint64_t worst = 0;

	for (struct blk *d = blk_list; d; d = d->next)
		if (owing_ms(d) > worst) {
			worst = owing_ms(d);
			*name = d->v.name;
		}
	return worst;
}

json_t *virtio_blk_stats(void)
{
	json_t *all = json_array();

	for (struct blk *d = blk_list; d; d = d->next)
		json_array_append_new(all, json_pack("{s:s, s:o}", "device", d->v.name, "stats",
						     count_object(d)));
	return all;
}

int virtio_blk_resize(const char *target, uint64_t bytes, struct hv_error *err)
{
	struct blk *d = blk_list;
	int rc;

	while (d && strcmp(d->v.name, target))
		d = d->next;
	if (!d)
		return hv_err(err, -ENOENT, "there is no disk %s; query-block lists them", target);
	if (blk_closed(d))
		return hv_err(err, -ENOMEDIUM, "disk %s: its gate is closed; open that first",
			      target);
	if (owing_ms(d) * 1000000 > HANGING_NS)
		return hv_err(err, -EBUSY,
			      "disk %s has not answered for %llu ms; resize it when it does",
			      target, (unsigned long long)owing_ms(d));
	rc = block_resize(&d->block, bytes, err);
	if (rc)
		return rc;
	blk_set_capacity(d);
	virtio_config_changed(&d->v);
	return 0;
}
