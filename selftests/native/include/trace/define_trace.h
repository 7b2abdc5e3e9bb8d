/* SPDX-License-Identifier: GPL-2.0-only */
/* A tracepoint is declared where it is described, see <linux/tracepoint.h>. */
