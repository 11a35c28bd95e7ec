// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fencing/door_keys.h"
#include "hv/standby.h"

#define SPACE " \t\r"

static int nibble(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* get_secret() - NULL, or what is wrong; the key itself is in no message. */
static const char *get_secret(const char *hex, struct door_key *k)
{
	size_t digits = strlen(hex);

	if (digits % 2 || digits < 2 * DOOR_KEY_MIN || digits > 2 * DOOR_KEY_MAX)
		return "the key is not 32 to 128 hexadecimal digits";
	for (size_t i = 0; i < digits / 2; i++) {
		int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return "the key is not hexadecimal";
		k->secret[i] = (uint8_t)(high << 4 | low);
	}
	k->len = digits / 2;
	return NULL;
}

static const char *get_name(const char *word, char out[FENCE_NAME_MAX + 1])
{
	if (hv_name_kind(word) != HV_KIND_DOMAIN)
		return "an identity or group is not a name";
	snprintf(out, FENCE_NAME_MAX + 1, "%s", word);
	return NULL;
}

/* parse_line() - 1: a key; 0: an empty line; -1 with *wrong. */
static int parse_line(char *line, struct door_key *k, const char **wrong)
{
	char *save, *identity = strtok_r(line, SPACE, &save);
	char *secret = identity ? strtok_r(NULL, SPACE, &save) : NULL, *word;

	*wrong = NULL;
	if (!identity || identity[0] == '#')
		return 0;
	if (!secret) {
		*wrong = "there is no key";
		return -1;
	}
	*wrong = get_name(identity, k->identity);
	if (!*wrong)
		*wrong = get_secret(secret, k);
	while (!*wrong && (word = strtok_r(NULL, SPACE, &save)) && word[0] != '#') {
		if (strncmp(word, "group=", 6) != 0)
			*wrong = "behind the key only group=GROUP can stand";
		else
			*wrong = get_name(word + 6, k->group);
	}
	return *wrong ? -1 : 1;
}

static bool is_there(const struct door_key *key, size_t n, const char *identity)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(key[i].identity, identity))
			return true;
	return false;
}

/* count_lines() - No more keys than that are in @text. */
static size_t count_lines(const char *text)
{
	size_t n = 1;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

/* append() - NULL, or what is wrong. */
static const char *append(struct door_key *key, size_t *n, const struct door_key *k)
{
	if (is_there(key, *n, k->identity))
		return "the identity stands there twice";
	if (*n == DOOR_KEYS_MAX)
		return "there are more than 1024 keys";
	key[(*n)++] = *k;
	return NULL;
}

int door_keys_parse(char *text, size_t len, struct door_key **key, size_t *n, char *err,
		    size_t err_size)
{
	size_t lines = count_lines(text);
	const char *wrong = NULL;
	unsigned number = 1;

	*n = 0;
	/* All at once: secrets must not be left behind by realloc(). */
	*key = calloc(lines < DOOR_KEYS_MAX ? lines : DOOR_KEYS_MAX, sizeof(**key));
	if (!*key)
		return -ENOMEM;
	if (strlen(text) != len)
		wrong = "the file holds a NUL";
	for (char *line = text, *end; !wrong && line; line = end, number++) {
		struct door_key k = {.len = 0};

		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		if (parse_line(line, &k, &wrong) > 0)
			wrong = append(*key, n, &k);
		explicit_bzero(&k, sizeof(k));
		if (wrong)
			break;
	}
	if (!wrong)
		return 0;
	door_keys_wipe(*key, *n);
	*key = NULL;
	*n = 0;
	snprintf(err, err_size, "line %u: %s", number, wrong);
	return -EINVAL;
}

void door_keys_wipe(struct door_key *key, size_t n)
{
	if (key)
		explicit_bzero(key, n * sizeof(*key));
	free(key);
}
