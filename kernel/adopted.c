// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of adopted and awaited buses
 *
 * It grows under the mutex of adopt.c, and is freed at the exit; so readers need no lock.
 */
#include "adopted.h"

static struct bx_adopted_bus *bx_adopted[BX_MAX_ADOPTED];
static u32 bx_nadopted;

/* Returns the next bus after number *@i that exists, NULL at the end. */
struct bx_adopted_bus *bx_adopted_next(u32 *i)
{
	/* pairs with bx_adopted_add() */
	u32 n = smp_load_acquire(&bx_nadopted);

	while (*i < n) {
		struct bx_adopted_bus *bus = bx_adopted[(*i)++];

		/* pairs with bx_adopt_bus() in adopt.c */
		if (smp_load_acquire(&bus->type))
			return bus;
	}
	return NULL;
}

/* Returns a bus that is adopted or awaited, or NULL. */
struct bx_adopted_bus *bx_adopted_find(const char *name)
{
	u32 n = smp_load_acquire(&bx_nadopted);	/* see bx_adopted_next() */

	for (u32 i = 0; i < n; i++) {
		if (!strcmp(bx_adopted[i]->name, name))
			return bx_adopted[i];
	}
	return NULL;
}

/* Returns bus @i that is adopted or awaited, or NULL after the last one. */
struct bx_adopted_bus *bx_adopted_nth(u32 i)
{
	u32 n = smp_load_acquire(&bx_nadopted);	/* see bx_adopted_next() */

	return i < n ? bx_adopted[i] : NULL;
}

bool bx_adopted_has(const struct bus_type *type)
{
	struct bx_adopted_bus *bus;

	for (u32 i = 0; (bus = bx_adopted_next(&i)); ) {
		if (type == bus->type)
			return true;
	}
	return false;
}

/* Calls a function for each device on all adopted buses. */
void bx_adopted_walk_devs(int (*fn)(struct device *dev, void *data), void *data)
{
	struct bx_adopted_bus *bus;

	for (u32 i = 0; (bus = bx_adopted_next(&i)); )
		bus_for_each_dev(bus->type, NULL, data, fn);
}

/* Whether there is no room for another bus; the mutex of adopt.c is held. */
bool bx_adopted_is_full(void)
{
	return bx_nadopted == BX_MAX_ADOPTED;
}

/* Adds a bus, for which there is room; the mutex of adopt.c is held. */
void bx_adopted_add(struct bx_adopted_bus *bus)
{
	bx_adopted[bx_nadopted] = bus;
	/* pairs with bx_adopted_next() */
	smp_store_release(&bx_nadopted, bx_nadopted + 1);
}

void bx_adopted_free(void)
{
	while (bx_nadopted)
		kfree(bx_adopted[--bx_nadopted]);
}
