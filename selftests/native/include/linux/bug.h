/* SPDX-License-Identifier: GPL-2.0-only */
/* All that is needed of it is in <linux/types.h>. */
#include <linux/types.h>
