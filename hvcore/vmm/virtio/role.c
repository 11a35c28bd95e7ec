/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines from and to the guest, without the port they go through; see role.h. */
#include "hvcore/vmm/virtio/role.h"

#include <errno.h>
#include <string.h>

uint64_t role_credit(struct role_credit *c, uint64_t now, uint64_t ns, uint64_t most)
{
	uint64_t more;

	if (!c->since) {
		c->left = most;
		c->since = now;
	}
	more = now > c->since ? (now - c->since) / ns : 0;
	c->since += more * ns;
	c->left = more > most - c->left ? most : c->left + more;
	return c->left;
}

/* --- from the guest --- */

static void pass_on(struct role *r, uint64_t now)
{
	r->line[r->len] = '\0';
	r->heard++;
	if (!role_credit(&r->lines, now, ROLE_LINE_NS, ROLE_LINES_BURST)) {
		r->dropped++;
		return;
	}
	r->lines.left--;
	memcpy(r->last, r->line, r->len + 1);
	event_emit("X_TAIKI_ROLE", json_pack("{s:s}", "text", r->last));
}

static void line_end(struct role *r, uint64_t now)
{
	/* Some end their lines with both. */
	if (!r->skip && r->len && r->line[r->len - 1] == '\r')
		r->len--;
	for (unsigned i = 0; i < r->len && !r->skip; i++)
		r->skip = r->line[i] < ' ' || r->line[i] > '~';
	if (r->skip)
		r->dropped++;
	else if (r->len)
		pass_on(r, now);
	r->len = 0;
	r->skip = false;
}

void role_hear(struct role *r, const uint8_t *data, size_t len, uint64_t now)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n')
			line_end(r, now);
		else if (r->len < ROLE_TEXT_MAX)
			r->line[r->len++] = (char)data[i];
		else
			r->skip = true;
	}
}

/* --- to the guest --- */

int role_queue(struct role *r, const char *text, bool kept)
{
	size_t len = strlen(text);
	struct role_out *o = &r->out[r->nout];

	if (r->nout == ROLE_QUEUE_MAX)
		return -ENOBUFS;
	o->kept = kept;
	o->len = (uint16_t)(len + 1);
	memcpy(o->text, text, len);
	o->text[len] = '\n';
	r->nout++;
	return 0;
}

size_t role_next(const struct role *r, char *to, size_t max)
{
	size_t n;

	if (!max || (!r->fresh && !r->nout))
		return 0;
	if (r->fresh) {
		*to = '\n';
		return 1;
	}
	n = r->out[0].len - r->sent;
	if (n > max)
		n = max;
	memcpy(to, r->out[0].text + r->sent, n);
	return n;
}

static void drop(struct role *r, unsigned i)
{
	memmove(&r->out[i], &r->out[i + 1], (--r->nout - i) * sizeof(r->out[0]));
}

void role_sent(struct role *r, size_t n)
{
	if (r->fresh && n) {
		r->fresh = false;
		n--;
	}
	r->sent += n;
	if (r->nout && r->sent == r->out[0].len) {
		drop(r, 0);
		r->sent = 0;
	}
}

void role_opened(struct role *r, bool open, uint64_t now)
{
	/* Half a line is nothing to whoever comes next, on either side. */
	r->len = 0;
	r->skip = false;
	r->sent = 0;
	r->fresh = open;
	if (!open || !r->kept[0])
		return;
	r->told = now;
	for (unsigned i = r->nout; i > 0; i--)
		if (r->out[i - 1].kept)
			drop(r, i - 1);
	/* It is what the others may depend on, and always has its place. */
	if (r->nout == ROLE_QUEUE_MAX)
		r->nout--;
	memmove(&r->out[1], &r->out[0], r->nout * sizeof(r->out[0]));
	unsigned others = r->nout;
	r->nout = 0;
	role_queue(r, r->kept, true);
	r->nout = others + 1;
}
