/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: attach bus_ext policies and see what they decide
 *
 * Every function that can fail returns a negative errno and leaves a message
 * for people, bx_error(), and its class, bx_fault(), in the handle.  The
 * message says what failed, on what, why, and what to do; it has no prefix
 * and no newline.
 *
 * A handle is for one thread at a time.  libbpf's log goes to the handle that
 * is working; two handles must not work at the same time in one process.
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
 * enum bx_fault - what kind of failure it was; bxctl's exit status as well
 * @BX_FAULT_NONE: no failure
 * @BX_FAULT_FAILED: something else went wrong
 * @BX_FAULT_USAGE: an invalid argument; an unknown name
 * @BX_FAULT_KERNEL: bus_ext is not loaded, or of another version
 * @BX_FAULT_REJECTED: an object that the library, the verifier or bus_ext
 *	does not accept
 * @BX_FAULT_CONFLICT: the name is in use, or somebody else was faster
 * @BX_FAULT_STATE: all steps worked, but the state is not the one asked for:
 *	a policy was ejected, a device has no driver, a request did not end
 *	in time
 * @BX_FAULT_PERMISSION: permission denied: a capability, or the right to a file
 *
 * 2 and 9 are bxctl's own: a plan would change something, a test case failed.
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
};

/**
 * enum bx_log_level - what a line given to the log function is
 * @BX_LOG_NOTE: worth telling a person: something was repaired, say
 * @BX_LOG_DETAIL: libbpf's and the verifier's words, of several lines
 */
enum bx_log_level {
	BX_LOG_NOTE,
	BX_LOG_DETAIL,
};

/**
 * struct bx_open_opts - how to open a handle; zero means the default
 * @pin_dir: where links are pinned, a directory on a BPF file system;
 *	"/sys/fs/bpf/bus_ext"
 * @sysfs: where sysfs is mounted; "/sys"
 * @conf_dir: the operator's configuration; "/etc/bus_ext"
 * @state_dir: where installed bundles are; "/var/lib/bus_ext"
 * @bundle_dir: where packages install bundles; "/usr/lib/bus_ext/bundles" and
 *	"/usr/local/lib/bus_ext/bundles"
 * @timeout_ms: how long to wait for the kernel or for another process that
 *	holds the lock, in milliseconds; 30000
 * @ring_size: size of the ring that records come through, in bytes, a power
 *	of two and a multiple of the page size; grows when it is too small
 * @log: called with lines that are no errors; none
 * @log_arg: its first argument
 * @verbose: give everything that libbpf says to @log
 */
struct bx_open_opts {
	const char	*pin_dir;
	const char	*sysfs;
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
 * bx_open() - make a handle
 * @handle: where to put it
 * @opts: options; NULL for the defaults
 *
 * Touches nothing in the kernel: that bus_ext is loaded and the capabilities
 * are there is checked by each function that needs them.
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
 * bx_error() - what went wrong last
 * @handle: the handle
 *
 * Return: the message, for people; empty when nothing has failed.  Valid
 * until the next call with @handle.
 */
const char *bx_error(const struct bx_handle *handle);

/**
 * bx_printable() - text from outside, as a terminal may get it
 * @buf: takes the text; four times its length is always enough
 * @size: size of @buf
 * @text: the text, UTF-8 or not
 *
 * Names and texts of files, policies and devices are what their authors wrote.  Bytes of
 * control characters, line breaks among them, of characters that change the direction of
 * the text around them, and bytes that are not UTF-8 are replaced by ``\xNN``.  Messages
 * (bx_error(), the log) have gone through it.
 *
 * Return: @buf.
 */
char *bx_printable(char *buf, size_t size, const char *text);

/**
 * bx_fault() - what kind of failure the last one was
 * @handle: the handle
 *
 * Return: the class of the last failure.
 */
enum bx_fault bx_fault(const struct bx_handle *handle);

/**
 * bx_check_kernel() - is bus_ext there, and may this process use it?
 * @handle: the handle
 *
 * Return: 0; -ENOENT when bus_ext is not loaded (BX_FAULT_KERNEL); -EPERM
 * without CAP_SYS_ADMIN (BX_FAULT_PERMISSION).
 */
int bx_check_kernel(struct bx_handle *handle);

/**
 * bx_kernel_version() - the module's version
 * @handle: the handle
 * @buf: where to put it
 * @size: size of @buf in bytes
 *
 * Return: 0, or -ENOENT when bus_ext is not loaded.
 */
int bx_kernel_version(struct bx_handle *handle, char *buf, size_t size);

/* ---- signals ---- */

/**
 * bx_discard_temporary() - remove what a process that ends now would leave
 *
 * Temporary directories of all handles, and files that were named to
 * bx_temporary().  For a handler of SIGINT, SIGTERM or SIGHUP that ends the
 * process: it is async-signal-safe.  The library holds these signals back while
 * it changes pins, or the state of an installed bundle.
 */
void bx_discard_temporary(void);

/**
 * bx_temporary() - have a file or directory removed by bx_discard_temporary()
 * @path: the file, or a directory with all that is in it; is copied
 *
 * Up to 8 at a time; more are left.
 */
void bx_temporary(const char *path);

/**
 * bx_temporary_done() - the file is removed, or has come to stay
 * @path: as it was given to bx_temporary()
 */
void bx_temporary_done(const char *path);

/* ---- objects and policies ---- */

/** BX_NAME_RULE - the rule of bx_name_is_good(), for messages */
#define BX_NAME_RULE	"up to 31 of [A-Za-z0-9_.-], the first of them [A-Za-z0-9_]"

/**
 * bx_name_is_good() - is it a name for a policy, a bundle, a bus or a driver?
 * @name: the name
 *
 * Return: whether it is as BX_NAME_RULE says.
 */
bool bx_name_is_good(const char *name);

/**
 * enum bx_item_kind - what an object has to attach
 * @BX_ITEM_POLICY: a struct bus_ext_ops in the section .struct_ops.link
 * @BX_ITEM_HOOK: a program in the section fmod_ret/bx_hook_select
 */
enum bx_item_kind {
	BX_ITEM_POLICY,
	BX_ITEM_HOOK,
};

/**
 * struct bx_applied - one thing that bx_apply() brought into force
 * @kind: policy or hook
 * @upgraded: it replaced what was attached under its name
 * @removed: it is in force no longer: the new version of its bundle has no policy of
 *	that name
 * @built_shadow: its vendor made it for shadow mode
 * @file: the object it came from
 * @name: name of the policy, or of the hook's program
 * @target: the policy's bus, or the function that the hook is attached to
 * @vendor: vendor in scope, BX_ANY for all
 * @priority: its priority
 * @flags: enum bx_policy_flags
 * @version: the vendor's version number
 * @old_version: that of the version it replaced, when @upgraded
 * @id: identity in the kernel; 0 for a hook
 * @devices: how many devices it decides now; for a policy in shadow mode, how
 *	many elections it would have decided otherwise
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
 * bx_applied_fn() - told of each policy and hook that is in force
 * @applied: what it is; valid during the call
 * @arg: as given
 */
typedef void (*bx_applied_fn)(const struct bx_applied *applied, void *arg);

/**
 * bx_apply() - bring the policies and hooks of objects into force
 * @handle: the handle
 * @path: a BPF object, or a directory whose ``*.bpf.o`` are taken in the order
 *	of their names
 * @flags: BX_BUNDLE_UNSIGNED; without it everything is refused, since only a bundle
 *	has a signature
 * @fn: called for each policy and hook, once all of them are in force
 * @arg: second argument of @fn
 *
 * Everything is checked and loaded before the first link is made, and tried before it
 * is active: the elections of all devices in scope are held for show, and an invalid
 * result is an error.  A policy whose name is attached and pinned already is replaced
 * atomically.  When anything fails, what this call attached is detached and what it
 * replaced is put back; the message names what differs from before.  Success means
 * that the policies are in the kernel's list, that it has done what attaching them set
 * off, and that none was ejected.
 *
 * Return: 0, or
 * -ENOENT: no such file, or bus_ext is not loaded (BX_FAULT_KERNEL)
 * -ENOKEY: @flags do not allow what is not signed (BX_FAULT_REJECTED)
 * -EINVAL, -ENOEXEC: the object is not acceptable (BX_FAULT_REJECTED)
 * -EACCES and whatever the verifier says (BX_FAULT_REJECTED)
 * -EBADMSG: a policy gives an invalid result for a device (BX_FAULT_REJECTED)
 * -EPERM: no CAP_SYS_ADMIN (BX_FAULT_PERMISSION)
 * -ENODEV: there is no such bus (BX_FAULT_REJECTED)
 * -EOPNOTSUPP: match() on an adopted bus (BX_FAULT_REJECTED)
 * -E2BIG: too many policies (BX_FAULT_REJECTED)
 * -EEXIST: the name is in use by a policy that is not pinned here, or that an
 *	installed bundle has, or it was replaced by another process (BX_FAULT_CONFLICT)
 * -ESHUTDOWN: the policy was ejected (BX_FAULT_STATE)
 * -ETIMEDOUT: the kernel is not done after the timeout (BX_FAULT_STATE), or
 *	another process holds the lock (BX_FAULT_CONFLICT)
 */
int bx_apply(struct bx_handle *handle, const char *path, unsigned int flags,
	     bx_applied_fn fn, void *arg);

/* ---- bundles ---- */

/**
 * struct bx_bundle - what a vendor ships, as a directory or an archive: a manifest,
 * policies, settings, test cases, a signature; see docs/bundle.md
 */
struct bx_bundle;

/**
 * struct bx_bundle_about - what a bundle says of itself
 * @name: its name
 * @version: its version, as in 1.2.0
 * @vendor: who made it
 * @summary: what it does, in a line
 * @requires: the least version of bus_ext; NULL when it is not said
 * @drivers: drivers that its policies may name, and no others
 * @nr_drivers: how many these are
 * @signer: the subject of the certificate that signed it, once bx_bundle_check() has
 *	said so; NULL when it is not signed
 * @signer_fingerprint: the SHA-256 of that certificate, 64 hexadecimal digits; NULL when
 *	it is not signed.  A subject can be chosen freely, so show both.
 */
struct bx_bundle_about {
	const char	*name;
	const char	*version;
	const char	*vendor;
	const char	*summary;
	const char	*requires;
	const char	*const *drivers;
	unsigned int	nr_drivers;
	const char	*signer;
	const char	*signer_fingerprint;
};

/**
 * enum bx_bundle_flags - how to open and how to check a bundle
 * @BX_BUNDLE_COPY: open: a private copy, that no other process changes after the check; only
 *	of that programs are loaded
 * @BX_BUNDLE_UNSIGNED: check, apply: one without a signature will do
 * @BX_BUNDLE_INSTALLED: open: the installed bundle of that name
 * @BX_BUNDLE_PATH: open: a directory or an archive, also without a slash
 * @BX_BUNDLE_CHECK: open: bx_bundle_check() with the same flags, where the signature is
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
 * bx_is_bundle_name() - is it a bundle's name, and not a path?
 * @text: a command's argument
 *
 * Archives and objects are paths, also without a slash; a directory needs one ("./x").
 *
 * Return: whether bx_bundle_open() looks for a bundle of that name.
 */
bool bx_is_bundle_name(const char *text);

/**
 * bx_bundle_open() - read a bundle's manifest
 * @handle: the handle; outlives the bundle
 * @path: the bundle: a directory, or an archive (.tar.zst), which is unpacked below
 *	$TMPDIR until the bundle is closed; a bare name is that of a bundle in
 *	/usr/lib/bus_ext/bundles or below /usr/local, else of an installed one
 * @flags: enum bx_bundle_flags
 * @bundle: where to put it
 *
 * Return: 0; -ENOENT and others when it cannot be read (BX_FAULT_USAGE: there is no
 * bundle of that name); -EINVAL when the manifest
 * or the archive is not acceptable (BX_FAULT_REJECTED), or the loaded bus_ext is too
 * old for it (BX_FAULT_KERNEL); -ENOMEM.  With BX_BUNDLE_CHECK as bx_bundle_check(), too.
 */
int bx_bundle_open(struct bx_handle *handle, const char *path,
		   unsigned int flags, struct bx_bundle **bundle);

/**
 * bx_bundle_check() - see who made a bundle, and whether they may claim what it does
 * @bundle: the bundle
 * @flags: enum bx_bundle_flags
 *
 * A bundle without a signature is trusted when it is installed, or came with a package
 * and only root can change its files.  What loads programs of a bundle calls this
 * without flags, unless it was called before.
 *
 * Return: 0; BX_FAULT_REJECTED: -EBADMSG when it is not what was signed, -ENOKEY when
 * it is not signed, -EACCES when its signer is not trusted, or it claims what its signer
 * may not; -EINVAL for a certificate or a limit that cannot be read, -EPERM when others
 * can write the operator's keys; and others when a file cannot be read.
 */
int bx_bundle_check(struct bx_bundle *bundle, unsigned int flags);

/**
 * bx_bundle_sign() - sign a bundle
 * @bundle: the bundle, a directory, where bundle.sig is written
 * @key: file of the private key (PEM)
 * @cert: file of its certificate (PEM); those of its issuers may follow there
 *
 * A note (struct bx_open_opts, @log) says when only some operators will accept the
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
 * bundle that has what it must not, or whose test cases cannot be read; -EBADMSG
 * for a signature of other files.
 */
int bx_bundle_pack(struct bx_bundle *bundle, const char *path);

/**
 * bx_bundle_configure() - take the settings from the operator's files
 * @bundle: the bundle
 *
 * Return: 0, also without such a file; as bx_bundle_set().
 */
int bx_bundle_configure(struct bx_bundle *bundle);

/**
 * bx_bundle_close() - forget a bundle
 * @bundle: the bundle; may be NULL
 */
void bx_bundle_close(struct bx_bundle *bundle);

/**
 * bx_bundle_about() - what a bundle says of itself
 * @bundle: the bundle
 *
 * Return: valid until bx_bundle_close().
 */
const struct bx_bundle_about *bx_bundle_about(const struct bx_bundle *bundle);

/**
 * enum bx_setting_type - what a setting may be
 * @BX_SETTING_INT: a number
 * @BX_SETTING_BOOL: true or false
 * @BX_SETTING_STRING: text
 */
enum bx_setting_type {
	BX_SETTING_INT,
	BX_SETTING_BOOL,
	BX_SETTING_STRING,
};

/**
 * struct bx_setting - what the operator of a bundle may choose
 * @name: its name
 * @type: enum bx_setting_type
 * @value: its value: the default, unless bx_bundle_set() was called
 * @initial: its default
 * @min: least number, of BX_SETTING_INT
 * @max: greatest number
 * @values: the only values that are allowed; NULL when @nr_values is 0
 * @nr_values: how many these are
 * @allowed: what it may be, for people
 * @help: what it is for
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
};

typedef int (*bx_setting_fn)(const struct bx_setting *setting, void *arg);

/**
 * bx_bundle_list_settings() - a bundle's settings, in the manifest's order
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
 * @assignment: NAME=VALUE
 *
 * It reaches the programs, as a constant, when they are loaded.
 *
 * Return: 0; -EINVAL for a value that is not allowed, -ENOENT for an unknown
 * setting (both BX_FAULT_REJECTED); -EINVAL without '=' (BX_FAULT_USAGE).
 */
int bx_bundle_set(struct bx_bundle *bundle, const char *assignment);

/**
 * bx_bundle_list_objects() - the BPF objects that a manifest names
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
 * bx_bundle_list_policies() - the policies in a bundle's objects, alternatives too
 * @bundle: the bundle
 * @fn: called for each, with what its object says; stops when it returns other than 0
 * @arg: second argument of @fn
 *
 * Needs no kernel: nothing is loaded.
 *
 * Return: 0 or what @fn returned; BX_FAULT_REJECTED: -ENODATA when an object is
 * missing, -EINVAL and -ENOEXEC when one is not acceptable.
 */
int bx_bundle_list_policies(struct bx_bundle *bundle, bx_policy_of_fn fn,
			    void *arg);

/* @vendor: BX_ANY for all */
typedef int (*bx_claim_fn)(const char *bus, __u32 vendor, void *arg);

/**
 * bx_bundle_list_claims() - what a bundle claims to decide about
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
 * bx_bundle_list_files() - a bundle's files, by name
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
 * That they are there, have acceptable policies in the claimed scope, that alternatives
 * have the same ones, and that every setting fits a variable.  Needs no kernel.
 *
 * Return: 0; BX_FAULT_REJECTED: -ENODATA, -EINVAL, -ENOEXEC.
 */
int bx_bundle_check_policies(struct bx_bundle *bundle);

/**
 * bx_bundle_apply() - bring a bundle's policies into force, all or none
 * @bundle: the bundle
 * @fn: called for each policy, once all of them are in force
 * @arg: second argument of @fn
 *
 * As bx_apply(): they come into force in one step, and what they replace goes in
 * the same.
 *
 * Return: as bx_apply() and bx_bundle_check(); -EINVAL when a policy is for a bus or a
 * vendor that the manifest does not claim, or a setting does not fit, -ENODATA when an
 * object is missing (all BX_FAULT_REJECTED).
 */
int bx_bundle_apply(struct bx_bundle *bundle, bx_applied_fn fn, void *arg);

/**
 * struct bx_verified - a policy that could be brought into force
 * @policy: the policy
 * @programs: how many programs it has
 * @insns: instructions that the verifier looked at
 */
struct bx_verified {
	const struct bx_applied	*policy;
	unsigned int		programs;
	unsigned long long	insns;
};

typedef void (*bx_verified_fn)(const struct bx_verified *verified, void *arg);

/**
 * bx_bundle_verify() - see that a bundle could be brought into force here
 * @bundle: the bundle
 * @fn: called for each policy, once all of them are known to be good
 * @arg: second argument of @fn
 *
 * Loads and attaches them where nobody asks them, and lets them go.
 *
 * Return: as bx_bundle_apply().
 */
int bx_bundle_verify(struct bx_bundle *bundle, bx_verified_fn fn, void *arg);

/**
 * struct bx_invalid - an invalid result, for which a policy would be ejected
 * @policy: the policy; empty when there is no such result
 * @what: the result, in words
 */
struct bx_invalid {
	char	policy[BX_NAME_LEN];
	char	what[256];
};

/**
 * struct bx_call_change - a call with another outcome
 * @op: the operation
 * @policy: the policy that makes the difference; empty when it is not known
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
 * struct bx_change - a device in scope of new policies, now and then
 * @device: the device, now
 * @then: the last opinion, BX_OPN_DECISION, of its election with the new policies
 *	active
 * @differs: its driver would be another one
 * @at_next_bind: not before it is bound again, since bound devices are left alone
 * @invalid: an invalid result: bx_apply() refuses the policies
 * @calls: calls on it with another outcome: of every operation one with an argument of
 *	zeros, as if the provider answered 0
 * @nr_calls: their number
 */
struct bx_change {
	const struct bx_device_rec	*device;
	struct bx_opinion		then;
	bool				differs;
	bool				at_next_bind;
	struct bx_invalid		invalid;
	const struct bx_call_change	*calls;
	unsigned int			nr_calls;
};

typedef void (*bx_change_fn)(const struct bx_change *change, void *arg);

/**
 * bx_plan() - find out what bx_apply() would change
 * @handle: the handle
 * @path: as of bx_apply()
 * @flags: as of bx_apply()
 * @fn: called for each device in scope of the policies
 * @arg: second argument of @fn
 *
 * The kernel holds the elections for show, with the real policies.  Hooks have no part
 * in them.
 *
 * Return: number of devices with another driver, or with calls that have another
 * outcome; or an errno as of bx_apply().
 */
int bx_plan(struct bx_handle *handle, const char *path, unsigned int flags,
	    bx_change_fn fn, void *arg);

/**
 * bx_bundle_plan() - find out what activating a bundle would change
 * @bundle: the bundle
 * @fn: called for each device in its scope
 * @arg: second argument of @fn
 *
 * As bx_plan(); policies that only the installed version of the bundle has go.
 *
 * Return: as bx_plan(), or an errno as of bx_bundle_apply().
 */
int bx_bundle_plan(struct bx_bundle *bundle, bx_change_fn fn, void *arg);

/**
 * bx_bundle_keep() - take the choices that were made for the installed bundle
 * @bundle: the bundle
 *
 * Those that bx_upgrade() keeps: the settings that were given, and the mode.  They are
 * above the operator's file: to be called after bx_bundle_configure().  A setting that
 * does not fit @bundle is dropped, with a note.  Does nothing when no bundle of this name
 * is installed.
 *
 * Return: 0, or an errno when the state cannot be read.
 */
int bx_bundle_keep(struct bx_bundle *bundle);

/**
 * struct bx_case - the outcome of a test case
 * @file: where it is, below the bundle
 * @name: its name
 * @passed: the outcome is the expected one
 * @expected: what was expected, in words
 * @actual: what came of it, in words
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
 * Each is the election of a device that is described, or a call on one, by the
 * bundle's real policies in the kernel; no device is touched.
 *
 * Return: how many cases did not pass, or an errno: -ENOENT without any case
 * (BX_FAULT_REJECTED), -EINVAL for one that makes no sense (BX_FAULT_REJECTED),
 * and as bx_bundle_apply().
 */
int bx_bundle_test(struct bx_bundle *bundle, bx_case_fn fn, void *arg);

/* ---- installed bundles ---- */

/**
 * enum bx_mode - what becomes of a bundle's decisions
 * @BX_MODE_KEEP: as it was; as vendors made it, when it is new
 * @BX_MODE_ENFORCE: they are applied
 * @BX_MODE_SHADOW: they are counted and compared
 */
enum bx_mode {
	BX_MODE_KEEP,
	BX_MODE_ENFORCE,
	BX_MODE_SHADOW,
};

/**
 * enum bx_install_flags - how to install, beside enum bx_bundle_flags
 * @BX_INSTALL_OFFLINE: change only what is on disk, for the next boot; the kernel has
 *	no part in it
 * @BX_INSTALL_DOWNGRADE: upgrade to a lower version, or to other files of the same one
 * @BX_INSTALL_CHANGE_SIGNER: upgrade to what another signer, or none, has signed
 */
enum bx_install_flags {
	BX_INSTALL_OFFLINE		= 1 << 8,
	BX_INSTALL_DOWNGRADE		= 1 << 9,
	BX_INSTALL_CHANGE_SIGNER	= 1 << 10,
};

/**
 * enum bx_deed - what a change has done
 * @BX_UNCHANGED: nothing: exactly that is installed already
 * @BX_INSTALLED: installed a bundle
 * @BX_UNCHANGED_CANARY: nothing: exactly that is the canary already
 * @BX_UPGRADED: made another version the current one
 * @BX_CANARY: activated another version in shadow mode, beside the enforced one
 * @BX_CANARY_DROPPED: deactivated the version in shadow mode beside the enforced one
 * @BX_ROLLED_BACK: made a generation that was kept the current one
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
 * @deed: what it has done
 * @name: the bundle
 * @version: the current version; with BX_CANARY, that of the canary; of a removed bundle,
 *	the one that was; empty when that is not known
 * @generation: its number; 0 when that is not known
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
 * struct bx_install_opts - how to change an installed bundle; zero means the default
 * @set: settings, NAME=VALUE, kept with the generation
 * @nr_set: how many
 * @unset: names of settings that were given before and go back to the operator's file,
 *	or to the default
 * @nr_unset: how many
 * @flags: BX_BUNDLE_UNSIGNED, enum bx_install_flags
 * @mode: enum bx_mode
 * @done: takes what was done, if that succeeded; may be NULL
 *
 * Each function uses those that it names.  NULL in place of the options means that all of
 * them are the default.
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
 * All of it, or nothing: if it fails, or the process dies, what is active and what is
 * installed is as before, at the latest after the next command.  The same is true of the
 * functions below; where the disk fails after the kernel has changed, the message says
 * what is so.
 *
 * A bundle of a package needs no signature if only root can write its files.
 *
 * Return: 0; as bx_bundle_open(), bx_bundle_check() and bx_bundle_apply(); -EEXIST
 * when it is installed already, or another bundle has a policy of the same name, or such
 * a policy was applied without a bundle (BX_FAULT_CONFLICT).
 */
int bx_install(struct bx_handle *handle, const char *path,
	       const struct bx_install_opts *opts, bx_applied_fn fn, void *arg);

/**
 * bx_upgrade() - install another version of a bundle that is installed
 * @handle: the handle
 * @path: as with bx_install()
 * @opts: options: as bx_install(), BX_INSTALL_DOWNGRADE, BX_INSTALL_CHANGE_SIGNER,
 *	settings to unset
 * @fn: called for each policy that comes or goes
 * @arg: second argument of @fn
 *
 * An enforced bundle gets a canary with BX_MODE_SHADOW: the new version is in shadow mode
 * beside the current one, which stays as it is.  Any canary before it goes.
 *
 * In one step, if it is enabled: policies that the new version does not have go in the
 * same.  The version before is kept, and so are settings that were given before, unless
 * the new version does not allow them.
 *
 * Without flags, the version must be higher, its signer the same, and the policies that go
 * in the signer's scope.  Nothing is done when the very same bundle, with the same
 * settings and mode, is installed.
 *
 * Return: as bx_install(); -ENOENT when it is not installed, -EPERM when a flag is missing
 * (BX_FAULT_REJECTED).
 */
int bx_upgrade(struct bx_handle *handle, const char *path,
	       const struct bx_install_opts *opts, bx_applied_fn fn, void *arg);

/**
 * bx_rollback() - go back to a generation of a bundle that was kept
 * @handle: the handle
 * @name: the bundle
 * @number: the generation; 0 for the one before
 * @opts: options: BX_INSTALL_OFFLINE
 * @fn: called for each policy that comes or goes
 * @arg: second argument of @fn
 *
 * A canary goes; without a number, nothing else does.
 *
 * Its files must be those that were installed, and its signer must be trusted now.
 *
 * Return: as bx_upgrade(); -ENOENT when there is no such generation; -EBADMSG when its
 * files have changed, -EKEYREJECTED when its signer is not trusted any more
 * (BX_FAULT_REJECTED).
 */
int bx_rollback(struct bx_handle *handle, const char *name, unsigned int number,
		const struct bx_install_opts *opts, bx_applied_fn fn, void *arg);

/**
 * bx_enable() - activate a bundle, now and at each boot
 * @handle: the handle
 * @name: the bundle
 * @opts: options: settings to set and unset, which are kept; BX_INSTALL_OFFLINE
 * @fn: called for each policy, once all of them are active
 * @arg: second argument of @fn
 *
 * Also for one that is enabled, when the operator's settings have changed.
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
 * @fn: called for each policy that goes
 * @arg: second argument of @fn
 *
 * Also when the disk is full or read-only: the policies go, and the error tells what is
 * still on disk.
 *
 * Return: 0; -ENOENT when it is not installed (BX_FAULT_REJECTED); as bx_detach().
 */
int bx_disable(struct bx_handle *handle, const char *name,
	       const struct bx_install_opts *opts, bx_applied_fn fn, void *arg);

/**
 * bx_set_mode() - enforce a bundle, or its canary, or keep it in shadow mode
 * @handle: the handle
 * @name: the bundle
 * @opts: options: the mode, BX_INSTALL_OFFLINE
 * @fn: called for each policy, once all of them are active
 * @arg: second argument of @fn
 *
 * With a canary, to enforce makes it the current generation, in one step; shadow mode drops
 * it.
 *
 * Return: as bx_rollback(); -EINVAL when its vendor made it for shadow mode
 * (BX_FAULT_REJECTED).
 */
int bx_set_mode(struct bx_handle *handle, const char *name,
		const struct bx_install_opts *opts, bx_applied_fn fn, void *arg);

/**
 * bx_remove() - deactivate a bundle and remove it from the disk
 * @handle: the handle
 * @name: the bundle
 * @opts: options: BX_INSTALL_OFFLINE
 * @fn: called for each policy that goes
 * @arg: second argument of @fn
 *
 * Also when its state cannot be read, and as bx_disable() when the disk is full or
 * read-only.
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
 * @policies: how many policies it has
 * @in_force: how many of them are active
 * @current: what is active is exactly what is installed and chosen
 * @diverged: what they would have done differently
 * @ejection: the last one of one of its policies; NULL when there was none
 * @problem: why it cannot be activated; else NULL
 */
struct bx_canary {
	const char			*version;
	const char			*signer;
	unsigned int			generation;
	unsigned int			policies;
	unsigned int			in_force;
	bool				current;
	unsigned long long		diverged;
	const struct bx_exit_info	*ejection;
	const char			*problem;
};

/**
 * struct bx_installed - an installed bundle
 * @name: the bundle
 * @version: that counts; NULL when none does
 * @signer: who signed that; NULL when nobody did
 * @generation: its number
 * @generations: how many are kept
 * @enabled: it is to be in force, now and at each boot
 * @shadow: in shadow mode
 * @interrupted: a change was interrupted; the next command puts it right
 * @current: what is in force is exactly what is installed and chosen
 * @policies: how many policies it has
 * @in_force: how many of them are in force
 * @hits: decisions, vetoes, and calls that they dealt with
 * @diverged: what they would have done otherwise, in shadow mode
 * @ejection: the last one of one of its policies; NULL when there was none
 * @unreadable: nothing is known of it
 * @problem: why nothing is known of it, or why it cannot be activated: its files have
 *	changed, its signer is not trusted any more, a setting is not valid; else NULL
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
	bool				interrupted;
	bool				current;
	unsigned int			policies;
	unsigned int			in_force;
	unsigned long long		hits;
	unsigned long long		diverged;
	const struct bx_exit_info	*ejection;
	bool				unreadable;
	const char			*problem;
	const struct bx_canary		*canary;
};

typedef int (*bx_installed_fn)(const struct bx_installed *installed, void *arg);

/**
 * bx_list_installed() - the installed bundles, by name
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
 * @problem: what is wrong with it; NULL when it is as it was installed, its signer is
 *	trusted, and, if it is the current one or the canary, its settings are valid
 */
struct bx_checked {
	const char	*name;
	const char	*version;
	unsigned int	generation;
	const char	*signer;
	bool		current;
	bool		canary;
	const char	*problem;
};

typedef void (*bx_checked_fn)(const struct bx_checked *checked, void *arg);

/**
 * bx_check_installed() - check what is installed: digests, signatures, keys, settings
 * @handle: the handle
 * @name: the bundle; NULL for all
 * @fn: called for each generation
 * @arg: second argument of @fn
 *
 * Needs no kernel.  Certificates that have expired since are not a problem.
 *
 * Return: how many problems there are, or a negative errno: -ENOENT when it is not
 * installed (BX_FAULT_REJECTED).
 */
int bx_check_installed(struct bx_handle *handle, const char *name,
		       bx_checked_fn fn, void *arg);

/**
 * struct bx_booted - a bundle that is enabled, at boot
 * @name: the bundle
 * @version: its version; NULL when that is not known
 * @generation: its number
 * @shadow: in shadow mode
 * @canary: it is the version in shadow mode beside the enforced one
 * @already: it was in force before
 * @removed: it is not enabled, and was taken out of force: the initramfs is older
 * @error: why it could not be brought into force, or out; NULL when it is
 */
struct bx_booted {
	const char	*name;
	const char	*version;
	unsigned int	generation;
	bool		shadow;
	bool		canary;
	bool		already;
	bool		removed;
	const char	*error;
};

typedef void (*bx_booted_fn)(const struct bx_booted *booted, void *arg);

/**
 * bx_boot() - bring all that is enabled into force
 * @handle: the handle
 * @fn: called for each bundle
 * @arg: second argument of @fn
 *
 * Loads the module and mounts the BPF file system, if need be; does nothing when the
 * kernel was started with bus_ext=off.  One that fails does not keep the others.
 * What is in force of a bundle that is not enabled is taken out.
 *
 * Return: how many failed, or a negative errno: -ENOENT when there is no module for
 * this kernel (BX_FAULT_KERNEL).
 */
int bx_boot(struct bx_handle *handle, bx_booted_fn fn, void *arg);

/**
 * enum bx_need - what bx_boot() needs
 * @BX_NEED_FILE: a file
 * @BX_NEED_MODULE: a kernel module, or a driver that is one
 */
enum bx_need {
	BX_NEED_FILE,
	BX_NEED_MODULE,
};

typedef void (*bx_need_fn)(enum bx_need kind, const char *what, void *arg);

/**
 * bx_list_needs() - what an initramfs has to have for bx_boot()
 * @handle: the handle
 * @fn: called for each; for nothing when nothing is enabled
 * @arg: second argument of @fn
 *
 * Return: 0 or a negative errno.
 */
int bx_list_needs(struct bx_handle *handle, bx_need_fn fn, void *arg);

/**
 * struct bx_detached - what bx_detach() removed
 * @kind: policy or hook
 * @name: its name
 * @stale: only pins were left of it
 */
struct bx_detached {
	enum bx_item_kind	kind;
	char			name[BX_DEV_NAME_LEN];
	bool			stale;
};

/**
 * bx_detach() - take a policy or hook out of force
 * @handle: the handle
 * @name: name of a policy, NAME@shadow for the one in shadow mode; else of a hook's program
 * @out: what was removed; may be NULL
 *
 * NAME is also the policy in shadow mode if none of that name is enforced.
 *
 * A policy that was attached by other means is detached as well.  Returns
 * after the kernel has done what that set off, and after the policy is no
 * longer in its list.
 *
 * Return: 0; -ENOENT when there is none of that name; -ETIMEDOUT (as
 * bx_apply()); -EBUSY when it is attached still (BX_FAULT_STATE).
 */
int bx_detach(struct bx_handle *handle, const char *name,
	      struct bx_detached *out);

/**
 * struct bx_pin - something pinned below the pin directory
 * @kind: policy or hook
 * @name: its name
 * @live: its link is attached
 * @link_id: id of its link, 0 when that cannot be opened
 */
struct bx_pin {
	enum bx_item_kind	kind;
	char			name[BX_DEV_NAME_LEN];
	bool			live;
	__u32			link_id;
};

/* The functions below stop when @fn returns other than 0, and return that. */
typedef int (*bx_pin_fn)(const struct bx_pin *pin, void *arg);
typedef int (*bx_device_fn)(const struct bx_device_rec *rec, void *arg);
typedef int (*bx_driver_fn)(const struct bx_driver_rec *rec, void *arg);
typedef int (*bx_policy_fn)(const struct bx_policy_rec *rec, void *arg);
typedef int (*bx_exit_fn)(const struct bx_exit_info *rec, void *arg);
typedef int (*bx_opinion_fn)(const struct bx_opinion *rec, void *arg);

/**
 * bx_list_pins() - what is pinned: policies, then hooks, by name
 * @handle: the handle
 * @fn: called for each
 * @arg: second argument of @fn
 *
 * Return: 0, what @fn returned, or a negative errno.
 */
int bx_list_pins(struct bx_handle *handle, bx_pin_fn fn, void *arg);

/**
 * bx_exit_kind_text() - why a policy ended, in words
 * @kind: enum bx_exit_kind
 *
 * Return: a phrase that follows "it was ejected: ".
 */
const char *bx_exit_kind_text(__u32 kind);

/**
 * bx_decider_text() - who decided an election, in a word
 * @by: enum bx_decider
 *
 * Return: "select", "kernel" and so on; "unknown" for another number.
 */
const char *bx_decider_text(__u32 by);

/**
 * bx_outcome_text() - what an election came to, in a word
 * @outcome: enum bx_outcome
 *
 * Return: "driver", "refused" and so on; "unknown" for another number.
 */
const char *bx_outcome_text(__u32 outcome);

/**
 * bx_verdict_text() - what a policy does with a call, in a word
 * @verdict: what its call() returned
 *
 * Return: "pass", "deny", "handled" or "redirect".
 */
const char *bx_verdict_text(__s32 verdict);

/* ---- devices ---- */

/**
 * bx_list_devices() - the devices of bus_ext's own buses and of adopted ones
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
 * bx_list_drivers() - the drivers of the same buses
 * @handle: the handle
 * @fn: called for each, bus by bus
 * @arg: second argument of @fn
 *
 * Return: as bx_list_devices().
 */
int bx_list_drivers(struct bx_handle *handle, bx_driver_fn fn, void *arg);

/**
 * bx_list_policies() - the attached policies
 * @handle: the handle
 * @fn: called for each, bus by bus, in order of authority
 * @arg: second argument of @fn
 *
 * Return: as bx_list_devices().
 */
int bx_list_policies(struct bx_handle *handle, bx_policy_fn fn, void *arg);

/**
 * bx_list_exits() - the last ejections, oldest first
 * @handle: the handle
 * @fn: called for each
 * @arg: second argument of @fn
 *
 * Return: as bx_list_devices().
 */
int bx_list_exits(struct bx_handle *handle, bx_exit_fn fn, void *arg);

/**
 * bx_list_opinions() - a device's election, run for show
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
 * bx_policy_key() - what tells a policy from all others of its kernel
 * @buf: takes it, BX_SHOWN_LEN bytes
 * @name: the policy
 * @flags: enum bx_policy_flags
 *
 * NAME, and NAME@shadow in shadow mode, since an enforced policy and one in shadow mode may
 * have the same name.  Pins and directories of sysfs have these names.
 *
 * Return: @buf.
 */
const char *bx_policy_key(char *buf, const char *name, __u64 flags);

/**
 * bx_parse_device() - read a device's name as people write it
 * @handle: the handle
 * @text: BUS/NAME, NAME, or a GUID
 * @bus: bus to use when @text has none; may be NULL
 * @ref: where to put it
 *
 * Return: 0, or -EINVAL when a part is empty or too long (BX_FAULT_USAGE).
 */
int bx_parse_device(struct bx_handle *handle, const char *text,
		    const char *bus, struct bx_devref *ref);

/**
 * bx_get_device() - find one device
 * @handle: the handle
 * @ref: its name; an empty bus is filled in
 * @rec: where to put what is known of it
 *
 * Return: 0; -ENODEV when there is none; -ENOTUNIQ when several buses have
 * one of that name (BX_FAULT_USAGE, the message lists them).
 */
int bx_get_device(struct bx_handle *handle, struct bx_devref *ref,
		  struct bx_device_rec *rec);

/**
 * bx_rebind() - let a device's election decide anew, and bind what it elects
 * @handle: the handle
 * @ref: the device; an empty bus is filled in
 * @rec: the device afterwards
 *
 * Return: 1 when the driver changed, 0 when it stayed; -ENODEV when there is
 * no such device, or it went away; -EAGAIN when a driver was elected but none
 * is bound (BX_FAULT_STATE); -ETIMEDOUT when it is not done after the timeout
 * (BX_FAULT_STATE; the kernel goes on).
 */
int bx_rebind(struct bx_handle *handle, struct bx_devref *ref,
	      struct bx_device_rec *rec);

/**
 * bx_reelect() - elect anew for every unbound device
 * @handle: the handle
 * @bus: of this bus; NULL for all
 *
 * Return: 0; -ENODEV when there is no such bus; -ETIMEDOUT (BX_FAULT_STATE).
 */
int bx_reelect(struct bx_handle *handle, const char *bus);

/**
 * bx_settle() - wait until all that attaching or detaching set off is done
 * @handle: the handle
 *
 * Return: 0, or -ETIMEDOUT (BX_FAULT_STATE).
 */
int bx_settle(struct bx_handle *handle);

/**
 * bx_list_buses() - the buses that policies can be attached to
 * @handle: the handle
 * @fn: called with each bus' name
 * @arg: second argument of @fn
 *
 * Return: 0, what @fn returned, or -ENOENT when bus_ext is not loaded.
 */
int bx_list_buses(struct bx_handle *handle,
		  int (*fn)(const char *bus, void *arg), void *arg);

#ifdef __cplusplus
}
#endif

#endif /* _BUSEXT_H */
