/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Rules: the layout of a compiled table, shared by the engine and the loader
 *
 *	loader/lib/rules_table.c  writes it
 *	bpf/rules_engine.h        reads it
 *
 * A table consists of arrays, which are maps in the kernel:
 *
 *	head     one entry: sizes, and the buses of the table
 *	shape    kinds of patterns: which characters of the ids are compared
 *	vendor   hash: (bus, first word of the ids) to the shapes of its rules
 *	bucket   hash: (shape, compared characters) to the first node of a chain
 *	node     a rule, in a chain with falling rank
 *	check    conditions of a node that the hash does not cover
 *	text     texts and globs of checks
 *	name     names of drivers
 *	approved fingerprints of approved devices, a hash of the kernel
 *
 * The loader writes to a table that elections read.  It publishes a node by one store to its
 * predecessor, and makes it visible by its generations: an instance of the engine sees the
 * nodes with from <= generation < until.  An index of 0 stands for none; entry 0 of each
 * array is unused.
 */
#ifndef _BX_RULES_TABLE_H
#define _BX_RULES_TABLE_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define BX_RT_VERSION	1

#define BX_RT_WORDS	6	/* words of 8 characters of the ids that a shape compares */
#define BX_RT_BUSES	16	/* buses of a table, with the unused first one */
#define BX_RT_SHAPES	256	/* shapes of a table, with the unused first one */
#define BX_RT_BUS_SHAPES 64	/* shapes of a bus without a word of vendor */
#define BX_RT_VENDOR_SHAPES 32	/* shapes of a vendor */
#define BX_RT_VENDOR_PROBES 8	/* entries in which a vendor may be */
#define BX_RT_TEXT	128	/* bytes of a text */
#define BX_RT_NAME	32	/* bytes of a driver's name */
#define BX_RT_CHAIN	1024	/* nodes of a chain */
#define BX_RT_CHECKS	8192	/* checks of a node: one for each value of a condition */
#define BX_RT_FOREVER	(~0U)	/* no end of generations */

/**
 * enum bx_rt_format - where the ids are in the modaliases of a bus
 * @BX_RT_TEXT_ONLY: nowhere: words are hashes of its first characters
 * @BX_RT_OWN: bus_ext's own buses, whose devices have numbers instead
 */
enum bx_rt_format {
	BX_RT_TEXT_ONLY,
	BX_RT_PCI,
	BX_RT_USB,
	BX_RT_HID,
	BX_RT_VIRTIO,
	BX_RT_OWN,
};

/**
 * enum bx_rt_kind - kinds of rules, which are looked for separately
 * @BX_RT_PLAIN: for a device by itself
 * @BX_RT_SCORE: a score for match()
 * @BX_RT_PART: a part of a composite device, for part()
 * @BX_RT_GROUP: for all members of a group, + enum bx_group
 */
enum bx_rt_kind {
	BX_RT_PLAIN,
	BX_RT_SCORE,
	BX_RT_PART,
	BX_RT_GROUP,
	BX_RT_KINDS = BX_RT_GROUP + 2,
};

/**
 * struct bx_rt_bus - a bus of the table
 * @name: its name
 * @format: enum bx_rt_format
 * @kinds: bits 1 << enum bx_rt_kind of the rules that it has or had
 * @nshapes: number of @shape
 * @reserved: 0
 * @shape: shapes of rules that compare no word of vendor
 */
struct bx_rt_bus {
	char	name[32];
	__u32	format;
	__u32	kinds;
	__u32	nshapes;
	__u32	reserved;
	__u8	shape[BX_RT_BUS_SHAPES];
};

/**
 * struct bx_rt_head - the head of a table
 * @version: BX_RT_VERSION
 * @base: the generation for which these maps were made
 * @buckets: number of buckets, a power of two
 * @vendors: number of entries of the hash of vendors, a power of two
 * @nodes: number of nodes
 * @checks: number of checks
 * @texts: number of texts
 * @names: number of names
 * @nbuses: number of @bus
 * @nshapes: number of shapes
 * @bus: the buses
 */
struct bx_rt_head {
	__u32			version;
	__u32			base;
	__u32			buckets;
	__u32			vendors;
	__u32			nodes;
	__u32			checks;
	__u32			texts;
	__u32			names;
	__u32			nbuses;
	__u32			nshapes;
	struct bx_rt_bus	bus[BX_RT_BUSES];
};

/**
 * struct bx_rt_shape - a kind of patterns
 * @best: no rank of its rules is higher
 * @mask: the compared characters of the words; all zero if the modalias does not matter
 * @bus: its bus
 * @kind: enum bx_rt_kind
 * @source: the compared text, enum bx_rt_source; BX_RT_NO_SOURCE for none
 * @what: which text of that source
 * @prefix: with BX_RT_TEXT_ONLY, number of compared words of the modalias, of which the
 *	first word is the hash; BX_RT_WHOLE for all of it
 */
struct bx_rt_shape {
	__u64	best;
	__u64	mask[BX_RT_WORDS];
	__u8	bus;
	__u8	kind;
	__u8	source;
	__u8	what;
	__u8	prefix;
	__u8	reserved[3];
};

#define BX_RT_WHOLE	16	/* BX_RT_TEXT / 8 */

/**
 * struct bx_rt_vendor - the shapes of the rules of a vendor
 * @word: first word of the ids; 0 in an unused entry
 * @bus: its bus
 * @nshapes: number of @shape
 * @shape: shapes whose mask has the whole first word
 */
struct bx_rt_vendor {
	__u64	word;
	__u32	bus;
	__u32	nshapes;
	__u8	shape[BX_RT_VENDOR_SHAPES];
};

/** struct bx_rt_bucket - the start of a chain */
struct bx_rt_bucket {
	__u32	node;
	__u32	reserved;
};

/** enum bx_rt_verdict - result of a rule; those that select() returns have the same numbers */
enum bx_rt_verdict {
	BX_RT_PASS,
	BX_RT_DRIVER,
	BX_RT_REFUSE,
	BX_RT_DEFER,
	BX_RT_SCORED,
	BX_RT_NAMED,	/* a part: the names of the composite device and of the part */
};

enum bx_rt_node_flags {
	BX_RT_UNTIL_APPROVED	= 1 << 0,
	BX_RT_ANY_ORDER		= 1 << 1,
	BX_RT_BOUND		= 1 << 2,
};

/**
 * struct bx_rt_node - a rule; one that compares with several texts has a node for each
 * @rank: the highest wins; never 0
 * @key: compared characters
 * @hash: of the compared text, 0 without one
 * @digest: what the rule says, so that the loader knows it again
 * @next: next node of the chain
 * @from: first generation that sees it; 0 if the node is free
 * @until: first generation that does not
 * @shape: its shape
 * @verdict: enum bx_rt_verdict
 * @flags: enum bx_rt_node_flags
 * @separators: number of characters of the template that are not ids, which the modalias
 *	must have; + 1 if it must end with the template
 * @ndrivers: number of @driver
 * @driver: indices of names
 * @score: 1 to BX_SCORE_MAX, with BX_RT_SCORED
 * @check: first check
 * @nchecks: number of checks
 */
struct bx_rt_node {
	__u64	rank;
	__u64	key[BX_RT_WORDS];
	__u64	hash;
	__u64	digest[2];
	__u32	next;
	__u32	from;
	__u32	until;
	__u8	shape;
	__u8	verdict;
	__u8	flags;
	__u8	separators;
	__u32	check;
	__u16	nchecks;
	__u16	score;
	__u16	driver[4];
	__u8	ndrivers;
	__u8	reserved[15];
};

/**
 * struct bx_rt_approval - an approved fingerprint, which is the key of the hash of approvals
 * @from: first generation that sees it
 * @until: first generation that does not
 */
struct bx_rt_approval {
	__u32	from;
	__u32	until;
};

#define BX_RT_DIGITS	64	/* of a fingerprint */

/** enum bx_rt_source - where the text or number of a check is */
enum bx_rt_source {
	BX_RT_NO_SOURCE,
	BX_RT_MODALIAS,
	BX_RT_FACT,		/* what: enum bx_fact */
	BX_RT_MEMBER,		/* what: enum bx_rt_member */
	BX_RT_USB_CLASS,	/* of an interface, or any interface of a device */
};

/** enum bx_rt_member - members of struct bx_dev_info; texts come first */
enum bx_rt_member {
	BX_RT_M_NAME,
	BX_RT_M_PARENT,
	BX_RT_M_PARENT_DRIVER,
	BX_RT_M_GUID,
	BX_RT_M_VENDOR,
	BX_RT_M_DEVICE,
	BX_RT_M_SUBVENDOR,
	BX_RT_M_SUBDEVICE,
	BX_RT_M_REVISION,
	BX_RT_M_CLASS,
	BX_RT_M_VF_INDEX,
	BX_RT_M_NUMA_NODE,
	BX_RT_M_IOMMU_GROUP,
	BX_RT_M_FLAGS,
};

/**
 * enum bx_rt_op - how a check compares
 * @BX_RT_EQUAL: the whole text
 * @BX_RT_MATCH: with a glob
 * @BX_RT_RANGE: a number, from low to high
 * @BX_RT_BITS: the bits of @low are all set in the number
 */
enum bx_rt_op {
	BX_RT_EQUAL,
	BX_RT_MATCH,
	BX_RT_RANGE,
	BX_RT_BITS,
};

enum bx_rt_check_flags {
	BX_RT_LAST	= 1 << 0,	/* of a condition, of whose checks one must hold */
	BX_RT_NEGATED	= 1 << 1,	/* none may hold; at the last one */
};

/**
 * struct bx_rt_check - a value of a condition
 * @op: enum bx_rt_op
 * @source: enum bx_rt_source
 * @what: which one of the source
 * @flags: enum bx_rt_check_flags
 * @text: index of a text
 * @low: the lowest number
 * @high: the highest number
 */
struct bx_rt_check {
	__u8	op;
	__u8	source;
	__u8	what;
	__u8	flags;
	__u32	text;
	__s64	low;
	__s64	high;
};

/*
 * A text is padded with zeros.  A glob is a text of these bytes and plain characters, which
 * are below 128; its classes follow in the next texts.
 */
#define BX_RT_STAR	0x01	/* any text */
#define BX_RT_ONE	0x02	/* any character */
#define BX_RT_CLASS	0x80	/* + number of the class: any character of it */
#define BX_RT_CLASSES	4	/* classes in a text: a bit for each character */

/*
 * The modalias of a format: '#' is a character of the ids, which are numbered through and
 * fill the words; small letters separate them.
 */
static const char bx_rt_template[8][64] __attribute__((unused)) = {
	[BX_RT_TEXT_ONLY] = "",
	[BX_RT_PCI] = "pci:v########d########sv########sd########bc##sc##i##",
	[BX_RT_USB] = "usb:v####p####d####dc##dsc##dp##ic##isc##ip##in##",
	[BX_RT_HID] = "hid:b####g####v########p########",
	[BX_RT_VIRTIO] = "virtio:d########v########",
	/* after "bus_ext:BUS:" */
	[BX_RT_OWN] = "v########d########sv########sd########c########r########",
};

/* The word, and the characters of it, that are the vendor; on virtio, the kind of device */
#define BX_RT_VENDOR_AT(format)		((format) == BX_RT_HID)
#define BX_RT_VENDOR_MASK(format)	((format) == BX_RT_USB ? 0xffffffffULL : ~0ULL)

/* Words in which a format has ids; the others are 0 */
#define BX_RT_USED(format) \
	((format) == BX_RT_PCI ? 5 : (format) == BX_RT_USB ? 4 : (format) == BX_RT_HID ? 3 : \
	 (format) == BX_RT_VIRTIO ? 2 : (format) == BX_RT_OWN ? 6 : 1)

/*
 * A round of the hash of words.  A product's highest byte depends on all characters: it
 * becomes the lowest one, of which an index is made.
 */
#define BX_RT_MIX(h, word) \
	__builtin_bswap64(((h) ^ (word)) * 0x9e3779b97f4a7c15ULL)

#endif /* _BX_RULES_TABLE_H */
