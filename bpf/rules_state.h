/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules: the state of an evaluation, and the texts of the device in it
 */
#ifndef _BX_RULES_STATE_H
#define _BX_RULES_STATE_H

#include "rules_table.h"

#define RT_INLINE	static inline __attribute__((always_inline, unused))
#define RT_NOINLINE	static __attribute__((noinline, unused))

#define RT_FEW_SHAPES	6	/* that are looked at in one step */
#define RT_STEPS	1000000	/* of the machine: more than a table needs */
#define RT_GLOB_STEPS	20000	/* BX_RT_TEXT^2, and one for each '*' */
#define RT_PARSE_STEPS	128	/* characters of a template and a modalias */
#define RT_CLASSES	18	/* that the fact "interfaces" has room for */
#define RT_ROOM		8	/* for BX_RT_WORDS, a power of two */
#define RT_ALL		255	/* separators of a modalias that is as the template */

/* A text or a number of the device, by enum bx_rt_source; 0 stands for nothing */
#define RT_ID(source, what)	((__u32)(source) << 8 | (what))

/* Makes constants of what a loop computes from them */
#ifdef __clang__
#define RT_UNROLL	_Pragma("unroll")
#else
#define RT_UNROLL
#endif

/* Keeps the compiler from a branch for each part of a comparison, which the verifier walks. */
#define RT_KEEP(x)	asm volatile("" : "+r"(x))

enum rt_state {
	RT_START,	/* reads a modalias that is not as the template */
	RT_VENDOR,	/* looks for the vendor in entry @i */
	RT_SHAPE,	/* looks at shape @i */
	RT_NODE,	/* looks at @node */
	RT_CHECK,	/* looks at check @check of @node */
	RT_APPROVED,	/* all checks hold: is the device approved? */
	RT_DONE,
};

/**
 * struct rt_engine - an evaluation
 * @word: characters of the ids of the device
 * @best: rank of the best rule; rules below it do not count
 * @hash: of the text that the shape compares
 * @number: a number of the device
 * @found: the node of the best rule
 * @wanted: bits 1 << enum bx_rt_kind that are looked for
 * @separators: how much of the template the modalias has, see struct bx_rt_node
 * @odd: the modalias is not as the template, and not read yet
 * @state: enum rt_state
 * @need: the text or number that is needed
 * @loaded: which text is in @text
 * @raw: it is as the device has it
 * @numbered: which number is in @number
 * @has_modalias: the modalias is not empty
 * @i: number of a shape, or of an entry for vendors
 * @nvendor: number of shapes of the vendor
 * @nshapes: number of these, and of those of the bus
 * @shape: the shape
 * @prefixed: with BX_RT_TEXT_ONLY, the shape whose prefix is in the first word
 * @node: the node
 * @check: number of the check
 * @holds: a value of the condition holds
 * @glob: the text of a glob
 * @at: positions of a loop
 * @back: positions after the last '*', or 0
 * @result: of a loop
 * @list: the shapes of the vendor
 * @driver: the driver that is scored, in match()
 * @text: a text of the device, padded with zeros; a modalias has '_' for '-'
 */
struct rt_engine {
	__u64	word[RT_ROOM];
	__u64	best;
	__u64	hash;
	__s64	number;
	__u32	found;
	__u32	wanted;
	__u32	separators;
	__u32	odd;
	__u32	state;
	__u32	need;
	__u32	loaded;
	__u32	raw;
	__u32	numbered;
	__u32	has_modalias;
	__u32	i;
	__u32	nvendor;
	__u32	nshapes;
	__u32	shape;
	__u32	node;
	__u32	check;
	__u32	holds;
	__u32	glob;
	__u32	at[2];
	__u32	back[2];
	__u32	result;
	__u32	prefixed;
	__u64	list[BX_RT_VENDOR_SHAPES / 8];
	__u64	driver[BX_RT_NAME / 8];
	__u64	text[BX_RT_TEXT / 8];
};

RT_INLINE char *rt_chars(struct rt_engine *e)
{
	return (char *)e->text;
}

/* ---- texts ---- */

/* Eight characters with '_' for '-', which are the same in names of modules */
RT_INLINE __u64 rt_fold(__u64 word)
{
	const __u64 low = 0x7f7f7f7f7f7f7f7fULL;
	__u64 x = word ^ 0x2d2d2d2d2d2d2d2dULL;		/* '-' is now 0 */
	__u64 is = ~(((x & low) + low) | x | low);

	return word ^ (is >> 7) * ('-' ^ '_');
}

/* A number as 8 characters, "%08X" */
RT_INLINE __u64 rt_hex(__u32 n)
{
	const __u64 ones = 0x0101010101010101ULL;
	__u64 x = __builtin_bswap32(n), letters;

	x = (x | x << 16) & 0x0000ffff0000ffffULL;
	x = (x | x << 8) & 0x00ff00ff00ff00ffULL;
	x = (x >> 4 & 0x000f000f000f000fULL) | (x & 0x000f000f000f000fULL) << 8;
	letters = (x + 6 * ones) >> 4 & ones;
	return x + '0' * ones + letters * ('A' - '9' - 1);
}

#define RT_C4(a, b, c, d)	((a) | (b) << 8 | (c) << 16 | (__u64)(d) << 24)
#define RT_C8(a, b, c, d, ...)	(RT_C4(a, b, c, d) | RT_C4(__VA_ARGS__) << 32)

/* Appends a character at @at[0]. */
RT_INLINE void rt_put(struct rt_engine *e, char c)
{
	rt_chars(e)[e->at[0] & (BX_RT_TEXT - 1)] = c;
	e->at[0]++;
}

/* Appends the next character of the name of the bus. */
RT_NOINLINE long rt_bus_char(__u32 i, struct rt_engine **arg)
{
	const struct bx_rt_bus *bus = rt_bus();
	char c = bus ? bus->name[i & (sizeof(bus->name) - 1)] : 0;

	if (c)
		rt_put(*arg, c);
	return !c;
}

/* Appends the next character of the template, or of the ids in it. */
RT_NOINLINE long rt_own_char(__u32 i, struct rt_engine **arg)
{
	char c = bx_rt_template[BX_RT_OWN][i & 63];
	struct rt_engine *e = *arg;

	if (c == '#') {
		c = e->word[e->back[0] / 8 & (RT_ROOM - 1)] >> e->back[0] % 8 * 8;
		e->back[0]++;
	}
	rt_put(e, c);
	return !c;
}

/* "bus_ext:BUS:v...": the description of a device on an own bus has no modalias. */
RT_INLINE void rt_own_modalias(struct rt_engine *e)
{
	e->text[0] = RT_C8('b', 'u', 's', '_', 'e', 'x', 't', ':');
	e->at[0] = 8;
	e->back[0] = 0;
	rt_loop(BX_RT_NAME, rt_bus_char, &e);
	rt_put(e, ':');
	rt_loop(sizeof(bx_rt_template[BX_RT_OWN]), rt_own_char, &e);
}

/* The first three parts of a GUID are numbers, whose lowest byte comes first. */
RT_NOINLINE long rt_guid_byte(__u32 i, struct rt_engine **arg)
{
	__u32 at = i < 4 ? 3 - i : i < 8 ? i ^ 1 : i;
	struct rt_engine *e = *arg;
	__u64 byte = (at & 8 ? e->hash : (__u64)e->number) >> at % 8 * 8;

	if (i == 4 || i == 6 || i == 8 || i == 10)
		rt_put(e, '-');
	byte = rt_hex(byte & 0xff) >> 48 | 0x2020;
	rt_put(e, byte);
	rt_put(e, byte >> 8);
	return 0;
}

/* Writes the text of the GUID whose bytes are in the text; those of none are zero. */
RT_INLINE void rt_guid(struct rt_engine *e)
{
	__u64 hash = e->hash;

	e->number = e->text[0];
	e->numbered = 0;
	e->hash = e->text[1];
	e->text[0] = 0;
	e->text[1] = 0;
	e->at[0] = 0;
	if (e->number || e->hash)
		rt_loop(16, rt_guid_byte, &e);
	e->hash = hash;
}

/* Makes what is compared from a text that the caller has provided. */
RT_INLINE void rt_cook(struct rt_engine *e)
{
	e->raw = 0;
	if (e->loaded == RT_ID(BX_RT_MEMBER, BX_RT_M_GUID))
		rt_guid(e);
	if (e->loaded != RT_ID(BX_RT_MODALIAS, 0))
		return;
	if (rt_format == BX_RT_OWN)
		rt_own_modalias(e);
	for (int i = 0; i < BX_RT_TEXT / 8; i++)
		e->text[i] = rt_fold(e->text[i]);
}

/* Whether a text or a number is there; if not, it is needed. */
RT_INLINE int rt_has(struct rt_engine *e, __u32 id)
{
	if (e->loaded == id || e->numbered == id)
		return 1;
	e->need = id;
	return 0;
}

/* Hash of the first @words of the text */
RT_INLINE __u64 rt_text_hash(const struct rt_engine *e, __u32 words)
{
	__u64 h = 0;

	for (__u32 i = 0; i < BX_RT_TEXT / 8; i++) {
		if (i < words)
			h = BX_RT_MIX(h, e->text[i]);
	}
	return h;
}

#endif /* _BX_RULES_STATE_H */
