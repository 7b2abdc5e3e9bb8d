/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: rules as a table of the engine (bpf/rules_table.h)
 *
 *	rules_pattern.c  patterns: the ids that a hash covers, and globs
 *	rules_draft.c    rules: keys, checks and verdicts
 *	rules_store.c    the arrays of a table: what is used, chains, allocation
 *	rules_table.c    a new generation of a table, by the difference or from scratch
 *
 * None of them needs a kernel: the arrays are memory, which may be that of maps.
 */
#ifndef _BUSEXT_RULES_TABLE_H
#define _BUSEXT_RULES_TABLE_H

#include "../../bpf/rules_table.h"
#include "rules.h"

/* ---- rules_pattern.c ---- */

#define RT_TOKENS	RULES_PATTERN

enum rt_token_kind {
	RT_CHAR,
	RT_ANY_CHAR,
	RT_ANY_TEXT,
	RT_SET,
};

/**
 * struct rt_token - an element of a glob
 * @kind: enum rt_token_kind
 * @c: the character of RT_CHAR
 * @bits: a bit for each character of RT_SET
 */
struct rt_token {
	enum rt_token_kind	kind;
	unsigned char		c;
	unsigned char		bits[32];
};

/**
 * struct rt_glob - a glob in tokens; several '*' in a row are one
 * @token: the tokens
 * @n: their number
 */
struct rt_glob {
	struct rt_token	token[RT_TOKENS];
	size_t		n;
};

/**
 * struct rt_pattern - what a pattern says of the ids
 * @word: compared characters
 * @mask: which ones these are
 * @prefix: see struct bx_rt_shape
 * @separators: see struct bx_rt_node
 * @exact: the pattern says nothing else
 */
struct rt_pattern {
	__u64	word[BX_RT_WORDS];
	__u64	mask[BX_RT_WORDS];
	__u8	prefix;
	__u8	separators;
	bool	exact;
};

enum bx_rt_format rt_format_of(const char *bus);
void rt_glob_parse(struct rt_glob *glob, const char *text, bool alias);
/* Writes the texts of a glob; returns their number, 0 if no text matches it. */
size_t rt_glob_write(const struct rt_glob *glob, char (*text)[BX_RT_TEXT], size_t room);
void rt_pattern_parse(struct rt_pattern *p, const struct rt_glob *glob, const char *bus);
__u64 rt_hash_text(const char *text, unsigned int words);
/* Number of texts that a check uses, from its first one on */
size_t rt_glob_texts(const char *text);

/* ---- rules_draft.c ---- */

/**
 * struct rt_draft - a rule, before it is placed in a table
 * @rule: the rule
 * @digest: what it says
 * @pattern: its pattern
 * @kind: enum bx_rt_kind
 * @bus: number of its bus in the table
 * @check: its checks, in which text is an index of @text, from 1
 * @nchecks: their number
 * @text: texts of checks
 * @ntexts: their number
 * @index: a condition with texts of which the table may have hashes, or NULL
 * @source: enum bx_rt_source of @index
 * @what: which text of the source
 * @never: no device matches it
 * @rank: its rank
 * @kept: the table has it
 */
struct rt_draft {
	const struct bx_rule		*rule;
	__u64				digest[2];
	struct rt_pattern		pattern;
	__u8				kind;
	__u8				bus;
	struct bx_rt_check		*check;
	size_t				nchecks;
	char				(*text)[BX_RT_TEXT];
	size_t				ntexts;
	const struct bx_rule_cond	*index;
	__u8				source;
	__u8				what;
	bool				never;
	bool				kept;
	__u64				rank;
};

struct rt_drafts {
	struct rt_draft	*draft;
	size_t		n;
};

/* Drafts of all rules, the winner first; @cmdline: the kernel command line */
int rt_drafts_make(struct bx_handle *h, const struct bx_rules *rules, const char *cmdline,
		   struct rt_drafts *drafts);
void rt_drafts_free(struct rt_drafts *drafts);
/* A copy that compares no ids, to be freed also after an error: -ENOMEM */
int rt_draft_coarse(const struct rt_draft *d, struct rt_draft *coarse);
void rt_draft_free(struct rt_draft *d);

/* ---- rules_store.c ---- */

/**
 * struct rt_store - a table
 * @head: its head, which has the sizes
 * @shape: and so on: its arrays
 * @used: a byte for each node, check, text and name: whether it is used
 * @cursor: where to look for the next unused one
 * @named: hash of the names that are used, of @nnamed entries
 * @writes: number of entries that were written
 * @written: called after a store that elections may see; NULL but in tests
 * @failed: the rule for which there was no room
 */
struct rt_store {
	struct bx_rt_head	*head;
	struct bx_rt_shape	*shape;
	struct bx_rt_vendor	*vendor;
	struct bx_rt_bucket	*bucket;
	struct bx_rt_node	*node;
	struct bx_rt_check	*check;
	char			(*text)[BX_RT_TEXT];
	char			(*name)[BX_RT_NAME];
	unsigned char		*used[4];
	__u32			cursor[4];
	__u32			*named;
	__u32			nnamed;
	unsigned long		writes;
	void			(*written)(struct rt_store *s);
	const struct bx_rule	*failed;
};

enum rt_array {
	RT_NODES,
	RT_CHECKS,
	RT_TEXTS,
	RT_NAMES,
};

/* Looks at what is used; -ENOMEM. */
int rt_store_scan(struct rt_store *s);
void rt_store_forget(struct rt_store *s);
/*
 * Adds a draft to a generation; -ENOSPC if there is no room, -EMLINK if too many rules have
 * the same key.
 */
int rt_store_add(struct rt_store *s, const struct rt_draft *d, bool by_index, __u32 generation);
/* Removes a node from a generation on. */
void rt_store_end(struct rt_store *s, __u32 node, __u32 generation);
/* Unlinks nodes that generation @active and later ones do not see, which stay unused. */
void rt_store_unlink(struct rt_store *s, __u32 active);
/* Frees unlinked nodes, when no election may be at one of them. */
int rt_store_release(struct rt_store *s);
/* Steps of the longest evaluation at most, for any device */
__u64 rt_store_cost(const struct rt_store *s);
/* Number of a bus, which is added; 0 if there is no room. */
__u32 rt_store_bus(struct rt_store *s, const char *name);

/* ---- rules_table.c ---- */

/*
 * Steps of an evaluation.  The kernel ejects a policy that runs for seconds; these take
 * some 120 million instructions.
 */
#define RT_COST_MAX	(4 << 20)

/* Sizes of a new table for these drafts; a larger one if @grow is; -ENOMEM. */
int rt_table_size(const struct rt_drafts *drafts, unsigned int grow, struct bx_rt_head *head);
/*
 * Makes generation @next of a table, while elections may see generation @active.  A new
 * table is zero but for the sizes in its head, and @active is 0.  -ENOSPC if a new, larger
 * table is needed; -EMLINK, see rt_store_add(); -EFBIG if an evaluation could take longer
 * than RT_COST_MAX.
 */
int rt_table_update(struct rt_store *s, struct rt_drafts *drafts, __u32 active, __u32 next);

#endif /* _BUSEXT_RULES_TABLE_H */
