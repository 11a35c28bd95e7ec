/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The differential test.  Every sequence has a seed of its own, made from one
 * base seed, the template and the round, so that each can be repeated alone:
 *
 *   NATIVE_SEED=N       the base seed (default 1)
 *   NATIVE_ROUNDS=N     how often each template is tried
 *   NATIVE_ONLY=T       only template number T
 *   NATIVE_REPLAY=S:T:M one sequence: its seed, template and mode, as printed
 *   NATIVE_ENGINE=kvm   the other engine instead of soft
 */
#include "tests/unit/native/native.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>

#include "hvcore/vmm/engine/engine.h"

#ifdef SANITIZE
enum { ROUNDS = 12, FEW_ROUNDS = 2 };
#else
enum { ROUNDS = 80, FEW_ROUNDS = 5 };
#endif
enum { SHOWN = 12, TEXT = 16384, MORE_ROUNDS = 400 };

static struct {
	struct host *host;
	struct guest *guest;
	unsigned long sequences, different;
} test;

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *v = getenv(name);

	return v && *v ? strtoull(v, NULL, 0) : otherwise;
}

/* ignore() - What the sequence says is no result is made equal. */
static void ignore(const struct sequence *s, struct memory *m)
{
	for (unsigned n = 0; n < s->nignored; n++) {
		uint64_t at = s->ignored[n].at - DATA;

		if (at < sizeof(m->data) && s->ignored[n].len <= sizeof(m->data) - at)
			memset(m->data + at, 0, s->ignored[n].len);
	}
}

static void show(const struct sequence *s, const struct state *in, const struct state *end)
{
	for (unsigned n = 0; n < s->n; n++) {
		printf("#   %c%08x:", end->ip == CODE + s->start + s->insn[n].off ? '>' : ' ',
		       CODE + s->start + s->insn[n].off);
		for (unsigned k = 0; k < s->insn[n].len; k++)
			printf(" %02x", s->code[s->insn[n].off + k]);
		printf("\n");
	}
	printf("#   before: flags %llx fcw %02x%02x fsw %02x%02x ftw %02x mxcsr %02x%02x\n#   ",
	       (unsigned long long)in->flags, in->fx[1], in->fx[0], in->fx[3], in->fx[2], in->fx[4],
	       in->fx[25], in->fx[24]);
	for (unsigned n = 0; n < 16; n++)
		printf(" %llx", (unsigned long long)in->r[n]);
	printf("\n");
}

/* one() - One sequence on both sides. */
static void one(uint64_t seed, unsigned t, bool bits32)
{
	static struct memory before, host_m, soft_m;
	static char text[TEXT];
	struct rnd r = {.s = seed};
	struct sequence s;
	struct state in;
	struct state host;
	struct state soft = {0};
	const char *why = "";

	rnd_state(&r, &in, bits32);
	rnd_memory(&r, before.data, sizeof(before.data));
	memset(before.code, 0xcc, sizeof(before.code));
	sequence_make(&s, &r, t, bits32);
	memcpy(before.code + s.start, s.code, s.len);
	in.ip = CODE + s.start;
	soft_m = before;
	test.sequences++;
	host_start(test.host, &in, &before);
	if (guest_run(test.guest, &in, &soft_m, &soft, &why)) {
		printf("# NATIVE_REPLAY=0x%llx:%u:%d (%s): engine: %s\n", (unsigned long long)seed,
		       t, bits32, template_name(t), why);
		show(&s, &in, &soft);
		fail_msg("the engine's side has failed: %s", why);
	}
	if (host_finish(test.host, &host, &host_m, &why)) {
		printf("# NATIVE_REPLAY=0x%llx:%u:%d (%s)\n", (unsigned long long)seed, t, bits32,
		       template_name(t));
		show(&s, &in, &soft);
		fail_msg("%s", why);
	}
	cover_executed(&s, soft.ip);
	ignore(&s, &host_m);
	ignore(&s, &soft_m);
	if (vendor_excuses(&s, &host, &host_m, &soft, &soft_m))
		return;
	if (same(&s, &host, &host_m, &soft, &soft_m, text, sizeof(text)))
		return;
	if (test.different++ >= number("NATIVE_SHOWN", SHOWN))
		return;
	printf("# different: NATIVE_REPLAY=0x%llx:%u:%d (%s)\n%s", (unsigned long long)seed, t,
	       bits32, template_name(t), text);
	show(&s, &in, &host);
}

static void all(bool bits32, uint64_t rounds)
{
	uint64_t seed = number("NATIVE_SEED", 1);
	uint64_t only = number("NATIVE_ONLY", ~0ULL);
	const char *replay = getenv("NATIVE_REPLAY");
	unsigned long before = test.different;

	templates_count();
	if (replay) {
		char *at;
		uint64_t s = strtoull(replay, &at, 0);
		unsigned t = (unsigned)strtoul(at + 1, &at, 0);

		if (strtoul(at + 1, &at, 0) == bits32)
			one(s, t, bits32);
		assert_int_equal(test.different, before);
		return;
	}
	for (uint64_t round = 0; round < rounds; round++)
		for (unsigned t = 0; t < templates_count(); t++) {
			struct rnd r = {.s = seed << 40 ^ round << 20 ^ t << 1 ^ bits32};

			if (sequence_ok(t, bits32) && (only == ~0ULL || only == t))
				one(rnd64(&r), t, bits32);
		}
	printf("# %lu sequences so far, %lu different\n", test.sequences, test.different);
	assert_int_equal(test.different, before);
}

/*
 * processor_is_whole() - Whether what a program sees of the processor is the processor.  Where the
 * kernel itself runs deprivileged (paravirtual machines), segments, gates and traps are
 * its hypervisor's, and no code of 32 bits runs: the selector for that is then not readable.
 */
static bool processor_is_whole(void)
{
	const uint16_t user32_cs = 0x23;
	bool readable;

	__asm__("verr %1" : "=@ccz"(readable) : "r"(user32_cs));
	if (!readable)
		print_message("# skipped: this machine's kernel has no code segment of 32 bits, "
			      "so its hypervisor stands between a program and the processor\n");
	return readable;
}

static void in_64_bit_mode(void **state)
{
	if (!processor_is_whole())
		skip();
	all(false, number("NATIVE_ROUNDS", ROUNDS));
}

static void in_compatibility_mode(void **state)
{
	if (!processor_is_whole())
		skip();
	all(true, number("NATIVE_ROUNDS", ROUNDS));
}

/* The same with every block forgotten after it has run. */
static void forgetting_everything(void **state)
{
	struct guest *usual = test.guest;

	if (!processor_is_whole())
		skip();
	test.guest = guest_open(&engine_soft, true);
	assert_non_null(test.guest);
	all(false, FEW_ROUNDS);
	all(true, FEW_ROUNDS);
	guest_close(test.guest);
	test.guest = usual;
}

static void every_handler_was_executed(void **state)
{
	static char text[TEXT];
	uint64_t seed = number("NATIVE_SEED", 1) ^ 1ULL << 63;
	unsigned long before = test.different;
	bool wanted[512];
	unsigned missing;

	if (getenv("NATIVE_REPLAY") || getenv("NATIVE_ONLY"))
		return;
	if (!processor_is_whole())
		skip();
	/* What chance has left out: more of the opcodes that still have such handlers. */
	for (uint64_t round = 0; round < MORE_ROUNDS && cover_wanted(wanted); round++)
		for (unsigned t = 0; t < templates_count(); t++)
			for (unsigned bits32 = 0; bits32 < 2; bits32++) {
				struct rnd r = {.s = seed ^ round << 20 ^ t << 1 ^ bits32};

				if (wanted[template_opcode(t)] && sequence_ok(t, bits32))
					one(rnd64(&r), t, bits32);
			}
	assert_int_equal(test.different, before);
	missing = cover_missing(text, sizeof(text));
	if (missing)
		printf("# never executed: %u handlers\n%s", missing, text);
	assert_int_equal(missing, 0);
}

static int open_sides(void **state)
{
	const char *engine = getenv("NATIVE_ENGINE");

	test.host = host_open();
	test.guest = guest_open(engine && !strcmp(engine, "kvm") ? &engine_kvm : &engine_soft,
				false);
	return test.host && test.guest ? 0 : -1;
}

static int close_sides(void **state)
{
	host_close(test.host);
	guest_close(test.guest);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_64_bit_mode),
		cmocka_unit_test(in_compatibility_mode),
		cmocka_unit_test(forgetting_everything),
		cmocka_unit_test(every_handler_was_executed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, open_sides, close_sides);
}
