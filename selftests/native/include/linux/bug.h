/* SPDX-License-Identifier: GPL-2.0-only */
/* Declarations that are needed are in <linux/types.h>. */
#include <linux/types.h>
