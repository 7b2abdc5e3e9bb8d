/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Native tests: declarations that fake_kernel.c, fake_bus_ext.c and fake_devices.c share
 */
#ifndef _NATIVE_FAKE_H
#define _NATIVE_FAKE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/bus_ext.h>

#define FAKE_THINGS	160
#define FAKE_POLICIES	96
#define FAKE_EXITS	16
#define FAKE_TICKETS	64
#define FAKE_DEVICES	16

/**
 * struct thing - a link or a map
 * @id: its number; 0 when there is no such thing
 * @ino: its file
 * @is_map: it is a map
 * @policy: it is the link of a policy, attached or not
 * @map: the map of an attached link, else 0
 * @rec: of a map, the policy's fields; of a link, those of its map
 * @misbehaves: of a map, the policy is ejected once it is active
 * @late: of a map, a trial does not show the ejection
 * @missing: of a map, it names a driver that is not there
 * @guards: of a map, it refuses the device
 * @refuses: of a map, its init() fails
 * @unstaged: of a map, the policy is active at once
 * @differs: of a map, a commit finds another priority than a list of policies
 * @rules: of a map, the policy has a table of rules
 */
struct thing {
	uint32_t		id;
	ino_t			ino;
	bool			is_map;
	bool			policy;
	uint32_t		map;
	struct bx_policy_rec	rec;
	bool			misbehaves;
	bool			late;
	bool			missing;
	bool			guards;
	bool			refuses;
	bool			unstaged;
	bool			differs;
	bool			rules;
};

/**
 * struct policy - an attached policy
 * @link: its link; 0 when there is no such policy
 * @map: its map
 * @rec: the policy
 */
struct policy {
	uint32_t		link;
	struct thing		map;
	struct bx_policy_rec	rec;
};

/**
 * struct fake_device - a device of a test
 * @there: it exists
 * @rec: its record
 * @opinion: the result of an election now
 */
struct fake_device {
	bool			there;
	struct bx_device_rec	rec;
	struct bx_opinion	opinion;
};

/* Requests end, do not end, are not accepted, or lose their results. */
enum fake_requests { REQUESTS_END, REQUESTS_WAIT, REQUESTS_FULL, REQUESTS_LOST };

/**
 * struct fake - the kernel
 * @dir: files of links and maps
 * @sysfs: the directory that replaces /sys
 * @loaded: bus_ext is loaded
 * @device: the only device: unbound, until no policy guards it any more
 * @fingerprint: of @device; with it, @device is elected after each change, as @opinion says
 * @scripted: the test says what is bound to the device and decided on it: @device, and
 *	@opinion as the result of an explanation
 * @more: further devices
 * @signal_at: the process gets SIGTERM during this rebind, counted from 1; 0 for none
 * @requests: the state of all requests
 * @waits: number of processes that have begun to wait for a request
 */
struct fake {
	char			dir[256];
	char			sysfs[256];
	bool			loaded;
	struct bx_device_rec	device;
	bool			scripted;
	char			fingerprint[BX_FACT_LEN];
	struct bx_opinion	opinion;
	struct fake_device	more[FAKE_DEVICES];
	unsigned int		signal_at;
	enum fake_requests	requests;
	unsigned int		waits;
	uint32_t		last_thing;
	uint64_t		last_policy;
	uint64_t		last_ticket;
	uint64_t		nr_exits;
	int64_t			ticket[FAKE_TICKETS];
	struct thing		thing[FAKE_THINGS];
	struct policy		policy[FAKE_POLICIES];
	struct bx_exit_info	exit[FAKE_EXITS];
};

extern struct fake *fake;

/* A call of the kernel: an errno when it fails before it does anything */
int fake_begin(const char *what, const char *of, unsigned int faults);
int fake_end(int ret);

void fake_reap(void);
unsigned int fake_pins(const struct thing *t);

/* fake_tables.c */
int fake_rules(const struct bx_policy_rec *rec);

/* fake_bus_ext.c: bx_reg() and bx_unreg() */
int policy_begin(const struct thing *map, struct thing *link);
void policy_end(struct thing *link);

struct records;
void fake_add_record(struct records *out, const void *rec);

/* fake_devices.c: NULL for the only other device, or none */
struct fake_device *fake_find_device(const struct bx_devref *ref);
void fake_list_opinions(const struct bx_devref *ref, struct records *out);
void fake_list_facts(const struct bx_devref *ref, struct records *out);

/* Elects the device that has a fingerprint, unless it is bound. */
void fake_elect(void);
/* Returns as bx_override_rebind(). */
int64_t fake_rebind(const struct bx_devref *ref);

#endif /* _NATIVE_FAKE_H */
