/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules: the device, as the engine sees it
 *
 * The ids are read at once, from their places in the modalias; texts and numbers when the
 * engine asks for them.  Besides what rules_engine.h uses, this uses:
 *
 *	rt_word(at), rt_half(at), rt_quarter(at)
 *				8, 4 and 2 characters, as a number, at an address
 *	rt_copy(to, size, from)	copies a text of the description
 *	rt_fact(run, what)	reads a fact to run->e.text, which is zero
 */
#ifndef _BX_RULES_DEVICE_H
#define _BX_RULES_DEVICE_H

#include "rules_engine.h"

#define RT_ANSWERS	65536	/* texts and numbers that the engine may ask for */

/**
 * struct rt_run - an evaluation and its device
 * @ctx: the context of select(), or NULL
 * @mctx: that of match(), or NULL
 * @pctx: that of part(), or NULL
 * @dev: the device, or the member of its group
 * @e: the evaluation
 */
struct rt_run {
	struct bx_select_ctx		*ctx;
	struct bx_match_ctx		*mctx;
	struct bx_part_ctx		*pctx;
	const struct bx_dev_info	*dev;
	struct rt_engine		e;
};

/* ---- ids ---- */

/* Whether the characters of a modalias between its ids are those of the template */
RT_INLINE int rt_is_template(const struct bx_dev_info *dev, const char *template, int len)
{
	__u64 differs = 0;

	RT_UNROLL
	for (int at = 0; at < 64; at += 8) {
		__u64 mask = 0, want = 0;

		RT_UNROLL
		for (int i = 0; i < 8; i++) {
			if (at + i > len || template[at + i] == '#')
				continue;
			mask |= 0xffULL << 8 * i;
			want |= (__u64)template[at + i] << 8 * i;
		}
		if (mask)
			differs |= (rt_word(dev->modalias + at) & mask) ^ want;
		RT_KEEP(differs);
	}
	return !differs;
}

#define RT_IS(dev, format) \
	rt_is_template(dev, bx_rt_template[format], RT_LEN_ ## format)
#define RT_LEN_BX_RT_PCI	53
#define RT_LEN_BX_RT_USB	49
#define RT_LEN_BX_RT_HID	32
#define RT_LEN_BX_RT_VIRTIO	25

RT_INLINE int rt_pci_words(struct rt_engine *e, const struct bx_dev_info *dev)
{
	const char *alias = dev->modalias;

	if (!RT_IS(dev, BX_RT_PCI))
		return 0;
	e->word[0] = rt_word(alias + 5);
	e->word[1] = rt_word(alias + 14);
	e->word[2] = rt_word(alias + 24);
	e->word[3] = rt_word(alias + 34);
	e->word[4] = rt_quarter(alias + 44) | rt_quarter(alias + 48) << 16 |
		rt_quarter(alias + 51) << 32;
	return 1;
}

RT_INLINE int rt_usb_words(struct rt_engine *e, const struct bx_dev_info *dev)
{
	const char *alias = dev->modalias;

	if (!RT_IS(dev, BX_RT_USB))
		return 0;
	e->word[0] = rt_half(alias + 5) | rt_half(alias + 10) << 32;
	e->word[1] = rt_half(alias + 15) | rt_quarter(alias + 21) << 32 |
		rt_quarter(alias + 26) << 48;
	e->word[2] = rt_quarter(alias + 30) | rt_quarter(alias + 34) << 16 |
		rt_quarter(alias + 39) << 32 | rt_quarter(alias + 43) << 48;
	e->word[3] = rt_quarter(alias + 47);
	return 1;
}

RT_INLINE int rt_hid_words(struct rt_engine *e, const struct bx_dev_info *dev)
{
	const char *alias = dev->modalias;

	if (!RT_IS(dev, BX_RT_HID))
		return 0;
	e->word[0] = rt_half(alias + 5) | rt_half(alias + 10) << 32;
	e->word[1] = rt_word(alias + 15);
	e->word[2] = rt_word(alias + 24);
	return 1;
}

RT_INLINE int rt_virtio_words(struct rt_engine *e, const struct bx_dev_info *dev)
{
	const char *alias = dev->modalias;

	if (!RT_IS(dev, BX_RT_VIRTIO))
		return 0;
	e->word[0] = rt_word(alias + 8);
	e->word[1] = rt_word(alias + 17);
	return 1;
}

RT_INLINE int rt_own_words(struct rt_engine *e, const struct bx_dev_info *dev)
{
	e->word[0] = rt_hex(dev->vendor);
	e->word[1] = rt_hex(dev->device);
	e->word[2] = rt_hex(dev->subvendor);
	e->word[3] = rt_hex(dev->subdevice);
	e->word[4] = rt_hex(dev->class);
	e->word[5] = rt_hex(dev->revision);
	return 1;
}

RT_INLINE int rt_words(struct rt_engine *e, const struct bx_dev_info *dev)
{
	if (rt_format == BX_RT_PCI)
		return rt_pci_words(e, dev);
	if (rt_format == BX_RT_USB)
		return rt_usb_words(e, dev);
	if (rt_format == BX_RT_HID)
		return rt_hid_words(e, dev);
	if (rt_format == BX_RT_VIRTIO)
		return rt_virtio_words(e, dev);
	if (rt_format == BX_RT_OWN)
		return rt_own_words(e, dev);
	return 1;
}

/* Begins an evaluation; its other members are set before they are used. */
RT_INLINE void rt_begin(struct rt_run *run, struct bx_select_ctx *ctx, struct bx_match_ctx *mctx)
{
	run->ctx = ctx;
	run->mctx = mctx;
	run->pctx = (void *)0;
	run->e.best = 0;
	run->e.found = 0;
}

/* Describes a device to the engine: itself, or a member of its group. */
RT_INLINE void rt_describe(struct rt_run *run, const struct bx_dev_info *dev)
{
	struct rt_engine *e = &run->e;

	run->dev = dev;
	e->loaded = 0;
	e->numbered = 0;
	e->raw = 0;
	e->nvendor = 0;
	e->prefixed = 0;
	e->has_modalias = !!dev->modalias[0];
	for (int i = 0; i < BX_RT_WORDS; i++)
		e->word[i] = 0;
	e->odd = !rt_words(e, dev);
	e->separators = e->odd ? 0 : RT_ALL;
	e->odd = e->odd && e->has_modalias;
}

/* ---- what the engine asks for ---- */

RT_INLINE __s64 rt_member_number(const struct bx_dev_info *dev, __u32 what)
{
	switch (what) {
	case BX_RT_M_VENDOR:
		return dev->vendor;
	case BX_RT_M_DEVICE:
		return dev->device;
	case BX_RT_M_SUBVENDOR:
		return dev->subvendor;
	case BX_RT_M_SUBDEVICE:
		return dev->subdevice;
	case BX_RT_M_REVISION:
		return dev->revision;
	case BX_RT_M_CLASS:
		return dev->class;
	case BX_RT_M_VF_INDEX:
		return dev->vf_index;
	case BX_RT_M_NUMA_NODE:
		return dev->numa_node;
	case BX_RT_M_IOMMU_GROUP:
		return dev->iommu_group;
	default:
		return dev->flags;
	}
}

RT_INLINE void rt_give_member(struct rt_run *run, __u32 what)
{
	__u64 *text = run->e.text;

	if (what == BX_RT_M_NAME) {
		rt_copy(text, BX_RT_TEXT, run->dev->name);
	} else if (what == BX_RT_M_PARENT) {
		rt_copy(text, BX_RT_TEXT, run->dev->parent);
	} else if (what == BX_RT_M_PARENT_DRIVER) {
		rt_copy(text, BX_RT_TEXT, run->dev->parent_driver);
	} else {
		text[0] = rt_word((const char *)run->dev->guid);
		text[1] = rt_word((const char *)run->dev->guid + 8);
	}
}

RT_INLINE void rt_give_text(struct rt_run *run, __u32 source, __u32 what)
{
	for (int i = 0; i < BX_RT_TEXT / 8; i++)
		run->e.text[i] = 0;
	if (source == BX_RT_FACT)
		rt_fact(run, what);
	else if (source == BX_RT_MEMBER)
		rt_give_member(run, what);
	else if (rt_format != BX_RT_OWN)
		rt_copy(run->e.text, BX_RT_TEXT, run->dev->modalias);
	run->e.loaded = RT_ID(source, what);
	run->e.raw = 1;
}

/* Runs the engine until it needs something, and gives it that. */
RT_NOINLINE long rt_answer(__u32 i, struct rt_run *run)
{
	__u32 need = rt_advance(&run->e);
	__u32 source = need >> 8 & 0xff, what = need & 0xff;

	if (!need)
		return 1;
	if (source == BX_RT_MEMBER && what >= BX_RT_M_VENDOR) {
		run->e.number = rt_member_number(run->dev, what);
		run->e.numbered = need;
	} else {
		rt_give_text(run, source, what);
	}
	return 0;
}

/* Looks only for scores of a driver from here on. */
RT_INLINE void rt_score_driver(struct rt_run *run, const char *name)
{
	for (int i = 0; i < BX_RT_NAME / 8; i++)
		run->e.driver[i] = 0;
	rt_copy(run->e.driver, BX_RT_NAME, name);
	run->e.found = 0;
}

/* Looks for rules of some kinds with a higher rank than @best; see @found. */
RT_INLINE void rt_search(struct rt_run *run, __u32 kinds)
{
	const struct bx_rt_bus *bus = rt_bus();

	if (!bus || !(bus->kinds & kinds))
		return;
	run->e.wanted = kinds;
	run->e.i = 0;
	run->e.state = RT_START;
	if (!rt_answer(0, run))
		rt_loop(RT_ANSWERS, rt_answer, run);
}

#endif /* _BX_RULES_DEVICE_H */
