/* SPDX-License-Identifier: GPL-2.0-only */
/* The member of a structure that a table finds; no table is built natively */
#ifndef _NATIVE_RHASHTABLE_TYPES_H
#define _NATIVE_RHASHTABLE_TYPES_H

struct rhash_head {
	struct rhash_head	*next;
};

#endif
