/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: installed bundles, as they are on disk
 *
 *	STATE_DIR/bundles/NAME/state.yaml	what the operator wants of it
 *	STATE_DIR/bundles/NAME/generation-N/	the bundle, as it was installed
 *	STATE_DIR/bundles/.new/			one that is being installed
 *
 * Directories have mode 0700 and files 0600, whatever the umask is: no other user can read
 * what is installed, or hold the lock, which is flock() on STATE_DIR/bundles.  A process
 * that changes something takes it before that of the pins.  A directory that others can
 * write to is refused.
 *
 * state.yaml is replaced as a whole.  What it does not name is left over, and 'unsettled'
 * in it says that the kernel may have something else active than it says: both are
 * recovered by the next command (installed.c).
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
 * @number: counts up from 1, within the bundle
 * @version: the bundle's
 * @digest: of the list of its files' digests
 * @signer: who signed it; empty when it is not signed
 * @fingerprint: of the signer's certificate
 * @anchor: fingerprint of the operator's certificate that vouched for the signer
 * @policies: their names
 * @set: settings, NAME=VALUE, that the operator gave with it
 * @nr_set: how many
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
 * struct installed - what the operator wants of a bundle
 * @name: the bundle
 * @current: number of the generation that counts; 0 before the first does
 * @canary: number of the generation in shadow mode beside it, which is enforced; else 0
 * @enabled: it is to be in force, now and after each boot
 * @shadow: in shadow mode
 * @unsettled: something of it is being changed
 * @gens: generations, oldest first
 * @count: how many
 */
struct installed {
	char			name[BX_NAME_LEN];
	unsigned int		current;
	unsigned int		canary;
	bool			enabled;
	bool			shadow;
	bool			unsettled;
	struct generation	gens[MAX_GENERATIONS];
	unsigned int		count;
};

int state_lock(struct bx_handle *h);
void state_unlock(struct bx_handle *h);

/* 1 when it is installed, 0 when not; to be freed in both cases */
int state_read(struct bx_handle *h, const char *name, struct installed *inst);
int state_parse(struct bx_handle *h, const char *shown, char *text, size_t len,
		struct installed *inst);
int state_write(struct bx_handle *h, const struct installed *inst);
int state_delete(struct bx_handle *h, const char *name);
int state_adopt(struct bx_handle *h, const char *from, const char *name,
		unsigned int number);
void state_free(struct installed *inst);
void generation_free(struct generation *g);

/* Bundles that have a folder; stops when @fn returns other than 0. */
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

/* Paths, of up to PATH_MAX */
void state_path(struct bx_handle *h, char *buf, const char *name,
		const char *file);
void generation_path(struct bx_handle *h, char *buf, const char *name,
		     unsigned int number);

/* What is there and nobody knows of goes. */
int state_sweep(struct bx_handle *h, const struct installed *inst);

#endif /* _BUSEXT_STATE_H */
