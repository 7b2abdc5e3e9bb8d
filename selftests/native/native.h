/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared parts of the native tests: control of the shims, policies whose programs
 * are tables, generated cases, the model, and the harness
 */
#ifndef _NATIVE_H
#define _NATIVE_H

#include "core.h"

/* ---- the shims (shim.c) ---- */

/* Number of the allocation that fails, counted from the call; 0 for none */
void native_fail_allocation(unsigned int nth);
/* Whether the failing allocation was reached */
bool native_allocation_failed(void);
/* Number of allocations that are not freed */
int native_allocations(void);
/* The last line of the kernel's log */
const char *native_last_log(void);
void native_run_work(void);
/* Ticks of the clock until the first timer runs, 0 if none is set */
unsigned long native_next_timer(void);
/* Runs the timers that are due then. */
void native_advance(unsigned long ticks);
/* Most list entries that code with interrupts off has walked over since the last question */
u32 native_longest_walk(void);
/* Number of references to modules and links */
int native_references(void);

/* ---- policies and devices (module.c) ---- */

#define NATIVE_DRIVERS	8	/* in a case; their names are 'a' to 'h' */
#define NATIVE_POLICIES	10
#define NATIVE_GIVE_UP	(-99)	/* the program calls bx_policy_error(7) */
#define NATIVE_SLOW	(-98)	/* the program takes 4 seconds */

/* Bus names; those before NATIVE_OWN_BUSES are own buses, others adopted */
#define NATIVE_BUSES	6
#define NATIVE_OWN_BUSES 4
extern const char *const native_bus[NATIVE_BUSES];
bool native_is_adopted(const char *bus);

/**
 * struct native_say - behaviour of select() or the hook
 * @verdict: its return value, NATIVE_GIVE_UP or NATIVE_SLOW
 * @driver: the driver it names, or empty
 * @more: the drivers it names after that, a letter each
 * @groups: mask of enum bx_group that select() asks for: it gives up without the members
 */
struct native_say {
	s32	verdict;
	char	driver[BX_NAME_LEN];
	char	more[BX_MAX_CHOICES + 1];
	u32	groups;
};

/**
 * struct native_policy - a policy, and the behaviour of its programs
 * @name: its name
 * @bus: bus in scope
 * @vendor: vendor in scope
 * @priority: its priority
 * @flags: enum bx_policy_flags
 * @version: its version
 * @selects: it has a select(), @select
 * @matches: it has a match(), @match
 * @select: behaviour of select()
 * @match: return value of match() for the driver 'a' and so on, NATIVE_GIVE_UP or NATIVE_SLOW
 * @limited: it may name @listed only
 * @listed: drivers, as a bit for each letter
 * @dead: it is ejected when the election begins
 * @enters: it enters with the trial's change
 * @leaves: it leaves with the trial's change
 */
struct native_policy {
	char			name[BX_NAME_LEN];
	const char		*bus;
	u32			vendor;
	s32			priority;
	u64			flags;
	u32			version;
	bool			selects;
	bool			matches;
	struct native_say	select;
	s32			match[NATIVE_DRIVERS];
	bool			limited;
	u32			listed;
	bool			dead;
	bool			enters;
	bool			leaves;
};

/* Programs in the kernel */
struct native_map {
	struct bus_ext_ops		ops;
	const struct native_policy	*policy;
	unsigned int			asked;
	unsigned int			ejections;
	struct bx_exit_info		ejected;
	unsigned int			exits;
	struct bx_exit_info		exit;
};

struct native_link {
	struct bpf_link		link;
	struct native_map	*map;		/* NULL when it is detached */
};

void native_map_init(struct native_map *map, const struct native_policy *policy);
int native_attach(struct native_link *link, struct native_map *map);
int native_update(struct native_link *link, struct native_map *map);
void native_detach(struct native_link *link);
void native_eject(struct native_link *link, enum bx_exit_kind kind,
		  const char *device, const char *reason);
/* Reads the record of a policy; returns false when there is none. */
bool native_record(const struct native_link *link, struct bx_policy_rec *rec);
/* As a loader that has checked the policy of the record */
struct bx_commit_enter native_enter(const struct bx_policy_rec *rec);
struct native_map *native_map_of(const struct bx_inst *inst);

struct native_case;

extern struct native_say native_hook;
extern unsigned int native_hook_asked;
extern bool native_no_members;	/* memory runs out when members of a group are read */
/* Drivers that adopted buses have, as a bit for each name */
extern unsigned int native_registered;
extern unsigned int native_claiming;	/* those of them that claim the device */
/* The errno with which an adopted bus refuses match() */
extern int native_judge_error;
/* The case that is set up: the order of registration */
extern const struct native_case *native_on_bus;
/* Calls of the functions that a commit and a detach have to make */
extern unsigned int native_forgotten, native_inherited;
/* The last tracepoints */
extern struct bx_decision native_traced;
extern unsigned int native_decisions;
extern unsigned int native_sysfs_dirs;
/* Number of uevents, and the stage of the last */
extern unsigned int native_uevents;
extern const char *native_uevent;

/* ---- generated cases (case.c) ---- */

struct native_driver {
	char	name[BX_NAME_LEN];
	bool	claims;
	int	error;
};

/**
 * struct native_case - an election
 * @bus: the device's bus
 * @vendor: its vendor
 * @override: the administrator's driver_override
 * @hook: behaviour of the hook
 * @only_entering: BX_TRIAL_ALONE
 * @mistakes: programs may return invalid values
 * @npolicies: number of policies
 * @policy: policies, in the order in which they are attached
 * @ndrivers: number of drivers
 * @driver: drivers, in the order in which they are registered
 * @absent: drivers whose module cannot be loaded, as a bit for each letter
 * @claimants: the bus, an adopted one, binds only drivers that claim the device
 */
struct native_case {
	const char		*bus;
	u32			vendor;
	char			override[BX_NAME_LEN];
	struct native_say	hook;
	bool			only_entering;
	bool			mistakes;
	unsigned int		npolicies;
	struct native_policy	policy[NATIVE_POLICIES];
	unsigned int		ndrivers;
	struct native_driver	driver[NATIVE_DRIVERS];
	u32			absent;
	bool			claimants;
};

/* The case that is checked, for native_bug() */
extern const struct native_case *native_current;
void native_generate(struct native_case *c);
void native_policy_generate(struct native_policy *p, unsigned int nr,
			    bool mistakes);
void native_print(const struct native_case *c);
/* Returns NULL, or the fault of the case. */
typedef const char *(*native_check_fn)(const struct native_case *c);
/* Checks generated cases; prints and shrinks the first one that is wrong. */
void native_cases(native_check_fn check);

/* ---- a case in the kernel (world.c) ---- */

#define NATIVE_GENERATION	42
#define NATIVE_ORDER(d)		(10 + 3 * (d))	/* bx_driver.order */

/* All that an election needs, attached */
struct native_world {
	const struct native_case	*c;
	struct native_map		map[NATIVE_POLICIES];
	struct native_link		link[NATIVE_POLICIES];
	struct bx_policy_rec		rec[NATIVE_POLICIES];
	struct bx_dev_info		info;
	struct device			dev;
	struct bus_type			bus;
	struct list_head		notes;
};

/* The drivers that the policy may name, for a commit */
void native_limit(const struct native_policy *p, struct bx_limit *limit);
void native_set_up(struct native_world *w, const struct native_case *c);
/* Reads the counters of each policy into @w. */
void native_records(struct native_world *w);
/* The election, to be freed with bx_election_free(); NULL when memory ran out */
struct bx_election *native_run(struct native_world *w, bool explain);
void native_tear_down(struct native_world *w);

/* ---- the model (model.c) ---- */

/**
 * struct model_outcome - the expected outcome of an election
 * @by: enum bx_decider
 * @outcome: enum bx_outcome
 * @driver: the elected driver
 * @kernel: the driver that the rule of an adopted bus takes, if match() was asked
 * @policy: number of the deciding policy, -1 for none
 * @score: the winner's score
 * @of: the effects of the election on each policy
 */
struct model_outcome {
	u32		by;
	u32		outcome;
	char		driver[BX_NAME_LEN];
	char		kernel[BX_NAME_LEN];
	int		policy;
	s32		score;
	struct {
		bool	ejected;
		u32	kind;
		s32	code;
		u32	asked;
		u32	decided;
		u32	vetoed;
		u32	diverged;
	} of[NATIVE_POLICIES];
};

/* Which policies are active */
enum model_when {
	MODEL_NOW,
	MODEL_TRIAL,
};

void model_elect(const struct native_case *c, enum model_when when,
		 struct model_outcome *out);
/* Stores the numbers of policies in scope, in order of authority; returns how many. */
unsigned int model_chain(const struct native_case *c, enum model_when when,
			 unsigned int *chain);
bool model_before(const struct native_policy *a, const struct native_policy *b);
bool model_mistake(const struct native_policy *p);
bool model_may_name(const struct native_policy *p, char driver);

/* ---- the harness (ktap.c) ---- */

struct native_test {
	const char	*name;
	void		(*fn)(void);
};

#define NATIVE_TEST(fn)	{ #fn, fn }

extern u64 native_seed;
extern unsigned int native_ncases;

u32 native_random(u32 below);
bool native_one_in(u32 n);
void native_reseed(u64 seed);
void native_failed(const char *fmt, ...) __printf(1, 2);
/* Text for a complaint, valid until the next call */
const char *native_text(const char *fmt, ...) __printf(1, 2);
void native_say(const char *fmt, ...) __printf(1, 2);
int native_main(const struct native_test *tests, unsigned int n);

#define EXPECT(cond) do { \
	if (!(cond)) \
		native_failed("%s:%d: %s", __FILE__, __LINE__, #cond); \
} while (0)

#endif /* _NATIVE_H */
