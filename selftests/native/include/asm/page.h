/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NATIVE_PAGE_H
#define _NATIVE_PAGE_H

#define PAGE_SIZE	4096UL

#endif /* _NATIVE_PAGE_H */
