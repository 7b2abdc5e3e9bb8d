/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions and macros that the kernel tests share
 *
 * A test program starts with BXT_MAIN(module), which loads the module and the
 * BPF objects once, runs the tests, each in a process of its own, and unloads
 * the module.  All that a test attached is detached when its process ends;
 * bxt_clean(), for FIXTURE_SETUP, removes its simulated devices and drivers.
 *
 * Functions return 0 or something positive, or a negative errno.  The macros
 * at the end, without a prefix, are for TEST_F bodies: they end the test when
 * something that is only a preparation fails.
 */
#ifndef _BXTEST_H
#define _BXTEST_H

#include <stdbool.h>
#include <linux/bus_ext.h>
#include "script.h"

struct bpf_object;

/*
 * The runner ends a program that takes too long, and knows how slow a machine may be;
 * the harness' own limit for one test is for a test that hangs.
 */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	3600

/* ---- the program ---- */

void bxt_slots(int n);
int bxt_start(const char *module);
int bxt_finish(void);
int bxt_clean(void);
int bxt_complain(const char *what, int err);
void bxt_log_clear(void);
bool bxt_log_says(const char *text);
const char *bxt_log(void);

#define BXT_MAIN(module) \
int main(int argc, char **argv) \
{ \
	int ret; \
	\
	if (bxt_start(module)) \
		return KSFT_FAIL; \
	ret = test_harness_run(argc, argv); \
	return bxt_finish() ? KSFT_FAIL : ret; \
}

/* ---- policies ---- */

/**
 * struct bxt_spec - the fields of a policy; zeros mean the defaults
 * @name: "p" and the number of the slot
 * @bus: "bx-sf"
 * @vendor: as in struct bus_ext_ops
 * @priority: as in struct bus_ext_ops
 * @flags: as in struct bus_ext_ops
 * @version: as in struct bus_ext_ops
 * @calls: as in struct bus_ext_ops
 * @ops: enum bx_op_mask, implemented operations; all, but match() only on bx-sf, and
 *	call() and complete() only with @calls
 * @no_ops: nothing is implemented
 * @no_link: a map that cannot be attached with a link
 */
struct bxt_spec {
	const char	*name;
	const char	*bus;
	__u32		vendor;
	__s32		priority;
	__u64		flags;
	__u32		version;
	__u64		calls[BX_CALL_WORDS];
	__u32		ops;
	bool		no_ops;
	bool		no_link;
};

struct script *bxt_script(int slot);
int bxt_map(int slot, const struct bxt_spec *spec);
int bxt_link(int map);
int bxt_attach(int slot, const struct bxt_spec *spec);
int bxt_update(int link, int map, int old_map);
int bxt_detach(int link);
bool bxt_hung_up(int link);

/* ---- the control interface ---- */

__s64 bxt_begin_settle(void);
__s64 bxt_begin_rebind(const char *device);
int bxt_result(__u64 ticket);
int bxt_await(__u64 ticket);
int bxt_settle(void);
int bxt_rebind(const char *device);
int bxt_reelect(const char *bus);
int bxt_device(const char *device, struct bx_device_rec *rec);
int bxt_policies(const struct bx_policy_rec **recs);
int bxt_policy(const char *name, struct bx_policy_rec *rec);
__u64 bxt_newest(const char *name);
struct bx_policy_rec bxt_policy_of_id(__u64 id);
int bxt_ejection(const char *name, struct bx_exit_info *info);
void bxt_programs_may_take(__u32 ms);
int bxt_opinions(const char *device, const struct bx_opinion **recs);
int bxt_facts(const char *device, const struct bx_fact_rec **recs);
int bxt_drivers(const struct bx_driver_rec **recs);
struct bx_commit_enter bxt_enter(__u64 id);
int bxt_commit(const struct bx_commit *commit);
int bxt_trial(const struct bx_trial *trial, const struct bx_opinion **recs);
int bxt_trial_call(const struct bx_trial *trial, struct bx_trial_call *call);

/* ---- simulated hardware, sysfs ---- */

int bxt_write(const char *path, const char *text);
int bxt_read(const char *path, char *buf, unsigned int size);
int bxt_kernel_log(void);
bool bxt_kernel_said(int log, const char *text);
/* A socket for uevents, as udev has one, which does not block; or a negative errno */
int bxt_uevents(void);
/* The value of a variable of an event: "NAME=VALUE" with NULs between; "" if it has none */
const char *bxt_uevent_value(const char *event, long len, const char *name);
bool bxt_contains(const char *path, const char *text);
int bxt_sim(const char *attr, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int bxt_probes(const char *driver);
int bxt_bound_devices(const char *driver);
const char *bxt_bound_on(const char *bus, const char *device);
bool bxt_becomes_bound(const char *device, const char *driver);
bool bxt_becomes_probed(const char *driver, int times);
int bxt_set_override(const char *bus, const char *device, const char *driver);
const char *bxt_override(const char *bus, const char *device);
int bxt_nr_ejected(void);

/* ---- modules ---- */

/* Where modprobe finds the project's modules */
#define BXT_MODULES	"/lib/modules/%s/updates"

int bxt_load(const char *module);
int bxt_load_file(const char *path);
int bxt_load_built(const char *dir, const char *module);
int bxt_unload(const char *module);
int bxt_unload_soon(const char *module);
int bxt_refcnt(const char *module);
bool bxt_loaded(const char *module);

/* ---- settings and waiting without a ticket ---- */

unsigned int bxt_setting(const char *name, unsigned int otherwise);
int bxt_patience(void);
bool bxt_becomes(bool (*is)(void *arg), void *arg);

/* ---- processors ---- */

/* Where work runs that is bound to none: a mask in hex */
#define BXT_CPUS_OF_WORK	"/sys/devices/virtual/workqueue/cpumask"

int bxt_use_cpu(int cpu);

/* ---- for TEST_F bodies ---- */

#define device(name, id)	ASSERT_EQ(0, bxt_sim("create", "%s %s", name, id))
#define destroy(name)		ASSERT_EQ(0, bxt_sim("destroy", "%s", name))
/* Another driver than the new one may win a device, a moment later. */
#define driver(name, opts) do { \
	ASSERT_EQ(0, bxt_sim("driver_add", "%s %s", name, opts)); \
	settle(); \
} while (0)
/* Three drivers that all claim the device, in this order. */
#define three_drivers() do { \
	driver("a", "ids=*:*"); \
	driver("b", "ids=*:*"); \
	driver("c", "ids=*:*"); \
} while (0)
#define driver_del(name)	ASSERT_EQ(0, bxt_sim("driver_del", "%s", name))
#define driver_set(name, opts)	ASSERT_EQ(0, bxt_sim("driver_set", "%s %s", \
						     name, opts))
#define settle()		ASSERT_EQ(0, bxt_settle())
#define bound(device)		bxt_bound_on("bx-sf", device)
#define override(device, name)	ASSERT_EQ(0, bxt_set_override("bx-sf", device, \
							      name))

/* Attach a slot, with fields of struct bxt_spec; a link. */
#define attach(slot, ...) ({ \
	int link_ = bxt_attach(slot, &(struct bxt_spec){ __VA_ARGS__ }); \
	\
	ASSERT_LE(0, link_); \
	settle(); \
	link_; })
/* Attach a staged policy; its identity. */
#define stage(slot, ...) ({ \
	struct bxt_spec spec_ = { __VA_ARGS__ }; \
	char name_[] = { 'p', '0' + (slot), 0 }; \
	\
	attach(slot, .flags = BX_F_STAGED, ##__VA_ARGS__); \
	bxt_newest(spec_.name ?: name_); })
/* Try to; the errno. */
#define attach_errno(slot, ...) \
	bxt_attach(slot, &(struct bxt_spec){ __VA_ARGS__ })
#define map(slot, ...) ({ \
	int map_ = bxt_map(slot, &(struct bxt_spec){ __VA_ARGS__ }); \
	\
	ASSERT_LE(0, map_); \
	map_; })
#define detach(link) do { \
	ASSERT_EQ(0, bxt_detach(link)); \
	settle(); \
} while (0)

/*
 * A device on the platform bus that every machine of the architecture has: the name of it and of
 * its driver, and of the module, which some kernels lack
 */
#ifdef __aarch64__
#define MACHINE_DEV		"gpio-keys"
#define MACHINE_MODULE	"gpio_keys"
#else
#define MACHINE_DEV		"pcspkr"
#define MACHINE_MODULE	"pcspkr"
#endif
#define NO_MACHINE_MODULE	"this kernel has no module " MACHINE_MODULE

/* Write a script: what select() does. */
#define selects(slot, name) do { \
	strcpy(bxt_script(slot)->driver, name); \
	bxt_script(slot)->select = BX_SELECT; \
} while (0)
/* The driver to try after those that it names already, number @i from 0 */
#define or_selects(slot, i, name)	strcpy(bxt_script(slot)->more[i], name)
/* Verdict number @i of match() */
#define judges(slot, i, name, verdict_) do { \
	strcpy(bxt_script(slot)->match[i].driver, name); \
	bxt_script(slot)->match[i].verdict = verdict_; \
} while (0)

#define policy(name) ({ \
	struct bx_policy_rec rec_; \
	\
	ASSERT_EQ(0, bxt_policy(name, &rec_)); \
	rec_; })
#define ejection(name) ({ \
	struct bx_exit_info info_; \
	\
	ASSERT_EQ(0, bxt_ejection(name, &info_)); \
	info_; })
#define decision(device) ({ \
	struct bx_device_rec rec_; \
	\
	ASSERT_EQ(0, bxt_device(device, &rec_)); \
	rec_.decision; })

#define EXPECT_BOUND(device, driver_)	EXPECT_STREQ(driver_, bound(device))
#define EXPECT_UNBOUND(device)		EXPECT_STREQ("", bound(device))
#define EXPECT_BY(decider, device)	EXPECT_EQ(decider, decision(device).by)
#define EXPECT_OUTCOME(out, device)	EXPECT_EQ(out, decision(device).outcome)
#define EXPECT_STAGE(stage_, id) \
	EXPECT_EQ(stage_, bxt_policy_of_id(id).stage)
#define EXPECT_EJECTED(name)	EXPECT_EQ(-ENOENT, bxt_policy(name, \
						&(struct bx_policy_rec){}))
#define EXPECT_ATTACHED(name)	EXPECT_EQ(0, bxt_policy(name, \
						&(struct bx_policy_rec){}))

#endif /* _BXTEST_H */
