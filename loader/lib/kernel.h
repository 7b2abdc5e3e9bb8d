/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: the kernel, as the library sees it
 *
 *	kernel.c	modules, the BPF file system, objects, links, maps, pins
 *	control.c	requests to bus_ext: lists, commits, trials
 *
 * The library reaches BPF and bus_ext only through these functions.  Beside them it
 * reads sysfs, and renames and removes pins, as files.  Tests are
 * linked with another implementation, which needs no kernel.
 *
 * A function that returns int returns a negative errno when it fails.  A function with
 * a handle sets a message there; for the others the caller does that, and errno
 * is undefined.  A descriptor is close-on-exec and belongs to the caller, which
 * closes it with close().
 */
#ifndef _BUSEXT_KERNEL_H
#define _BUSEXT_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/bus_ext.h>

struct bpf_object;
struct bpf_map;
struct bpf_program;
struct bx_handle;

/* ---- the machine ---- */

/**
 * kernel_is_there() - check whether bus_ext is loaded
 * @h: the handle, for the path of sysfs
 *
 * Return: whether bus_ext is loaded.
 */
bool kernel_is_there(struct bx_handle *h);

/**
 * kernel_permits() - check whether this process may change policies
 *
 * Return: whether it has the capability that the kernel requires.
 */
bool kernel_permits(void);

/**
 * kernel_load_module() - load a module and its dependencies
 * @name: its name or an alias
 *
 * Return: 0; -ENOENT when there is no module of that name; -ENOMEM; or the
 * kernel's errno, -EEXIST when it is loaded already.
 */
int kernel_load_module(const char *name);

/**
 * struct kernel_module - a module that an alias leads to
 * @name: its name, with underscores
 * @loaded: it is loaded, or in the kernel image
 * @blacklisted: modprobe does not load it by an alias
 */
struct kernel_module {
	char	name[64];
	bool	loaded;
	bool	blacklisted;
};

/**
 * kernel_find_modules() - find the modules that modprobe would load; load nothing
 * @alias: an alias, or the name of a module
 * @mods: takes the modules
 * @max: size of @mods; more are left out
 *
 * Return: number of modules; 0 also without modules of this kernel; -ENOMEM.
 */
int kernel_find_modules(const char *alias, struct kernel_module *mods, unsigned int max);

/**
 * kernel_is_bpf_fs() - check whether a path is on a BPF file system
 * @path: an existing file or directory
 *
 * Return: 1 when it is, 0 when it is not, or the errno of statfs().
 */
int kernel_is_bpf_fs(const char *path);

/**
 * kernel_mount_bpf() - mount a BPF file system
 * @path: an existing directory
 *
 * Return: 0 or the errno of mount().
 */
int kernel_mount_bpf(const char *path);

/* ---- objects, links, maps, pins ---- */

/**
 * struct kernel_link - a link
 * @id: its number in the kernel
 * @map_id: number of its struct_ops map; 0 when it is detached, or not a policy's
 * @policy: it is the link of a struct_ops map
 */
struct kernel_link {
	uint32_t	id;
	uint32_t	map_id;
	bool		policy;
};

/**
 * kernel_load() - load the programs and maps of an open object
 * @obj: the object; kernel_unload() ends it in any case
 *
 * Return: 0 or the errno of the kernel or of libbpf, whose messages are in the log.
 */
int kernel_load(struct bpf_object *obj);

/**
 * kernel_unload() - close an object, loaded or not
 * @obj: the object; NULL for none
 *
 * Maps and programs that links and pins refer to stay loaded.
 */
void kernel_unload(struct bpf_object *obj);

/**
 * kernel_map_fd() - the descriptor of a map of a loaded object
 * @map: the map
 *
 * Return: a descriptor that belongs to the object, or -EBADF.
 */
int kernel_map_fd(const struct bpf_map *map);

/**
 * kernel_insns() - number of instructions that the verifier has processed
 * @prog: the program
 *
 * Return: the number, or an errno when the program is not loaded.
 */
int kernel_insns(const struct bpf_program *prog);

/**
 * kernel_attach_policy() - attach the policy of a loaded object
 * @map: its struct_ops map, whose flags say whether it is staged
 *
 * Return: a descriptor of the new link, or an errno; the kernel's reason may be in
 * sysfs, in kernel/bus_ext/refused.
 */
int kernel_attach_policy(struct bpf_map *map);

/**
 * kernel_attach_map() - attach a policy again
 * @map_fd: its struct_ops map, which was attached before
 *
 * Return: a descriptor of the new link, or an errno: -EEXIST when its name is in
 * use.
 */
int kernel_attach_map(int map_fd);

/**
 * kernel_attach_hook() - attach a hook
 * @prog: its program, of a loaded object
 *
 * Return: a descriptor of the new link, or an errno.
 */
int kernel_attach_hook(struct bpf_program *prog);

/**
 * kernel_detach() - detach a policy's link
 * @link_fd: the link, which stays, without a policy
 *
 * Return: 0, also when it is detached already, or an errno.
 */
int kernel_detach(int link_fd);

/**
 * kernel_link_info() - describe a link
 * @link_fd: the link
 * @link: takes the answer
 *
 * Return: 0 or an errno.
 */
int kernel_link_info(int link_fd, struct kernel_link *link);

/**
 * kernel_link_by_id() - open a link
 * @id: its number
 *
 * Return: a descriptor, or an errno: -ENOENT when there is no such link.
 */
int kernel_link_by_id(uint32_t id);

/**
 * kernel_next_hook() - find the next hook of bus_ext, wherever it is pinned
 * @id: number of the previous link, 0 for the first one; takes that of the hook's
 * @name: takes the name of its program
 * @size: size of @name
 *
 * Return: a descriptor of its link, or an errno: -ENOENT when there are no more.
 */
int kernel_next_hook(uint32_t *id, char *name, size_t size);

/**
 * kernel_map_id() - number of a map
 * @map_fd: the map, or a negative number for none
 *
 * Return: the number; 0 for none, and when it is not known.
 */
uint32_t kernel_map_id(int map_fd);

/**
 * kernel_map_by_id() - open a map
 * @id: its number
 *
 * Return: a descriptor, or an errno: -ENOENT when there is no such map.
 */
int kernel_map_by_id(uint32_t id);

/**
 * kernel_pin() - pin a link or a map
 * @fd: the link or map
 * @path: a new file on a BPF file system
 *
 * Return: 0 or an errno: -EEXIST when there is such a file.
 */
int kernel_pin(int fd, const char *path);

/**
 * kernel_open_pin() - open a pinned link or map
 * @path: the file
 *
 * Return: a descriptor of the link or the map, or an errno.
 */
int kernel_open_pin(const char *path);

/* ---- tables of rules ---- */

/**
 * kernel_rules_object() - the object of the policy that evaluates rules
 * @size: takes its size
 *
 * Return: its bytes, or NULL if there is none.
 */
const void *kernel_rules_object(size_t *size);

/**
 * struct kernel_map - a new map
 * @name: its name
 * @hash: it is a hash with keys of @key_size bytes, else an array that can be mapped
 * @key_size: bytes of a key
 * @value_size: bytes of a value
 * @entries: number of values
 */
struct kernel_map {
	const char	*name;
	bool		hash;
	uint32_t	key_size;
	uint32_t	value_size;
	uint32_t	entries;
};

/**
 * kernel_new_map() - make a map
 * @map: the map
 *
 * Return: a descriptor, or an errno.
 */
int kernel_new_map(const struct kernel_map *map);

/**
 * kernel_map_memory() - map the memory of an array
 * @map_fd: the array
 * @size: bytes of its values, each of which begins at a multiple of 8
 *
 * Programs see at once what is written there.
 *
 * Return: the memory, for munmap(), or NULL.
 */
void *kernel_map_memory(int map_fd, size_t size);

/**
 * kernel_share_map() - use a map instead of a map of an object that is not loaded yet
 * @map: the map of the object
 * @map_fd: the map
 *
 * Return: 0 or an errno.
 */
int kernel_share_map(struct bpf_map *map, int map_fd);

/**
 * kernel_map_read() - read a value of a hash
 * @map_fd: the hash
 * @key: its key
 * @value: takes the value
 *
 * Return: 0 or an errno: -ENOENT without such a key.
 */
int kernel_map_read(int map_fd, const void *key, void *value);

/**
 * kernel_map_write() - write a value of a hash
 * @map_fd: the hash
 * @key: its key
 * @value: the value, or NULL to remove the key
 *
 * Return: 0 or an errno: -E2BIG if the hash is full, -ENOENT without a key to remove.
 */
int kernel_map_write(int map_fd, const void *key, const void *value);

/**
 * kernel_map_next() - find the next key of a hash
 * @map_fd: the hash
 * @key: the last key, or NULL for the first one
 * @next: takes the key; may be @key
 *
 * Return: 0 or an errno: -ENOENT after the last one.
 */
int kernel_map_next(int map_fd, const void *key, void *next);

/* ---- requests to bus_ext ---- */

/**
 * enum request - the programs of bxctl_*.bpf.c
 */
enum request {
	LIST_DEVICES,
	LIST_DRIVERS,
	LIST_POLICIES,
	LIST_EXITS,
	LIST_FACTS,
	LIST_OPINIONS,
	GET_DEVICE,
	REBIND,
	REELECT,
	SETTLE,
	COMMIT,
	LIST_TRIAL,
	TRY_CALL,
	AWAIT,
	NR_REQUESTS,
};

/**
 * struct records - a list
 * @data: the records, of @room, to be freed with records_free()
 * @size: bytes of one record
 * @count: number of records
 * @room: number of records that @data has room for
 */
struct records {
	char	*data;
	size_t	size;
	size_t	count;
	size_t	room;
};

/**
 * control_list() - read a list
 * @h: the handle
 * @which: LIST_*
 * @about: the struct bx_trial of LIST_TRIAL, the struct bx_devref of
 *	LIST_FACTS and LIST_OPINIONS; else NULL
 * @size: bytes of a record
 * @out: takes the records; empty when this fails
 *
 * Return: 0 or an errno with a message.
 */
int control_list(struct bx_handle *h, enum request which, const void *about,
		 size_t size, struct records *out);

/**
 * control_call() - run a request
 * @h: the handle
 * @which: GET_DEVICE, REBIND, REELECT or SETTLE
 * @ref: the device, or only its bus; NULL for none
 * @rec: takes the device of GET_DEVICE; else NULL
 * @result: takes the kernel's result: 0, a ticket, or an errno
 *
 * Return: 0 when the request was run, or an errno with a message.
 */
int control_call(struct bx_handle *h, enum request which,
		 const struct bx_devref *ref, struct bx_device_rec *rec,
		 int64_t *result);

/**
 * control_try_call() - hold a trial of a call
 * @h: the handle
 * @trial: the device, and the policies
 * @call: the call; takes its outcome
 * @result: takes the kernel's result: 0 or an errno
 *
 * Return: 0 when the request was run, or an errno with a message.
 */
int control_try_call(struct bx_handle *h, const struct bx_trial *trial,
		     struct bx_trial_call *call, int64_t *result);

/**
 * control_commit() - request a commit, which activates and deactivates policies in one step
 * @h: the handle
 * @change: the policies
 * @ticket: takes the ticket for control_wait(), or an errno if there will be no commit
 *
 * Return: 0 when the request was run, or an errno with a message.
 */
int control_commit(struct bx_handle *h, const struct bx_commit *change,
		   int64_t *ticket);

/**
 * control_wait() - wait for a ticket
 * @h: the handle
 * @ticket: the ticket
 * @ms: longest time to wait, in milliseconds
 * @result: takes the result of the request: -EINPROGRESS while there is none,
 *	-EINTR when a signal has ended the wait
 *
 * Return: 0 when the request was run, or an errno with a message.
 */
int control_wait(struct bx_handle *h, uint64_t ticket, unsigned int ms,
		 int64_t *result);

/**
 * control_close() - unload the request programs
 * @h: the handle
 */
void control_close(struct bx_handle *h);

#endif /* _BUSEXT_KERNEL_H */
