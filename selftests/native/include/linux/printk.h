/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's log: the last line of it, for tests (see native.h) */
#ifndef _NATIVE_PRINTK_H
#define _NATIVE_PRINTK_H

#include <linux/types.h>

void native_log(const char *fmt, ...) __printf(1, 2);
/* Of the kernel: each of its messages has the prefix. */
void native_message(const char *fmt, ...) __printf(1, 2);

#ifndef KBUILD_MODNAME
#define KBUILD_MODNAME	"bus_ext"
#endif
#ifndef pr_fmt
#define pr_fmt(fmt)	fmt
#endif

#ifndef dev_fmt
#define dev_fmt(fmt)	fmt
#endif

#define pr_err(fmt, ...)		native_message(pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err_ratelimited	pr_err
#define pr_warn			pr_err
#define pr_notice_ratelimited	pr_err
#define pr_warn_ratelimited	pr_err
#define dev_err(dev, fmt, ...) do { \
	(void)(dev); \
	native_message(dev_fmt(fmt), ##__VA_ARGS__); \
} while (0)
#define dev_notice		dev_err

#endif /* _NATIVE_PRINTK_H */
