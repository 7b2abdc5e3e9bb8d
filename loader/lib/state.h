/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: installed bundles, as they are on disk
 *
 *	STATE_DIR/bundles/NAME/state.yaml	its state, as the operator has chosen
 *	STATE_DIR/bundles/NAME/generation-N/	the bundle, as it was installed
 *	STATE_DIR/bundles/.new/			a bundle that is being installed
 *
 * Directories have mode 0700 and files 0600, whatever the umask is: no other user can read
 * installed bundles, or hold the lock, which is flock() on STATE_DIR/bundles.  A process
 * that changes something takes this lock before the lock of the pins.  A directory that
 * others can write to is refused.
 *
 * state.yaml is replaced as a whole.  Generations that it does not name are left over, and
 * 'unsettled' in it says that the active state of the kernel may differ from it: the next
 * command recovers from both (installed.c).
 */
#ifndef _BUSEXT_STATE_H
#define _BUSEXT_STATE_H

#include "bundle.h"
#include "sign.h"

#define MAX_GENERATIONS	8	/* in a state file */
#define DIGEST_SIZE	FINGERPRINT_SIZE
#define KEEP		3	/* once nothing is unsettled */

/**
 * struct generation - a version of a bundle that was installed
 * @number: its number, counted from 1 within the bundle
 * @version: version of the bundle
 * @digest: digest of the list of its files' digests
 * @signer: its signer; empty when it is not signed
 * @fingerprint: fingerprint of the signer's certificate
 * @anchor: fingerprint of the operator's certificate that vouched for the signer
 * @policies: names of its policies
 * @set: settings, NAME=VALUE, that the operator gave with it
 * @nr_set: number of @set
 */
struct generation {
	unsigned int	number;
	char		version[40];
	char		digest[DIGEST_SIZE];
	char		signer[256];
	char		fingerprint[DIGEST_SIZE];
	char		anchor[DIGEST_SIZE];
	struct names	policies;
	char		*set[MAX_SETTINGS];
	unsigned int	nr_set;
};

/**
 * struct installed - state of an installed bundle
 * @name: the bundle
 * @current: number of the current generation; 0 before there is one
 * @canary: number of the generation in shadow mode beside the current one, which is
 *	enforced; else 0
 * @enabled: it must be active, now and after each boot
 * @shadow: in shadow mode
 * @fail_closed: the operator asked that an ejection quarantines its policies
 * @rebind: at boot, devices that were bound before are rebound
 * @unsettled: a change of it is in progress
 * @gens: generations, oldest first
 * @count: number of generations
 */
struct installed {
	char			name[BX_NAME_LEN];
	unsigned int		current;
	unsigned int		canary;
	bool			enabled;
	bool			shadow;
	bool			fail_closed;
	bool			rebind;
	bool			unsettled;
	struct generation	gens[MAX_GENERATIONS];
	unsigned int		count;
};

int state_lock(struct bx_handle *h);
/* Makes the state directory. */
int state_make(struct bx_handle *h);
void state_unlock(struct bx_handle *h);

/* Returns 1 when the bundle is installed, 0 when not; the caller frees @inst in both cases. */
int state_read(struct bx_handle *h, const char *name, struct installed *inst);
int state_parse(struct bx_handle *h, const char *shown, char *text, size_t len,
		struct installed *inst);
int state_write(struct bx_handle *h, const struct installed *inst);
int state_delete(struct bx_handle *h, const char *name);
int state_adopt(struct bx_handle *h, const char *from, const char *name,
		unsigned int number);
void state_free(struct installed *inst);
void generation_free(struct generation *g);

/* Calls @fn for each bundle that has a folder; stops when @fn returns other than 0. */
int state_each(struct bx_handle *h, int (*fn)(struct bx_handle *h,
					      const char *name, void *arg),
	       void *arg);

struct generation *state_generation(const struct installed *inst,
				    unsigned int number);
void state_forget(struct installed *inst, unsigned int number);

static inline bool is_canary(const struct installed *inst,
			     const struct generation *g)
{
	return inst->canary && g->number == inst->canary;
}

int generation_set(struct bx_handle *h, struct generation *g,
		   const char *assignment);
bool generation_unset(struct generation *g, const char *setting);

/* Write paths of up to PATH_MAX bytes. */
void state_path(struct bx_handle *h, char *buf, const char *name,
		const char *file);
void generation_path(struct bx_handle *h, char *buf, const char *name,
		     unsigned int number);

/* Removes the generations that @inst does not name, and other leftover files. */
int state_sweep(struct bx_handle *h, const struct installed *inst);

#endif /* _BUSEXT_STATE_H */
