/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_LIB_CONFIG_FIELDS_H
#define HV_LIB_CONFIG_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "hv/config.h"

/* _IF: left out where it is false, or 0. */
enum config_type {
	CONFIG_STR,
	CONFIG_UUID,
	CONFIG_MAC,
	CONFIG_BOOL,
	CONFIG_BOOL_IF,
	CONFIG_UINT,
	CONFIG_U64,
	CONFIG_U64_IF,
	CONFIG_I64,
	CONFIG_ENUM,
};

/* A list of them ends with one without a key. */
struct config_field {
	const char *key;
	enum config_type type;
	size_t offset;
	const char *const *names; /* CONFIG_ENUM: by value, NULL-terminated */
};

/* A list of objects. */
struct config_array {
	const char *key;
	const struct config_field *fields;
	size_t offset, count, size; /* count: where the number of elements stands */
	unsigned max;
	bool if_any; /* an empty one is left out */
};

/* An object that is always there, once. */
struct config_part {
	const char *key;
	const struct config_field *fields;
	size_t offset;
};

enum { CONFIG_ARRAYS = 5, CONFIG_PARTS = 4 };

extern const struct config_field config_top[];
extern const struct config_array config_arrays[CONFIG_ARRAYS];
extern const struct config_part config_parts[CONFIG_PARTS];

#endif
