/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's definition: a libvirt domain XML (design 5.1, taiki-domain-xml(7)).
 *
 * hv_definition_parse() gives every element and attribute a verdict:
 * understood (it is in the configuration now), passed over (it only describes,
 * or tunes what Taiki does not tune), or refused (it would change what the
 * guest sees, and cannot be given).  A definition with one refusal is refused.
 *
 * The functions that read XML pull in libxml2, which costs 3 ms and 2.7 MiB at
 * every program's start.  A program that must be small (the agent) calls
 * hv_definition_resolve() instead, which has `hv` do it.
 */
#ifndef HV_DEFINITION_H
#define HV_DEFINITION_H

#include <stddef.h>
#include <stdint.h>

#include "hv/config.h"

enum {
	HV_DEFINITION_MAX = 256 * 1024, /* bytes of XML; more is refused unread */
	HV_DIGEST_SIZE = 65,            /* SHA-256 in hexadecimal, and a NUL */
};

enum hv_verdict_kind { HV_UNDERSTOOD, HV_PASSED_OVER, HV_REFUSED };

struct hv_verdict {
	enum hv_verdict_kind kind;
	int line;     /* in the file, from 1; 0: the definition as a whole */
	char *path;   /* "domain/devices/disk[2]/driver/@cache" */
	char *reason; /* a clause for a person; NULL with most that are understood */
};

struct hv_definition {
	struct hv_config config; /* empty unless hv_definition_parse() returned 0 */
	struct hv_verdict *verdict;
	size_t nverdicts;
	unsigned refused; /* how many of them refuse */
	char *text;       /* the XML as it was read, NUL-terminated */
	size_t len;
};

/*
 * hv_definition_parse() - Reads @len bytes of XML; @file is only for messages.
 * @d is initialised here and the caller's to hv_definition_free() in any case.
 * 0; -EINVAL malformed or refused (@err holds the first reason, with file and
 * line; the verdicts hold them all); -ENOMEM.
 */
int hv_definition_parse(struct hv_definition *d, const char *text, size_t len, const char *file,
			struct hv_error *err);

/* hv_definition_load() - The same from a file ("-": standard input); also -errno of reading it. */
int hv_definition_load(struct hv_definition *d, const char *path, struct hv_error *err);

void hv_definition_free(struct hv_definition *d);

/*
 * hv_definition_resolve() - What hv_definition_parse() finds, without libxml2
 * in this process: `hv define --resolve -` is run ($TAIKI_HV, else beside
 * /proc/self/exe, else /usr/sbin/hv) and its answer read, within @timeout_ms.
 * @c is initialised here and left free of allocations on failure.  0; -EINVAL
 * refused, @err as above; -ETIMEDOUT; -errno where hv could not be run.
 */
int hv_definition_resolve(struct hv_config *c, const char *text, size_t len, const char *file,
			  int timeout_ms, struct hv_error *err);

/*
 * hv_definition_read() - A definition's text from a file ("-": standard input),
 * at most HV_DEFINITION_MAX bytes, NUL-terminated, the caller's to free.
 */
int hv_definition_read(const char *path, char **text, size_t *len, struct hv_error *err);

/*
 * hv_definition_encode() - The form a definition has in the cluster, as the
 * resource's parameter `definition`: zlib, then base64 on one line.  *@out is
 * the caller's to free.  0 or -ENOMEM.
 */
int hv_definition_encode(const char *text, size_t len, char **out, struct hv_error *err);

/*
 * hv_definition_decode() - And back.  *@text is NUL-terminated, the caller's to
 * free.  0, -EINVAL (not such a form, cut short, altered, or larger than
 * HV_DEFINITION_MAX), -ENOMEM.
 */
int hv_definition_decode(const char *encoded, char **text, size_t *len, struct hv_error *err);

/* hv_definition_digest() - SHA-256 of the XML text; what the parameter `digest` holds. */
void hv_definition_digest(const char *text, size_t len, char digest[HV_DIGEST_SIZE]);

/*
 * hv_mac_derive() - The MAC of the @index-th interface (from 0) where none is
 * given: the first six bytes of SHA-256("UUID/INDEX"), made unicast and locally
 * administered.
 */
void hv_mac_derive(const char *uuid, unsigned index, uint8_t mac[6]);

/*
 * hv_uuid_derive() - The UUID of a definition that gives none: version 5 (RFC
 * 4122), name space of the URL urn:taiki:domain:1, name the domain's.
 */
void hv_uuid_derive(const char *name, char uuid[37]);

/*
 * hv_conflicts() - Whether a domain that runs on this host has a MAC, a tap or
 * a writable disk of @c.  0 none; -EBUSY, @err names both; -errno cannot tell.
 */
int hv_conflicts(const struct hv_config *c, int timeout_ms, struct hv_error *err);

/* hv_domain_path() - ETC/domains/NAME.xml into @out; ETC is $TAIKI_ETC_DIR or /etc/taiki. */
int hv_domain_path(char *out, size_t size, const char *name);

#endif
