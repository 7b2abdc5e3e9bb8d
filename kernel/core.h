/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of bus_ext.ko share; drivers use <linux/bus_ext.h>
 *
 * Locks, outermost first:
 *
 *	update_mutex		the kernel's, around reg(), update(), unreg()
 *	bx_policy_mutex		the list of policies and what is published
 *	bx_bus_rwsem		the list of our own buses
 *	bx_adopt_mutex		decisions on adopted buses
 *	device lock		the driver core's; match() runs with or without
 *	bx_bus.drv_lock		writes to a bus' list of drivers
 *	bx_device_mutex		the list of devices, what is watched of each
 *	bx_device.elect_lock	decisions on one device of our own buses
 *	bx_srcu (read)		policies and drivers while programs look at them
 *	bx_parent_rwsem		parents of devices that leave an adopted bus
 *	bx_runs.lock, bx_frames.lock, bx_exit_lock	leaves, with interrupts off
 *	bx_module_lock		leaf
 *
 * A device appears under its parent's lock but not under its own, so no one
 * takes bx_adopt_mutex with the lock of the device that is decided about.
 *
 * unreg() waits for bx_srcu under update_mutex.  So nothing that runs inside a
 * bx_srcu read section may take update_mutex, bx_policy_mutex or a device
 * lock, load a module, bind or unbind a driver: an ejection is claimed there
 * and carried out by a work item, and so is the re-election that follows.  A
 * call on a device takes no lock but the leaves, and holds bx_srcu around
 * programs only; it may come from an interrupt.
 *
 * Lifetimes: a policy's version (struct bx_inst) is freed when the last of
 * publication and a pending ejection lets go of it; a bx_driver may be freed by
 * its owner after bx_driver_unregister(), which waits for bx_srcu; a bx_device
 * is reference counted by the driver core, and holds its parent and this module,
 * and bx_bus_unregister() waits for it: a request may look at it after it was
 * removed.
 */
#ifndef _BX_CORE_H
#define _BX_CORE_H

#include <linux/bitmap.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/bus_ext.h>
#include <linux/kref.h>
#include <linux/srcu.h>
#include "compat.h"

/* ---- what programs see; members by name, see <bpf/bus_ext.bpf.h> ---- */

/* The first members are the program's, those below @platform are ours. */
struct bx_select_ctx {
	struct bx_dev_info	dev;
	struct device		*device;
	struct pci_dev		*pdev;
	struct platform_device	*platform;

	struct bx_election	*election;
	char			driver[BX_NAME_LEN];
};

struct bx_match_ctx {
	struct bx_dev_info	dev;
	struct bx_candidate	drv;
	struct device		*device;
};

/* The first members are the program's, those below @len are ours. */
struct bx_call {
	const struct bx_dev_info *dev;
	u32			op;
	u32			len;

	struct bx_device	*bdev;
	const struct bx_op_desc	*desc;
	void			*data;		/* @len bytes that are shown */
	struct bx_device	*to;		/* held by bx_call_begin() */
	struct bx_trial_call	*trial;		/* of which this is one, or NULL */
	s32			result;
	bool			completing;
};

/*
 * Documented member by member in <bpf/bus_ext.bpf.h>; append-only.  @sleepable
 * is ours: which programs may sleep, enum bx_op_mask.
 */
struct bus_ext_ops {
	s32	(*select)(struct bx_select_ctx *ctx);
	s32	(*match)(struct bx_match_ctx *ctx);
	void	(*event)(struct bx_event *event);
	s32	(*init)(void);
	void	(*exit)(struct bx_exit_info *info);
	s32	(*call)(struct bx_call *call);
	void	(*complete)(struct bx_call *call, s32 ret);
	char	name[BX_NAME_LEN];
	char	bus[BX_NAME_LEN];
	u32	vendor;
	s32	priority;
	u64	flags;
	u32	version;
	u64	calls[BX_CALL_WORDS];
	u32	sleepable;
};

/* ---- policies (policy.c) ---- */

#define BX_MAX_POLICIES	256

/**
 * struct bx_policy - an attached policy, from reg() to unreg()
 * @node: in bx_policies; bx_policy_mutex
 * @ref: @node, each of its versions
 * @link: NULL once unreg() ran; bx_policy_mutex
 * @inst: the version in force; bx_policy_mutex
 * @bus_owner: module of the bus in scope, pinned
 * @kobj: /sys/kernel/bus_ext/policies/NAME; NULL unless it is in force
 * @stage: whether it is in force; bx_policy_mutex
 * @to: the same, after the commit that is under way
 * @heir: that replaces it in the commit that is under way; then, not NULL
 * @id: identity
 * @generation: attach and updates so far
 * @asked: how often a program was run
 * @decided: elections decided
 * @vetoed: pairs vetoed
 * @diverged: elections and calls it would have decided otherwise
 * @denied: calls denied
 * @handled: calls answered
 * @redirected: calls sent to another device
 * @amended: results changed
 * @limit: drivers that it may name; bx_policy_mutex; constant once it is in force
 */
struct bx_policy {
	struct list_head	node;
	struct kref		ref;
	struct bpf_link		*link;
	struct bx_inst		*inst;
	struct module		*bus_owner;
	struct kobject		*kobj;
	enum bx_stage		stage;
	enum bx_stage		to;
	const struct bx_policy	*heir;
	u64			id;
	u64			generation;
	atomic64_t		asked;
	atomic64_t		decided;
	atomic64_t		vetoed;
	atomic64_t		diverged;
	atomic64_t		denied;
	atomic64_t		handled;
	atomic64_t		redirected;
	atomic64_t		amended;
	struct bx_limit		limit;
};

/**
 * struct bx_inst - one version of a policy; immutable but for the ejection
 * @ref: publication, a pending ejection
 * @policy: whose version it is; referenced
 * @ops: the programs, valid inside bx_srcu while published
 * @name: copy of @ops->name
 * @bus: copy of @ops->bus
 * @vendor: vendor in scope, BX_ANY for all
 * @priority: copy of @ops->priority
 * @flags: copy of @ops->flags, but for BX_F_STAGED
 * @version: copy of @ops->version
 * @calls: copy of @ops->calls
 * @seq: number of the version, ever rising
 * @ejected: claimed once; from then on no program of it is run
 * @exit: why; written by the claimant before @work is queued
 * @work: carries the ejection out
 */
struct bx_inst {
	struct kref		ref;
	struct bx_policy	*policy;
	const struct bus_ext_ops *ops;
	char			name[BX_NAME_LEN];
	char			bus[BX_NAME_LEN];
	char			shown[BX_SHOWN_LEN];
	u32			vendor;
	s32			priority;
	u64			flags;
	u32			version;
	u64			calls[BX_CALL_WORDS];
	u64			seq;
	atomic_t		ejected;
	struct bx_exit_info	exit;
	struct work_struct	work;
};

static inline bool bx_in_force(const struct bx_policy *policy)
{
	return policy->stage == BX_STAGE_FORCE;
}

extern struct btf *bx_btf;
extern struct workqueue_struct *bx_wq;

bool bx_inst_live(const struct bx_inst *inst);
u64 bx_inst_newest(void);
int bx_policy_commit(const struct bx_commit *commit);
int bx_refuse(const char *name, int err, const char *fmt, ...) __printf(3, 4);
void bx_eject(struct bx_inst *inst, enum bx_exit_kind kind, s32 code,
	      const struct bx_dev_info *dev, const char *fmt, ...) __printf(5, 6);
void bx_eject_id(u64 policy_id, enum bx_exit_kind kind,
		 const char *device, const char *fmt, ...) __printf(4, 5);
int bx_policy_records(struct bx_policy_rec **recs, u32 *n);
int bx_exit_records(struct bx_exit_info **recs, u32 *n);
ssize_t bx_refused_show(char *buf);
u32 bx_policy_count(void);
u64 bx_exit_count(void);
int bx_policy_init(void);

/* ---- the index of policies (index.c) ---- */

/* The policies in scope of a (bus, vendor), in order of authority */
struct bx_chain {
	u32		n;
	struct bx_inst	*inst[] __counted_by(n);
};

extern struct srcu_struct bx_srcu;

/* bx_srcu held; NULL when no policy is in scope */
const struct bx_chain *bx_chain_lookup(const char *bus, u32 vendor);
struct bx_chain *bx_chain_try(const struct bx_trial *trial, const char *bus,
			      u32 vendor);
int bx_index_publish(const struct list_head *policies, u32 n, gfp_t gfp);

/* ---- names (names.c) ---- */

int bx_name_check(const char *name);
const char *bx_shown_name(char *buf, const char *name, u64 flags);
bool bx_are_twins(const struct bx_inst *a, const struct bx_inst *b);

/* ---- what was checked of a policy (expect.c) ---- */

int bx_expect(const struct bx_inst *inst, const struct bx_commit_enter *enter);
bool bx_limit_lists(const struct bx_limit *limit, const char *driver);

/* ---- elections (match.c) ---- */

/* Does the name in an array end within it? */
#define bx_ends(array)	(strnlen(array, sizeof(array)) < sizeof(array))

/* A driver in an election; @order tells it from all others, ever. */
struct bx_cand {
	u64			order;
	struct bx_candidate	rec;
	s32			score;
	struct bx_inst		*by;		/* who scored or vetoed */
	bool			judged;
	bool			vetoed;
};

/**
 * struct bx_election - one run of the rules
 * @ctx: the device, as programs see it
 * @match: a device and a driver, as programs see them
 * @chain: policies in scope; bx_srcu
 * @cands: drivers that may win
 * @ncands: how many
 * @adopted: no candidates; select() names any driver
 * @override: driver_override of the administrator, or empty
 * @dec: the outcome
 * @winner: order of the elected driver on our own buses, 0 for none
 * @decided: @dec is final
 * @by: the policy that decided
 * @absent_ok: an absent driver is no mistake
 * @log: opinions, for an explanation; NULL in a real election
 * @nlog: opinions so far
 * @maxlog: room in @log
 * @log_lost: memory ran out, @log is not complete
 * @dry: nothing is counted, nobody is ejected
 * @silent: policies of @chain, by position, that made a mistake in this election
 * @trial: policies and drivers are these; NULL for what is there
 * @error: why there is no outcome of a trial, 0 if there is
 */
struct bx_election {
	struct bx_select_ctx	ctx;
	struct bx_match_ctx	match;
	const struct bx_chain	*chain;
	struct bx_cand		*cands;
	u32			ncands;
	bool			adopted;
	char			override[BX_NAME_LEN];
	struct bx_decision	dec;
	u64			winner;
	bool			decided;
	struct bx_inst		*by;
	bool			absent_ok;
	struct bx_opinion	*log;
	u32			nlog;
	u32			maxlog;
	bool			log_lost;
	bool			dry;
	DECLARE_BITMAP(silent, BX_MAX_POLICIES);
	const struct bx_trial	*trial;
	int			error;
};

/* A program that is running; lets a kfunc find out who calls. */
struct bx_run {
	struct list_head	node;
	struct task_struct	*task;
	struct bx_inst		*inst;
	const void		*ctx;
	const struct bx_dev_info *dev;
	bool			dry;
	char			error[BX_MSG_LEN];
	enum bx_exit_kind	kind;
	s32			code;
	bool			failed;
};

/* All but the text, which is there if @failed: a call has no time to clear it. */
static inline void bx_run_init(struct bx_run *run, struct bx_inst *inst,
			       const void *ctx, const struct bx_dev_info *dev,
			       bool dry)
{
	run->inst = inst;
	run->ctx = ctx;
	run->dev = dev;
	run->dry = dry;
	run->kind = BX_EXIT_ERROR;
	run->code = 0;
	run->failed = false;
}

void bx_run_begin(struct bx_run *run);
void bx_run_end(struct bx_run *run);
bool bx_run_judge(struct bx_run *run);
void bx_match_init(void);
struct bx_run *bx_run_find(const void *ctx);

struct bx_election *bx_election_alloc(struct device *dev, bool explain);
struct bx_election *bx_election_alloc_try(const struct bx_trial *trial);
void bx_elect_try(struct bx_election *e);
void bx_election_free(struct bx_election *e);
void bx_elect(struct bx_election *e, u64 generation);
void bx_say(struct bx_election *e, enum bx_opinion_kind kind,
	    const struct bx_inst *inst, const char *driver, s32 verdict,
	    enum bx_opinion_why why, s32 error);
void bx_emit_event(const struct bx_dev_info *dev, const char *driver,
		   enum bx_event_kind kind);

/* ---- our own buses (bus.c) ---- */

extern struct list_head bx_buses;	/* bx_bus_rwsem */
extern struct rw_semaphore bx_bus_rwsem;
bool bx_is_own(const struct device *dev);
int bx_own_bus_get(const char *name, struct module **owner);
int bx_own_contract(const char *name, const struct bx_contract **contract);
void bx_own_changed(const char *bus);
int bx_own_explain(struct bx_device *bdev, struct bx_election *e);
int bx_own_rebind(struct bx_device *bdev);
void bx_own_decision(struct bx_device *bdev, struct bx_decision *dec);
struct bx_device *bx_device_find_rcu(const struct bx_bus *bus,
				     const char *name);
void bx_devices_watch(bool *setting, bool value);

/* ---- what a contract asks for (contract.c) ---- */

int bx_contract_check(const struct bx_bus *bus);
int bx_driver_check(const struct bx_bus *bus, const struct bx_driver *drv);
int bx_provider_check(const struct bx_device *bdev);
int bx_negotiate(struct bx_device *bdev, const struct bx_driver *drv);
bool bx_provides(const struct bx_provider *provider, u32 op);
ssize_t bx_contract_show(const struct bx_contract *contract, char *buf);

/* ---- calls (call.c) ---- */

int bx_call_set_target(struct bx_call *call, const char *name);
int bx_call_try(const struct bx_trial *trial, struct bx_trial_call *try);
void bx_call_drop_target(struct bx_call *call);
void bx_device_watch(struct bx_device *bdev);
void bx_call_drain(struct bx_device *bdev);
void bx_call_init(void);

/* ---- adopted buses (adopt.c) ---- */

int bx_adopted_bus_get(const char *name);
void bx_adopted_changed(const char *bus);
void bx_adopted_forget(u64 policy_id);
void bx_adopted_inherit(u64 policy_id, u64 heir_id);
int bx_adopted_explain(struct device *dev, struct bx_election *e);
int bx_adopted_rebind(struct device *dev);
bool bx_adopted_decision(struct device *dev, struct bx_decision *dec);
typedef int (*bx_bus_fn)(const struct bus_type *bus, bool adopted, void *data);

int bx_for_each_bus(bx_bus_fn fn, void *data, u32 flags);
const struct bus_type *bx_adopted_bus_type(u32 i);
int bx_adopt_init(void);
void bx_adopt_exit(void);

/* ---- devices as records (facts.c) ---- */

void bx_dev_info_fill(struct device *dev, struct bx_dev_info *info);
void bx_dev_info_fill_removed(struct device *dev, struct bx_dev_info *info);
void bx_parent_gone(void);
void bx_dev_driver_name(struct device *dev, char *buf, size_t len);

/* ---- work that is set off, and waiting for it (request.c) ---- */

void bx_async_begin(void);
void bx_async_end(void);
void bx_request_driver(const char *bus, const char *driver, u64 policy_id,
		       const char *device, bool absent_ok);
s64 bx_request_rebind(const struct bx_devref *ref);
s64 bx_request_reelect(const struct bx_devref *ref);
s64 bx_request_settle(void);
s64 bx_request_commit(const void *commit, u32 size);
s64 bx_request_wait(u64 ticket, u32 timeout_ms);
struct device *bx_find_device(const struct bx_devref *ref);
bool bx_driver_exists(const char *bus, const char *driver);
int bx_request_init(void);
void bx_request_exit(void);

/* ---- kfuncs (kfunc.c, iter.c) ---- */

void bx_device_rec_fill(struct device *dev, struct bx_device_rec *rec);
int bx_kfunc_init(void);

/* ---- /sys/kernel/bus_ext (sysfs.c) ---- */

struct kobject *bx_sysfs_add_policy(const char *shown, struct bx_policy *policy);
void bx_sysfs_move_policy(struct kobject *kobj, struct bx_policy *policy);
void bx_sysfs_del_policy(struct kobject *kobj);
struct kobject *bx_sysfs_add_bus(const char *name,
				 const struct bx_contract *contract);
void bx_sysfs_del_bus(struct kobject *kobj);
int bx_sysfs_init(void);
void bx_sysfs_exit(void);

/* The operator's hook; see <linux/bpf.h> for what the __weak is for. */
int bx_hook_select(struct bx_select_ctx *ctx);

#endif /* _BX_CORE_H */
