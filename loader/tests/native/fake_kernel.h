/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Native tests: the tests' own kernel behind loader/lib/kernel.h
 *
 * It has policies, links and maps that outlive processes, as those of the kernel do, and
 * accepts what kernel/policy.c accepts.  There is one device, and the name of a policy's
 * select() determines its effect on that:
 *
 *	impossible		it is ejected once it is active
 *	impossible_later	the same, but a trial does not show it
 *	missing_driver		it names a driver that does not exist
 *	keep_free		it refuses the device, which is bound as soon as no policy does
 *				so, and changes the second byte of every call
 *	unstaged		it is active at once
 *	differs			it differs from the checked policy when it is committed
 *
 * A policy whose init() is named 'refuse' is refused.
 */
#ifndef _NATIVE_FAKE_KERNEL_H
#define _NATIVE_FAKE_KERNEL_H

#include <stddef.h>

/**
 * fake_init() - before the first process
 * @dir: an empty directory for links and maps
 * @sysfs: the directory that replaces /sys
 *
 * Return: 0 or -1.
 */
int fake_init(const char *dir, const char *sysfs);

/* fake_boot() - no policy, link, map or request is left, and bus_ext is not loaded */
void fake_boot(void);

/* fake_modprobe() - load bus_ext */
void fake_modprobe(void);

/**
 * fake_decide() - say what is bound to the device, and what is decided on it
 * @driver: the bound driver, or empty
 * @last: its last election, as BY:OUTCOME:DRIVER, in the words of bxctl's JSON
 * @now: likewise, the result of an explanation
 *
 * Return: 0, or -1 for words that are not known.
 */
int fake_decide(const char *driver, const char *last, const char *now);

/**
 * fake_fingerprint() - give the scripted device a fingerprint, or, with "", none
 * @print: the fingerprint
 */
void fake_fingerprint(const char *print);

/**
 * fake_add_device() - add a device to the scripted one
 * @name: its name
 * @driver: the bound driver, or empty
 * @now: its election, as BY:OUTCOME:DRIVER:POLICY; it has had none.  The driver 'broken'
 *	rejects each device.
 * @parent: it vanishes with the driver of this device; NULL for none
 *
 * Return: 0, or -1.
 */
int fake_add_device(const char *name, const char *driver, const char *now,
		    const char *parent);

/* fake_group() - put such a device into an IOMMU group: 0, or -1 if there is none */
int fake_group(const char *name, int group);

/* fake_no_devices() - remove the devices that were added */
void fake_no_devices(void);

/* fake_drivers() - write these devices, each as ' NAME:DRIVER' */
void fake_drivers(char *buf, size_t size);

/** fake_eject() - eject each active policy, as for an invalid result */
void fake_eject(void);

/**
 * fake_active() - the active policies and hooks
 * @buf: takes 'NAME:VERSION', or 'NAME:2rules' of a policy with a table, with '(shadow)', and
 *	'hook:NAME', in order
 * @size: its size
 */
void fake_active(char *buf, size_t size);

/**
 * fake_rest() - policies that are not active, links and maps without exactly one pin
 * @buf: takes it as text; empty when there is nothing
 * @size: its size
 */
void fake_rest(char *buf, size_t size);

#endif /* _NATIVE_FAKE_KERNEL_H */
