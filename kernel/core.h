/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Definitions that the files of bus_ext.ko share; drivers use <linux/bus_ext.h>
 *
 * Locks, outermost first:
 *
 *	update_mutex		the BPF core's, around reg(), update(), unreg()
 *	bx_policy_mutex		the list of policies and the published index
 *	bx_bus_rwsem		the list of bus_ext's own buses
 *	bx_adopt_mutex		adoptions of buses, walks that add entries of devices
 *	device lock		the driver core's; match() may lack it.  On usb, that of
 *				the parent before.  That of a part before that of the
 *				composite device
 *	bx_parents_mutex	the list of parents and its notifiers.  The lock of a parent's
 *				device may be held, but not that of one below it
 *	bx_parent.going_sem	read: creations and removals of the parent's devices, which take
 *				their device locks; write: the end of the parent
 *	notifiers of a bus	the driver core's rwsem: read around each notifier, written
 *				to by an adoption and by the module's exit
 *	bx_entry.lock		the decision on one device of an adopted bus
 *	bx_bus.drv_lock		writes to a bus' list of drivers
 *	bx_parent.lock, bx_users_lock	instances and the capacity of a parent; devices of
 *				each user
 *	bx_device_mutex		the list of devices, their watched operations
 *	bx_device.elect_lock	the decision on one device of an own bus
 *	bx_srcu (read)		policies and drivers in use by elections
 *	bx_hook_mutex		the hook's program, which may sleep
 *	RCU (read)		policies in use by calls
 *	bx_selects.lock, bx_nesting.lock, bx_exit_lock	leaves, interrupts off
 *	bx_defer_lock		deferred devices; softirqs off; takes only leaves of async.c
 *	bx_module_lock, bx_entry_list_lock, bx_entry.iommu_lock	leaves
 *	bx_armed_lock, dev->power.lock	leaves
 *	bx_part_mutex, bx_part_retry_lock	leaves
 *	bx_part_srcu (read)	the user of parts, which takes device locks of composite devices
 *
 * bx_entry.lock is taken under the parent's lock when a device is added, and
 * under the device's own lock when a driver is being bound or was unbound.  So the holder
 * of a bx_entry.lock takes no device lock, and neither binds nor unbinds.  No
 * two of these locks are held together.
 *
 * unreg() waits for bx_srcu and RCU under update_mutex.  So code inside a bx_srcu read
 * section must not take update_mutex, bx_policy_mutex or a device lock, load a
 * module, bind or unbind a driver.  An ejection is claimed there and carried
 * out by a work item, and so is the re-election that follows.  A call on a
 * device takes only the leaf locks, and holds RCU only around programs, none of
 * which may sleep; it may be made in an interrupt.
 *
 * Lifetimes:
 * - The index and a pending ejection hold references to a policy's version
 *   (struct bx_inst); the last put frees it.
 * - An ejection detaches the link by a work item.  With BX_F_FAIL_CLOSED the link
 *   stays attached, and so the policy, quarantined, stays in the list and in the
 *   index, until the owner of the link closes, detaches or updates it, or a commit
 *   replaces the policy: a quarantine has no lifetime of its own.
 * - The owner of a bx_driver may free it after bx_driver_unregister(), which
 *   waits for bx_srcu.
 * - The driver core counts references to a bx_device, which holds references to
 *   its parent and this module.  After its removal, any holder of a reference
 *   keeps it, such as a running rebind; so from then on it also holds the module
 *   of its bus, which cannot be unloaded before.  A call by redirect reads the
 *   device under RCU after it has ended, and removal may have seen that end.
 * - A snapshot of an iterator is freed after an RCU-tasks-trace grace period, so
 *   after the program that may still read it; bx_exit() waits for that.
 * - A request holds its device and its commit until its work has ended, and its
 *   result stays until 256 newer requests of its kind have ended: no client
 *   releases anything.
 * - A veto is armed at BUS_NOTIFY_BIND_DRIVER and called or disarmed under the same
 *   device lock, so its memory, the entry's, is there: the removal takes that lock before
 *   it drops the entry.  An armed veto references the device.  The exit flushes all vetoes
 *   after the notifiers that arm, and before the entries go.
 * - An adopted bus keeps its module pinned until the exit of this one, and stays in the
 *   array, which grows only; so its readers need no lock.
 * - A deferral, part of a bx_device or bx_entry, is listed at its bus without a reference to
 *   the device, until the device's removal; the work that elects takes one.  The list,
 *   timer and work of a bus end before the bus, and on adopted buses before the queues.
 * - A part (part.c) references its device from its naming to BUS_NOTIFY_DEL_DEVICE, which
 *   waits until no driver uses it.  Its user may access it between came() and leaves().
 * - The table of entries and each user count references to a bx_entry, which
 *   holds a reference to the device's parent, but none to the device: its
 *   removal takes bx_entry.lock and sets bx_entry.gone.  After that, a request
 *   that still holds a reference to the device finds no entry, and writes
 *   nothing.
 */
#ifndef _BX_CORE_H
#define _BX_CORE_H

#include <linux/bitmap.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/bus_ext.h>
#include <linux/jiffies.h>
#include <linux/kref.h>
#include <linux/percpu.h>
#include <linux/rhashtable-types.h>
#include <linux/srcu.h>
#include "compat.h"
#include "override.h"

/* Each message begins with it; the kernel puts the device before, in dev_warn() and so on. */
#undef pr_fmt
#define pr_fmt(fmt)	"bus_ext: " fmt
#undef dev_fmt
#define dev_fmt(fmt)	"bus_ext: " fmt

/* ---- contexts of programs; members by name, see <bpf/bus_ext.bpf.h> ---- */

/* Programs see the members up to @deferrals; the others are private. */
struct bx_select_ctx {
	struct bx_dev_info	dev;
	struct device		*device;
	struct pci_dev		*pdev;
	struct platform_device	*platform;
	u32			deferrals;

	struct bx_election	*election;
	char			choice[BX_MAX_CHOICES][BX_NAME_LEN];
	u32			nchoices;
	char			driver[BX_NAME_LEN];	/* the best of @choice */
	u32			retry_ms;	/* of bx_retry_after() */
	struct bx_run		*run;
	struct task_struct	*task;		/* that runs the program */
	struct hlist_node	running;	/* entry in bx_selects */
};

/* Programs see the members up to @device. */
struct bx_match_ctx {
	struct bx_dev_info	dev;
	struct bx_candidate	drv;
	struct device		*device;

	struct bx_run		*run;
};

/* Programs see @event only. */
struct bx_event_ctx {
	struct bx_event		event;
	struct bx_run		*run;
};

/* Programs see the members up to @len; the others are private. */
struct bx_call {
	const struct bx_dev_info *dev;
	u32			op;
	u32			len;

	struct bx_run		*run;
	struct bx_device	*bdev;
	const struct bx_op_desc	*desc;
	void			*data;		/* @len visible bytes */
	struct bx_device	*to;		/* held by bx_call_begin() */
	struct bx_trial_call	*trial;		/* NULL for a real call */
	s32			result;
	bool			completing;
	bool			targeted;	/* @to is set, or in a trial its name */
};

/* Programs see the members up to @of_user; the others are private. */
struct bx_admit_ctx {
	struct bx_dev_info	dev;
	char			type[BX_NAME_LEN];
	char			comm[BX_COMM_LEN];
	u32			uid;
	u32			gid;
	u32			pid;
	u64			cgroup;
	u32			of_type;
	u32			of_parent;
	u32			of_user;

	struct bx_run		*run;
	char			reason[BX_MSG_LEN];
};

/* Programs see the members up to @device; the others are private. */
struct bx_part_ctx {
	struct bx_dev_info	dev;
	struct device		*device;

	struct bx_run		*run;
	char			composite[BX_DEV_NAME_LEN];
	char			part[BX_NAME_LEN];	/* empty: not a part */
	u32			flags;
	u64			policy_id;		/* of the policy that has named it */
	char			policy[BX_NAME_LEN];
};

/* <bpf/bus_ext.bpf.h> documents the members; append-only. */
struct bus_ext_ops {
	s32	(*select)(struct bx_select_ctx *ctx);
	s32	(*match)(struct bx_match_ctx *ctx);
	void	(*event)(struct bx_event *event);
	s32	(*init)(void);
	void	(*exit)(struct bx_exit_info *info);
	s32	(*call)(struct bx_call *call);
	void	(*complete)(struct bx_call *call, s32 ret);
	s32	(*admit)(struct bx_admit_ctx *ctx);
	void	(*part)(struct bx_part_ctx *ctx);
	char	name[BX_NAME_LEN];
	char	bus[BX_NAME_LEN];
	u32	vendor;
	s32	priority;
	u64	flags;
	u32	version;
	u64	calls[BX_CALL_WORDS];
};

/* Whether a char array contains a NUL */
#define bx_is_terminated(array)	(strnlen(array, sizeof(array)) < sizeof(array))

/* ---- policies and their versions ---- */

/* Most active policies, and with staged and retired ones, which replace each other */
#define BX_MAX_POLICIES	256
#define BX_MAX_ATTACHED	(BX_MAX_POLICIES + 2 * BX_COMMIT_MAX)

/**
 * struct bx_counts - the numbers of a policy, each counted on the processor where its
 *	programs run
 * @asked: number of program runs
 * @decided: elections decided
 * @vetoed: pairs vetoed
 * @diverged: elections and calls that it would have decided differently
 * @denied: calls denied
 * @handled: calls answered
 * @redirected: calls sent to another device
 * @amended: results changed
 */
struct bx_counts {
	u64	asked;
	u64	decided;
	u64	vetoed;
	u64	diverged;
	u64	denied;
	u64	handled;
	u64	redirected;
	u64	amended;
};

/**
 * struct bx_policy - an attached policy, from reg() to unreg()
 * @node: entry in bx_policies; bx_policy_mutex
 * @ref: references: @node, each version
 * @link: its BPF link; NULL after unreg(); bx_policy_mutex
 * @inst: the current version; bx_policy_mutex
 * @bus_owner: module of the bus in scope, pinned
 * @kobj: /sys/kernel/bus_ext/policies/NAME; NULL unless the policy is active
 * @stage: the stage of the policy; bx_policy_mutex
 * @to: during a commit: the new stage, and the old one after bx_commit_swap()
 * @heir: the policy of the same name that replaces it by a commit, or NULL
 * @id: identity
 * @generation: number of attaches and updates
 * @counts: its numbers, see counts.c
 * @limit: drivers that it may name; bx_policy_mutex; constant once it is active
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
	struct bx_counts __percpu *counts;
	struct bx_limit		limit;
};

/**
 * struct bx_inst - one version of a policy; immutable except for the ejection
 * @ref: references: publication, a pending ejection
 * @policy: the policy; referenced
 * @ops: the programs, valid inside bx_srcu while published
 * @name: copy of @ops->name
 * @bus: copy of @ops->bus
 * @shown: @name as it is shown, see bx_shown_name()
 * @vendor: vendor in scope, BX_ANY for all
 * @priority: copy of @ops->priority
 * @flags: copy of @ops->flags without BX_F_STAGED
 * @version: copy of @ops->version
 * @calls: copy of @ops->calls
 * @call: copy of @ops->call, for each watched call
 * @completes: @ops has complete()
 * @counts: the numbers of @policy
 * @since: generation of the first index that has it, 0 before; bx_policy_mutex
 * @slow: a program ran longer than slow_ms, which is logged once
 * @groups: mask of enum bx_group that its select() has asked for
 * @ejected: set once, by bx_eject_claim(); no program is started afterwards
 * @exit: the reason; written by the claimant before it queues @work
 * @work: ends an ejection, see policy.c
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
	s32			(*call)(struct bx_call *call);
	bool			completes;
	struct bx_counts __percpu *counts;
	u64			since;
	bool			slow;
	u32			groups;
	atomic_t		ejected;
	struct bx_exit_info	exit;
	struct work_struct	work;
};

static inline bool bx_is_active(const struct bx_policy *policy)
{
	return policy->stage == BX_STAGE_ACTIVE;
}

/* Whether programs of this version may run */
static inline bool bx_inst_live(const struct bx_inst *inst)
{
	return !atomic_read(&inst->ejected);
}

/* Whether an ejection quarantines this version instead of detaching it */
static inline bool bx_fails_closed(const struct bx_inst *inst)
{
	return inst->flags & BX_F_FAIL_CLOSED && !(inst->flags & BX_F_SHADOW);
}

/* ---- async.c: queued work, and waiting for it ---- */

/* Work in one queue does not wait for work in another. */
enum bx_queue {
	BX_Q_REBIND,	/* unbinds and probes, by request */
	BX_Q_DRYRUN,	/* explanations and trials */
	BX_Q_SETTLE,	/* waits for all of the last three */
	BX_Q_COMMIT,
	BX_Q_MODULE,	/* loads of driver modules */
	BX_Q_EJECT,	/* ends of ejections */
	BX_Q_ELECT,	/* re-elections, which may probe */
};

void bx_queue_request(enum bx_queue queue, struct work_struct *work);
bool bx_async_queue(enum bx_queue queue, struct work_struct *work);
void bx_async_end(enum bx_queue queue);
void bx_async_wait_queue(enum bx_queue queue);
void bx_async_wait_idle(void);
int bx_async_init(void);
void bx_async_exit(void);

/* ---- counts.c: the numbers of a policy ---- */

struct bx_counts bx_counts_sum(const struct bx_policy *policy);

/* ---- names.c: names of policies and buses ---- */

int bx_name_check(const char *name);
const char *bx_shown_name(char *buf, const char *name, u64 flags);
bool bx_are_twins(const struct bx_inst *a, const struct bx_inst *b);

/* ---- refuse.c: refusals, with their reasons ---- */

int bx_refuse(const char *name, int err, const char *fmt, ...) __printf(3, 4);
ssize_t bx_refused_show(char *buf);

/* ---- expect.c: a policy against the values that the loader checked ---- */

int bx_expect(const struct bx_inst *inst, const struct bx_commit_enter *enter);
bool bx_limit_allows(const struct bx_limit *limit, const char *driver);

/* ---- index.c: policies in scope of a device ---- */

/* The policies in scope of a (bus, vendor), in order of authority */
struct bx_policy_chain {
	u64		gen;	/* generation of its index */
	u32		n;
	struct bx_inst	*inst[] __counted_by(n);
};

extern struct srcu_struct bx_srcu;

struct bx_index;

bool bx_in_scope(const struct bx_inst *inst, const char *bus, u32 vendor);
const struct bx_policy_chain *bx_chain_lookup(const char *bus, u32 vendor);
bool bx_chain_judges(const struct bx_policy_chain *chain);
bool bx_is_bus_in_scope(const char *bus);
struct bx_policy_chain *bx_trial_chain(const struct bx_trial *trial,
				       const char *bus, u32 vendor);
int bx_index_publish(const struct list_head *policies, u32 n, gfp_t gfp,
		     struct bx_index **old);
void bx_index_retire(struct bx_index *old);

/* ---- eject.c: policies with invalid results ---- */

void bx_inst_reason(struct bx_inst *inst, char *buf, size_t len);
void bx_eject(struct bx_inst *inst, enum bx_exit_kind kind, s32 code,
	      const struct bx_dev_info *dev, const char *fmt, ...) __printf(5, 6);
int bx_exit_records(struct bx_exit_info **recs, u32 *n);
u64 bx_exit_count(void);
void bx_exits_clear(void);

/* ---- run.c: running programs ---- */

/* A running program; its context points to it.  @inst is NULL for the hook. */
struct bx_run {
	struct bx_inst		*inst;
	const char		*what;		/* "select()" and so on */
	unsigned long		began;		/* in jiffies */
	const struct bx_dev_info *dev;
	bool			dry;
	char			error[BX_MSG_LEN];
	enum bx_exit_kind	kind;
	s32			code;
	bool			failed;
};

/* Initializes all members except @error, @kind and @code, valid only if @failed. */
static inline void bx_run_init(struct bx_run *run, struct bx_inst *inst,
			       const char *what, const struct bx_dev_info *dev,
			       bool dry)
{
	run->inst = inst;
	run->what = what;
	run->began = jiffies;
	run->dev = dev;
	run->dry = dry;
	run->failed = false;
}

bool __bx_run_judge(struct bx_run *run);

/**
 * bx_run_judge() - eject the policy if its program failed or ran too long
 * @run: from bx_run_init()
 *
 * A tick of the clock is precise enough, and reading it costs an instruction.
 *
 * Context: as the program.
 * Return: false if a kfunc rejected an argument, the program reported an error or
 * ran too long; a dry run does not eject.
 */
static inline bool bx_run_judge(struct bx_run *run)
{
	return likely(!run->failed && !time_after(jiffies, run->began)) ||
	       __bx_run_judge(run);
}

/* The reason in a log of opinions, after bx_run_judge() returned false */
static inline enum bx_opinion_why bx_run_why(const struct bx_run *run)
{
	return run->kind == BX_EXIT_SLOW ? BX_WHY_SLOW : BX_WHY_BAD;
}

void bx_select_begin(struct bx_select_ctx *ctx, struct bx_run *run);
void bx_select_end(struct bx_select_ctx *ctx);
struct bx_run *bx_select_run(const struct bx_select_ctx *ctx);
void bx_selects_init(void);

/* ---- ids.c: id tables and MODALIAS on own buses ---- */

const struct bx_device_id *bx_id_match(const struct bx_device_id *row,
				       const struct bx_id *id);
bool bx_driver_claims(const struct bx_device *bdev, const struct bx_driver *drv);
int bx_modalias(const struct bx_device *bdev, char *buf, size_t len);

/* ---- kind.c: kinds of bus ---- */

struct bx_election;

typedef int (*bx_bus_fn)(const struct bus_type *bus, bool adopted, void *data);

/**
 * struct bx_kind - operations of a kind of bus
 * @adopted: the bus' own rule decides if no policy does; such buses have no
 *	contract
 * @judge_init: makes vetoes of match() possible; 0 or an errno; not set if they are
 * @claimants: whether only a driver that claims the device can be bound; not set if
 *	any driver can on all buses of the kind
 * @bus_get: looks up a bus and pins its module; 0 or -ENODEV
 * @for_each_bus: calls a function for each bus
 * @has: whether a bus is of this kind
 * @contract: returns the contract of a bus whose module the caller has pinned;
 *	NULL if the bus is being unregistered; not set for adopted buses
 * @explain: holds a dry election; 0 or an errno
 * @decision: copies the recorded decision on a device; false if there is none
 * @rebind: elects a device and binds it to the elected driver; 1 if the driver
 *	changed, 0 if it stayed, or an errno
 * @changed: schedules elections of unbound devices after a change of the
 *	policies of a bus ("" for all buses) and vendor (BX_ANY for all)
 * @load_ended: the load of a module has ended, which the election of the device
 *	had asked for; @came: with the driver; @before: before it began
 * @forget: drops the decisions of a detached policy; may be NULL
 * @inherit: transfers the decisions of one policy to another; may be NULL
 */
struct bx_kind {
	bool	adopted;
	int	(*judge_init)(void);
	bool	(*claimants)(const char *bus);
	int	(*bus_get)(const char *bus, struct module **owner);
	int	(*for_each_bus)(bx_bus_fn fn, void *data);
	bool	(*has)(const struct bus_type *bus);
	const struct bx_contract *(*contract)(const char *bus);
	int	(*explain)(struct device *dev, struct bx_election *e);
	bool	(*decision)(struct device *dev, struct bx_decision *dec);
	int	(*rebind)(struct device *dev);
	void	(*changed)(const char *bus, u32 vendor);
	void	(*load_ended)(struct device *dev, const char *driver, bool came,
			      bool before);
	void	(*forget)(u64 policy_id);
	void	(*inherit)(u64 policy_id, u64 heir_id);
};

void bx_kind_add(const struct bx_kind *kind);
const struct bx_kind *bx_kind_of_bus(const struct bus_type *bus);
const struct bx_kind *bx_kind_get(const char *bus, struct module **owner);
bool bx_is_own(const struct device *dev);
bool bx_is_adopted(const char *bus);
void bx_policies_changed(const char *bus, u32 vendor);
void bx_decisions_forget(u64 policy_id);
void bx_decisions_inherit(u64 policy_id, u64 heir_id);
int bx_for_each_bus(bx_bus_fn fn, void *data, u32 flags);
bool bx_bus_exists(const char *bus);
bool bx_bus_has_driver(const struct bus_type *bus, const char *driver);
bool bx_driver_exists(const char *bus, const char *driver);
enum bx_outcome bx_override_outcome(const char *bus, const char *override);
struct device *bx_find_device(const struct bx_devref *ref);

static inline const struct bx_kind *bx_kind_of(const struct device *dev)
{
	return bx_kind_of_bus(dev->bus);
}

/* Whether a bus is steered by vetoes when a driver is bound, not by driver_override */
static inline bool bx_steers_at_binding(const struct bus_type *bus)
{
	return !bus->driver_override;
}

/* ---- buses.c: what is known of single buses of the kernel ---- */

/**
 * struct bx_bus_desc - a bus of the kernel
 * @name: its name
 * @type: the bus, if it is adopted at module load; else it is found by its name
 * @ids_in: the variable of its uevents, with '=', that has vendor and device id; NULL if
 *	there are none
 * @ids: reads them from its value
 * @match_writes: its match() changes the device, so only the driver core may call it
 * @prepare: prepares a device for the driver that was elected, NULL for none; see
 *	bx_bus_prepare(); may be NULL
 */
struct bx_bus_desc {
	const char		*name;
	const struct bus_type	*type;
	const char		*ids_in;
	bool	(*ids)(const char *value, u32 *vendor, u32 *device);
	bool	match_writes;
	bool	(*prepare)(struct device *dev, const char *driver, bool before);
};

const struct bx_bus_desc *bx_bus_desc(const char *name);
const struct bx_bus_desc *bx_bus_desc_nth(u32 i);
char *bx_bus_modalias(const struct device *dev);
char *bx_bus_identify(struct device *dev, u32 *vendor, u32 *device);
bool bx_bus_prepare(struct device *dev, const char *driver, bool before);

/* ---- find.c: buses of the kernel by name ---- */

const struct bus_type *bx_bus_lookup(const char *name, struct module **owner);

/* ---- defer.c: deferred devices, which are elected again ---- */

struct bx_election;

void bx_deferrals_start(struct bx_deferrals *all, const struct bus_type *type,
			void (*reelect)(struct device *dev));
void bx_deferrals_stop(struct bx_deferrals *all);
void bx_deferrals_ask(struct bx_deferrals *all);
int bx_deferrals_ask_by_name(const char *bus);
void bx_deferrals_event(struct bx_deferrals *all, const struct device *dev, u32 vendor);

void bx_deferral_init(struct bx_deferral *d, struct device *dev);
void bx_deferral_begin(struct bx_deferral *d, struct bx_election *e);
void bx_deferral_note(struct bx_deferral *d, struct bx_election *e);
void bx_deferral_drop(struct bx_deferral *d);
void bx_deferral_reset(struct bx_deferral *d);
void bx_deferral_end(struct bx_deferral *d);

/* ---- veto.c: a PM domain that keeps a driver from its probe ---- */

/**
 * struct bx_veto - a veto against the driver that is being bound to a device
 * @pd: the device's PM domain while it is armed
 * @saved: the former one
 * @dev: the device, referenced while it is armed
 * @armed: entry in bx_armed, or empty
 * @spare: one of the vetoes for devices without an entry
 * @busy: a spare one is in use
 */
struct bx_veto {
	struct dev_pm_domain	pd;
	struct dev_pm_domain	*saved;
	struct device		*dev;
	struct list_head	armed;
	bool			spare;
	bool			busy;
};

void bx_veto_init(struct bx_veto *veto);
void bx_veto_arm(struct bx_veto *veto, struct device *dev);
void bx_veto_arm_spare(struct device *dev);
bool bx_veto_disarm(struct device *dev);
void bx_veto_flush(void);

/* ---- matchhook.c: kernels whose driver core asks, without vetoes ---- */

typedef bool (*bx_match_fn)(struct device *dev, const struct device_driver *drv);

#ifdef CONFIG_DRIVER_MATCH_HOOK
int bx_match_hook_start(bx_match_fn match, bx_match_fn bind);
void bx_match_hook_stop(void);
bool bx_match_hooked(void);
#else
static inline int bx_match_hook_start(bx_match_fn match, bx_match_fn bind)
{
	return 0;
}

static inline void bx_match_hook_stop(void)
{
}

static inline bool bx_match_hooked(void)
{
	return false;
}
#endif

/* ---- vetocheck.c: whether vetoes work on the running kernel ---- */

int bx_veto_check(void);
bool bx_vetoes_work(void);

/* ---- entry.c: entries of devices on adopted buses ---- */

/**
 * struct bx_entry - a device on an adopted bus, while it is on the bus
 * @node: entry in the table
 * @list: entry in the list of all entries
 * @ref: references: the table, each user
 * @rcu: frees the entry after lookups
 * @dev: the device; not referenced: a user either holds a reference to it, or
 *	@lock with @gone false
 * @found: the device was added before the module was loaded
 * @complete: @parent, @vf_index, @vendor, @device and @modalias are constant from now on
 * @parent: the parent, for a virtual function the physical one; referenced
 * @vf_index: number of a virtual function, -1 for other devices
 * @vendor: vendor id, unless it is in the device's structure; 0 for none
 * @device: device id, likewise
 * @modalias: its modalias, or NULL
 * @claimed: the bound driver was bound without a probe, against the decision; device
 *	lock
 * @asked: the driver about which the driver core has asked last, if it was allowed, see
 *	matchhook.c; only compared; device lock
 * @claims: the driver core has not asked about the driver that is being bound, which was not
 *	elected; device lock
 * @leaving: the device is being removed; device lock
 * @iommu_lock: protects @iommu_group, and @gone together with @lock
 * @iommu_group: id of the IOMMU group that was seen last, -1 for none
 * @lock: protects all below; held while programs elect, never while a driver
 *	probes
 * @gone: the device was removed
 * @admin: the administrator's override on a bus without driver_override, or empty
 * @token: the override that bus_ext wrote, see override.h and steer.c; NULL for none
 * @text: its text
 * @dec: the decision from which it follows
 * @gen: generation of the last election, 0 if another party wrote an override
 * @attach: the override allows a driver that may be registered already
 * @next_best: the deciding policy has BX_F_NEXT_BEST
 * @waits: the elected driver is absent, and was not the only choice
 * @retry: the elected driver has rejected the device, and was not the only choice
 * @judged: a policy with match() was in scope of the last election, so each driver is
 *	judged when it is about to be bound; the decision has no override then
 * @vetoed: that election has vetoed a driver
 * @prepared: bx_bus_prepare() has changed the device
 * @notes: what became of elected drivers
 * @notes_gen: generation of @notes
 * @deferral: its deferrals
 * @groups: mask of enum bx_group that the last election has asked for; read without the lock
 * @veto: keeps a driver from its probe; device lock
 */
struct bx_entry {
	struct rhash_head	node;
	struct list_head	list;
	struct kref		ref;
	struct rcu_head		rcu;
	struct device		*dev;
	bool			found;
	bool			complete;
	struct device		*parent;
	bool			hotplugged;
	s32			vf_index;
	u32			vendor;
	u32			device;
	char			*modalias;
	bool			claimed;
	const struct device_driver *asked;
	bool			claims;
	bool			leaving;
	spinlock_t		iommu_lock;	/* @iommu_group */
	s32			iommu_group;
	struct mutex		lock;		/* all below */
	bool			gone;
	char			admin[BX_NAME_LEN];
	const char		*token;
	char			text[BX_NAME_LEN];
	struct bx_decision	dec;
	u64			gen;
	bool			attach;
	bool			next_best;
	bool			waits;
	bool			retry;
	bool			judged;
	bool			vetoed;
	bool			prepared;
	struct list_head	notes;
	u64			notes_gen;
	struct bx_deferral	deferral;	/* bx_defer_lock */
	u32			groups;
	struct bx_veto		veto;		/* device lock */
};

struct bx_entry *bx_entry_get(struct device *dev);
void bx_entry_put(struct bx_entry *entry);
int bx_entry_add(struct device *dev, bool found);
void bx_entry_complete(struct device *dev);
void bx_entry_set_leaving(struct device *dev);
void bx_entry_leave(struct device *dev);
void bx_entry_remove(struct device *dev);
s32 bx_entry_iommu_group(struct bx_entry *entry);
int bx_entries_init(void);
int bx_entries_add(const struct bus_type *bus);
void bx_entries_exit(void);

/* ---- admin.c: the administrator's override where there is no driver_override ---- */

int bx_admin_override(const char *bus, const char *device, const char *driver);
ssize_t bx_admin_show(const char *bus, char *buf);

/* ---- facts.c: descriptions of devices ---- */

void bx_dev_info_fill(struct device *dev, struct bx_dev_info *info);
void bx_info_identity(struct bx_dev_info *info, const struct bx_id *id, const guid_t *guid);
u32 bx_dev_vendor(struct device *dev);
void bx_dev_driver_name(struct device *dev, char *buf, size_t len);
bool bx_dev_is_bound(struct device *dev);

/* ---- fact.c: facts by name; the functions that read them are in fact.h ---- */

int bx_election_fact(const struct bx_election *e, u32 fact, char *buf);
int bx_device_fact(struct device *dev, u32 fact, char *buf);
int bx_fact_records(struct device *dev, struct bx_fact_rec **recs, u32 *n);

/* ---- event.c: device events for policies ---- */

bool bx_is_in_scope(struct device *dev);
bool bx_is_judged(struct device *dev);

void bx_emit_event(const struct bx_dev_info *dev, const char *driver,
		   enum bx_event_kind kind);
void bx_emit_dev(struct device *dev, const char *driver,
		 enum bx_event_kind kind);
void bx_event_notify(struct bx_deferrals *all, struct device *dev, unsigned long action);

/* ---- part.c: parts of composite devices, see part.h ---- */

void bx_part_ask(struct device *dev);
void bx_part_notify(struct device *dev, unsigned long action);
void bx_parts_stop(void);
void bx_parts_exit(void);

/*
 * ---- watch.c: list of devices on own buses, masks of watched operations ----
 */

int bx_device_list(struct bx_device *bdev);
void bx_device_unlist(struct bx_device *bdev);
struct bx_device *bx_device_find_rcu(const struct bx_bus *bus,
				     const char *name);
void bx_devices_update_watched(bool *setting, bool value);
bool bx_guid_exists(const guid_t *guid);
bool bx_device_is_stale(const struct bx_device *bdev);
int bx_devices_init(void);
void bx_devices_exit(void);

/* ---- contract.c: checks of contracts and providers ---- */

int bx_contract_check(const struct bx_bus *bus);
int bx_provider_check(const struct bx_device *bdev);
int bx_device_complete(struct bx_device *bdev);
bool bx_provides(const struct bx_provider *provider, u32 op);
size_t bx_contract_print(const struct bx_contract *contract, char *buf,
			 size_t size);

/* ---- rule.c: the own rule of an adopted bus ---- */

bool bx_rule_claims(struct device *dev, const struct device_driver *drv);
bool bx_rule_claims_by_name(struct device *dev, const char *driver);
int bx_rule_walk_claimants(struct device *dev,
			   int (*fn)(const char *driver, void *data), void *data);
bool bx_rule_obeys(const struct bus_type *bus);

/* ---- notes.c: what became of drivers that were elected for a device ---- */

enum bx_driver_state bx_note_state(const struct list_head *notes,
				   const char *driver);
bool bx_note_set(struct list_head *notes, const char *driver,
		 enum bx_driver_state state);
void bx_note_load_ended(struct list_head *notes, const char *driver, bool came);
void bx_notes_clear(struct list_head *notes);

/* ---- elections ---- */

/* A driver in an election; @order is unique and never reused. */
struct bx_cand {
	u64			order;
	struct bx_candidate	rec;
	s32			score;
	struct bx_inst		*by;		/* policy that gave @score */
	bool			judged;
	bool			vetoed;
	struct bx_inst		*veto_by;	/* first policy that vetoed it */
};

/**
 * struct bx_members - the members of a group, for one election
 * @recs: the members
 * @n: number of @recs
 * @known: they were read
 */
struct bx_members {
	struct bx_member	*recs;
	u32			n;
	bool			known;
};

/**
 * struct bx_election - one election of a driver for a device
 * @ctx: context of select() and the hook: the device
 * @match: context of match(): the device and a driver
 * @chain: policies in scope; bx_srcu
 * @cands: candidate drivers
 * @ncands: number of @cands
 * @maxcands: capacity of @cands on an adopted bus
 * @judges: on an adopted bus: a policy in scope has match()
 * @binding: on an adopted bus, the driver that is being bound, or empty
 * @binding_veto: the first policy that vetoed it, or empty
 * @adopted: on an adopted bus: select() may name any driver
 * @claimants: only a driver that claims the device can be bound
 * @override: driver_override of the administrator, or empty
 * @dec: the outcome
 * @winner: order of the elected candidate, 0 for none; on an adopted bus without a
 *	decision, of the one that its own rule takes
 * @decided: @dec is final
 * @by: the deciding policy, or NULL
 * @nchoices: number of drivers that the deciding program named
 * @next_best: the deciding policy has BX_F_NEXT_BEST
 * @vendor: vendor in scope of the deciding policy, BX_ANY for all
 * @notes: what became of drivers that were elected before, or NULL
 * @may_load: the module of a driver without a note can be requested
 * @log: opinions, for an explanation; NULL in a real election
 * @nlog: number of opinions in @log
 * @maxlog: capacity of @log
 * @log_lost: an allocation failed, @log is incomplete
 * @dry: count nothing and eject no policy
 * @muted: bitmap of the policies of @chain with an invalid result in this
 *	election
 * @trial: policies and drivers of a trial; NULL for the present ones
 * @asked: mask of enum bx_group that the last program has asked for
 * @groups: mask of those whose members were read
 * @entry_groups: takes @groups, for bx_regroup(); NULL for none
 * @members: members of these groups
 * @error: errno of an election without an outcome, else 0
 */
struct bx_election {
	struct bx_select_ctx	ctx;
	struct bx_match_ctx	match;
	const struct bx_policy_chain	*chain;
	struct bx_cand		*cands;
	u32			ncands;
	u32			maxcands;
	bool			judges;
	char			binding[BX_NAME_LEN];
	char			binding_veto[BX_NAME_LEN];
	bool			adopted;
	bool			claimants;
	char			override[BX_NAME_LEN];
	struct bx_decision	dec;
	u64			winner;
	bool			decided;
	struct bx_inst		*by;
	u32			nchoices;
	bool			next_best;
	u32			vendor;
	struct list_head	*notes;
	bool			may_load;
	struct bx_opinion	*log;
	u32			nlog;
	u32			maxlog;
	bool			log_lost;
	bool			dry;
	DECLARE_BITMAP(muted, BX_MAX_ATTACHED);
	const struct bx_trial	*trial;
	u32			asked;
	u32			groups;
	u32			*entry_groups;
	struct bx_members	members[BX_NR_GROUPS];
	int			error;
};

/* ---- group.c: groups of devices ---- */

extern bool bx_groups_asked;	/* set by the first program that asks for a group */

bool bx_group_shared(struct device *a, struct device *b, enum bx_group kind);
bool bx_group_read(struct bx_election *e, u32 groups);
bool bx_group_is_missing(const struct bx_election *e, u32 groups);
void bx_group_free(struct bx_election *e);

/* ---- cands.c: the drivers among which an election chooses ---- */

struct bx_cand *bx_cand_find(struct bx_election *e, const char *name);
struct bx_cand *bx_cand_named(struct bx_election *e, const char *name);
struct bx_cand *bx_cand_winner(const struct bx_election *e);
bool bx_cand_eligible(const struct bx_cand *c);
int bx_cands_collect(struct bx_election *e);

/* ---- ask.c: results of policies in an election ---- */

void bx_log_opinion(struct bx_election *e, enum bx_opinion_kind kind,
		    const struct bx_inst *inst, const char *driver, s32 verdict,
		    enum bx_opinion_why why, s32 error);
bool bx_may_run(const struct bx_election *e, u32 i);
bool bx_is_closed(const struct bx_election *e, u32 i);
enum bx_opinion_why bx_ask_match(struct bx_election *e,
				 struct bx_inst *inst,
				 const struct bx_cand *c, s32 *ret);
void bx_judge(struct bx_election *e, struct bx_cand *c);
enum bx_opinion_why bx_check_candidate(struct bx_election *e,
				       const char *name, int *error);
enum bx_opinion_why bx_ask_select(struct bx_election *e,
				  struct bx_inst *inst, s32 *ret);

/* ---- choice.c: the drivers that a program names, and the time of a deferral ---- */

static inline void bx_choices_clear(struct bx_select_ctx *ctx)
{
	ctx->retry_ms = 0;
	ctx->nchoices = 0;
	ctx->driver[0] = '\0';
}

/* Until bx_choose(), the first choice stands for all. */
static inline void bx_choices_show(struct bx_select_ctx *ctx)
{
	strscpy_pad(ctx->driver, ctx->nchoices ? ctx->choice[0] : "",
		    sizeof(ctx->driver));
}

int bx_choice_add(struct bx_select_ctx *ctx, const char *name);
bool bx_election_has_driver(struct bx_election *e, const char *name);
bool bx_election_claims(struct bx_election *e, const char *name);
enum bx_driver_state bx_absent_state(struct bx_election *e, const char *name);
enum bx_driver_state bx_choice_state(struct bx_election *e, const char *name);
enum bx_opinion_why bx_choose(struct bx_election *e, const struct bx_inst *inst,
			      enum bx_opinion_kind kind, int *error);
bool bx_choice_request(struct bx_election *e);

/* ---- shadow.c: policies in shadow mode ---- */

void bx_elect_shadow(struct bx_election *e);

/* ---- elect.c: order of authority ---- */

struct bx_election *bx_election_alloc(struct device *dev, bool explain);
struct bx_election *bx_election_alloc_log(bool explain);
void bx_election_free(struct bx_election *e);
void bx_elect(struct bx_election *e, u64 generation);
void bx_elect_kernel(struct bx_election *e);
void bx_elect_held(struct bx_election *e);
void bx_decide(struct bx_election *e, enum bx_decider by,
	       enum bx_outcome outcome, const char *driver,
	       struct bx_inst *inst);

int bx_hook_select(struct bx_select_ctx *ctx);

/* ---- explain.c: the own rule of an adopted bus in an explanation ---- */

int bx_rule_explain(struct bx_election *e);

/* ---- trial.c: elections of described devices ---- */

struct bx_election *bx_election_alloc_trial(const struct bx_trial *trial);
void bx_elect_trial(struct bx_election *e);

/* ---- module.c: loading of driver modules ---- */

void bx_request_driver(const char *bus, const char *driver, const char *device);

/* ---- sysfs.c: directories of buses and policies ---- */

struct kobject *bx_sysfs_add_policy(const char *shown, struct bx_policy *policy);
void bx_sysfs_move_policy(struct kobject *kobj, struct bx_policy *policy);
void bx_sysfs_del_policy(struct kobject *kobj);
void bx_uevent_policy(struct bx_policy *policy, const char *stage);
struct kobject *bx_sysfs_add_bus(const char *name,
				 const struct bx_contract *contract);
int bx_sysfs_add_override(struct kobject *kobj);
int bx_sysfs_add_parent(struct device *dev);
void bx_sysfs_del_parent(struct device *dev);
void bx_sysfs_del_bus(struct kobject *kobj);
int bx_sysfs_init(const struct attribute **files);
void bx_sysfs_exit(void);

/* ---- own.c: elections on own buses ---- */

extern struct list_head bx_buses;	/* bx_bus_rwsem */
extern struct rw_semaphore bx_bus_rwsem;

struct bx_bus *bx_bus_find(const char *name);
int bx_own_match(struct device *dev, const struct device_driver *drv);
int bx_own_probe(struct device *dev);
void bx_own_remove(struct device *dev);
int bx_own_reelect_dev(struct device *dev, void *forget);
void bx_own_reelect(struct bx_bus *bus, bool forget);
void bx_own_bus_init(struct bx_bus *bus);
void bx_own_bus_exit(struct bx_bus *bus);
void bx_own_device_init(struct bx_device *bdev);
void bx_own_device_exit(struct bx_device *bdev);
void bx_own_init(void);

/* ---- steer.c: the override of a device on an adopted bus ---- */

const char *bx_steer_read(struct bx_entry *entry, char *buf, size_t len);
const char *bx_steer_swap(struct bx_entry *entry, const char *name);
int bx_steer_attach(struct bx_entry *entry);
void bx_steer_release(struct bx_entry *entry);

/* ---- override.c: elections on adopted buses, by an override ---- */

int bx_override_elect_locked(struct bx_entry *entry, struct bx_election *e,
			     bool *request);
void bx_override_elected(const struct bx_election *e, bool request, int ret);
bool bx_override_is_current(struct bx_entry *entry);
void bx_override_prepare(struct bx_entry *entry);
int bx_override_elect_entry(struct bx_entry *entry, struct device *dev);
int bx_override_elect(struct device *dev);
void bx_override_reelect(struct device *dev);
void bx_override_bound(struct device *dev);
bool bx_override_regroup(struct bx_entry *entry, struct device *dev);
void bx_override_freshen(struct device *dev);
bool bx_override_may_wait(void);
int bx_override_explain(struct device *dev, struct bx_election *e);
bool bx_override_decision(struct device *dev, struct bx_decision *dec);
void bx_override_forget(struct device *dev, u64 policy_id);
void bx_override_inherit(struct device *dev, u64 policy_id, u64 heir_id);
void bx_override_clear(struct device *dev);
u64 bx_override_next_gen(void);

/* ---- admit.c: whether a driver may be bound ---- */

bool bx_override_admits(struct bx_entry *entry, struct device *dev, const char *driver,
			struct bx_decision *why);
bool bx_override_would_admit(struct bx_entry *entry, const char *driver,
			     struct bx_decision *why);

/* ---- revisit.c: elected drivers that are absent, or reject the device ---- */

bool bx_override_not_bound(struct device *dev);
void bx_override_load_ended(struct device *dev, const char *driver, bool came,
			    bool before);
void bx_override_revisit(struct device *dev);

/* ---- regroup.c: members of a group that comes or goes ---- */

bool bx_regroup(struct device *dev);

/* ---- rebind.c: rebinds on adopted buses ---- */

int bx_override_rebind(struct device *dev);

/* ---- binding.c: decisions enforced when a driver is bound ---- */

int bx_binding_start(void);
void bx_binding_stop(void);
bool bx_binding_begin(struct device *dev);
void bx_binding_ended(struct device *dev);
void bx_binding_bound(struct device *dev);
void bx_binding_unbound(struct device *dev);

/* ---- adopt.c: the adopted buses ---- */

int bx_adopt(const char *name);
int bx_adopt_init(void);
int bx_adopt_start(void);
void bx_adopt_stop(void);
void bx_adopt_exit(void);

/* ---- call.c: dispatch of calls ---- */

int bx_call_set_target(struct bx_call *call, const char *name);
void bx_call_drop_target(struct bx_call *call);
int bx_trial_run_call(const struct bx_trial *trial,
		      struct bx_trial_call *tcall);
void bx_call_drain(struct bx_device *bdev);
void bx_call_init(void);

/* ---- device.c: devices on own buses ---- */

extern const struct attribute_group *bx_device_groups[];
void bx_device_end_calls(struct bx_device *bdev);

int bx_device_uevent(const struct device *dev, struct kobj_uevent_env *env);

/* ---- policy.c: the list of policies ---- */

extern struct mutex bx_policy_mutex;
extern struct list_head bx_policies;	/* bx_policy_mutex */

int bx_publish(gfp_t gfp);
int bx_policies_fit(const char *name, u32 active);
struct bx_policy *bx_policy_by_name(const struct bx_inst *inst,
				    enum bx_stage stage);
struct bx_policy *bx_policy_by_link(const struct bpf_link *link);
struct bx_inst *bx_inst_alloc(const struct bus_ext_ops *ops);
void bx_put_inst(struct bx_inst *inst);
struct bx_policy *bx_policy_alloc(const struct bus_ext_ops *ops,
				  struct bpf_link *link);
void bx_policy_drop(struct bx_policy *policy);
int bx_policy_add(struct bx_policy *policy);
void bx_policy_del(struct bx_policy *policy);
int bx_policy_replace(struct bx_policy *policy, struct bx_inst *inst);
void bx_trace_policy(const char *what, const struct bx_policy *policy,
		     struct bx_inst *inst);
int bx_policy_records(struct bx_policy_rec **recs, u32 *n);
u32 bx_policy_count(void);

/* ---- commit.c: policies that become active together ---- */

int bx_policy_commit(const struct bx_commit *commit);

/* ---- struct_ops.c: attach, update, detach ---- */

extern struct btf *bx_btf;

int bx_policy_init(void);

/* ---- request.c: requests with a ticket ---- */

s64 bx_request_rebind(const struct bx_devref *ref);
s64 bx_request_reelect(const struct bx_devref *ref);
s64 bx_request_settle(void);
s64 bx_request_commit(const void *commit, u32 size);
s64 bx_request_wait(u64 ticket, u32 timeout_ms);
void bx_request_exit(void);

/* ---- dryrun.c: explanations and trials, which a caller need not wait for ---- */

struct bx_election *bx_dryrun_explain(const struct bx_devref *ref,
				      u32 timeout_ms);
struct bx_election *bx_dryrun_trial(struct bx_trial *trial, u32 timeout_ms);
int bx_dryrun_call(struct bx_trial *trial, struct bx_trial_call *call,
		   u32 timeout_ms);

/* ---- iter.c, kfunc.c: kfuncs ---- */

void bx_device_rec_fill(struct device *dev, struct bx_device_rec *rec);
void bx_iter_exit(void);
int bx_kfunc_init(void);

/* ---- state.c: the files at the top of /sys/kernel/bus_ext ---- */

int bx_state_init(void);

#endif /* _BX_CORE_H */
