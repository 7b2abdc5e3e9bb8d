/* SPDX-License-Identifier: GPL-2.0-only */
/* All that is needed of it is in <linux/bpf.h>. */
#include <linux/bpf.h>
