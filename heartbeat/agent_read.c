// SPDX-License-Identifier: GPL-2.0-or-later
#include <jansson.h>

#include "agent_read.h"

bool agent_read(const char *line, size_t len, uint32_t id)
{
	json_t *o, *value;
	bool hit;

	/* The answer to a delimited sync begins with 0xff, which is in no JSON. */
	while (len && (unsigned char)*line == 0xff) {
		line++;
		len--;
	}
	o = json_loadb(line, len, 0, NULL);
	value = json_object_get(o, "return");
	hit = json_is_integer(value) && json_integer_value(value) == (json_int_t)id;
	json_decref(o);
	return hit;
}
