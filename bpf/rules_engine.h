/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules: the evaluation of a compiled table (rules_table.h)
 *
 * A device belongs to few shapes: those of its vendor, and those of its bus that compare no
 * vendor.  For each, the compared characters of its ids lead to a chain of rules; conditions
 * that no hash covers are checked on the chain.  So the cost depends on the shapes, not on
 * the number of rules.
 *
 * rt_advance() runs until it needs a text or a number of the device, which its caller
 * provides (rules_device.h), or is done.  It has no pointer but to its own memory: the
 * verifier walks it once, by itself, and not again for each state of the caller.  For the
 * same reason it is a machine that takes one small step after the other.
 *
 * This file is compiled for the kernel, and for tests in user space.  It uses:
 *
 *	rt_bus(), rt_shape(i), rt_vendor(i), rt_bucket(i), rt_node(i), rt_check(i),
 *	rt_text(i), rt_name(i)	an entry, or NULL
 *	rt_format, rt_bus_nr, rt_generation, rt_buckets, rt_vendors
 *				constants of the instance: those of its bus and its table
 *	rt_loop(n, fn, arg)	calls fn(0, arg), fn(1, arg)... until it returns 1
 *	rt_is_approved(text)	whether a fingerprint is in the list of approvals
 */
#ifndef _BX_RULES_ENGINE_H
#define _BX_RULES_ENGINE_H

#include "rules_state.h"

/* ---- ids ---- */

/*
 * Reads a modalias that lacks ids at its end, or has shorter ones such as "*", as a
 * description of a device may.
 */
RT_NOINLINE long rt_parse_char(__u32 i, struct rt_engine **arg)
{
	struct rt_engine *e = *arg;
	char want = bx_rt_template[rt_format & 7][e->at[0] & 63];
	char c = rt_chars(e)[e->at[1] & (BX_RT_TEXT - 1)];

	if (want == '#') {
		if (c && c != ':' && !(c >= 'a' && c <= 'z')) {
			e->word[e->back[0] / 8 & (RT_ROOM - 1)] |=
				(__u64)(__u8)c << e->back[0] % 8 * 8;
			e->at[1]++;
		}
		e->back[0]++;
		e->at[0]++;
		return 0;
	}
	if (c != want)
		return 1;
	e->separators++;
	e->at[0]++;
	e->at[1]++;
	return !want;
}

RT_INLINE int rt_start(struct rt_engine *e)
{
	if (e->odd) {
		if (!rt_has(e, RT_ID(BX_RT_MODALIAS, 0)))
			return 1;
		e->at[0] = 0;
		e->at[1] = 0;
		e->back[0] = 0;
		rt_loop(RT_PARSE_STEPS, rt_parse_char, &e);
		e->odd = 0;
	}
	e->state = RT_VENDOR;
	return 0;
}

RT_INLINE __u64 rt_vendor_word(const struct rt_engine *e)
{
	const __u32 format = rt_format;

	return (BX_RT_VENDOR_AT(format) ? e->word[1] : e->word[0]) & BX_RT_VENDOR_MASK(format);
}

/* The shapes of the vendor are looked at one after the other. */
RT_INLINE void rt_keep_list(struct rt_engine *e, const struct bx_rt_vendor *vendor)
{
	RT_UNROLL
	for (int i = 0; i < BX_RT_VENDOR_SHAPES / 8; i++)
		e->list[i] = ((const __u64 *)vendor->shape)[i];
}

/* Looks for the device's vendor. */
RT_INLINE void rt_vendor_step(struct rt_engine *e)
{
	__u64 word = rt_vendor_word(e);
	const struct bx_rt_vendor *vendor;
	const struct bx_rt_bus *bus;
	__u32 i = e->i;

	vendor = rt_vendor((BX_RT_MIX(rt_bus_nr, word) + i) & (rt_vendors - 1));
	e->i = i + 1;
	if (vendor && vendor->word && word && i < BX_RT_VENDOR_PROBES &&
	    rt_format != BX_RT_TEXT_ONLY) {
		if (vendor->word != word || vendor->bus != rt_bus_nr)
			return;
		e->nvendor = vendor->nshapes;
		rt_keep_list(e, vendor);
	}
	bus = rt_bus();
	e->nshapes = e->nvendor + (bus ? bus->nshapes : 0);
	e->i = 0;
	e->state = RT_SHAPE;
}

/* ---- shapes ---- */

/* Returns the next shape of the vendor, and then of the bus, or 0. */
RT_INLINE __u32 rt_listed(const struct rt_engine *e)
{
	const struct bx_rt_bus *bus;
	__u32 i = e->i;

	if (i < e->nvendor)
		return ((const __u8 *)e->list)[i & (BX_RT_VENDOR_SHAPES - 1)];
	bus = rt_bus();
	return bus ? bus->shape[(i - e->nvendor) & (BX_RT_BUS_SHAPES - 1)] : 0;
}

/* Continues with the next shape. */
RT_INLINE int rt_next_shape(struct rt_engine *e)
{
	e->i++;
	e->state = RT_SHAPE;
	return 0;
}

/* A round of the hash, if the format has this word; no loop, which would cost twice as much */
#define RT_HASH_WORD(i) do { \
	if ((i) < used) \
		h = BX_RT_MIX(h, e->word[i] & shape->mask[i]); \
} while (0)

/* Hashes what the shape compares; returns the first node of the chain. */
RT_INLINE __u32 rt_chain(struct rt_engine *e, const struct bx_rt_shape *shape)
{
	const __u32 format = rt_format, used = BX_RT_USED(format);
	const struct bx_rt_bucket *bucket;
	__u64 h = e->shape;

	RT_HASH_WORD(0);
	RT_HASH_WORD(1);
	RT_HASH_WORD(2);
	RT_HASH_WORD(3);
	RT_HASH_WORD(4);
	RT_HASH_WORD(5);
	if (shape->source)
		h = BX_RT_MIX(h, e->hash);
	bucket = rt_bucket(h & (rt_buckets - 1));
	return bucket ? bucket->node : 0;
}

/* ---- chains ---- */

/* Compares a word with that of the rule, if the format has it. */
#define RT_COMPARE_WORD(i) do { \
	if ((i) < used) \
		differs |= node->key[i] ^ (e->word[i] & shape->mask[i]); \
	RT_KEEP(differs); \
} while (0)

RT_INLINE int rt_has_key(const struct rt_engine *e, const struct bx_rt_node *node,
			 const struct bx_rt_shape *shape)
{
	const __u32 format = rt_format, used = BX_RT_USED(format);
	__u64 differs = node->hash ^ e->hash;

	if (node->shape != e->shape)
		return 0;
	RT_COMPARE_WORD(0);
	RT_COMPARE_WORD(1);
	RT_COMPARE_WORD(2);
	RT_COMPARE_WORD(3);
	RT_COMPARE_WORD(4);
	RT_COMPARE_WORD(5);
	return !differs && node->separators <= e->separators;
}

RT_INLINE int rt_is_driver(const struct rt_engine *e, __u32 index)
{
	const __u64 *name = (const void *)rt_name(index);
	__u64 differs = 0;

	if (!name)
		return 0;
	for (int i = 0; i < BX_RT_NAME / 8; i++) {
		differs |= name[i] ^ e->driver[i];
		RT_KEEP(differs);
	}
	return !differs;
}

RT_INLINE int rt_fits(const struct rt_engine *e, const struct bx_rt_node *node,
		      const struct bx_rt_shape *shape)
{
	return node->from <= rt_generation && node->until > rt_generation &&
		rt_has_key(e, node, shape) &&
		(node->verdict != BX_RT_SCORED || rt_is_driver(e, node->driver[0]));
}

RT_INLINE int rt_next_node(struct rt_engine *e, const struct bx_rt_node *node)
{
	e->node = node->next;
	if (!e->node)
		return rt_next_shape(e);
	e->state = RT_NODE;
	return 0;
}

RT_INLINE int rt_found(struct rt_engine *e, const struct bx_rt_node *node)
{
	e->best = node->rank;
	e->found = e->node;
	return rt_next_shape(e);
}

/* The ranks of a chain fall. */
RT_INLINE int rt_node_step(struct rt_engine *e, const struct bx_rt_shape *shape)
{
	const struct bx_rt_node *node = rt_node(e->node);

	if (!node || node->rank <= e->best)
		return rt_next_shape(e);
	if (!rt_fits(e, node, shape))
		return rt_next_node(e, node);
	if (!node->nchecks && !(node->flags & BX_RT_UNTIL_APPROVED))
		return rt_found(e, node);
	e->check = 0;
	e->holds = 0;
	e->state = RT_CHECK;
	return 0;
}

/*
 * The prefix of a modalias is read before the text of a condition, and stays in the first
 * word, of which such a bus makes no other use.
 */
RT_INLINE int rt_shape_step(struct rt_engine *e)
{
	const struct bx_rt_shape *shape;

	if (e->i >= e->nshapes) {
		e->state = RT_DONE;
		return 1;
	}
	e->shape = rt_listed(e);
	shape = rt_shape(e->shape);
	if (!shape || !(e->wanted & 1 << (shape->kind & 7)) || shape->best <= e->best)
		return rt_next_shape(e);
	e->hash = 0;
	if (rt_format == BX_RT_TEXT_ONLY && shape->prefix && e->prefixed != e->shape) {
		if (!rt_has(e, RT_ID(BX_RT_MODALIAS, 0)))
			return 1;
		e->word[0] = rt_text_hash(e, shape->prefix);
		e->prefixed = e->shape;
	}
	if (shape->source) {
		if (!rt_has(e, RT_ID(shape->source, shape->what)))
			return 1;
		e->hash = rt_text_hash(e, BX_RT_TEXT / 8);
	}
	e->node = rt_chain(e, shape);
	return e->node ? rt_node_step(e, shape) : rt_next_shape(e);
}

/* ---- conditions ---- */

RT_INLINE int rt_in_class(const struct rt_engine *e, __u8 class, __u8 c)
{
	const char *bits = rt_text(e->glob + 1 + class / BX_RT_CLASSES);

	return bits && bits[class % BX_RT_CLASSES * 32 + c / 8] & 1 << c % 8;
}

RT_INLINE int rt_token(const struct rt_engine *e, __u8 token, __u8 c)
{
	if (token >= BX_RT_CLASS)
		return rt_in_class(e, token - BX_RT_CLASS, c);
	return token == BX_RT_ONE || token == c;
}

/* After a mismatch, only the last '*' need take one character more. */
RT_NOINLINE long rt_glob_step(__u32 i, struct rt_engine **arg)
{
	struct rt_engine *e = *arg;
	const char *glob = rt_text(e->glob);
	__u32 g = e->at[0] & (BX_RT_TEXT - 1);
	__u8 token, c = rt_chars(e)[e->at[1] & (BX_RT_TEXT - 1)];

	if (!glob)
		return 1;
	token = glob[g];
	if (token == BX_RT_STAR) {
		e->back[0] = ++e->at[0];
		e->back[1] = e->at[1];
		return 0;
	}
	if (!c) {
		e->result = !token;
		return 1;
	}
	if (token && rt_token(e, token, c)) {
		e->at[0]++;
		e->at[1]++;
		return 0;
	}
	e->at[0] = e->back[0];
	e->at[1] = ++e->back[1];
	return !e->back[0];
}

RT_INLINE int rt_matches(struct rt_engine *e, __u32 glob)
{
	e->glob = glob;
	e->at[0] = 0;
	e->at[1] = 0;
	e->back[0] = 0;
	e->back[1] = 0;
	e->result = 0;
	rt_loop(RT_GLOB_STEPS, rt_glob_step, &e);
	return e->result;
}

RT_INLINE int rt_equals(const struct rt_engine *e, __u32 index)
{
	const __u64 *text = (const void *)rt_text(index);
	__u64 differs = 0;

	if (!text)
		return 0;
	for (int i = 0; i < BX_RT_TEXT / 8; i++) {
		differs |= text[i] ^ e->text[i];
		RT_KEEP(differs);
	}
	return !differs;
}

/* A decimal number of at most 18 digits; returns whether the text is one. */
RT_INLINE int rt_decimal(struct rt_engine *e, __s64 *n)
{
	const char *text = rt_chars(e);
	int i;

	*n = 0;
	for (i = 0; i < 19; i++) {
		if (!text[i])
			return i > 0;
		if (text[i] < '0' || text[i] > '9')
			return 0;
		*n = *n * 10 + text[i] - '0';
	}
	return 0;
}

/* The value of 6 hexadecimal digits, or -1; a bit 0x80 for each digit that is one */
RT_INLINE __s64 rt_class(__u64 digits)
{
	const __u64 ones = 0x010101010101ULL;
	__u64 number = (digits ^ '0' * ones) & 0xff * ones;		/* 0 to 9 */
	__u64 letter = ((digits | ' ' * ones) ^ '`' * ones) & 0xff * ones;	/* 1 to 6 */
	__u64 is_number = ~((number + 0x76 * ones) | number) & 0x80 * ones;
	__u64 is_letter = ~((letter + 0x79 * ones) | letter) & (letter + 0x7f * ones) & 0x80 * ones;
	__u64 value = (digits & 0xf * ones) + (is_letter >> 7) * 9;
	__s64 n = 0;

	for (int i = 0; i < 6; i++)
		n = n << 4 | (value >> 8 * i & 0xf);
	return (is_number | is_letter) == 0x80 * ones ? n : -1;
}

/* The class of the next interface in ":CCSSPP:CCSSPP:" */
RT_NOINLINE long rt_class_step(__u32 i, struct rt_engine **arg)
{
	struct rt_engine *e = *arg;
	const struct bx_rt_check *check = rt_check(e->at[0]);
	__u64 digits = 0;
	__s64 class;

	for (__u32 k = 0; k < 6; k++)
		digits |= (__u64)(__u8)rt_chars(e)[(7 * i + k + 1) & (BX_RT_TEXT - 1)] << 8 * k;
	class = rt_class(digits);
	if (!check || class < 0)
		return 1;
	e->result |= class >= check->low && class <= check->high;
	return !!e->result;
}

/* Where the interface is in the words of usb */
#define RT_USB_CLASS(e)	((e)->word[2] >> 16)

/* Of an interface, or of any interface of a device, which has no modalias */
RT_INLINE int rt_usb_class(struct rt_engine *e, const struct bx_rt_check *check, __u32 at)
{
	__s64 class;

	if (e->has_modalias) {
		class = e->separators == RT_ALL ? rt_class(RT_USB_CLASS(e)) : -1;
		return class >= 0 && class >= check->low && class <= check->high;
	}
	e->at[0] = at;
	e->result = 0;
	rt_loop(RT_CLASSES, rt_class_step, &e);
	return e->result;
}

RT_INLINE int rt_number_holds(struct rt_engine *e, const struct bx_rt_check *check)
{
	__s64 n = e->number;

	if (check->source != BX_RT_MEMBER && !rt_decimal(e, &n))
		return 0;
	if (check->op == BX_RT_BITS)
		return (n & check->low) == check->low;
	return n >= check->low && n <= check->high;
}

/* The text or number that a check compares, or 0 */
RT_INLINE __u32 rt_check_id(const struct rt_engine *e, const struct bx_rt_check *check)
{
	if (rt_format == BX_RT_USB && check->source == BX_RT_USB_CLASS)
		return e->has_modalias ? 0 : RT_ID(BX_RT_FACT, BX_FACT_INTERFACES);
	return RT_ID(check->source, check->what);
}

RT_INLINE int rt_holds(struct rt_engine *e, const struct bx_rt_check *check, __u32 at)
{
	if (rt_format == BX_RT_USB && check->source == BX_RT_USB_CLASS)
		return rt_usb_class(e, check, at);
	if (check->op == BX_RT_RANGE || check->op == BX_RT_BITS)
		return rt_number_holds(e, check);
	return check->op == BX_RT_MATCH ? rt_matches(e, check->text) :
		rt_equals(e, check->text);
}

/* Judges the next check of a node; a condition holds if one of its checks does. */
RT_INLINE int rt_check_step(struct rt_engine *e, const struct bx_rt_node *node)
{
	const struct bx_rt_check *check = rt_check(node->check + e->check);
	__u32 id;

	if (e->check >= node->nchecks) {
		e->state = RT_APPROVED;
		return 0;
	}
	if (!check)
		return rt_next_node(e, node);
	if (!e->holds) {
		id = rt_check_id(e, check);
		if (id && !rt_has(e, id))
			return 1;
		e->holds = rt_holds(e, check, node->check + e->check);
	}
	if (check->flags & BX_RT_LAST) {
		if (!e->holds == !(check->flags & BX_RT_NEGATED))
			return rt_next_node(e, node);
		e->holds = 0;
	}
	e->check++;
	return 0;
}

RT_INLINE int rt_approved_step(struct rt_engine *e, const struct bx_rt_node *node)
{
	if (!(node->flags & BX_RT_UNTIL_APPROVED))
		return rt_found(e, node);
	if (!rt_has(e, RT_ID(BX_RT_FACT, BX_FACT_FINGERPRINT)))
		return 1;
	return rt_is_approved(e->text) ? rt_next_node(e, node) : rt_found(e, node);
}

/* ---- the machine ---- */

RT_INLINE int rt_at_node(struct rt_engine *e)
{
	const struct bx_rt_shape *shape = rt_shape(e->shape);
	const struct bx_rt_node *node = rt_node(e->node);

	if (!node || !shape)
		return rt_next_shape(e);
	if (e->state == RT_NODE)
		return rt_node_step(e, shape);
	if (e->state == RT_CHECK)
		return rt_check_step(e, node);
	return rt_approved_step(e, node);
}

RT_NOINLINE long rt_step(__u32 i, struct rt_engine **arg)
{
	struct rt_engine *e = *arg;

	if (e->state == RT_START && rt_start(e))
		return 1;
	if (e->state == RT_VENDOR)
		rt_vendor_step(e);
	if (e->state == RT_VENDOR)
		return 0;
	if (e->state != RT_SHAPE)
		return rt_at_node(e);
	/* most devices have no more */
	for (int k = 0; k < RT_FEW_SHAPES; k++) {
		if (rt_shape_step(e))
			return 1;
		if (e->state != RT_SHAPE)
			break;
	}
	return 0;
}

/*
 * Looks for rules of the kinds @wanted with a higher rank than @best, until a text or a
 * number is needed.  Returns which one, or 0 at the end: see @found.
 */
RT_GLOBAL int rt_advance(struct rt_engine *e)
{
	if (!e)
		return 0;
	if (e->raw)
		rt_cook(e);
	e->need = 0;
	if (!rt_step(0, &e))
		rt_loop(RT_STEPS, rt_step, &e);
	return e->need;
}

#endif /* _BX_RULES_ENGINE_H */
