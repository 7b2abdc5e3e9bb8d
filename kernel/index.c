// SPDX-License-Identifier: GPL-2.0-only
/*
 * The index: maps (bus, vendor) to the chain of policies in scope
 *
 * Elections, calls and events read it inside bx_srcu, and no other state of the
 * policies.  It is immutable: attach, update, detach and commit (policy.c)
 * publish a new one, so each of them is atomic for readers, and policies of
 * other vendors do not slow an election down.  For trials it also has a slot
 * for each policy, including staged and retired ones.
 *
 * This file depends on the list of policies, but not on devices or BPF.
 */
#include <linux/sort.h>
#include <linux/stringhash.h>
#include "core.h"

DEFINE_SRCU(bx_srcu);

/*
 * The chain of one (bus, vendor); @vendor is BX_ANY for vendors without own
 * scope.
 */
struct bx_scope {
	u64		key;		/* see bx_scope_key() */
	char		bus[BX_NAME_LEN];
	u32		vendor;
	struct bx_policy_chain	*chain;
};

/* All policies, in order of authority, for trials */
struct bx_slots {
	u32		n;
	struct {
		struct bx_inst	*inst;
		enum bx_stage	stage;
	} slot[] __counted_by(n);
};

struct bx_index {
	struct bx_slots	*slots;
	u32		n;
	struct bx_scope	scope[] __counted_by(n);
};

static struct bx_index __rcu *bx_index;	/* bx_srcu; writes: bx_policy_mutex */

/* ---- look up ---- */

/* Scopes are sorted and searched by this key, since comparing names is slow. */
static u64 bx_scope_key(u32 bus_hash, u32 vendor)
{
	return (u64)bus_hash << 32 | vendor;
}

static u32 bx_bus_hash(const char *bus)
{
	return full_name_hash(NULL, bus, strlen(bus));
}

static int bx_scope_cmp(const void *a, const void *b)
{
	const struct bx_scope *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return strcmp(x->bus, y->bus);
}

static const struct bx_scope *bx_scope_find(const struct bx_index *index,
					    const char *bus, u64 key)
{
	u32 low = 0, high = index->n;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (index->scope[mid].key < key)
			low = mid + 1;
		else
			high = mid;
	}
	/* Two bus names can have the same hash, and so the same key. */
	for (; low < index->n && index->scope[low].key == key; low++) {
		if (!strcmp(index->scope[low].bus, bus))
			return &index->scope[low];
	}
	return NULL;
}

/* Whether a policy of a chain has match() */
bool bx_chain_judges(const struct bx_policy_chain *chain)
{
	for (u32 i = 0; chain && i < chain->n; i++) {
		if (chain->inst[i]->ops->match)
			return true;
	}
	return false;
}

/**
 * bx_chain_lookup() - find the policies in scope of a device
 * @bus: name of its bus
 * @vendor: its vendor id
 *
 * Context: inside bx_srcu, which the result must not outlive.
 * Return: the chain, NULL if no policy is in scope.
 */
const struct bx_policy_chain *bx_chain_lookup(const char *bus, u32 vendor)
{
	const struct bx_index *index = srcu_dereference(bx_index, &bx_srcu);
	const struct bx_scope *scope;
	u32 hash;

	if (!index)
		return NULL;
	hash = bx_bus_hash(bus);
	scope = bx_scope_find(index, bus, bx_scope_key(hash, vendor)) ?:
		bx_scope_find(index, bus, bx_scope_key(hash, BX_ANY));
	return scope ? scope->chain : NULL;
}

/* Whether a policy has devices of the bus in its scope, of whatever vendor; may sleep */
bool bx_is_bus_in_scope(const char *bus)
{
	int idx = srcu_read_lock(&bx_srcu);
	const struct bx_index *index = srcu_dereference(bx_index, &bx_srcu);
	bool found = false;

	for (u32 i = 0; index && i < index->n; i++)
		found |= !strcmp(index->scope[i].bus, bus);
	srcu_read_unlock(&bx_srcu, idx);
	return found;
}

/* Whether a version has devices of a vendor on a bus in its scope */
bool bx_in_scope(const struct bx_inst *inst, const char *bus, u32 vendor)
{
	return !strcmp(inst->bus, bus) &&
	       (inst->vendor == vendor || inst->vendor == BX_ANY);
}

static bool bx_leaves(const struct bx_commit *c, u32 n, u64 id)
{
	for (u32 i = 0; i < n; i++) {
		if (c->leave[i] == id)
			return true;
	}
	return false;
}

static bool bx_enters(const struct bx_commit *c, u32 n, u64 id)
{
	for (u32 i = 0; i < n; i++) {
		if (c->enter[i].id == id)
			return true;
	}
	return false;
}

/* Returns the version of a policy if the policy is in @stage, else NULL. */
static const struct bx_inst *bx_slot_find(const struct bx_index *index, u64 id,
					  enum bx_stage stage)
{
	for (u32 i = 0; index && i < index->slots->n; i++) {
		if (index->slots->slot[i].inst->policy->id == id)
			return index->slots->slot[i].stage == stage ?
			       index->slots->slot[i].inst : NULL;
	}
	return NULL;
}

/* Checks a change as bx_policy_commit() does, except for duplicate names. */
static int bx_change_check(const struct bx_index *index,
			   const struct bx_commit *c)
{
	const struct bx_inst *inst;
	int err = 0;

	for (u32 i = 0; i < c->nr_enter && !err; i++) {
		inst = bx_slot_find(index, c->enter[i].id, BX_STAGE_STAGED);
		if (!inst)
			return -ENOENT;
		err = bx_enters(c, i, c->enter[i].id) ? -EINVAL :
		      bx_expect(inst, &c->enter[i]);
	}
	for (u32 i = 0; i < c->nr_leave && !err; i++) {
		if (!bx_slot_find(index, c->leave[i], BX_STAGE_ACTIVE))
			return -ENOENT;
		err = bx_leaves(c, i, c->leave[i]) ? -EINVAL : 0;
	}
	return err;
}

/**
 * bx_trial_chain() - build the chain of policies in scope after a change
 * @trial: the trial; @trial->change is the assumed change
 * @bus: name of the device's bus
 * @vendor: the device's vendor id
 *
 * Context: inside bx_srcu, which the result must not outlive.
 * Return: the chain, to be freed with kfree(); ERR_PTR(-ENOENT) if an entering
 * policy is not staged or a leaving policy is not active; ERR_PTR(-EPERM) if an
 * entering policy differs from its struct bx_commit_enter; ERR_PTR(-EINVAL) if
 * a policy is listed twice or its struct bx_commit_enter is invalid;
 * ERR_PTR(-ENOMEM).
 */
struct bx_policy_chain *bx_trial_chain(const struct bx_trial *trial,
				       const char *bus, u32 vendor)
{
	const struct bx_index *index = srcu_dereference(bx_index, &bx_srcu);
	const struct bx_commit *c = &trial->change;
	u32 all = index ? index->slots->n : 0;
	struct bx_policy_chain *chain;
	int err = bx_change_check(index, c);

	if (err)
		return ERR_PTR(err);
	chain = kzalloc(struct_size(chain, inst, all), GFP_KERNEL);
	if (!chain)
		return ERR_PTR(-ENOMEM);
	chain->n = all;
	all = 0;
	for (u32 i = 0; i < chain->n; i++) {
		struct bx_inst *inst = index->slots->slot[i].inst;
		enum bx_stage stage = index->slots->slot[i].stage;
		u64 id = inst->policy->id;
		bool comes = bx_enters(c, c->nr_enter, id);

		if (stage == BX_STAGE_ACTIVE)
			comes = !(trial->flags & BX_TRIAL_ALONE) &&
				!bx_leaves(c, c->nr_leave, id);
		if (comes && bx_in_scope(inst, bus, vendor))
			chain->inst[all++] = inst;
	}
	chain->n = all;
	chain->gen = U64_MAX;
	return chain;
}

/* ---- publish ---- */

static u64 bx_index_gen;	/* generation of the published index; bx_policy_mutex */

/* Stamps the versions that become active with the next index. */
static void bx_index_stamp(const struct list_head *policies)
{
	struct bx_policy *policy;

	bx_index_gen++;
	list_for_each_entry(policy, policies, node) {
		if (bx_is_active(policy) && !policy->inst->since)
			policy->inst->since = bx_index_gen;
	}
}

static void bx_index_free(struct bx_index *index)
{
	if (!index)
		return;
	for (u32 i = 0; i < index->n; i++)
		kfree(index->scope[i].chain);
	kvfree(index->slots);
	kvfree(index);
}

static struct bx_policy_chain *bx_chain_build(const struct list_head *policies,
					      const char *bus, u32 vendor,
					      gfp_t gfp)
{
	struct bx_policy *policy;
	struct bx_policy_chain *chain;
	u32 n = 0;

	list_for_each_entry(policy, policies, node)
		n += bx_is_active(policy) &&
		     bx_in_scope(policy->inst, bus, vendor);
	chain = kzalloc(struct_size(chain, inst, n), gfp);
	if (!chain)
		return NULL;
	chain->n = n;
	chain->gen = bx_index_gen + 1;
	n = 0;
	list_for_each_entry(policy, policies, node) {
		if (bx_is_active(policy) &&
		    bx_in_scope(policy->inst, bus, vendor))
			chain->inst[n++] = policy->inst;
	}
	return chain;
}

static struct bx_slots *bx_slots_build(const struct list_head *policies, u32 n,
				       gfp_t gfp)
{
	struct bx_policy *policy;
	struct bx_slots *slots;

	slots = kvzalloc(struct_size(slots, slot, n), gfp);
	if (!slots)
		return NULL;
	slots->n = n;
	n = 0;
	list_for_each_entry(policy, policies, node) {
		slots->slot[n].inst = policy->inst;
		slots->slot[n++].stage = policy->stage;
	}
	return slots;
}

static struct bx_index *bx_index_build(const struct list_head *policies, u32 max,
				       gfp_t gfp)
{
	struct bx_policy *policy;
	struct bx_index *index;
	u32 n = 0;

	index = kvzalloc(struct_size(index, scope, max), gfp);
	if (!index)
		return NULL;
	index->n = max;
	index->slots = bx_slots_build(policies, max, gfp);
	if (!index->slots) {
		bx_index_free(index);
		return NULL;
	}
	list_for_each_entry(policy, policies, node) {
		struct bx_scope *scope = &index->scope[n];
		u32 i;

		if (!bx_is_active(policy))
			continue;
		strscpy(scope->bus, policy->inst->bus, sizeof(scope->bus));
		scope->vendor = policy->inst->vendor;
		scope->key = bx_scope_key(bx_bus_hash(scope->bus),
					  scope->vendor);
		for (i = 0; i < n; i++) {
			if (!bx_scope_cmp(&index->scope[i], scope))
				break;
		}
		if (i < n)
			continue;
		scope->chain = bx_chain_build(policies, scope->bus,
					      scope->vendor, gfp);
		if (!scope->chain) {
			bx_index_free(index);
			return NULL;
		}
		n++;
	}
	index->n = n;
	sort(index->scope, n, sizeof(index->scope[0]), bx_scope_cmp, NULL);
	return index;
}

/**
 * bx_index_publish() - build and publish a new index
 * @policies: the policies, in order of authority
 * @n: number of policies
 * @gfp: allocation flags; with __GFP_NOFAIL the function cannot fail
 * @old: takes the previous index, for bx_index_retire()
 *
 * Without policies the index is NULL, so that module exit has none to free.
 *
 * Context: process; the caller serializes calls.
 * Return: 0; -ENOMEM without any change.
 */
int bx_index_publish(const struct list_head *policies, u32 n, gfp_t gfp,
		     struct bx_index **old)
{
	struct bx_index *new = NULL;

	if (n) {
		new = bx_index_build(policies, n, gfp);
		if (!new)
			return -ENOMEM;
	}
	bx_index_stamp(policies);
	*old = rcu_replace_pointer(bx_index, new, true);
	return 0;
}

/**
 * bx_index_retire() - free a previous index after its last reader
 * @old: from bx_index_publish(), when no device has one of its chains any more
 *
 * Elections read an index inside bx_srcu, calls read a chain inside RCU.  A
 * policy that left may be freed afterwards.
 *
 * Context: process, not inside bx_srcu.
 */
void bx_index_retire(struct bx_index *old)
{
	synchronize_srcu(&bx_srcu);
	synchronize_rcu_expedited();
	bx_index_free(old);
}
