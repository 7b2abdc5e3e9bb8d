/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of a test program in which kernel code broke a rule of the kernel */
#ifndef _NATIVE_CHECK_H
#define _NATIVE_CHECK_H

void native_bug(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

#endif /* _NATIVE_CHECK_H */
