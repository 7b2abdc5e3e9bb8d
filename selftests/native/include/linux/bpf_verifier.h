/* SPDX-License-Identifier: GPL-2.0-only */
/* Declarations that are needed are in <linux/bpf.h>. */
#include <linux/bpf.h>
