/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: attach bus_ext policies and see what they decide
 *
 * Every function that can fail returns a negative errno and leaves a readable
 * message, bx_error(), and its class, bx_fault(), in the handle.  The
 * message says what failed, on what, why, and what to do; it has no prefix
 * and no newline.
 *
 * Only one thread may use a handle at a time.  libbpf's log goes to the handle in
 * use; two handles must not be used at the same time in one process.
 */
#ifndef _BUSEXT_H
#define _BUSEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/bus_ext.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bx_handle;

/**
 * enum bx_fault - class of a failure; also bxctl's exit status
 * @BX_FAULT_NONE: no failure
 * @BX_FAULT_FAILED: any other failure
 * @BX_FAULT_USAGE: an invalid argument; an unknown name
 * @BX_FAULT_IN_USE: the device is in use, and would lose its driver
 * @BX_FAULT_KERNEL: bus_ext is not loaded, or of another version
 * @BX_FAULT_REJECTED: an object that the library, the verifier or bus_ext
 *	does not accept
 * @BX_FAULT_CONFLICT: the name is in use, or another process has changed it
 * @BX_FAULT_STATE: all steps worked, but the state is not the one asked for:
 *	a policy was ejected, a device has no driver, a request did not end
 *	in time
 * @BX_FAULT_PERMISSION: permission denied: a capability, or the right to a file
 *
 * Only bxctl uses 2 (a plan would change something) and 9 (a test case failed).
 */
enum bx_fault {
	BX_FAULT_NONE		= 0,
	BX_FAULT_FAILED		= 1,
	BX_FAULT_KERNEL		= 3,
	BX_FAULT_REJECTED	= 4,
	BX_FAULT_CONFLICT	= 5,
	BX_FAULT_STATE		= 6,
	BX_FAULT_PERMISSION	= 7,
	BX_FAULT_USAGE		= 8,
	BX_FAULT_IN_USE		= 10,
};

/**
 * enum bx_hint - remedy of a failure, for programs to tell in their own words
 * @BX_HINT_NONE: none is known
 * @BX_HINT_ROOT: run the program as root
 * @BX_HINT_LOAD: load the module bus_ext
 * @BX_HINT_VERBOSE: look at the output of the verifier, see bx_log_fn
 * @BX_HINT_DMESG: look at the kernel's log
 * @BX_HINT_DETACH: detach the policy SUBJECT first
 * @BX_HINT_READ_ONLY: detach policies, which writes nothing to disk
 * @BX_HINT_APPLY_HOOK: attach the hook's object by itself
 * @BX_HINT_POLICIES: list the policies
 * @BX_HINT_DEVICES: list the devices
 * @BX_HINT_BUSES: list the buses
 * @BX_HINT_EXPLAIN: explain the device SUBJECT, and look at the kernel's log
 * @BX_HINT_FORCE: free the device SUBJECT, or use BX_REBIND_FORCE
 * @BX_HINT_FORCE_GROUP: free the devices of the group of SUBJECT, or use BX_REBIND_FORCE
 * @BX_HINT_BUNDLES: list the installed bundles
 * @BX_HINT_INSTALL: install the bundle
 * @BX_HINT_UPGRADE: replace the installed bundle by this one
 * @BX_HINT_REINSTALL: replace the installed bundle by an intact copy
 * @BX_HINT_OWNER: upgrade the bundle SUBJECT, or disable it first
 * @BX_HINT_REMOVE: remove the bundle SUBJECT first
 * @BX_HINT_DEACTIVATE: disable or remove the bundle SUBJECT
 * @BX_HINT_ENFORCE: enforce the canary of the bundle SUBJECT
 * @BX_HINT_PRUNE: change the bundle SUBJECT, which removes old generations
 * @BX_HINT_PACK: make the archive with bx_pack()
 * @BX_HINT_SIGN: sign the bundle again
 * @BX_NR_HINTS: number of hints
 */
enum bx_hint {
	BX_HINT_NONE,
	BX_HINT_ROOT,
	BX_HINT_LOAD,
	BX_HINT_VERBOSE,
	BX_HINT_DMESG,
	BX_HINT_DETACH,
	BX_HINT_READ_ONLY,
	BX_HINT_APPLY_HOOK,
	BX_HINT_POLICIES,
	BX_HINT_DEVICES,
	BX_HINT_BUSES,
	BX_HINT_EXPLAIN,
	BX_HINT_FORCE,
	BX_HINT_FORCE_GROUP,
	BX_HINT_BUNDLES,
	BX_HINT_INSTALL,
	BX_HINT_UPGRADE,
	BX_HINT_REINSTALL,
	BX_HINT_OWNER,
	BX_HINT_REMOVE,
	BX_HINT_DEACTIVATE,
	BX_HINT_ENFORCE,
	BX_HINT_PRUNE,
	BX_HINT_PACK,
	BX_HINT_SIGN,
	BX_NR_HINTS,
};

/**
 * struct bx_problem - a failure that is part of a result
 * @text: its message, printable; NULL if there is none
 * @hint: its remedy
 * @subject: the subject of @hint, printable
 */
struct bx_problem {
	const char	*text;
	enum bx_hint	hint;
	const char	*subject;
};

/**
 * enum bx_log_level - level of a text that is passed to the log function
 * @BX_LOG_NOTE: a note for the user, for example that something was repaired
 * @BX_LOG_FAILURE: a note on a failure that does not end the function: bx_hint() is its
 *	remedy
 * @BX_LOG_DETAIL: output of libbpf and the verifier, may have several lines
 */
enum bx_log_level {
	BX_LOG_NOTE,
	BX_LOG_FAILURE,
	BX_LOG_DETAIL,
};

/**
 * struct bx_open_opts - options for bx_open(); zero means the default
 * @pin_dir: where links are pinned, a directory on a BPF file system;
 *	"/sys/fs/bpf/bus_ext"
 * @sysfs: where sysfs is mounted; "/sys"
 * @proc_dir: where proc is mounted; "/proc"
 * @dev_dir: directory of device nodes; "/dev"
 * @conf_dir: the operator's configuration; "/etc/bus_ext"
 * @state_dir: directory of installed bundles; "/var/lib/bus_ext"
 * @bundle_dir: where packages install bundles; "/usr/lib/bus_ext/bundles" and
 *	"/usr/local/lib/bus_ext/bundles"
 * @timeout_ms: how long to wait for the kernel or for another process that
 *	holds the lock, in milliseconds; 30000
 * @ring_size: size of the ring that transfers records, in bytes, a power
 *	of two and a multiple of the page size; grows when it is too small
 * @log: called with notes and details, which are not errors; none
 * @log_arg: first argument of @log
 * @verbose: pass all output of libbpf to @log
 */
struct bx_open_opts {
	const char	*pin_dir;
	const char	*sysfs;
	const char	*proc_dir;
	const char	*dev_dir;
	const char	*conf_dir;
	const char	*state_dir;
	const char	*bundle_dir;
	unsigned int	timeout_ms;
	unsigned int	ring_size;
	void		(*log)(void *arg, enum bx_log_level level,
			       const char *text);
	void		*log_arg;
	bool		verbose;
};

/**
 * bx_open() - create a handle
 * @handle: takes the handle
 * @opts: options; NULL for the defaults
 *
 * Does not access the kernel: each function that needs bus_ext or a capability
 * checks for it.
 *
 * Return: 0, -ENOMEM, or -EINVAL for a path that is too long.
 */
int bx_open(struct bx_handle **handle, const struct bx_open_opts *opts);

/**
 * bx_close() - free a handle
 * @handle: the handle; may be NULL
 *
 * Pinned policies stay.
 */
void bx_close(struct bx_handle *handle);

/**
 * bx_error() - message of the last failure
 * @handle: the handle
 *
 * Return: the message; empty when nothing has failed.  Valid until the next
 * call with @handle.
 */
const char *bx_error(const struct bx_handle *handle);

/**
 * bx_printable() - make untrusted text safe for a terminal
 * @buf: takes the text; four times its length is always enough
 * @size: size of @buf
 * @text: the text, UTF-8 or not
 *
 * The authors of files, policies and devices choose their names and texts.  Replaces by
 * ``\xNN``: bytes of control characters, including line breaks; of characters that change
 * the direction of the surrounding text; and bytes that are not UTF-8.  Messages
 * (bx_error(), the log) are already printable.
 *
 * Return: @buf.
 */
char *bx_printable(char *buf, size_t size, const char *text);

/**
 * bx_fault() - class of the last failure
 * @handle: the handle
 *
 * Return: the class of the last failure.
 */
enum bx_fault bx_fault(const struct bx_handle *handle);

/**
 * bx_hint() - remedy of the last failure
 * @handle: the handle
 * @subject: takes its subject, printable; empty if it has none; may be NULL.
 *	Valid until the next call with @handle.
 *
 * Return: the remedy; BX_HINT_NONE if none is known.
 */
enum bx_hint bx_hint(const struct bx_handle *handle, const char **subject);

/**
 * bx_check_kernel() - check that bus_ext is loaded and this process may use it
 * @handle: the handle
 *
 * Return: 0; -ENOENT when bus_ext is not loaded (BX_FAULT_KERNEL); -EPERM
 * without CAP_SYS_ADMIN (BX_FAULT_PERMISSION).
 */
int bx_check_kernel(struct bx_handle *handle);

/**
 * bx_kernel_version() - get the module's version
 * @handle: the handle
 * @buf: takes the version
 * @size: size of @buf in bytes
 *
 * Return: 0, or -ENOENT when bus_ext is not loaded.
 */
int bx_kernel_version(struct bx_handle *handle, char *buf, size_t size);

/* ---- signals ---- */

/**
 * bx_discard_temporary() - remove temporary files before the process ends
 *
 * Removes the temporary directories of all handles, and the files registered with
 * bx_temporary().  For a handler of SIGINT, SIGTERM or SIGHUP that ends the
 * process: it is async-signal-safe.  The library blocks these signals while
 * it changes pins, or the state of an installed bundle.
 */
void bx_discard_temporary(void);

/**
 * bx_temporary() - register a file or directory for bx_discard_temporary()
 * @path: the file, or a directory with its contents; the string is copied
 *
 * Registers up to 8 at a time; further ones are not removed.
 */
void bx_temporary(const char *path);

/**
 * bx_temporary_done() - unregister a file that was removed or is kept
 * @path: the path that was passed to bx_temporary()
 */
void bx_temporary_done(const char *path);

/* ---- objects and policies ---- */

/** BX_NAME_RULE - the rule of bx_name_is_good(), for messages */
#define BX_NAME_RULE	"up to 31 of [A-Za-z0-9_.-], the first of them [A-Za-z0-9_]"

/**
 * bx_name_is_good() - check the name of a policy, a bundle, a bus or a driver
 * @name: the name
 *
 * Return: whether @name follows BX_NAME_RULE.
 */
bool bx_name_is_good(const char *name);

/**
 * enum bx_item_kind - kind of an attachable item of an object
 * @BX_ITEM_POLICY: a struct bus_ext_ops in the section .struct_ops.link
 * @BX_ITEM_HOOK: a program in the section fmod_ret/bx_hook_select
 */
enum bx_item_kind {
	BX_ITEM_POLICY,
	BX_ITEM_HOOK,
};

/**
 * struct bx_applied - a policy or hook that bx_apply() activated
 * @kind: policy or hook
 * @upgraded: it replaced the one that was attached under its name
 * @removed: no longer active: absent from the new version of its bundle
 * @built_shadow: its vendor built it for shadow mode
 * @file: the object that contains it
 * @name: name of the policy, or of the hook's program
 * @target: the policy's bus, or the function that the hook is attached to
 * @vendor: vendor in scope, BX_ANY for all
 * @priority: its priority
 * @flags: enum bx_policy_flags
 * @version: the vendor's version number
 * @old_version: version number of the replaced policy, when @upgraded
 * @id: identity in the kernel; 0 for a hook
 * @devices: number of devices that it decides now; for a policy in shadow mode,
 *	number of elections that it would have decided differently
 */
struct bx_applied {
	enum bx_item_kind	kind;
	bool			upgraded;
	bool			removed;
	bool			built_shadow;
	const char		*file;
	char			name[BX_DEV_NAME_LEN];
	char			target[BX_DEV_NAME_LEN];
	__u32			vendor;
	__s32			priority;
	__u64			flags;
	__u32			version;
	__u32			old_version;
	__u64			id;
	__u64			devices;
};

/**
 * bx_applied_fn() - called for each active policy and hook
 * @applied: the policy or hook; valid during the call
 * @arg: the caller's argument
 */
typedef void (*bx_applied_fn)(const struct bx_applied *applied, void *arg);

/**
 * bx_apply() - activate the policies and hooks of objects
 * @handle: the handle
 * @path: a BPF object, or a directory whose ``*.bpf.o`` are used in the order
 *	of their names
 * @flags: BX_BUNDLE_UNSIGNED; without it every object is refused, since only a bundle
 *	has a signature.  BX_INSTALL_FAIL_CLOSED: the policies get BX_F_FAIL_CLOSED
 * @fn: called for each policy and hook, once all of them are active
 * @arg: second argument of @fn
 *
 * All objects are checked and loaded before the first link is created.  All policies are
 * tried before they become active: the kernel holds trial elections for all devices in
 * scope, and an invalid result is an error.  A policy with the name of an attached and
 * pinned policy replaces that one atomically.  After a failure, the new policies are
 * detached and the replaced ones restored; the message names the remaining differences.
 * Success means that the policies are in the kernel's list, that the kernel has done all
 * work that attaching them caused, and that no policy was ejected.
 *
 * Return: 0, or
 * -ENOENT: no such file, or bus_ext is not loaded (BX_FAULT_KERNEL)
 * -ENOKEY: @flags do not allow unsigned objects (BX_FAULT_REJECTED)
 * -EINVAL, -ENOEXEC: the object is not acceptable (BX_FAULT_REJECTED)
 * -EACCES and other errors of the verifier (BX_FAULT_REJECTED)
 * -EBADMSG: a policy gives an invalid result for a device (BX_FAULT_REJECTED)
 * -EPERM: no CAP_SYS_ADMIN (BX_FAULT_PERMISSION)
 * -ENODEV: bus not found (BX_FAULT_REJECTED)
 * -EOPNOTSUPP: the kernel does not let bus_ext refuse drivers (BX_FAULT_REJECTED)
 * -E2BIG: too many policies (BX_FAULT_REJECTED)
 * -EEXIST: the name is in use by a policy that is not pinned here or belongs to an
 *	installed bundle, or another process replaced the policy (BX_FAULT_CONFLICT)
 * -ESHUTDOWN: the policy was ejected (BX_FAULT_STATE)
 * -ETIMEDOUT: the kernel is not done after the timeout (BX_FAULT_STATE), or
 *	another process holds the lock (BX_FAULT_CONFLICT)
 */
int bx_apply(struct bx_handle *handle, const char *path, unsigned int flags,
	     bx_applied_fn fn, void *arg);

/* ---- bundles ---- */

/**
 * struct bx_bundle - policies as a vendor ships them, in a directory or an archive: a
 * manifest, policies, settings, test cases, a signature; see docs/bundle.md
 */
struct bx_bundle;
struct bx_rules;

/**
 * struct bx_bundle_about - description of a bundle
 * @name: its name
 * @version: its version, as in 1.2.0
 * @vendor: its vendor
 * @summary: its purpose, in one line
 * @requires: the lowest version of bus_ext that it works with; NULL when not given
 * @fail_closed: an ejection quarantines its policies (BX_F_FAIL_CLOSED)
 * @next_best: after a failed probe, the next driver is tried (BX_F_NEXT_BEST)
 * @drivers: the only drivers that its policies may name
 * @nr_drivers: number of @drivers
 * @signer: the subject of the certificate that signed it, after bx_bundle_check();
 *	NULL when it is not signed
 * @signer_fingerprint: the SHA-256 of that certificate, 64 hexadecimal digits; NULL when
 *	it is not signed.  A subject can be chosen freely, so show both.
 */
struct bx_bundle_about {
	const char	*name;
	const char	*version;
	const char	*vendor;
	const char	*summary;
	const char	*requires;
	bool		fail_closed;
	bool		next_best;
	const char	*const *drivers;
	unsigned int	nr_drivers;
	const char	*signer;
	const char	*signer_fingerprint;
};

/**
 * enum bx_bundle_flags - flags for opening and for checking a bundle
 * @BX_BUNDLE_COPY: open: make a private copy, which no other process can change after the
 *	check; programs are loaded only from such a copy
 * @BX_BUNDLE_UNSIGNED: check, apply: accept a bundle without a signature
 * @BX_BUNDLE_INSTALLED: open: the path is the name of an installed bundle
 * @BX_BUNDLE_PATH: open: the path is a directory or an archive, also without a slash
 * @BX_BUNDLE_CHECK: open: run bx_bundle_check() with the same flags; the signature is
 *	checked before the manifest is read
 */
enum bx_bundle_flags {
	BX_BUNDLE_COPY		= 1 << 0,
	BX_BUNDLE_UNSIGNED	= 1 << 1,
	BX_BUNDLE_INSTALLED	= 1 << 2,
	BX_BUNDLE_CHECK		= 1 << 3,
	BX_BUNDLE_PATH		= 1 << 4,
};

/**
 * bx_is_bundle_name() - tell a bundle's name from a path
 * @text: a command's argument
 *
 * Archives and objects are paths, also without a slash; a directory needs one ("./x").
 *
 * Return: true when bx_bundle_open() searches for a bundle with this name.
 */
bool bx_is_bundle_name(const char *text);

/**
 * bx_bundle_open() - read a bundle's manifest
 * @handle: the handle; outlives the bundle
 * @path: the bundle: a directory, or an archive (.tar.zst), which is unpacked below
 *	$TMPDIR until the bundle is closed; a bare name selects a bundle in
 *	/usr/lib/bus_ext/bundles or below /usr/local, else an installed one
 * @flags: enum bx_bundle_flags
 * @bundle: takes the bundle
 *
 * Return: 0; -ENOENT and others when it cannot be read (BX_FAULT_USAGE: no bundle has
 * that name); -EINVAL when the manifest
 * or the archive is not acceptable (BX_FAULT_REJECTED), or the loaded bus_ext is too
 * old for it (BX_FAULT_KERNEL); -ENOMEM.  With BX_BUNDLE_CHECK also as bx_bundle_check().
 */
int bx_bundle_open(struct bx_handle *handle, const char *path,
		   unsigned int flags, struct bx_bundle **bundle);

/**
 * bx_bundle_check() - check a bundle's signature, and its claims against its signer's
 * @bundle: the bundle
 * @flags: enum bx_bundle_flags
 *
 * A bundle without a signature is trusted when it is installed, or when a package
 * installed it and only root can change its files.  Functions that load programs of a
 * bundle call this without flags, unless it was called before.
 *
 * Return: 0; BX_FAULT_REJECTED: -EBADMSG when its files are not the signed ones, -ENOKEY
 * when it is not signed, -EACCES when its signer is not trusted or not permitted its
 * claims; -EINVAL for a certificate or a limit that cannot be read, -EPERM when others
 * can write the operator's keys; and others when a file cannot be read.
 */
int bx_bundle_check(struct bx_bundle *bundle, unsigned int flags);

/**
 * bx_bundle_sign() - sign a bundle
 * @bundle: the bundle, a directory, where bundle.sig is written
 * @key: file of the private key (PEM)
 * @cert: file of its certificate (PEM); certificates of its issuers may follow in it
 *
 * Writes a note (struct bx_open_opts, @log) when only some operators will accept the
 * certificate.
 *
 * Return: 0; -ENOENT and others when a file cannot be read or written; -EINVAL
 * (BX_FAULT_REJECTED) for a key or certificate that cannot sign bundles.
 */
int bx_bundle_sign(struct bx_bundle *bundle, const char *key, const char *cert);

/**
 * bx_bundle_pack() - write a bundle's archive
 * @bundle: the bundle
 * @path: the archive; only a regular file is replaced. "-" is the standard output
 *
 * Return: 0, -EIO and others; -ENODATA when an object is missing; -EINVAL for a
 * bundle with files that it must not have, or with test cases that cannot be read;
 * -EBADMSG for a signature of other files.
 */
int bx_bundle_pack(struct bx_bundle *bundle, const char *path);

/**
 * bx_bundle_configure() - read the settings from the operator's file
 * @bundle: the bundle
 *
 * Return: 0, also without such a file; or an errno as of bx_bundle_set().
 */
int bx_bundle_configure(struct bx_bundle *bundle);

/**
 * bx_bundle_close() - close a bundle
 * @bundle: the bundle; may be NULL
 */
void bx_bundle_close(struct bx_bundle *bundle);

/**
 * bx_bundle_about() - get the description of a bundle
 * @bundle: the bundle
 *
 * Return: the description; valid until bx_bundle_close().
 */
const struct bx_bundle_about *bx_bundle_about(const struct bx_bundle *bundle);

/**
 * enum bx_setting_type - type of a setting
 * @BX_SETTING_INT: a number
 * @BX_SETTING_BOOL: true or false
 * @BX_SETTING_STRING: text
 * @BX_SETTING_LIST: several texts, with commas between them in a value
 */
enum bx_setting_type {
	BX_SETTING_INT,
	BX_SETTING_BOOL,
	BX_SETTING_STRING,
	BX_SETTING_LIST,
};

/**
 * struct bx_setting - a setting of a bundle, which the operator may choose
 * @name: its name
 * @type: enum bx_setting_type
 * @value: its value: the default, unless bx_bundle_set() was called
 * @initial: its default
 * @min: least number, of BX_SETTING_INT
 * @max: greatest number
 * @values: the only allowed values; NULL when @nr_values is 0
 * @nr_values: number of @values
 * @allowed: readable description of the allowed values
 * @help: its purpose
 * @max_items: most items, of BX_SETTING_LIST
 */
struct bx_setting {
	const char		*name;
	int			type;
	const char		*value;
	const char		*initial;
	long long		min;
	long long		max;
	const char *const	*values;
	unsigned int		nr_values;
	const char		*allowed;
	const char		*help;
	unsigned int		max_items;
};

typedef int (*bx_setting_fn)(const struct bx_setting *setting, void *arg);

/**
 * bx_bundle_list_settings() - list a bundle's settings, in the manifest's order
 * @bundle: the bundle
 * @fn: called for each; stops when it returns other than 0
 * @arg: second argument of @fn
 *
 * Return: 0 or what @fn returned.
 */
int bx_bundle_list_settings(struct bx_bundle *bundle, bx_setting_fn fn,
			    void *arg);

/**
 * bx_bundle_set() - choose the value of a setting
 * @bundle: the bundle
 * @assignment: NAME=VALUE; of a list, also NAME+=ITEMS or NAME-=ITEMS, which changes its value
 *
 * Programs get the value as a constant when they are loaded.
 *
 * Return: 0; -EINVAL for a value that is not allowed, -ENOENT for an unknown
 * setting or item (both BX_FAULT_REJECTED); -EINVAL without '=' (BX_FAULT_USAGE).
 */
int bx_bundle_set(struct bx_bundle *bundle, const char *assignment);

/**
 * bx_bundle_list_objects() - list the BPF objects that a manifest names
 * @bundle: the bundle
 * @fn: called with each path; stops when it returns other than 0
 * @arg: second argument of @fn
 *
 * Return: 0 or what @fn returned.
 */
int bx_bundle_list_objects(struct bx_bundle *bundle,
			   int (*fn)(const char *path, void *arg), void *arg);

typedef int (*bx_policy_of_fn)(const struct bx_applied *policy, void *arg);

/**
 * bx_bundle_list_policies() - list the policies in a bundle's objects and alternatives
 * @bundle: the bundle
 * @fn: called for each, as its object defines it; stops when it returns other than 0
 * @arg: second argument of @fn
 *
 * Needs no kernel: nothing is loaded.
 *
 * Return: 0 or what @fn returned; BX_FAULT_REJECTED: -ENODATA when an object is
 * missing, -EINVAL and -ENOEXEC when one is not acceptable.
 */
int bx_bundle_list_policies(struct bx_bundle *bundle, bx_policy_of_fn fn,
			    void *arg);

typedef int (*bx_rules_of_fn)(const char *bus, unsigned int rules, void *arg);

/**
 * bx_bundle_list_rules() - count the rules of a bundle, with its settings as they are
 * @bundle: the bundle
 * @fn: called for each bus with rules, with their number; stops when it returns other than 0
 * @arg: its last argument
 *
 * Needs no kernel.
 *
 * Return: 0 or what @fn returned; -EINVAL for rules that are not valid (BX_FAULT_REJECTED).
 */
int bx_bundle_list_rules(struct bx_bundle *bundle, bx_rules_of_fn fn, void *arg);

/**
 * bx_bundle_read_rules() - read the rules of a bundle, with its settings as they are
 * @bundle: the bundle
 * @rules: takes the rules, for bx_rules_close(); none if it has only policies
 *
 * Return: 0 or an errno, as bx_bundle_list_rules().
 */
int bx_bundle_read_rules(struct bx_bundle *bundle, struct bx_rules **rules);

/* @vendor: BX_ANY for all */
typedef int (*bx_claim_fn)(const char *bus, __u32 vendor, void *arg);

/**
 * bx_bundle_list_claims() - list the buses and vendors that a bundle claims
 * @bundle: the bundle
 * @fn: called for each claim; stops when it returns other than 0
 * @arg: last argument of @fn
 *
 * Return: 0 or what @fn returned.
 */
int bx_bundle_list_claims(struct bx_bundle *bundle, bx_claim_fn fn, void *arg);

typedef int (*bx_file_fn)(const char *path, unsigned long long bytes,
			  void *arg);

/**
 * bx_bundle_list_files() - list a bundle's files, by name
 * @bundle: the bundle
 * @fn: called for each; stops when it returns other than 0
 * @arg: last argument of @fn
 *
 * Return: 0, what @fn returned, or a negative errno.
 */
int bx_bundle_list_files(struct bx_bundle *bundle, bx_file_fn fn, void *arg);

/**
 * bx_bundle_check_policies() - check all of a bundle's objects without loading them
 * @bundle: the bundle, with its settings chosen
 *
 * Checks that all objects exist and have acceptable policies in the claimed scope, that
 * alternatives have the same policies, and that every setting fits a variable.  Needs no
 * kernel.
 *
 * Return: 0; BX_FAULT_REJECTED: -ENODATA, -EINVAL, -ENOEXEC.
 */
int bx_bundle_check_policies(struct bx_bundle *bundle);

/**
 * bx_bundle_fail_closed() - give the bundle's policies the flag BX_F_FAIL_CLOSED
 * @bundle: the bundle
 *
 * For bx_bundle_apply(); as 'fail_closed: true' in the manifest.
 */
void bx_bundle_fail_closed(struct bx_bundle *bundle);

/**
 * bx_bundle_apply() - activate a bundle's policies, all or none
 * @bundle: the bundle
 * @fn: called for each policy, once all of them are active
 * @arg: second argument of @fn
 *
 * As bx_apply(): the policies are activated atomically, replacing earlier versions in
 * the same step.
 *
 * Return: as bx_apply() and bx_bundle_check(); -EINVAL when a policy is for a bus or a
 * vendor that the manifest does not claim, or a setting does not fit, -ENODATA when an
 * object is missing (all BX_FAULT_REJECTED).
 */
int bx_bundle_apply(struct bx_bundle *bundle, bx_applied_fn fn, void *arg);

/**
 * struct bx_verified - a policy that could be activated
 * @policy: the policy
 * @programs: number of its programs
 * @insns: number of instructions that the verifier processed
 */
struct bx_verified {
	const struct bx_applied	*policy;
	unsigned int		programs;
	unsigned long long	insns;
};

typedef void (*bx_verified_fn)(const struct bx_verified *verified, void *arg);

/**
 * bx_bundle_verify() - check that a bundle could be activated on this kernel
 * @bundle: the bundle
 * @fn: called for each policy, once all of them are verified
 * @arg: second argument of @fn
 *
 * Loads the policies, attaches them staged, where no election asks them, and detaches
 * them.
 *
 * Return: as bx_bundle_apply().
 */
int bx_bundle_verify(struct bx_bundle *bundle, bx_verified_fn fn, void *arg);

/**
 * struct bx_invalid - an invalid result, for which a policy would be ejected
 * @policy: the policy; empty when there is no such result
 * @what: description of the result
 */
struct bx_invalid {
	char	policy[BX_NAME_LEN];
	char	what[256];
};

/**
 * struct bx_call_change - a call with another outcome
 * @op: the operation
 * @policy: the policy that causes the difference; empty when it is not known
 * @now: the outcome now
 * @then: the outcome with the new policies active
 */
struct bx_call_change {
	const char		*op;
	char			policy[BX_NAME_LEN];
	struct bx_trial_call	now;
	struct bx_trial_call	then;
};

/**
 * enum bx_holder_kind - kind of a use of a device
 * @BX_HOLDER_MOUNT: a file system is mounted
 * @BX_HOLDER_SWAP: it is swap space
 * @BX_HOLDER_STACK: another block device is made of it: LVM, md, dm-crypt
 * @BX_HOLDER_CLAIM: the kernel uses a block device exclusively, for another reason
 * @BX_HOLDER_PROCESS: a process has a device node open
 * @BX_HOLDER_NETWORK: a network interface is up
 * @BX_HOLDER_ROUTE: a network interface is up and has a default route
 * @BX_HOLDER_BRIDGE: a network interface is a part of another one: a bridge, a bond
 * @BX_HOLDER_CONSOLE: it is a console of the kernel
 * @BX_HOLDER_DISPLAY: it is the only display, that of the firmware, or shows the console
 */
enum bx_holder_kind {
	BX_HOLDER_MOUNT,
	BX_HOLDER_SWAP,
	BX_HOLDER_STACK,
	BX_HOLDER_CLAIM,
	BX_HOLDER_PROCESS,
	BX_HOLDER_NETWORK,
	BX_HOLDER_ROUTE,
	BX_HOLDER_BRIDGE,
	BX_HOLDER_CONSOLE,
	BX_HOLDER_DISPLAY,
};

/**
 * struct bx_holder - a use of a device
 * @kind: its kind
 * @node: what is used: "/dev/nvme0n1p1", "eth0"
 * @by: the mount point, the other block device or interface, or the name of the
 *	process; else empty
 * @pid: the process that has it open, or in whose mount namespace it is mounted, if it is
 *	not the caller's; else 0
 */
struct bx_holder {
	enum bx_holder_kind	kind;
	const char		*node;
	const char		*by;
	int			pid;
};

/**
 * struct bx_change - a device in scope of new policies, before and after the change
 * @device: the device, now
 * @then: the last opinion, BX_OPN_DECISION, of its election with the new policies
 *	active
 * @differs: its driver would change
 * @at_next_bind: the driver changes only when the device is bound again, since the change
 *	does not rebind bound devices
 * @invalid: an invalid result: bx_apply() refuses the policies
 * @calls: calls on it with another outcome; each operation is tried with an argument of
 *	zeros and a provider that answers 0
 * @nr_calls: number of @calls
 * @holders: uses of the device, for which bx_rebind() refuses it, if @at_next_bind and
 *	@differs
 * @nr_holders: number of @holders
 */
struct bx_change {
	const struct bx_device_rec	*device;
	struct bx_opinion		then;
	bool				differs;
	bool				at_next_bind;
	struct bx_invalid		invalid;
	const struct bx_call_change	*calls;
	unsigned int			nr_calls;
	const struct bx_holder		*holders;
	unsigned int			nr_holders;
};

typedef void (*bx_change_fn)(const struct bx_change *change, void *arg);

/**
 * bx_plan() - list the changes that bx_apply() would make
 * @handle: the handle
 * @path: as of bx_apply()
 * @flags: as of bx_apply()
 * @fn: called for each device in scope of the policies
 * @arg: second argument of @fn
 *
 * The kernel holds trial elections with the real policies.  Hooks do not take part in
 * them.
 *
 * Return: number of devices with another driver, or with calls that have another
 * outcome; or an errno as of bx_apply().
 */
int bx_plan(struct bx_handle *handle, const char *path, unsigned int flags,
	    bx_change_fn fn, void *arg);

/**
 * bx_bundle_plan() - list the changes that activating a bundle would make
 * @bundle: the bundle
 * @fn: called for each device in its scope
 * @arg: second argument of @fn
 *
 * As bx_plan(); policies that only the installed version of the bundle has are
 * deactivated.
 *
 * Return: as bx_plan(), or an errno as of bx_bundle_apply().
 */
int bx_bundle_plan(struct bx_bundle *bundle, bx_change_fn fn, void *arg);

/**
 * bx_bundle_keep() - copy the settings and the mode of the installed bundle
 * @bundle: the bundle
 *
 * Copies the same as bx_upgrade() keeps: the settings that were given, and the mode.  They
 * override the operator's file: call this after bx_bundle_configure().  A setting that
 * does not fit @bundle is dropped, with a note.  Does nothing when no bundle of this name
 * is installed.
 *
 * Return: 0, or an errno when the state cannot be read.
 */
int bx_bundle_keep(struct bx_bundle *bundle);

/**
 * struct bx_case - the outcome of a test case
 * @file: its file, relative to the bundle
 * @name: its name
 * @passed: the outcome is the expected one
 * @expected: description of the expected outcome
 * @actual: description of the actual outcome
 */
struct bx_case {
	const char	*file;
	const char	*name;
	bool		passed;
	const char	*expected;
	const char	*actual;
};

typedef void (*bx_case_fn)(const struct bx_case *result, void *arg);

/**
 * bx_bundle_test() - run a bundle's own test cases
 * @bundle: the bundle
 * @fn: called for each case
 * @arg: second argument of @fn
 *
 * Each case is an election or a call for a device that the case describes.  The bundle's
 * real policies decide it in the kernel; no real device is involved.
 *
 * Return: number of cases that did not pass, or an errno: -ENOENT without any case
 * (BX_FAULT_REJECTED), -EINVAL for an invalid case (BX_FAULT_REJECTED),
 * and as of bx_bundle_apply().
 */
int bx_bundle_test(struct bx_bundle *bundle, bx_case_fn fn, void *arg);

/* ---- installed bundles ---- */

/**
 * enum bx_mode - mode of a bundle
 * @BX_MODE_KEEP: the current mode; the vendor's, for a new bundle
 * @BX_MODE_ENFORCE: its decisions are applied
 * @BX_MODE_SHADOW: its decisions are only counted and compared
 */
enum bx_mode {
	BX_MODE_KEEP,
	BX_MODE_ENFORCE,
	BX_MODE_SHADOW,
};

/**
 * enum bx_install_flags - flags for installing, beside enum bx_bundle_flags
 * @BX_INSTALL_OFFLINE: change only the disk, for the next boot, and not the kernel
 * @BX_INSTALL_DOWNGRADE: allow a lower version, or other files of the same version
 * @BX_INSTALL_CHANGE_SIGNER: allow a bundle of another signer, or without a signature
 * @BX_INSTALL_FAIL_CLOSED: an ejection quarantines the bundle's policies
 *	(BX_F_FAIL_CLOSED); kept by upgrades, until the bundle is removed
 * @BX_INSTALL_REBIND: bx_boot() rebinds devices that were bound before, unless they are in
 *	use; kept by upgrades.  bx_rebind_all() does so now.
 * @BX_INSTALL_NO_REBIND: bx_boot() does not any more
 */
enum bx_install_flags {
	BX_INSTALL_OFFLINE		= 1 << 8,
	BX_INSTALL_DOWNGRADE		= 1 << 9,
	BX_INSTALL_CHANGE_SIGNER	= 1 << 10,
	BX_INSTALL_FAIL_CLOSED		= 1 << 11,
	BX_INSTALL_REBIND		= 1 << 12,
	BX_INSTALL_NO_REBIND		= 1 << 13,
};

/**
 * enum bx_deed - outcome of a change
 * @BX_UNCHANGED: nothing: exactly this bundle is already installed
 * @BX_INSTALLED: installed a bundle
 * @BX_UNCHANGED_CANARY: nothing: exactly this bundle is already the canary
 * @BX_UPGRADED: made another version the current one
 * @BX_CANARY: activated another version in shadow mode, beside the enforced one
 * @BX_CANARY_DROPPED: deactivated the version in shadow mode beside the enforced one
 * @BX_ROLLED_BACK: made a kept generation the current one
 * @BX_ENABLED: enabled it
 * @BX_DISABLED: disabled it
 * @BX_SHADOWED: set it to shadow mode
 * @BX_ENFORCED: enforced it
 * @BX_REMOVED: removed it
 */
enum bx_deed {
	BX_UNCHANGED,
	BX_UNCHANGED_CANARY,
	BX_INSTALLED,
	BX_UPGRADED,
	BX_CANARY,
	BX_CANARY_DROPPED,
	BX_ROLLED_BACK,
	BX_ENABLED,
	BX_DISABLED,
	BX_SHADOWED,
	BX_ENFORCED,
	BX_REMOVED,
};

/**
 * struct bx_done - a change of an installed bundle that succeeded
 * @deed: the outcome
 * @name: the bundle
 * @version: the current version; with BX_CANARY, the version of the canary; for a removed
 *	bundle, its last version; empty when it is not known
 * @generation: its number; 0 when it is not known
 * @signer: its signer; empty when it is not signed
 * @fingerprint: SHA-256 of the signer's certificate, in hexadecimal
 */
struct bx_done {
	enum bx_deed	deed;
	char		name[BX_NAME_LEN];
	char		version[40];
	unsigned int	generation;
	char		signer[256];
	char		fingerprint[65];
};

/**
 * struct bx_install_opts - options for changing an installed bundle; zero means the default
 * @set: settings, NAME=VALUE, kept with the generation
 * @nr_set: number of @set
 * @unset: names of settings that were given before; the operator's file or the default
 *	applies again
 * @nr_unset: number of @unset
 * @flags: BX_BUNDLE_UNSIGNED, enum bx_install_flags
 * @mode: enum bx_mode
 * @done: takes the outcome of a change that succeeded; may be NULL
 *
 * Each function uses the options that it lists.  NULL instead of the options selects the
 * defaults.
 */
struct bx_install_opts {
	const char *const	*set;
	unsigned int		nr_set;
	const char *const	*unset;
	unsigned int		nr_unset;
	unsigned int		flags;
	enum bx_mode		mode;
	struct bx_done		*done;
};

/**
 * bx_install() - install a bundle, enable it, and activate it
 * @handle: the handle
 * @path: a directory or an archive; a word without a slash, and without the end ".zst",
 *	is the name of a bundle that a package installed, and never that of a directory
 * @opts: options: settings, BX_BUNDLE_UNSIGNED, BX_INSTALL_OFFLINE, the mode
 * @fn: called for each policy, once all of them are active
 * @arg: second argument of @fn
 *
 * All of it, or nothing: if it fails, or the process dies, the active policies and the
 * installed bundles are as before, at the latest after the next command.  The same is true
 * of the functions below; if the disk fails after the kernel has changed, the message
 * describes the state.
 *
 * A bundle of a package needs no signature if only root can write its files.
 *
 * Return: 0; an errno as of bx_bundle_open(), bx_bundle_check() and bx_bundle_apply();
 * -EEXIST when it is already installed, or another bundle has a policy of the same name,
 * or such a policy was applied without a bundle (BX_FAULT_CONFLICT).
 */
int bx_install(struct bx_handle *handle, const char *path,
	       const struct bx_install_opts *opts, bx_applied_fn fn, void *arg);

/**
 * bx_upgrade() - install another version of a bundle that is installed
 * @handle: the handle
 * @path: as with bx_install()
 * @opts: options: as bx_install(), BX_INSTALL_DOWNGRADE, BX_INSTALL_CHANGE_SIGNER,
 *	settings to unset
 * @fn: called for each activated or deactivated policy
 * @arg: second argument of @fn
 *
 * An enforced bundle gets a canary with BX_MODE_SHADOW: the new version is in shadow mode
 * beside the current one, which does not change.  It replaces any earlier canary.
 *
 * An enabled bundle changes in one step, which also deactivates the policies that the new
 * version does not have.  The previous version is kept.  Settings that were given before
 * are kept unless the new version does not allow them.
 *
 * Without flags, the version must be higher, its signer the same, and the deactivated
 * policies in the signer's scope.  Does nothing when exactly this bundle, with the same
 * settings and mode, is installed.
 *
 * Return: as bx_install(); -ENOENT when it is not installed, -EPERM when a flag is missing
 * (BX_FAULT_REJECTED).
 */
int bx_upgrade(struct bx_handle *handle, const char *path,
	       const struct bx_install_opts *opts, bx_applied_fn fn, void *arg);

/**
 * bx_rollback() - return to a kept generation of a bundle
 * @handle: the handle
 * @name: the bundle
 * @number: the generation; 0 for the previous one
 * @opts: options: BX_INSTALL_OFFLINE
 * @fn: called for each activated or deactivated policy
 * @arg: second argument of @fn
 *
 * Drops the canary, if there is one; without a number, changes nothing else then.
 *
 * The generation's files must be unchanged, and its signer must be trusted now.
 *
 * Return: as bx_upgrade(); -ENOENT when the generation is not found; -EBADMSG when its
 * files have changed, -EKEYREJECTED when its signer is no longer trusted
 * (BX_FAULT_REJECTED).
 */
int bx_rollback(struct bx_handle *handle, const char *name, unsigned int number,
		const struct bx_install_opts *opts, bx_applied_fn fn, void *arg);

/**
 * bx_enable() - activate a bundle, now and at each boot
 * @handle: the handle
 * @name: the bundle
 * @opts: options: settings to set and unset, which are kept; BX_INSTALL_OFFLINE,
 *	BX_INSTALL_REBIND, BX_INSTALL_NO_REBIND
 * @fn: called for each policy, once all of them are active
 * @arg: second argument of @fn
 *
 * Also applies changed settings of the operator to a bundle that is already enabled.
 *
 * Return: as bx_rollback().
 */
int bx_enable(struct bx_handle *handle, const char *name,
	      const struct bx_install_opts *opts, bx_applied_fn fn, void *arg);

/**
 * bx_disable() - deactivate a bundle, which stays installed
 * @handle: the handle
 * @name: the bundle
 * @opts: options: BX_INSTALL_OFFLINE
 * @fn: called for each deactivated policy
 * @arg: second argument of @fn
 *
 * Also works when the disk is full or read-only: the policies are deactivated, and the
 * error describes the state on disk.
 *
 * Return: 0; -ENOENT when it is not installed (BX_FAULT_REJECTED); as bx_detach().
 */
int bx_disable(struct bx_handle *handle, const char *name,
	       const struct bx_install_opts *opts, bx_applied_fn fn, void *arg);

/**
 * bx_set_mode() - set the mode of a bundle, or enforce its canary
 * @handle: the handle
 * @name: the bundle
 * @opts: options: the mode, BX_INSTALL_OFFLINE
 * @fn: called for each policy, once all of them are active
 * @arg: second argument of @fn
 *
 * If the bundle has a canary, BX_MODE_ENFORCE makes the canary the current generation, in
 * one step; BX_MODE_SHADOW drops it.
 *
 * Return: as bx_rollback(); -EINVAL when its vendor built it for shadow mode
 * (BX_FAULT_REJECTED).
 */
int bx_set_mode(struct bx_handle *handle, const char *name,
		const struct bx_install_opts *opts, bx_applied_fn fn, void *arg);

/**
 * bx_remove() - deactivate a bundle and remove it from the disk
 * @handle: the handle
 * @name: the bundle
 * @opts: options: BX_INSTALL_OFFLINE
 * @fn: called for each deactivated policy
 * @arg: second argument of @fn
 *
 * Also works when the bundle's state cannot be read, and as bx_disable() when the disk is
 * full or read-only.
 *
 * Return: as bx_disable().
 */
int bx_remove(struct bx_handle *handle, const char *name,
	      const struct bx_install_opts *opts, bx_applied_fn fn, void *arg);

/**
 * struct bx_canary - the version of a bundle in shadow mode beside the enforced one
 * @version: its version
 * @signer: its signer; NULL when it is not signed
 * @generation: its number
 * @policies: number of its policies
 * @active: number of its active policies
 * @current: the active policies, settings and mode are exactly the installed ones
 * @diverged: number of decisions that its policies would have made differently
 * @ejection: the last ejection of one of its policies; NULL when there was none
 * @problem: why it cannot be activated
 */
struct bx_canary {
	const char			*version;
	const char			*signer;
	unsigned int			generation;
	unsigned int			policies;
	unsigned int			active;
	bool				current;
	unsigned long long		diverged;
	const struct bx_exit_info	*ejection;
	struct bx_problem		problem;
};

/**
 * struct bx_installed - an installed bundle
 * @name: the bundle
 * @version: current version; NULL when there is none
 * @signer: signer of that version; NULL when it is not signed
 * @generation: number of the current generation
 * @generations: number of generations that are kept
 * @enabled: it must be active, now and at each boot
 * @shadow: in shadow mode
 * @rebind: devices that were bound before are rebound at boot
 * @interrupted: a change was interrupted; the next command recovers
 * @current: the active policies, settings and mode are exactly the installed ones
 * @policies: number of its policies
 * @active: number of its active policies
 * @hits: decisions and vetoes of its policies, and calls that they handled
 * @diverged: number of decisions that they would have made differently, in shadow mode
 * @ejection: the last ejection of one of its policies; NULL when there was none
 * @unreadable: its state cannot be read
 * @problem: why its state cannot be read, or why it cannot be activated: its files have
 *	changed, its signer is no longer trusted, a setting is not valid; else NULL
 * @canary: another version of it, in shadow mode; NULL when there is none
 */
struct bx_installed {
	const char			*name;
	const char			*version;
	const char			*signer;
	unsigned int			generation;
	unsigned int			generations;
	bool				enabled;
	bool				shadow;
	bool				rebind;
	bool				interrupted;
	bool				current;
	unsigned int			policies;
	unsigned int			active;
	unsigned long long		hits;
	unsigned long long		diverged;
	const struct bx_exit_info	*ejection;
	bool				unreadable;
	struct bx_problem		problem;
	const struct bx_canary		*canary;
};

typedef int (*bx_installed_fn)(const struct bx_installed *installed, void *arg);

/**
 * bx_list_installed() - list the installed bundles, by name
 * @handle: the handle
 * @fn: called for each; stops when it returns other than 0
 * @arg: second argument of @fn
 *
 * Return: 0, what @fn returned, or a negative errno.
 */
int bx_list_installed(struct bx_handle *handle, bx_installed_fn fn, void *arg);

/**
 * struct bx_checked - a generation of an installed bundle that was checked
 * @name: the bundle
 * @version: its version; NULL when the bundle's state cannot be read
 * @generation: its number
 * @signer: its signer; NULL when it is not signed
 * @current: it is the current one
 * @canary: it is the version in shadow mode beside the current one
 * @problem: description of its problem; NULL when its files are unchanged, its signer is
 *	trusted, and, for the current one and the canary, its settings are valid
 */
struct bx_checked {
	const char	*name;
	const char	*version;
	unsigned int	generation;
	const char	*signer;
	bool		current;
	bool		canary;
	struct bx_problem	problem;
};

typedef void (*bx_checked_fn)(const struct bx_checked *checked, void *arg);

/**
 * bx_check_installed() - check installed bundles: digests, signatures, keys, settings
 * @handle: the handle
 * @name: the bundle; NULL for all
 * @fn: called for each generation
 * @arg: second argument of @fn
 *
 * Needs no kernel.  Certificates that have expired since are not a problem.
 *
 * Return: number of problems, or a negative errno: -ENOENT when @name is not installed
 * (BX_FAULT_REJECTED).
 */
int bx_check_installed(struct bx_handle *handle, const char *name,
		       bx_checked_fn fn, void *arg);

/**
 * struct bx_booted - the outcome of bx_boot() for a bundle
 * @name: the bundle
 * @version: its version; NULL when it is not known
 * @generation: its number
 * @shadow: in shadow mode
 * @canary: it is the version in shadow mode beside the enforced one
 * @already: it was active before
 * @removed: it is not enabled and was deactivated: the initramfs is older
 * @rebound: number of devices that were bound before and were rebound (BX_INSTALL_REBIND)
 * @not_rebound: number of those that were not: they are in use, or it failed; a note has the
 *	reason of each
 * @error: why it could not be activated or deactivated; NULL on success
 */
struct bx_booted {
	const char	*name;
	const char	*version;
	unsigned int	generation;
	bool		shadow;
	bool		canary;
	bool		already;
	bool		removed;
	unsigned int	rebound;
	unsigned int	not_rebound;
	struct bx_problem	error;
};

typedef void (*bx_booted_fn)(const struct bx_booted *booted, void *arg);

/**
 * bx_boot() - activate all enabled bundles
 * @handle: the handle
 * @fn: called for each bundle
 * @arg: second argument of @fn
 *
 * Loads the module and mounts the BPF file system, if necessary; does nothing when the
 * kernel was started with bus_ext=off.  A bundle that fails does not affect the others.
 * Deactivates the policies of bundles that are not enabled.  For bundles with
 * BX_INSTALL_REBIND, rebinds devices that were bound before, as bx_rebind_all().
 *
 * Return: number of bundles that failed or have devices that were not rebound, or a negative
 * errno: -ENOENT when there is no module for this kernel (BX_FAULT_KERNEL).
 */
int bx_boot(struct bx_handle *handle, bx_booted_fn fn, void *arg);

/**
 * enum bx_need - kind of a requirement of bx_boot()
 * @BX_NEED_FILE: a file
 * @BX_NEED_MODULE: a kernel module, also that of a driver
 */
enum bx_need {
	BX_NEED_FILE,
	BX_NEED_MODULE,
};

typedef void (*bx_need_fn)(enum bx_need kind, const char *what, void *arg);

/**
 * bx_list_needs() - list the files and modules that bx_boot() needs in an initramfs
 * @handle: the handle
 * @fn: called for each; not called when no bundle is enabled
 * @arg: second argument of @fn
 *
 * Return: 0 or a negative errno.
 */
int bx_list_needs(struct bx_handle *handle, bx_need_fn fn, void *arg);

/**
 * struct bx_detached - a policy or hook that bx_detach() removed
 * @kind: policy or hook
 * @name: its name
 * @stale: only its pins were left
 */
struct bx_detached {
	enum bx_item_kind	kind;
	char			name[BX_DEV_NAME_LEN];
	bool			stale;
};

/**
 * bx_detach() - deactivate a policy or hook
 * @handle: the handle
 * @name: name of a policy, NAME@shadow for the one in shadow mode; else of a hook's program
 * @out: takes the removed policy or hook; may be NULL
 *
 * NAME also selects the policy in shadow mode if no policy of that name is enforced.
 *
 * Also detaches a policy or hook that another program attached.  Returns after the kernel has
 * done all work that detaching it caused, and after the policy is no longer in its list.
 *
 * Return: 0; -ENOENT when no policy and no hook has that name; -ETIMEDOUT (as
 * bx_apply()); -EBUSY when it is still attached (BX_FAULT_STATE).
 */
int bx_detach(struct bx_handle *handle, const char *name,
	      struct bx_detached *out);

/**
 * struct bx_pin - a policy or hook that is pinned below the pin directory, or another hook
 * @kind: policy or hook
 * @name: its name; of a hook elsewhere, the first 15 characters of it
 * @live: its link is attached
 * @elsewhere: a hook that is not pinned there: another program has attached it
 * @link_id: id of its link, 0 when the link cannot be opened
 */
struct bx_pin {
	enum bx_item_kind	kind;
	char			name[BX_DEV_NAME_LEN];
	bool			live;
	bool			elsewhere;
	__u32			link_id;
};

/* The functions below stop when @fn returns other than 0, and return that. */
typedef int (*bx_pin_fn)(const struct bx_pin *pin, void *arg);
typedef int (*bx_device_fn)(const struct bx_device_rec *rec, void *arg);
typedef int (*bx_driver_fn)(const struct bx_driver_rec *rec, void *arg);
typedef int (*bx_policy_fn)(const struct bx_policy_rec *rec, void *arg);
typedef int (*bx_exit_fn)(const struct bx_exit_info *rec, void *arg);
typedef int (*bx_fact_fn)(const struct bx_fact_rec *rec, void *arg);
typedef int (*bx_opinion_fn)(const struct bx_opinion *rec, void *arg);

/**
 * bx_list_pins() - list the pinned policies and hooks, by name, then all other hooks
 * @handle: the handle
 * @fn: called for each
 * @arg: second argument of @fn
 *
 * Return: 0, what @fn returned, or a negative errno.
 */
int bx_list_pins(struct bx_handle *handle, bx_pin_fn fn, void *arg);

/**
 * bx_exit_kind_text() - describe the reason of a policy's end
 * @kind: enum bx_exit_kind
 *
 * Return: a phrase that follows "it was ejected: ".
 */
const char *bx_exit_kind_text(__u32 kind);

/**
 * bx_decider_text() - name the decider of an election
 * @by: enum bx_decider
 *
 * Return: "select", "kernel" and so on; "unknown" for another number.
 */
const char *bx_decider_text(__u32 by);

/**
 * bx_is_quarantined() - tell whether a policy is quarantined
 * @rec: its record
 *
 * Return: true if it was ejected, and refuses devices until it is detached or replaced
 * (BX_F_FAIL_CLOSED).
 */
bool bx_is_quarantined(const struct bx_policy_rec *rec);

/**
 * bx_outcome_text() - name the outcome of an election
 * @outcome: enum bx_outcome
 *
 * Return: "driver", "refused" and so on; "unknown" for another number.
 */
const char *bx_outcome_text(__u32 outcome);

/**
 * bx_fact_text() - name a fact
 * @fact: enum bx_fact
 *
 * Return: "path", "serial" and so on; "unknown" for another number.
 */
const char *bx_fact_text(__u32 fact);

/**
 * bx_fact_is_machine() - check whether a fact is one of the machine
 * @fact: enum bx_fact
 *
 * Return: true if all devices have the same text: "dmi.sys_vendor" and the like, "boot".
 */
bool bx_fact_is_machine(__u32 fact);

/**
 * bx_verdict_text() - name the verdict of a policy on a call
 * @verdict: what its call() returned
 *
 * Return: "pass", "deny", "handled" or "redirect".
 */
const char *bx_verdict_text(__s32 verdict);

/* ---- devices ---- */

/**
 * bx_list_devices() - list the devices of bus_ext's own buses and of adopted ones
 * @handle: the handle
 * @fn: called for each, bus by bus
 * @arg: second argument of @fn
 *
 * The list is complete before the first call.
 *
 * Return: 0, what @fn returned, or a negative errno: -ENOENT
 * (BX_FAULT_KERNEL), -EPERM (BX_FAULT_PERMISSION), -ENOBUFS when there are
 * more records than the largest ring holds.
 */
int bx_list_devices(struct bx_handle *handle, bx_device_fn fn, void *arg);

/**
 * bx_list_decided() - list devices with what is decided on them now
 * @handle: the handle
 * @fn: called for each, bus by bus
 * @arg: second argument of @fn
 *
 * As bx_list_devices(), but a bound device in scope of an active policy is tried: if the
 * result is not the bound driver, the decision in its record is that of the trial, which has
 * no generation.  So devices are found that were bound before the policy, or before another
 * version of it; bx_is_bound_before() tells them.  A decision has no policy_id if its policy
 * was detached.
 *
 * Return: as bx_list_devices().
 */
int bx_list_decided(struct bx_handle *handle, bx_device_fn fn, void *arg);

/**
 * bx_is_as_decided() - tell whether a device has the driver that is decided
 * @rec: its record
 *
 * Return: true if the bound driver is the elected one, none is bound while the device waits
 * or is refused, or no policy has decided.
 */
bool bx_is_as_decided(const struct bx_device_rec *rec);

/**
 * bx_is_bound_before() - tell whether a device was bound before the policy that decides
 * @rec: its record, of bx_list_decided()
 *
 * Return: true if it has another driver than the decided one, for that reason.
 */
bool bx_is_bound_before(const struct bx_device_rec *rec);

/**
 * bx_set_decision() - put the result of an explanation into a device's record
 * @rec: the record
 * @decision: the last opinion of bx_list_opinions(), BX_OPN_DECISION
 */
void bx_set_decision(struct bx_device_rec *rec, const struct bx_opinion *decision);

/**
 * bx_list_drivers() - list the drivers of the same buses
 * @handle: the handle
 * @fn: called for each, bus by bus
 * @arg: second argument of @fn
 *
 * Return: as bx_list_devices().
 */
int bx_list_drivers(struct bx_handle *handle, bx_driver_fn fn, void *arg);

/**
 * bx_list_policies() - list the attached policies
 * @handle: the handle
 * @fn: called for each, bus by bus, in order of authority
 * @arg: second argument of @fn
 *
 * Return: as bx_list_devices().
 */
int bx_list_policies(struct bx_handle *handle, bx_policy_fn fn, void *arg);

/**
 * bx_list_exits() - list the last ejections, oldest first
 * @handle: the handle
 * @fn: called for each
 * @arg: second argument of @fn
 *
 * Return: as bx_list_devices().
 */
int bx_list_exits(struct bx_handle *handle, bx_exit_fn fn, void *arg);

/**
 * bx_clear_exits() - clear the list of ejections
 * @handle: the handle
 *
 * Quarantined policies stay so, and the kernel still counts the ejections.
 *
 * Return: 0; -ENOENT when bus_ext is not loaded (BX_FAULT_KERNEL); -EPERM or -EACCES
 * without CAP_SYS_ADMIN (BX_FAULT_PERMISSION).
 */
int bx_clear_exits(struct bx_handle *handle);

/**
 * bx_list_facts() - read the facts of a device
 * @handle: the handle
 * @ref: the device
 * @fn: called for each that the device has, or that could not be read
 * @arg: second argument of @fn
 *
 * Reads from the device, and runs methods of the firmware.
 *
 * Return: as bx_list_devices(); -ENODEV and -ENOTUNIQ as bx_get_device().
 */
int bx_list_facts(struct bx_handle *handle, const struct bx_devref *ref,
		  bx_fact_fn fn, void *arg);

/**
 * bx_list_opinions() - hold a trial election of a device and list the opinions
 * @handle: the handle
 * @ref: the device
 * @fn: called for each opinion, in order of authority; the decision is last
 * @arg: second argument of @fn
 *
 * Return: as bx_list_devices(); -ENODEV and -ENOTUNIQ as bx_get_device().
 */
int bx_list_opinions(struct bx_handle *handle, const struct bx_devref *ref,
		     bx_opinion_fn fn, void *arg);

/**
 * bx_policy_key() - make the key of a policy, which is unique in a kernel
 * @buf: takes the key, BX_SHOWN_LEN bytes
 * @name: the policy
 * @flags: enum bx_policy_flags
 *
 * The key is NAME, and NAME@shadow in shadow mode, since an enforced policy and one in
 * shadow mode may have the same name.  Pins and directories in sysfs are named after it.
 *
 * Return: @buf.
 */
const char *bx_policy_key(char *buf, const char *name, __u64 flags);

/**
 * bx_parse_device() - parse the name of a device
 * @handle: the handle
 * @text: BUS/NAME, NAME, or a GUID
 * @bus: bus to use when @text has none; may be NULL
 * @ref: takes the name
 *
 * Return: 0, or -EINVAL when a part is empty or too long (BX_FAULT_USAGE).
 */
int bx_parse_device(struct bx_handle *handle, const char *text,
		    const char *bus, struct bx_devref *ref);

/**
 * bx_get_device() - find one device
 * @handle: the handle
 * @ref: its name; an empty bus is filled in
 * @rec: takes its record
 *
 * Return: 0; -ENODEV when it is not found; -ENOTUNIQ when several buses have a
 * device of that name (BX_FAULT_USAGE, the message lists them).
 */
int bx_get_device(struct bx_handle *handle, struct bx_devref *ref,
		  struct bx_device_rec *rec);

/**
 * enum bx_source_kind - what is known of a driver on this machine; the more, the lower
 * @BX_SOURCE_REGISTERED: it is registered
 * @BX_SOURCE_LOADABLE: a module that is not loaded has it: one to which the alias
 *	"bus_ext:BUS:DRIVER" leads, or one of its name that claims the device
 * @BX_SOURCE_BLACKLISTED: the same, but modprobe's blacklist has the module
 * @BX_SOURCE_POSSIBLE: a module of another name that claims the device is not loaded: it may
 *	have the driver
 * @BX_SOURCE_NO_ALIAS: a module of its name is not loaded, but neither the alias nor the
 *	device leads to it, so bus_ext does not load it
 * @BX_SOURCE_NONE: none of these
 */
enum bx_source_kind {
	BX_SOURCE_REGISTERED,
	BX_SOURCE_LOADABLE,
	BX_SOURCE_BLACKLISTED,
	BX_SOURCE_POSSIBLE,
	BX_SOURCE_NO_ALIAS,
	BX_SOURCE_NONE,
};

/**
 * struct bx_driver_source - where a driver is, or would come from
 * @kind: what is known
 * @driver: the driver
 * @module: the module; empty for a driver in the kernel image, and with BX_SOURCE_NONE
 * @alias: the alias that bus_ext asks modprobe for
 */
struct bx_driver_source {
	enum bx_source_kind	kind;
	char			driver[BX_NAME_LEN];
	char			module[64];
	char			alias[2 * BX_NAME_LEN + 16];
};

/**
 * bx_find_driver() - find out whether a driver is registered, or can be loaded for a device
 * @handle: the handle
 * @dev: the device
 * @driver: name of the driver
 * @source: takes the result
 *
 * Loads nothing.  Names of modules and drivers are compared with '-' and '_' equal.
 */
void bx_find_driver(struct bx_handle *handle, const struct bx_dev_info *dev,
		    const char *driver, struct bx_driver_source *source);

/**
 * bx_is_module_of() - compare the names of a module and a driver
 * @module: the module
 * @driver: the driver
 *
 * Return: true if they are the same, with '-' and '_' equal.
 */
bool bx_is_module_of(const char *module, const char *driver);

/**
 * bx_source_kind_text() - name what is known of a driver
 * @kind: what is known
 *
 * Return: "registered", "loadable" and so on.
 */
const char *bx_source_kind_text(enum bx_source_kind kind);

/* BX_SOURCE_LEN - size of a text that describes where a driver is, in bytes */
#define BX_SOURCE_LEN	320

/**
 * bx_driver_source_text() - describe where a driver is
 * @buf: takes the text
 * @size: size of @buf in bytes: BX_SOURCE_LEN is enough
 * @source: from bx_find_driver()
 *
 * Return: @buf: "not registered; module vfio_pci can be loaded for it".
 */
const char *bx_driver_source_text(char *buf, size_t size,
				  const struct bx_driver_source *source);

/** BX_FINGERPRINT_LEN - digits of a device's fingerprint, with the NUL */
#define BX_FINGERPRINT_LEN	65

/**
 * struct bx_approval - a device that is approved, or waits for it
 * @bundle: the installed bundle whose setting 'approved' has, or would take, the fingerprint;
 *	empty: the list of the machine, of rules with until=approved
 * @fingerprint: of the device
 * @approved: it is in the list
 * @changed: the operation has changed the list
 * @there: the device is there, with @device and the facts below
 * @device: its record
 * @manufacturer: fact, empty if the device lacks it, as those below
 * @product: fact
 * @serial: fact
 * @interfaces: fact
 */
struct bx_approval {
	char			bundle[BX_NAME_LEN];
	char			fingerprint[BX_FINGERPRINT_LEN];
	bool			approved;
	bool			changed;
	bool			there;
	struct bx_device_rec	device;
	char			manufacturer[BX_FACT_LEN];
	char			product[BX_FACT_LEN];
	char			serial[BX_FACT_LEN];
	char			interfaces[BX_FACT_LEN];
};

typedef int (*bx_approval_fn)(const struct bx_approval *approval, void *arg);

/**
 * bx_approve() - approve a device that a policy refuses until then
 * @handle: the handle
 * @ref: the device; an empty bus is filled in
 * @expected: the fingerprint that it must have, or NULL
 * @done: takes the approval
 *
 * Adds the device's fingerprint to the list setting 'approved' of the enabled bundle whose
 * policy has refused the device, or whose claims include it, and activates the bundle, as
 * bx_enable(); or to the list of the machine, if one of its rules with until=approved has
 * refused the device, and activates the rules.  The device is elected again.
 *
 * Return: 0, also if it was approved already; -ENODEV and -ENOTUNIQ as bx_get_device();
 * -EKEYREJECTED for another fingerprint than @expected (BX_FAULT_STATE); -ENODATA if the
 * device has none, -ENOENT without such a bundle (both BX_FAULT_REJECTED); -ENODEV or -EPERM
 * if the device has gone or is still refused afterwards (BX_FAULT_STATE), but its fingerprint
 * is approved; as bx_enable(), and then nothing has changed.
 */
int bx_approve(struct bx_handle *handle, struct bx_devref *ref, const char *expected,
	       struct bx_approval *done);

/**
 * bx_revoke() - end the approval of a fingerprint
 * @handle: the handle
 * @ref: the device that has it; unused with @fingerprint
 * @fingerprint: the fingerprint, or NULL
 * @done: takes the result
 *
 * A bound device keeps its driver until it is rebound or removed.
 *
 * Return: 0, also if it was not approved; an errno as bx_approve().
 */
int bx_revoke(struct bx_handle *handle, struct bx_devref *ref, const char *fingerprint,
	      struct bx_approval *done);

/**
 * bx_list_approvals() - list approvals, and the devices that wait for one
 * @handle: the handle
 * @fn: called for each approved fingerprint, with each device that has it, and for each
 *	device that is refused and can be approved
 * @arg: second argument of @fn
 *
 * Reads the facts of all devices on usb and pci.
 *
 * Return: 0, what @fn returned, or a negative errno as of bx_list_devices().
 */
int bx_list_approvals(struct bx_handle *handle, bx_approval_fn fn, void *arg);

/* Returns whether the device is refused and bx_approve() would change that. */
bool bx_is_approvable(struct bx_handle *handle, const struct bx_device_rec *rec);

typedef int (*bx_holder_fn)(const struct bx_holder *holder, void *arg);

struct bx_usage;

/**
 * bx_holder_kind_text() - name the kind of a use
 * @kind: enum bx_holder_kind
 *
 * Return: "mount", "process" and so on.
 */
const char *bx_holder_kind_text(enum bx_holder_kind kind);

/**
 * bx_holder_text() - describe a use
 * @buf: takes the text
 * @size: size of @buf in bytes
 * @holder: the use
 *
 * Return: @buf: "/dev/nvme0n1p1 is mounted on '/srv'".
 */
const char *bx_holder_text(char *buf, size_t size,
			   const struct bx_holder *holder);

/**
 * bx_list_holders() - list what would lose a device if its driver was unbound
 * @handle: the handle
 * @ref: the device
 * @fn: called for each use; stops when it returns other than 0
 * @arg: second argument of @fn
 *
 * Looks at the device, at all devices below it in sysfs, and at its virtual functions.  The
 * devices behind a PCI bridge are not below it: they keep their drivers.
 *
 * Return: 0, what @fn returned, or a negative errno: -EACCES when the open files of a
 * process cannot be read (BX_FAULT_PERMISSION).
 */
int bx_list_holders(struct bx_handle *handle, const struct bx_devref *ref,
		    bx_holder_fn fn, void *arg);

/**
 * bx_usage_read() - read the uses of all devices, for bx_usage_list()
 * @handle: the handle, which must outlive @usage
 * @usage: takes them, for bx_usage_free(); NULL after an error
 *
 * Reads the mounts and open files of all processes: once for many devices.
 *
 * Return: as bx_list_holders().
 */
int bx_usage_read(struct bx_handle *handle, struct bx_usage **usage);

/**
 * bx_usage_list() - list what would lose a device if its driver was unbound
 * @usage: from bx_usage_read()
 * @ref: the device
 * @fn: as of bx_list_holders()
 * @arg: second argument of @fn
 *
 * Return: as bx_list_holders().
 */
int bx_usage_list(struct bx_usage *usage, const struct bx_devref *ref, bx_holder_fn fn,
		  void *arg);

/* bx_usage_free() - free what bx_usage_read() has read; NULL is allowed */
void bx_usage_free(struct bx_usage *usage);

/**
 * bx_set_override() - set or remove the administrator's override of a device
 * @handle: the handle
 * @ref: the device; an empty bus is filled in
 * @driver: the only driver that gets it; BX_OVERRIDE_NONE for no driver; NULL to remove
 *	the override
 *
 * It is above all policies, and binds and unbinds nothing itself: see bx_rebind().  It is
 * driver_override where the bus has that; else it ends when the device is removed.
 *
 * Return: 0; those of bx_get_device(); -EINVAL when @driver is not a driver's name
 * (BX_FAULT_USAGE); -EACCES, -EPERM (BX_FAULT_PERMISSION).
 */
int bx_set_override(struct bx_handle *handle, struct bx_devref *ref, const char *driver);

/** BX_GUID_LEN - a GUID as text, with the NUL */
#define BX_GUID_LEN	37

/**
 * bx_guid_text() - write a GUID as the kernel does, which is the name of such a device
 * @buf: takes the text
 * @guid: the GUID, as in struct bx_dev_info
 *
 * Return: @buf; empty if the GUID is all zero.
 */
char *bx_guid_text(char buf[BX_GUID_LEN], const __u8 guid[16]);

/**
 * struct bx_type_about - a type of devices that a parent creates on request
 * @parent: name of the parent
 * @name: its name
 * @title: a short text for people
 * @description: a longer one; empty if there is none
 * @contract: name of the contract of its devices
 * @settings: their settings, a line each: NAME KIND MIN MAX LIVE INITIAL, where KIND is
 *	number, bool or text, MIN and MAX are of the number or of the length of the text,
 *	LIVE is 1 if it can be changed while a driver is bound, and INITIAL may be empty
 * @available: devices of it that can still be created
 * @devices: its devices
 */
struct bx_type_about {
	char		parent[BX_DEV_NAME_LEN];
	char		name[BX_NAME_LEN];
	char		title[128];
	char		description[256];
	char		contract[BX_NAME_LEN];
	char		settings[4096];
	unsigned int	available;
	unsigned int	devices;
};

typedef int (*bx_type_fn)(const struct bx_type_about *type, void *arg);

/**
 * bx_list_types() - list the types of parents
 * @handle: the handle
 * @parent: only of this parent; NULL for all
 * @fn: called for each, in order of their names
 * @arg: second argument of @fn
 *
 * Return: 0, what @fn returned, or a negative errno; -ENOENT when bus_ext is not loaded
 * (BX_FAULT_KERNEL).
 */
int bx_list_types(struct bx_handle *handle, const char *parent, bx_type_fn fn, void *arg);

/**
 * struct bx_new_device - a device to be created
 * @parent: name of its parent
 * @type: name of its type
 * @guid: its GUID; NULL for a new random one
 * @settings: values of its settings, "NAME=VALUE"
 * @nr_settings: number of @settings
 */
struct bx_new_device {
	const char		*parent;
	const char		*type;
	const char		*guid;
	const char *const	*settings;
	unsigned int		nr_settings;
};

/**
 * bx_create_device() - create a device
 * @handle: the handle
 * @new: what to create
 * @rec: takes its record, with the driver that was bound, or the decision
 *
 * Return: 0, also if no driver was bound; -ENOENT for an unknown parent, type or setting, and
 * -EINVAL for a text that is not a GUID (BX_FAULT_USAGE); -EEXIST if the GUID is in use
 * (BX_FAULT_CONFLICT); -EUSERS without capacity; -ENODEV if the parent is being removed; the
 * errno of a policy or of the parent; -EACCES, -EPERM (BX_FAULT_PERMISSION).
 */
int bx_create_device(struct bx_handle *handle, const struct bx_new_device *new,
		     struct bx_device_rec *rec);

/**
 * struct bx_definition - a device that is created again after each boot
 * @guid: its GUID
 * @device: what is created; @device.guid is @guid
 * @automatic: it is started at boot, and when its parent comes
 */
struct bx_definition {
	char			guid[BX_GUID_LEN];
	struct bx_new_device	device;
	bool			automatic;
};

typedef int (*bx_definition_fn)(const struct bx_definition *definition, void *arg);

/**
 * bx_define_device() - define a device
 * @handle: the handle
 * @new: the device
 * @automatic: start it at boot, and when its parent comes
 * @guid: takes its GUID
 *
 * Writes one file, /etc/bus_ext/devices.d/GUID.yaml, and creates nothing.  Type and
 * settings are checked if the parent is there; else a note says so.
 *
 * Return: 0; -EEXIST if the GUID is defined (BX_FAULT_CONFLICT); those of
 * bx_create_device() for a name that is not valid; -EACCES, -EPERM (BX_FAULT_PERMISSION).
 */
int bx_define_device(struct bx_handle *handle, const struct bx_new_device *new,
		     bool automatic, char guid[BX_GUID_LEN]);

/**
 * bx_undefine_device() - remove the definition of a device
 * @handle: the handle
 * @guid: its GUID
 *
 * A device that was started stays.
 *
 * Return: 0; -ENOENT if it is not defined (BX_FAULT_USAGE); -EACCES, -EPERM.
 */
int bx_undefine_device(struct bx_handle *handle, const char *guid);

/**
 * bx_list_definitions() - list the defined devices
 * @handle: the handle
 * @fn: called for each, in order of their GUIDs
 * @arg: second argument of @fn
 *
 * Return: 0, what @fn returned, or an errno of a file that is not valid, with its line.
 */
int bx_list_definitions(struct bx_handle *handle, bx_definition_fn fn, void *arg);

/**
 * bx_start_device() - create a defined device
 * @handle: the handle
 * @guid: its GUID
 * @rec: takes its record
 *
 * Return: those of bx_create_device(); -ENOENT if it is not defined (BX_FAULT_USAGE).
 */
int bx_start_device(struct bx_handle *handle, const char *guid, struct bx_device_rec *rec);

/**
 * struct bx_started - a device that was started, or could not be
 * @definition: its definition
 * @rec: its record; NULL if it could not be created
 * @problem: the reason then
 */
struct bx_started {
	const struct bx_definition	*definition;
	const struct bx_device_rec	*rec;
	struct bx_problem		problem;
};

typedef void (*bx_started_fn)(const struct bx_started *started, void *arg);

/**
 * bx_start_devices() - create the defined devices that start by themselves
 * @handle: the handle
 * @parent: only of this parent; NULL for all parents that are there
 * @fn: called for each, except those that exist; may be NULL
 * @arg: second argument of @fn
 *
 * Return: the number of devices that could not be created, or an errno.
 */
int bx_start_devices(struct bx_handle *handle, const char *parent, bx_started_fn fn,
		     void *arg);

/**
 * bx_parse_guid() - read a GUID
 * @handle: the handle
 * @text: the text
 * @guid: takes it in lower case
 *
 * Return: 0, or -EINVAL (BX_FAULT_USAGE).
 */
int bx_parse_guid(struct bx_handle *handle, const char *text, char guid[BX_GUID_LEN]);

/**
 * bx_destroy_device() - remove a device that was created on request
 * @handle: the handle
 * @ref: the device; an empty bus is filled in
 *
 * Return: 0; those of bx_get_device(); -EINVAL for a device that only its parent removes
 * (BX_FAULT_USAGE); -EAGAIN while it is being created, -ENODEV; -EACCES, -EPERM
 * (BX_FAULT_PERMISSION).
 */
int bx_destroy_device(struct bx_handle *handle, struct bx_devref *ref);

/**
 * enum bx_rebind_flags - flags of bx_rebind() and bx_rebind_all()
 * @BX_REBIND_FORCE: also if the device is in use
 * @BX_REBIND_DRY_RUN: bx_rebind_all() changes nothing
 */
enum bx_rebind_flags {
	BX_REBIND_FORCE		= 1 << 0,
	BX_REBIND_DRY_RUN	= 1 << 1,
};

/**
 * bx_rebind() - hold a device's election again, and bind the elected driver
 * @handle: the handle
 * @ref: the device; an empty bus is filled in
 * @flags: enum bx_rebind_flags
 * @rec: the device afterwards
 *
 * A device in use keeps its driver, see bx_list_holders().
 *
 * Return: 1 when the driver changed, 0 when it stayed; -ENODEV when the device is
 * not found or was removed; -EBUSY when it would lose its driver and is in use
 * (BX_FAULT_IN_USE); -EAGAIN when the elected driver is not bound (BX_FAULT_STATE);
 * -ETIMEDOUT when it is not done after the timeout (BX_FAULT_STATE; the kernel continues).
 */
int bx_rebind(struct bx_handle *handle, struct bx_devref *ref,
	      unsigned int flags, struct bx_device_rec *rec);

/**
 * enum bx_rebind_result - what bx_rebind_all() did with a device
 * @BX_REBIND_MOVED: it has the decided driver
 * @BX_REBIND_WOULD: it would be moved (BX_REBIND_DRY_RUN)
 * @BX_REBIND_IN_USE: it is in use, and keeps its driver
 * @BX_REBIND_FAILED: it was not moved, or has no driver now
 * @BX_REBIND_GONE: it was removed meanwhile, for example with the driver of its parent
 * @BX_NR_REBINDS: number of results
 */
enum bx_rebind_result {
	BX_REBIND_MOVED,
	BX_REBIND_WOULD,
	BX_REBIND_IN_USE,
	BX_REBIND_FAILED,
	BX_REBIND_GONE,
	BX_NR_REBINDS,
};

/**
 * struct bx_rebound - a device that was not as decided
 * @result: enum bx_rebind_result
 * @before: the device before, with the decision
 * @after: the device afterwards; NULL unless it is known
 * @problem: the reason of BX_REBIND_IN_USE and BX_REBIND_FAILED
 */
struct bx_rebound {
	enum bx_rebind_result		result;
	const struct bx_device_rec	*before;
	const struct bx_device_rec	*after;
	struct bx_problem		problem;
};

typedef void (*bx_rebound_fn)(const struct bx_rebound *rebound, void *arg);

/**
 * struct bx_rebind_opts - options of bx_rebind_all(); zero means the default
 * @policies: names of policies: only devices on which one of them decides
 * @nr_policies: number of @policies; 0 for all devices, unless @bundle is given
 * @bundle: an installed bundle: as its policies in @policies; NULL for none
 * @flags: enum bx_rebind_flags
 * @count: takes the number of devices with each result
 */
struct bx_rebind_opts {
	const char *const	*policies;
	unsigned int		nr_policies;
	const char		*bundle;
	unsigned int		flags;
	unsigned int		count[BX_NR_REBINDS];
};

/**
 * bx_rebind_all() - rebind all devices that are not as decided
 * @handle: the handle
 * @opts: options, and the numbers of devices
 * @fn: called for each device that is not as decided, after it was tried
 * @arg: second argument of @fn
 *
 * Rebinds each device that bx_list_decided() shows with another driver than the decided one,
 * or without the elected one, as bx_rebind().  A device in use keeps its driver, and the
 * others follow.  A parent comes before the devices below it, a physical function before its
 * virtual ones: these may vanish with its driver, and new ones are elected when they are added.
 * Else the order is that of the devices' paths.
 *
 * SIGINT, SIGTERM and SIGHUP are blocked while a device is rebound, and until @fn returns.
 *
 * Return: number of devices that are not as decided: in use, failed, or with
 * BX_REBIND_DRY_RUN those that would be moved; or a negative errno: -ENOENT when a policy is
 * not active, or the bundle not installed (BX_FAULT_USAGE); as bx_list_devices().
 */
int bx_rebind_all(struct bx_handle *handle, struct bx_rebind_opts *opts,
		  bx_rebound_fn fn, void *arg);

/**
 * struct bx_group_member - a device that is in a group with another one
 * @device: the device
 * @self: it is the other one
 * @slot: it is a function of the same PCI card: the same bus and device number
 * @iommu: it is in the same IOMMU group, and not a bridge
 */
struct bx_group_member {
	const struct bx_device_rec	*device;
	bool				self;
	bool				slot;
	bool				iommu;
};

typedef int (*bx_member_fn)(const struct bx_group_member *member, void *arg);

/**
 * bx_list_group() - list the devices that are in a group with a device
 * @handle: the handle
 * @ref: the device; an empty bus is filled in
 * @fn: called for each member, also the device itself; stops when it returns other than 0
 * @arg: second argument of @fn
 *
 * Members are the functions of the same PCI card, and the devices of the same IOMMU group
 * without bridges.  Virtual functions do not count as functions of the card.
 *
 * Return: 0, what @fn returned, or an errno as of bx_get_device() and bx_list_devices().
 */
int bx_list_group(struct bx_handle *handle, struct bx_devref *ref, bx_member_fn fn,
		  void *arg);

/**
 * enum bx_part_state - what becomes of a part of a composite device
 * @BX_PART_USED: the driver of the composite device uses it
 * @BX_PART_FREE: it is there
 * @BX_PART_SPARE: another device is this part; it takes its place when that one leaves
 * @BX_PART_MISSING: the driver waits for it
 */
enum bx_part_state {
	BX_PART_USED,
	BX_PART_FREE,
	BX_PART_SPARE,
	BX_PART_MISSING,
};

/**
 * struct bx_part_info - a part of a composite device
 * @composite: name of the composite device, on bus BX_COMPOSITE_BUS
 * @name: name of the part
 * @state: what becomes of it
 * @device: the device; empty names if it is missing
 * @policy: the policy that has named it; empty if it is missing
 */
struct bx_part_info {
	char			composite[BX_DEV_NAME_LEN];
	char			name[BX_NAME_LEN];
	enum bx_part_state	state;
	struct bx_devref	device;
	char			policy[BX_NAME_LEN];
};

typedef int (*bx_part_fn)(const struct bx_part_info *part, void *arg);

/**
 * bx_list_parts() - list the parts of a composite device, or what a device is a part of
 * @handle: the handle
 * @ref: the device, with its bus
 * @fn: called for each part of a composite device, also for those that are missing; for
 *	another device, with the part that it is, if there is one; stops when it returns other
 *	than 0
 * @arg: second argument of @fn
 *
 * A part that is not there, as one whose own driver is not bound yet, is not listed by the
 * kernel, and so missing here.
 *
 * Return: 0 or what @fn returned; -ENOMEM (BX_FAULT_FAILED).
 */
int bx_list_parts(struct bx_handle *handle, const struct bx_devref *ref, bx_part_fn fn,
		  void *arg);

/**
 * bx_part_state_text() - get the key of a state
 * @state: the state
 *
 * Return: "used", "free", "spare" or "missing".
 */
const char *bx_part_state_text(enum bx_part_state state);

/**
 * bx_rebind_group() - rebind all members of a group, or none
 * @handle: the handle
 * @ref: a device of the group; an empty bus is filled in
 * @flags: enum bx_rebind_flags
 * @fn: called for each device that was moved, after all of them were; may be NULL
 * @arg: second argument of @fn
 *
 * Moves the members of bx_list_group() that have another driver than the decided one.  If
 * one of them is in use, none is moved.  If one cannot be moved, those before it get the
 * drivers back that they had: driver_override is written for this, and removed again.
 * SIGINT, SIGTERM and SIGHUP are blocked meanwhile.
 *
 * Return: number of devices that were moved, or would be; -EBUSY when one is in use
 * (BX_FAULT_IN_USE); an errno as of bx_rebind(): the message tells whether all devices
 * have their drivers again (BX_FAULT_STATE when not).
 */
int bx_rebind_group(struct bx_handle *handle, struct bx_devref *ref, unsigned int flags,
		    bx_rebound_fn fn, void *arg);

/**
 * bx_reelect() - hold the elections of all unbound devices again
 * @handle: the handle
 * @bus: the bus of the devices; NULL for all buses
 *
 * Return: 0; -ENODEV when the bus is not found; as bx_settle().
 */
int bx_reelect(struct bx_handle *handle, const char *bus);

/**
 * bx_settle() - wait until all work caused by attaching or detaching is done
 * @handle: the handle
 *
 * Return: 0; with BX_FAULT_STATE, -ETIMEDOUT when it is not done after the timeout, -EBUSY
 * when too many processes wait for it, -ESTALE when the result was dropped.
 */
int bx_settle(struct bx_handle *handle);

/**
 * bx_list_buses() - list the buses that policies can be attached to
 * @handle: the handle
 * @fn: called with each bus' name
 * @arg: second argument of @fn
 *
 * Return: 0, what @fn returned, or -ENOENT when bus_ext is not loaded.
 */
int bx_list_buses(struct bx_handle *handle,
		  int (*fn)(const char *bus, void *arg), void *arg);

/* ---- rules ---- */

/*
 * Rules are tables that decide without a program of a vendor: docs/rules.md.  None of these
 * functions needs bus_ext, but bx_rules_device_read(), which reads a device of the machine.
 */
struct bx_rules;
struct bx_rules_device;

/**
 * enum bx_rules_kind - kind of a problem of rules
 * @BX_RULES_ERROR: the text is not a rule
 * @BX_RULES_SHADOWED: another rule wins on each device that the rule matches
 * @BX_RULES_CONTRADICTORY: the same, with the same pattern and conditions, and another verdict
 * @BX_RULES_UNREACHABLE: no device can match
 * @BX_RULES_TIE: only the order of lines decides between two rules with different verdicts
 * @BX_RULES_SUSPECT: it can match, but is probably not meant like this
 * @BX_RULES_UNKNOWN_DRIVER: no driver of that name is registered, and no module has the name
 */
enum bx_rules_kind {
	BX_RULES_ERROR,
	BX_RULES_SHADOWED,
	BX_RULES_CONTRADICTORY,
	BX_RULES_UNREACHABLE,
	BX_RULES_TIE,
	BX_RULES_SUSPECT,
	BX_RULES_UNKNOWN_DRIVER,
};

/**
 * struct bx_rules_problem - a problem of rules
 * @kind: its kind
 * @file: the file; NULL if it cannot be told
 * @line: the line, from 1; 0 for the whole file
 * @column: the column, from 1
 * @text: a message, printable
 * @other_file: the file of the other rule; NULL if there is none
 * @other_line: its line
 */
struct bx_rules_problem {
	enum bx_rules_kind	kind;
	const char		*file;
	unsigned int		line;
	unsigned int		column;
	const char		*text;
	const char		*other_file;
	unsigned int		other_line;
};

typedef void (*bx_rules_problem_fn)(const struct bx_rules_problem *problem, void *arg);

/**
 * bx_rules_kind_text() - name a kind of problems
 * @kind: the kind
 *
 * Return: "error", "shadowed" and so on.
 */
const char *bx_rules_kind_text(enum bx_rules_kind kind);

/**
 * bx_rules_read() - read a file of rules, and the files that it includes
 * @handle: the handle
 * @path: the file
 * @fn: called for each error; may be NULL: the first one is bx_error()
 * @arg: second argument of @fn
 * @rules: takes the rules, for bx_rules_close(); NULL after an error
 *
 * Return: 0, -EINVAL (BX_FAULT_REJECTED) or another errno.
 */
int bx_rules_read(struct bx_handle *handle, const char *path, bx_rules_problem_fn fn, void *arg,
		  struct bx_rules **rules);

/**
 * struct bx_rules_applied - an activated table of rules
 * @generation: number of this version of the table
 * @rules: number of rules that can match on this machine
 * @written: number of entries of the table that were written
 * @remade: the table was made again, for lack of room or since there was none
 * @bytes: memory of the table
 */
struct bx_rules_applied {
	__u32		generation;
	size_t		rules;
	unsigned long	written;
	bool		remade;
	size_t		bytes;
};

/**
 * bx_rules_apply() - activate a table of rules
 * @handle: the handle
 * @rules: the rules; without any, the table is removed
 * @table: its name, short and without dots; the policies are TABLE-BUS, one for each bus
 * @priority: priority of these policies
 * @fn: called for each policy after success; may be NULL
 * @arg: second argument of @fn
 * @about: takes what was done
 *
 * Replaces the active table of this name at once on all buses, after a trial on all devices.
 * Only what differs is written.  After a failure the former table is active.
 *
 * Return: 0, -EINVAL or -E2BIG (BX_FAULT_REJECTED) for rules that the kernel cannot
 * evaluate, or an errno as bx_apply().
 */
int bx_rules_apply(struct bx_handle *handle, const struct bx_rules *rules, const char *table,
		   int priority, bx_applied_fn fn, void *arg, struct bx_rules_applied *about);

/**
 * bx_rules_close() - free rules
 * @rules: the rules; may be NULL
 */
void bx_rules_close(struct bx_rules *rules);

/**
 * bx_rules_count() - get the number of rules
 * @rules: the rules
 *
 * Return: the number, with those of included files.
 */
size_t bx_rules_count(const struct bx_rules *rules);

/**
 * enum bx_rules_check_flags - what bx_rules_check() looks for
 * @BX_RULES_LINT: also for ties, suspect rules and unknown drivers; reads the drivers and modules
 *	of this machine
 */
enum bx_rules_check_flags {
	BX_RULES_LINT	= 1 << 0,
};

/**
 * bx_rules_check() - look for rules that never win
 * @handle: the handle
 * @rules: the rules
 * @flags: enum bx_rules_check_flags
 * @fn: called for each problem, in the order of rules; may be NULL
 * @arg: second argument of @fn
 *
 * Finds shadowed, contradictory and unreachable rules.  Rules that cannot be compared, as those
 * with two different globs, are not told.
 *
 * Return: number of problems, or a negative errno.
 */
int bx_rules_check(struct bx_handle *handle, const struct bx_rules *rules, unsigned int flags,
		   bx_rules_problem_fn fn, void *arg);

/**
 * bx_rules_format() - get the canonical form of a file of rules
 * @handle: the handle
 * @path: the file; files that it includes are not read
 * @fn: called for each error; may be NULL: the first one is bx_error()
 * @arg: second argument of @fn
 * @text: takes the text, to be freed with free(); NULL after an error
 * @canonical: takes whether the file is in this form already
 *
 * Return: 0, -EINVAL (BX_FAULT_REJECTED) or another errno.
 */
int bx_rules_format(struct bx_handle *handle, const char *path, bx_rules_problem_fn fn, void *arg,
		    char **text, bool *canonical);

/**
 * bx_rules_rewrite() - replace a file of rules
 * @handle: the handle
 * @path: the file, which must exist; keeps its mode and its owner
 * @text: the text
 *
 * The file has the old or the new text, at any time.
 *
 * Return: 0 or a negative errno.
 */
int bx_rules_rewrite(struct bx_handle *handle, const char *path, const char *text);

/**
 * enum bx_rule_why - why a rule decides on a device, or does not
 * @BX_RULE_MATCHES: it wins
 * @BX_RULE_SCORES: its score counts
 * @BX_RULE_OTHER_BUS: it is for another bus
 * @BX_RULE_PATTERN: its pattern does not match the modalias
 * @BX_RULE_CONDITION: a condition does not hold
 * @BX_RULE_APPROVED: it is valid until the device is approved, which it is
 * @BX_RULE_PRIORITY: the winner has a higher priority
 * @BX_RULE_SPECIFICITY: the winner's pattern fixes more characters, or as many, and it has more
 *	conditions
 * @BX_RULE_ORDER: the winner, which is equal in this, comes first
 */
enum bx_rule_why {
	BX_RULE_MATCHES,
	BX_RULE_SCORES,
	BX_RULE_OTHER_BUS,
	BX_RULE_PATTERN,
	BX_RULE_CONDITION,
	BX_RULE_APPROVED,
	BX_RULE_PRIORITY,
	BX_RULE_SPECIFICITY,
	BX_RULE_ORDER,
};

/**
 * bx_rules_device_describe() - describe a device to explain rules for
 * @handle: the handle
 * @bus: its bus; NULL if the modalias tells it
 * @modalias: its modalias, from which its ids are read; NULL if it has none
 * @device: takes the description, for bx_rules_device_free()
 *
 * Return: 0, -ENOMEM, or -EINVAL (BX_FAULT_USAGE).
 */
int bx_rules_device_describe(struct bx_handle *handle, const char *bus, const char *modalias,
			     struct bx_rules_device **device);

/**
 * bx_rules_device_use() - let the approvals of a bundle count for a description
 * @device: the description, which has those of the machine until then
 * @rules: the rules of the bundle
 */
void bx_rules_device_use(struct bx_rules_device *device, const struct bx_rules *rules);

/**
 * bx_rules_device_set() - change a description
 * @handle: the handle
 * @device: the description
 * @assignment: NAME=VALUE: a fact or another condition of the language, the kernel command line
 *	as cmdline=LINE, approved=1, or another modalias
 *
 * Return: 0, -ENOMEM, or -EINVAL (BX_FAULT_USAGE).
 */
int bx_rules_device_set(struct bx_handle *handle, struct bx_rules_device *device,
			const char *assignment);

/**
 * bx_rules_device_read() - describe a device of the machine, with its facts and groups
 * @handle: the handle
 * @ref: the device; an empty bus is filled in
 * @device: takes the description
 *
 * Whether it is approved is not read.
 *
 * Return: as bx_get_device() and bx_list_facts().
 */
int bx_rules_device_read(struct bx_handle *handle, struct bx_devref *ref,
			 struct bx_rules_device **device);

/**
 * bx_rules_device_free() - free a description
 * @device: the description; may be NULL
 */
void bx_rules_device_free(struct bx_rules_device *device);

/**
 * bx_rules_device_info() - get the plain part of a description
 * @device: the description
 *
 * Return: the part, valid as long as @device.
 */
const struct bx_dev_info *bx_rules_device_info(const struct bx_rules_device *device);

/**
 * struct bx_rule_said - a rule, and what it means for a device
 * @file: its file
 * @line: its line
 * @column: its column
 * @text: the rule in canonical form
 * @verdict: its verdict, as "driver=nvme"
 * @driver: its first driver; empty if it names none
 * @score: its score; 0 if it has none
 * @why: what it means
 * @detail: the same as a phrase, with the values that were compared
 */
struct bx_rule_said {
	const char		*file;
	unsigned int		line;
	unsigned int		column;
	const char		*text;
	const char		*verdict;
	const char		*driver;
	unsigned int		score;
	enum bx_rule_why	why;
	const char		*detail;
};

typedef void (*bx_rule_said_fn)(const struct bx_rule_said *said, void *arg);

/**
 * enum bx_rules_explain_flags - flags of bx_rules_explain()
 * @BX_RULES_ALL: also rules whose pattern does not match
 */
enum bx_rules_explain_flags {
	BX_RULES_ALL	= 1 << 0,
};

/**
 * bx_rules_explain() - tell which rule wins on a device, and why each other one does not
 * @handle: the handle
 * @rules: the rules
 * @device: the device
 * @flags: enum bx_rules_explain_flags
 * @fn: called for each rule, in the order in which they win
 * @arg: second argument of @fn
 *
 * Return: 0 or -ENOMEM.
 */
int bx_rules_explain(struct bx_handle *handle, const struct bx_rules *rules,
		     const struct bx_rules_device *device, unsigned int flags,
		     bx_rule_said_fn fn, void *arg);

/**
 * bx_rule_why_text() - name a reason
 * @why: the reason
 *
 * Return: "wins", "pattern", "condition" and so on.
 */
const char *bx_rule_why_text(enum bx_rule_why why);

/**
 * struct bx_rules_imported - what bx_rules_import() has read
 * @patterns: number of patterns
 * @skipped: number of lines that do not tell a bus
 * @unnamed: number of lines whose module has a name that is too long for a driver
 */
struct bx_rules_imported {
	size_t	patterns;
	size_t	skipped;
	size_t	unnamed;
};

/**
 * bx_rules_import() - write the aliases of a kernel's modules as rules
 * @handle: the handle
 * @path: a file modules.alias; NULL for that of the running kernel
 * @bus: only for this bus; NULL for all
 * @text: takes the rules, to be freed with free()
 * @about: takes what was read
 *
 * Several modules with one pattern become one rule with any-order.  Drivers have the names of
 * modules, unless a module is loaded.
 *
 * Return: 0 or a negative errno.
 */
int bx_rules_import(struct bx_handle *handle, const char *path, const char *bus, char **text,
		    struct bx_rules_imported *about);

/**
 * struct bx_rules_ambiguous - devices that several drivers claim
 * @bus: their bus
 * @pattern: what their modaliases match
 * @driver: the drivers
 * @ndrivers: number of drivers, at least 2
 * @file: file of the rule that wins on such a device; NULL if none does
 * @line: its line
 * @verdict: its verdict
 */
struct bx_rules_ambiguous {
	const char	*bus;
	const char	*pattern;
	const char	**driver;
	size_t		ndrivers;
	const char	*file;
	unsigned int	line;
	const char	*verdict;
};

typedef void (*bx_rules_ambiguous_fn)(const struct bx_rules_ambiguous *a, void *arg);

/**
 * bx_rules_ambiguous() - list devices that several drivers of a kernel claim
 * @handle: the handle
 * @rules: rules that decide; NULL for none
 * @path: a file modules.alias; NULL for that of the running kernel
 * @bus: only this bus, pci or usb; NULL for both
 * @fn: called for each pattern
 * @arg: second argument of @fn
 *
 * A rule wins here only if a device of which nothing but the modalias is known matches it.
 *
 * Return: number of patterns, or a negative errno.
 */
int bx_rules_ambiguous(struct bx_handle *handle, const struct bx_rules *rules, const char *path,
		       const char *bus, bx_rules_ambiguous_fn fn, void *arg);

typedef void (*bx_rules_count_fn)(const char *of, const char *what, size_t count, void *arg);

/**
 * bx_rules_stats() - count what rules have
 * @handle: the handle
 * @rules: the rules
 * @fn: called for each count, as of "bus", "pci"; only for those that are not 0
 * @arg: second argument of @fn
 *
 * Return: 0 or -ENOMEM.
 */
int bx_rules_stats(struct bx_handle *handle, const struct bx_rules *rules, bx_rules_count_fn fn,
		   void *arg);

/* ---- rules of the machine: site.c, site_file.c, site_set.c; people.c ---- */

/**
 * bx_find_device() - find a device by a name that people use
 * @handle: the handle
 * @text: as of bx_parse_device(); or a PCI address without its domain, as lspci prints it; or
 *	the name of a network interface, a disk, a terminal, a sound or graphics card, an input
 *	device: the nearest device on a bus behind it
 * @bus: the bus of the device; NULL if @text tells it, or a class of devices
 * @ref: takes the device
 *
 * Return: as bx_parse_device() and bx_get_device().
 */
int bx_find_device(struct bx_handle *handle, const char *text, const char *bus,
		   struct bx_devref *ref);

/**
 * enum bx_identity - how a rule names one device
 * @BX_BY_BEST: the best that the device has: on usb the serial number, else the path, the
 *	GUID, the ACPI path, or the address
 * @BX_BY_PATH: where it is, without numbers that change when another card is plugged in
 * @BX_BY_SLOT: the physical slot
 * @BX_BY_SERIAL: the serial number; on pci that of the card
 * @BX_BY_MAC: the address of the network card
 * @BX_BY_ACPI: the path in the firmware's namespace
 * @BX_BY_GUID: the GUID, on buses of bus_ext's own
 * @BX_BY_ADDRESS: the name, as a PCI address, which may change with other cards
 * @BX_BY_MODEL: nothing but the model: all devices with its ids
 */
enum bx_identity {
	BX_BY_BEST,
	BX_BY_PATH,
	BX_BY_SLOT,
	BX_BY_SERIAL,
	BX_BY_MAC,
	BX_BY_ACPI,
	BX_BY_GUID,
	BX_BY_ADDRESS,
	BX_BY_MODEL,
};

/**
 * bx_parse_identity() - read the name of an identity
 * @handle: the handle
 * @word: path, slot, serial, dsn (as serial), mac, acpi, guid, name or id
 * @by: takes the identity
 *
 * Return: 0, -EINVAL (BX_FAULT_USAGE).
 */
int bx_parse_identity(struct bx_handle *handle, const char *word, enum bx_identity *by);

/** bx_identity_text() - name an identity, as bx_parse_identity() reads it */
const char *bx_identity_text(enum bx_identity by);

/**
 * struct bx_site_opts - the rule of a device
 * @driver: its driver, or several separated by commas, the first that can be had wins; NULL
 *	for no driver
 * @by: enum bx_identity
 * @group: the rule is for all devices in its group
 */
struct bx_site_opts {
	const char		*driver;
	enum bx_identity	by;
	bool			group;
};

/**
 * bx_site_propose() - write the rule of a device
 * @handle: the handle
 * @device: the device, of bx_rules_device_read()
 * @opts: the rule
 * @by: takes the identity that it uses
 * @text: takes its text, for free()
 *
 * Return: 0; -ENODATA if the device has no such identity, -EINVAL for an invalid driver,
 * -ENOENT if none of the drivers is registered or can be loaded (all BX_FAULT_USAGE); -ENOMEM.
 */
int bx_site_propose(struct bx_handle *handle, const struct bx_rules_device *device,
		    const struct bx_site_opts *opts, enum bx_identity *by, char **text);

/**
 * bx_site_matches() - list the devices of the machine that a rule matches
 * @handle: the handle
 * @text: the rule
 * @fn: called for each; stops when it returns other than 0
 * @arg: second argument of @fn
 *
 * Return: 0, what @fn returned, or an errno as of bx_list_devices().
 */
int bx_site_matches(struct bx_handle *handle, const char *text, bx_device_fn fn, void *arg);

/**
 * bx_site_rules() - read the rules of the machine
 * @handle: the handle
 * @fn: called for each error; may be NULL
 * @arg: second argument of @fn
 * @rules: takes all files rules.d/NAME.rules of the configuration as one table, for
 *	bx_rules_close()
 *
 * Only root may be able to change the files.
 *
 * Return: 0 or a negative errno.
 */
int bx_site_rules(struct bx_handle *handle, bx_rules_problem_fn fn, void *arg,
		  struct bx_rules **rules);

/**
 * bx_site_approved() - add the approved devices of the machine to rules
 * @handle: the handle
 * @rules: takes the fingerprints in the file 'approved' of the configuration, which its rules
 *	with until=approved do not match
 *
 * A line without a fingerprint is told and left out.  Only root may be able to change the file.
 *
 * Return: 0, also without a file, or a negative errno; then some may have been added.
 */
int bx_site_approved(struct bx_handle *handle, struct bx_rules *rules);

/**
 * struct bx_site_line - a rule of the machine
 * @file: its file
 * @line: its line
 * @text: its canonical form
 */
struct bx_site_line {
	const char	*file;
	unsigned int	line;
	const char	*text;
};

/**
 * struct bx_site_listing - functions for bx_site_list(), which ends when one returns other than 0
 * @begin: called for each rule
 * @match: called for each device of the machine that it matches
 * @end: called after these
 * @arg: second argument of all
 */
struct bx_site_listing {
	int		(*begin)(const struct bx_site_line *line, void *arg);
	bx_device_fn	match;
	int		(*end)(const struct bx_site_line *line, void *arg);
	void		*arg;
};

/**
 * bx_site_list() - list the rules of the machine, in the order of files and lines
 * @handle: the handle
 * @listing: what is called
 *
 * The devices are read once for all rules.
 *
 * Return: 0 or what a function returned; an errno as of bx_site_rules() and bx_list_devices().
 */
int bx_site_list(struct bx_handle *handle, const struct bx_site_listing *listing);

/**
 * bx_site_add() - add a rule to rules.d/bxctl.rules
 * @handle: the handle
 * @text: the rule; replaces one with the same pattern and conditions
 *
 * Return: 0 or a negative errno; then the file is as before.
 */
int bx_site_add(struct bx_handle *handle, const char *text);

/**
 * bx_site_remove() - remove the rules of a device from rules.d/bxctl.rules
 * @handle: the handle
 * @device: the device
 *
 * Return: number of rules removed, or a negative errno; then the file is as before.
 */
int bx_site_remove(struct bx_handle *handle, const struct bx_rules_device *device);

/**
 * bx_site_save() - keep the text of rules.d/bxctl.rules, for bx_site_restore()
 * @handle: the handle
 * @text: takes it, for free(); NULL if there is no such file
 *
 * Return: 0 or a negative errno.
 */
int bx_site_save(struct bx_handle *handle, char **text);

/** bx_site_restore() - write the text of bx_site_save(); 0 or a negative errno */
int bx_site_restore(struct bx_handle *handle, const char *text);

/**
 * bx_site_apply() - make the rules of the machine active
 * @handle: the handle
 *
 * They replace those that were active, at once or not at all.  Bound devices keep their drivers,
 * see bx_rebind().
 *
 * Return: 0 or a negative errno.
 */
int bx_site_apply(struct bx_handle *handle);

/**
 * struct bx_site_change - a change of the rule of a device
 * @device: the device, with its bus
 * @text: its rule, of bx_site_propose(); NULL to remove those that it has
 * @rules_device: the device, if they are removed
 * @group: all devices in its group are rebound, or none
 * @flags: enum bx_rebind_flags, without BX_REBIND_DRY_RUN
 */
struct bx_site_change {
	const struct bx_devref		*device;
	const char			*text;
	const struct bx_rules_device	*rules_device;
	bool				group;
	unsigned int			flags;
};

/**
 * bx_site_set() - change the rule of a device, and rebind it
 * @handle: the handle
 * @change: the change
 * @rec: takes the device afterwards; unchanged if there was no rule to remove
 *
 * If the rules cannot become active, or the device cannot be rebound, also because it is in
 * use, the file is as before, and active.
 *
 * Return: number of rules added or removed; 0 if there was none to remove; a negative errno as
 * of bx_site_apply() and bx_rebind().
 */
int bx_site_set(struct bx_handle *handle, const struct bx_site_change *change,
		struct bx_device_rec *rec);

/* ---- a machine as rules: expect.c; waiting: await.c ---- */

typedef int (*bx_learned_fn)(const struct bx_device_rec *device, const char *rule, void *arg);

/**
 * bx_learn() - write rules that pin down the machine as it is
 * @handle: the handle
 * @bus: only devices on this bus; NULL for all
 * @fn: called for each device that has a modalias, with its rule; stops when it returns other
 *	than 0
 * @arg: second argument of @fn
 *
 * The rule names the device by the best identity that it has, and its driver, or refuses it if it
 * has none.
 *
 * Return: 0 or what @fn returned; an errno as of bx_list_devices().
 */
int bx_learn(struct bx_handle *handle, const char *bus, bx_learned_fn fn, void *arg);

/**
 * struct bx_difference - a difference of the machine from rules
 * @file: file of the rule
 * @line: its line
 * @device: the device on which it decides, and which has another driver; NULL if it decides on no
 *	device
 * @driver: the first driver of the rule; empty if it refuses or defers
 */
struct bx_difference {
	const char			*file;
	unsigned int			line;
	const struct bx_device_rec	*device;
	const char			*driver;
};

typedef void (*bx_difference_fn)(const struct bx_difference *difference, void *arg);

/**
 * bx_expect() - compare the machine with rules
 * @handle: the handle
 * @rules: the rules, as of bx_learn()
 * @fn: called for each difference
 * @arg: second argument of @fn
 *
 * Devices without a modalias, and those on which no rule decides, do not count.
 *
 * Return: number of differences, or a negative errno.
 */
int bx_expect(struct bx_handle *handle, const struct bx_rules *rules, bx_difference_fn fn,
	      void *arg);

/**
 * struct bx_await - a device, and the driver that is awaited
 * @device: the device, as of bx_find_device(); it need not exist yet
 * @bus: its bus, or NULL
 * @driver: its driver; NULL for any
 */
struct bx_await {
	const char	*device;
	const char	*bus;
	const char	*driver;
};

/**
 * bx_await_driver() - wait until a device has a driver
 * @handle: the handle; its timeout counts
 * @await: the device and the driver
 * @rec: takes the device
 *
 * Return: 0; -ETIMEDOUT (BX_FAULT_STATE); as bx_find_device().
 */
int bx_await_driver(struct bx_handle *handle, const struct bx_await *await,
		    struct bx_device_rec *rec);

#ifdef __cplusplus
}
#endif

#endif /* _BUSEXT_H */
