/* SPDX-License-Identifier: GPL-2.0-only */
/* For kernel/compat.h, which does not use it here. */
