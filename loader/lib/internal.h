/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: declarations shared by its files
 *
 *	lib.c      the handle, errors, libbpf's log, sysfs
 *	text.c     printable characters of a text
 *	kernel.c   access to BPF (kernel.h)
 *	control.c  requests to bus_ext: the programs of bxctl_*.bpf.c (kernel.h)
 *	kfuncs.c   the functions of bus_ext that these programs call
 *	query.c    lists and requests, on top of control.c
 *	decided.c  devices with what is decided on them now
 *	rebind.c   rebinding all devices that are not as decided
 *	group.c    the functions of a card and IOMMU groups; rebinding all of them or none
 *	override.c the administrator's override of a device
 *	modules.c  where a driver is: registered, or in a module
 *	contract.c the operations of a bus
 *	object.c   reading and checking a BPF object before it is loaded
 *	elf.c      checking the bytes of an object before libbpf reads them
 *	ops.c      the fields of a policy
 *	pins.c     the pin directory
 *	lock.c     locks of directories
 *	owners.c   the installed bundle that a policy belongs to
 *	links.c    a policy's key, its link, and whether it is active
 *	commit.c   comparing the checked policy with the policy in the kernel
 *	transaction.c  the objects of a transaction, and the policies and hooks in them
 *	apply.c    the transaction: load, stage, try, commit, verify, or roll back
 *	rollback.c roll a transaction back, and tell the state that this leaves
 *	trial.c    trial elections and calls with staged policies
 *	snapshot.c policies and devices before a change, compared with those after it
 *	plan.c     the effect of a change, from trials
 *	detach.c   deactivating policies and hooks
 *	hooks.c    hooks that other programs have pinned
 *	holders.c, nodes.c, usage.c  who uses a device (holders.h)
 *
 * Bundles (bundle.h):
 *	yaml_tree.c, yaml.c  files in YAML
 *	bundle.c   the manifest
 *	settings.c the settings in the manifest, and their values
 *	constants.c  the values as constants of the policies
 *	version.c  versions and their order
 *	activate.c load, verify, activate
 *	rules_bundle.c  its rules (rules_bundle.h)
 *	cases.c    test cases
 *	case_device.c, case_run.c  their devices; elections, calls and outcomes (cases.h)
 *	locate.c   finding bundles by name, and which may be loaded
 *	inspect.c  inspection without a kernel
 *	tree.c     a bundle's files in a directory
 *	archive.c  a bundle's files in an archive
 *	tar.c      checking an archive
 *	pack.c     checking a bundle before it is packed
 *	files.c    safe access to files that other users could change
 *	interrupt.c  signals that end the process
 *	claims.c   buses and vendors that policies may decide about
 *	sign.c     the list of digests, and signing it
 *	signature.c  checking a signature
 *	trust.c    trusted signers and their limits
 *	keys.c     the operator's certificates and limits
 *	cert.c     certificates: reading and naming them
 *
 * Installed bundles (state.h):
 *	state.c    the state on disk
 *	installed.c  the active policies of a bundle in the kernel, and recovery (install.h)
 *	install.c  install and upgrade
 *	changes.c  enable, disable, mode, rollback, remove
 *	canary.c   a new version in shadow mode beside the enforced one
 *	kept.c     the settings and the mode that a bundle keeps from its installed version
 *	listing.c  listing and checking installed bundles
 *	packaged.c bundles that packages install
 *	boot.c     enabled bundles, at boot
 */
#ifndef _BUSEXT_INTERNAL_H
#define _BUSEXT_INTERNAL_H

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "../busext.h"
#include "kernel.h"

struct control;
struct dirent;

/**
 * struct bx_handle - state between calls
 * @pin_dir: directory of pinned links
 * @sysfs: mount point of sysfs
 * @proc: mount point of proc
 * @dev: directory of device nodes
 * @conf_dir: the operator's configuration
 * @state_dir: installed bundles
 * @bundle_dir: bundles of packages; empty for the usual directories
 * @timeout_ms: timeout, in milliseconds
 * @ring_size: size of the first ring of a list, in bytes
 * @log: function that gets notes
 * @log_arg: its argument
 * @verbose: libbpf's log is passed to @log, too
 * @lock_fd: the locked pin directory, -1 when not locked
 * @state_fd: the locked directory of installed bundles, -1 when not locked
 * @holds: number of calls of hold_signals() without release_signals()
 * @mask: the signal mask before the first of them
 * @changing: signals are blocked until the end of a change of a bundle
 * @astray: the last change failed, and the active policies may not be as before it
 * @offline: the current change does not involve the kernel
 * @boot: bx_boot() runs: quarantined policies stay
 * @control: loaded request programs, kept for the next request
 * @fault: class of the last failure
 * @error: its message
 * @said: last warning of libbpf
 * @verifier: the last verifier log, NULL when there is none
 */
struct bx_handle {
	char		pin_dir[1024];
	char		sysfs[256];
	char		proc[256];
	char		dev[256];
	char		conf_dir[256];
	char		state_dir[256];
	char		bundle_dir[256];
	unsigned int	timeout_ms;
	unsigned int	ring_size;
	void		(*log)(void *arg, enum bx_log_level level,
			       const char *text);
	void		*log_arg;
	bool		verbose;
	int		lock_fd;
	int		state_fd;
	unsigned int	holds;
	sigset_t	mask;
	bool		changing;
	bool		astray;
	bool		offline;
	bool		boot;
	struct control	*control[NR_REQUESTS];
	enum bx_fault	fault;
	enum bx_hint	hint;
	char		subject[256];
	char		error[1024];
	char		said[512];
	char		*verifier;
};

/**
 * struct said - a saved error
 * @fault: its class
 * @hint: its remedy
 * @subject: the subject of @hint
 * @text: its message
 */
struct said {
	enum bx_fault	fault;
	enum bx_hint	hint;
	char		subject[256];
	char		text[1024];
};

/* lib.c */
void error_keep(struct bx_handle *h, struct said *said);
void error_restore(struct bx_handle *h, const struct said *said);
void error_forget(struct bx_handle *h);
int is_visible(const struct dirent *d);
int fail(struct bx_handle *h, enum bx_fault fault, int err,
	 const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int hint(struct bx_handle *h, enum bx_hint which, const char *subject, int err);
int hint_explain(struct bx_handle *h, const char *bus, const char *device,
		 int err);
void note(struct bx_handle *h, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void note_failure(struct bx_handle *h, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
struct bx_problem problem_of(const struct bx_handle *h);
void log_begin(struct bx_handle *h);
void log_end(struct bx_handle *h);
void verifier_summary(struct bx_handle *h, char *buf, size_t size);
ssize_t read_below(const char *dir, const char *name, char *buf, size_t size);
ssize_t read_sysfs(struct bx_handle *h, const char *name, char *buf,
		   size_t size);
/* Writes a text with one call; returns 0 or an errno, positive and without a message. */
int write_sysfs(const char *path, const char *text);
uint64_t now_ms(void);
const char *seconds_text(char *buf, size_t size, unsigned int ms);
void copy_name(char *dst, size_t size, const char *src);

/* text.c */
size_t text_char(const char *s, size_t left, unsigned int *c);
void text_lines(char *buf, size_t size, const char *text);
const char *text_nearest(const char *word, const char *const *known);

/* interrupt.c */
void hold_signals(struct bx_handle *h);
void release_signals(struct bx_handle *h);

/* query.c */
static inline void *record(const struct records *r, size_t i)
{
	return r->data + i * r->size;
}

void records_free(struct records *r);
int find_policy(struct bx_handle *h, const char *key,
		struct bx_policy_rec *rec);
int commit_policies(struct bx_handle *h, const struct bx_commit *change,
		    int64_t *result);

int check_unused(struct bx_handle *h, const struct bx_devref *ref,
		 const struct bx_device_rec *rec);

/* decided.c: replaces the decision of a bound device if a trial has another result */
int decide_now(struct bx_handle *h, struct bx_device_rec *rec);

/* contract.c */
#define CONTRACT_OPS	(64 * BX_CALL_WORDS)	/* most operations of a contract */

/**
 * struct contract_op - an operation of a bus' contract
 * @number: its number
 * @size: least size of its argument, in bytes
 * @name: its name
 */
struct contract_op {
	__u32	number;
	__u32	size;
	char	name[64];
};

unsigned int contract_ops(struct bx_handle *h, const char *bus,
			  struct contract_op *ops);

/* object.c */

/**
 * struct item - a policy or hook of an object, on its way into the kernel
 * @about: its public description
 * @key: key of a policy, the name of its pins and its directory in sysfs, see links.c
 * @map: the struct_ops map of a policy
 * @prog: the program of a hook
 * @new_fd: the new link, until the end; else -1
 * @link_fd: the pinned link of the replaced item; else -1
 * @map_fd: the map of the replaced policy; else -1
 * @new_id: identity of the new policy, once it is attached
 * @old_id: identity of the replaced policy; else 0
 * @old: the replaced policy, as the kernel has it, if @old_id is not 0
 * @gone: the policy must be deactivated, and there is no new one
 * @pinned: its pins were written by this call
 * @waits: a device was named that waits for a driver of the policy
 */
struct item {
	struct bx_applied	about;
	char			key[BX_SHOWN_LEN];
	struct bpf_map		*map;
	struct bpf_program	*prog;
	int			new_fd;
	int			link_fd;
	int			map_fd;
	uint64_t		new_id;
	uint64_t		old_id;
	struct bx_policy_rec	old;
	bool			gone;
	bool			pinned;
	bool			waits;
};

struct object {
	char			*path;
	struct bpf_object	*bpf;
	struct item		*items;
	size_t			count;
};

/**
 * struct snapshot - policies and devices at one moment
 * @policies: struct bx_policy_rec
 * @devices: struct bx_device_rec
 */
struct snapshot {
	struct records	policies;
	struct records	devices;
};

/**
 * struct transaction - policies and hooks that are activated together
 * @objs: the objects, in order
 * @count: number of @objs
 * @drops: policies that must be deactivated in the same step
 * @nr_drops: number of @drops
 * @bundle: the installed bundle that its policies belong to; NULL for none
 * @flags: enum bx_policy_flags, for all policies in addition to their own
 * @limit: drivers that its policies may name
 * @items: the items of all objects, then @drops
 * @nr_items: number of @items
 * @before: the state before the change
 * @exit_seq: number of the last ejection before the change
 * @committed: its policies were activated
 * @unknown: it is not known whether its policies were activated
 */
struct transaction {
	struct object	*objs;
	size_t		count;
	struct item	*drops;
	size_t		nr_drops;
	const char	*bundle;
	uint64_t	flags;
	struct bx_limit	limit;
	struct item	**items;
	size_t		nr_items;
	struct snapshot	before;
	uint64_t	exit_seq;
	bool		committed;
	bool		unknown;
};

/* files.c */
int file_or_dir(struct bx_handle *h, const char *path, mode_t mode);

/* transaction.c */
int txn_add(struct bx_handle *h, struct transaction *txn, const char *path,
	    const char *shown);
int txn_drop(struct bx_handle *h, struct transaction *txn, const char *key);
int too_many(struct bx_handle *h);
int txn_prepare(struct bx_handle *h, struct transaction *txn);
int txn_read(struct bx_handle *h, struct transaction *txn, const char *path);
int txn_load(struct bx_handle *h, struct transaction *txn);
void txn_report(const struct transaction *txn, bx_applied_fn fn, void *arg);
void txn_close(struct transaction *txn);

/* rollback.c */
void leave_astray(struct bx_handle *h);
void roll_back(struct bx_handle *h, struct transaction *txn);

/* apply.c */
int may_apply(struct bx_handle *h, const char *verb, const char *path,
	      unsigned int flags);
int txn_run(struct bx_handle *h, struct transaction *txn);
int item_attach(struct bx_handle *h, struct item *item);

/* commit.c */
void read_refused(struct bx_handle *h, char *buf, size_t size);
void refusal(struct bx_handle *h, const char *name, const char *before,
	     char *buf, size_t size);
int commit_enter_item(struct bx_handle *h, struct bx_commit *c,
		      const struct transaction *txn, const struct item *item);
int commit_enter_old(struct bx_handle *h, struct bx_commit *c, __u64 id,
		     const struct bx_policy_rec *old);
int check_staged(struct bx_handle *h, struct item *item);
int commit_refused(struct bx_handle *h, const struct bx_commit *c);

/* Largest size of an object, and of each of its sections and types, in bytes */
#define OBJECT_SIZE_MAX		(16 << 20)
/* snapshot.c */
int snapshot_take(struct bx_handle *h, struct snapshot *s);
void snapshot_free(struct snapshot *s);
int snapshot_compare(struct bx_handle *h, const struct snapshot *before,
		     char *buf, size_t size);

/* kfuncs.c */
int kfuncs_init(void);
int kfuncs_load(struct bx_handle *h, int (*load)(void *arg), void *arg);

/* trial.c */

/**
 * struct forecast - trials of staged policies
 * @h: the handle
 * @txn: the policies
 * @trial: the request, with the change that would be committed
 * @bus: the bus of @ops
 * @ops: its operations
 * @nr_ops: number of @ops
 * @call_devices: number of devices whose calls were tried
 */
struct forecast {
	struct bx_handle		*h;
	const struct transaction	*txn;
	struct bx_trial			trial;
	char				bus[BX_NAME_LEN];
	struct contract_op		ops[CONTRACT_OPS];
	unsigned int			nr_ops;
	unsigned int			call_devices;
};

bool opinion_is_invalid(const struct bx_opinion *o);
bool forecast_covers(const struct forecast *f, const struct bx_dev_info *dev);
int forecast_election(struct forecast *f, const struct bx_device_rec *rec,
		      struct bx_opinion *then, struct bx_invalid *invalid);
unsigned int forecast_ops(struct forecast *f, const char *bus);
int forecast_call(struct forecast *f, const struct bx_device_rec *rec,
		  const struct contract_op *op, const struct bx_commit *change,
		  struct bx_trial_call *call);
bool forecast_differs(const struct bx_trial_call *a,
		      const struct bx_trial_call *b);
int forecast_cause(struct forecast *f, const struct bx_device_rec *rec,
		   const struct contract_op *op,
		   const struct bx_trial_call *then, char *policy);
void forecast_bad_call(struct bx_invalid *invalid, const char *policy,
		       const char *op);
int txn_try(struct bx_handle *h, const struct transaction *txn,
	    const struct bx_commit *change);

int object_open(struct bx_handle *h, const char *path, const char *shown,
		__u64 extra, struct object *obj);
int object_read(struct bx_handle *h, char *data, size_t size,
		const char *shown, __u64 extra, struct object *obj);
int object_load(struct bx_handle *h, struct object *obj);
void object_close(struct object *obj);
void item_close(struct item *item);

/* elf.c */
int object_check_bytes(struct bx_handle *h, const char *shown, char *data,
		       size_t size);

/* ops.c */

/**
 * struct ops - a policy's initial value and the type that describes it
 * @obj: its object
 * @btf: the object's BTF
 * @type: the struct
 * @data: the value
 * @size: its size in bytes
 * @path: the object, for messages
 * @map: the policy's variable in the object
 */
/* create.c */
struct bx_new_device;
int new_guid(struct bx_handle *h, char guid[37]);
bool parent_is_there(const struct bx_handle *h, const char *parent);
int new_device_check(struct bx_handle *h, const struct bx_new_device *new, bool *there);

struct ops {
	struct bpf_object	*obj;
	const struct btf	*btf;
	const struct btf_type	*type;
	char			*data;
	size_t			size;
	const char		*path;
	const char		*map;
};

int ops_reject(struct bx_handle *h, const struct ops *v, const char *what);
int ops_read(struct bx_handle *h, const struct ops *v, __u64 extra,
	     struct bx_applied *about);
bool ops_has_program(const struct ops *v, const struct bpf_program *prog);
void ops_put_text(const struct ops *v, const char *name, const char *text);
void ops_put_number(const struct ops *v, const char *name, __u32 number);
void ops_drop_program(const struct ops *v, const char *name);
void object_ops(const struct object *obj, const struct item *item, struct ops *v);

/**
 * struct names - names or keys of policies
 * @name: the names
 * @count: number of names
 */
struct names {
	char		(*name)[BX_SHOWN_LEN];
	unsigned int	count;
};

/* bundle.c */
bool names_have(const struct names *names, const char *name);
int names_add(struct bx_handle *h, struct names *names, const char *name);

/* pins.c */

/*
 * Size of a mark: a digest, of 32 hexadecimal digits, of the active state of a bundle; in
 * the mark of a canary it follows an '@'.
 */
#define MARK_SIZE	34

/**
 * enum slot - the policies of a bundle that a change affects
 * @SLOT_ALL: all of them
 * @SLOT_CURRENT: those of the current generation, which has a canary and is enforced
 * @SLOT_CANARY: those of the canary, which is in shadow mode
 */
enum slot {
	SLOT_ALL,
	SLOT_CURRENT,
	SLOT_CANARY,
};

/**
 * struct bundle_pins - the state of a bundle in the pin directory
 * @current: the mark of the current generation; empty when there is none
 * @canary: the mark of the canary; empty when there is none
 * @owned: keys of its policies
 */
struct bundle_pins {
	char		current[MARK_SIZE];
	char		canary[MARK_SIZE];
	struct names	owned;
};

enum pin_state {
	PIN_NONE,	/* nothing is pinned */
	PIN_LIVE,	/* the link is pinned, and its policy is active */
	PIN_FOREIGN,	/* as PIN_LIVE, but another process has replaced the map */
	PIN_STALE,	/* there are pins, and no policy of them is active */
};

/* Role of a pinned link that is not yet the link of its policy */
enum pin_role {
	PIN_NEXT,	/* the new version */
	PIN_BACK,	/* the previous version, which is restored */
};

/**
 * struct policy_pin - the pins of one policy
 * @state: their state
 * @link_fd: the link when its policy is active, else -1
 * @map_fd: its map, else -1
 * @rec: the policy, when it is active
 */
struct policy_pin {
	enum pin_state		state;
	int			link_fd;
	int			map_fd;
	struct bx_policy_rec	rec;
};

int pins_lock(struct bx_handle *h);
void pins_unlock(struct bx_handle *h);
int pins_open(struct bx_handle *h, const char *name, struct policy_pin *pin);
void pins_close(struct policy_pin *pin);
int pins_stage(struct bx_handle *h, const char *name, enum pin_role role,
	       int link_fd, int map_fd);
int pins_switch(struct bx_handle *h, const char *name, enum pin_role role);
int pins_unstage(struct bx_handle *h, const char *name, enum pin_role role);
int pins_remove(struct bx_handle *h, const char *name);
int pins_end(struct bx_handle *h, const char *name);
int pins_write_hook(struct bx_handle *h, const char *name, int link_fd,
		    bool *replaced);
int pins_remove_hook(struct bx_handle *h, const char *name);
bool pins_marked(struct bx_handle *h, const char *bundle, const char *mark);
int pins_unmark(struct bx_handle *h, const char *bundle, enum slot slot);
int pins_own(struct bx_handle *h, const char *bundle,
	     const struct names *keys);
int pins_mark(struct bx_handle *h, const char *bundle, const char *mark);
int pins_owned(struct bx_handle *h, const char *bundle, enum slot slot,
	       struct names *keys);
int pins_disown(struct bx_handle *h, const char *bundle, enum slot slot,
		const struct names *keep);
int pins_of_bundle(struct bx_handle *h, const char *bundle,
		   struct bundle_pins *pins);
int pins_each(struct bx_handle *h, enum bx_item_kind kind, bx_pin_fn fn,
	      void *arg);
int pins_list_bundles(struct bx_handle *h, struct names *bundles);

/* hooks.c */
int hooks_detach(struct bx_handle *h, const char *name);

/* lock.c: makes a directory private and locks it until *@lock is closed. */
int dir_lock(struct bx_handle *h, const char *dir, int *lock);

/* owners.c; the caller holds the lock of the pins. */
int owners_check(struct bx_handle *h, const struct transaction *txn);

/* links.c */
bool key_is_shadow(const char *key);
bool slot_has(enum slot slot, const char *key);
uint32_t link_map_id(int link_fd);
int link_policy(struct bx_handle *h, int link_fd, struct bx_policy_rec *rec);
int find_link(struct bx_handle *h, const char *key, uint32_t *link_id);

#endif /* _BUSEXT_INTERNAL_H */
