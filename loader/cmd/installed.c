// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: the installed bundles in 'status': their settings and problems
 *
 * A bundle has a problem when the kernel's state is not the one that was chosen. Each
 * problem comes with its reason and the command that helps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bxctl.h"

/* The strings of bx_canary are valid only during the call, too. */
static void keep_canary(struct canary_status *s, const struct bx_canary *c)
{
	s->c = *c;
	s->there = true;
	snprintf(s->version, sizeof(s->version), "%s", c->version);
	snprintf(s->signer, sizeof(s->signer), "%s", c->signer ?: "");
	snprintf(s->problem, sizeof(s->problem), "%s",
		 problem_text(&c->problem));
	s->ejected = c->ejection;
	if (s->ejected)
		s->ejection = *c->ejection;
}

/* The strings of bx_installed are valid only during the call. */
static int keep(const struct bx_installed *i, void *arg)
{
	struct bundles *b = arg;
	struct bundle_status *s;

	s = realloc(b->list, (b->count + 1) * sizeof(*s));
	if (!s)
		abort();
	b->list = s;
	s += b->count++;
	*s = (struct bundle_status) { .i = *i };
	snprintf(s->name, sizeof(s->name), "%s", i->name);
	snprintf(s->version, sizeof(s->version), "%s", i->version ?: "");
	snprintf(s->signer, sizeof(s->signer), "%s", i->signer ?: "");
	snprintf(s->problem, sizeof(s->problem), "%s",
		 problem_text(&i->problem));
	if (i->ejection)
		s->ejection = *i->ejection;
	s->ejected = i->ejection;
	s->unreadable = i->unreadable;
	if (i->canary)
		keep_canary(&s->canary, i->canary);
	return 0;
}

static void problem(struct bundle_status *s, const char *verb, const char *fmt,
		    const char *detail)
{
	snprintf(s->problem, sizeof(s->problem), fmt, detail);
	snprintf(s->remedy, sizeof(s->remedy), "bxctl %s %s", verb, s->name);
}

static void word_exit(char *buf, size_t size, const struct bx_exit_info *e)
{
	snprintf(buf, size, "policy '%s' was ejected from %s%s%s: %s: %s",
		 e->name, e->bus, e->device[0] ? ", on device " : "", e->device,
		 bx_exit_kind_text(e->kind), e->msg);
}

static void blame_ejection(struct bundle_status *s)
{
	word_exit(s->problem, sizeof(s->problem), &s->ejection);
	snprintf(s->remedy, sizeof(s->remedy), "bxctl rollback %s", s->name);
}

/* Any command that changes bundles recovers; this one has no other effect. */
static void blame_interruption(struct bundle_status *s)
{
	snprintf(s->problem, sizeof(s->problem), "a change was interrupted");
	snprintf(s->remedy, sizeof(s->remedy), "bxctl boot");
}

/* @why: the error of opening the bundle with its settings; empty without one */
static void find_problem(struct bundle_status *s, const char *why)
{
	const struct bx_installed *i = &s->i;

	if (s->unreadable)
		snprintf(s->remedy, sizeof(s->remedy), "bxctl remove %s",
			 s->name);
	else if (i->interrupted)
		blame_interruption(s);
	else if (!i->enabled && i->active)
		problem(s, "disable", "it is disabled, but its policies are active%s",
			"");
	else if (i->enabled && why[0])
		problem(s, "enable", "%s", why);
	else if (i->enabled && i->active < i->policies && s->ejected)
		blame_ejection(s);
	else if (i->enabled && i->active < i->policies)
		problem(s, "enable", "not all of its policies are active%s",
			"");
	else if (i->enabled && !i->current)
		problem(s, "enable", "its files, settings or mode are not those that are active%s",
			"");
}

/* Dropping the canary is a remedy in any case; the enforced version is not affected. */
static void find_canary_problem(struct bundle_status *s)
{
	struct canary_status *c = &s->canary;

	if (!c->there || !s->i.enabled || s->i.interrupted) {
		c->problem[0] = '\0';
		return;
	}
	if (c->problem[0])
		return;
	if (c->c.active < c->c.policies && c->ejected)
		word_exit(c->problem, sizeof(c->problem), &c->ejection);
	else if (c->c.active < c->c.policies)
		snprintf(c->problem, sizeof(c->problem),
			 "not all of its policies are active");
	else if (!c->c.current)
		snprintf(c->problem, sizeof(c->problem),
			 "its files or settings are not those that are active");
}

/* Its files may be damaged, and the operator's file of values may be wrong. */
static void open_it(struct env *env, struct bundle_status *s)
{
	int err = 0;

	if (!s->unreadable && s->version[0])
		err = bx_bundle_open(env->bx, s->name, BX_BUNDLE_INSTALLED,
				     &s->bundle);
	if (s->bundle)
		err = bx_bundle_configure(s->bundle);
	find_problem(s, err ? library_error(env, err) : "");
	find_canary_problem(s);
}

int bundles_collect(struct env *env, struct bundles *b)
{
	int err;

	*b = (struct bundles) {};
	err = bx_list_installed(env->bx, keep, b);
	for (size_t i = 0; !err && i < b->count; i++) {
		struct bundle_status *s = &b->list[i];

		open_it(env, s);
		b->problems += !!s->problem[0] + !!s->canary.problem[0];
	}
	return err;
}

void bundles_free(struct bundles *b)
{
	for (size_t i = 0; i < b->count; i++)
		bx_bundle_close(b->list[i].bundle);
	free(b->list);
}

/* ---- text ---- */

static const char *word_state(char *buf, const struct bundle_status *s)
{
	const struct bx_installed *i = &s->i;

	if (s->unreadable)
		return "unreadable";
	if (i->interrupted)
		return "change interrupted";
	if (!i->enabled)
		return i->active ? "disabled, but active" : "disabled";
	if (i->active < i->policies) {
		snprintf(buf, WORDS, "%u of %u active", i->active,
			 i->policies);
		return i->active ? buf : "not active";
	}
	return i->current ? "active" : "another state active";
}

static const char *word_ejection(char *buf, bool ejected,
				 const struct bx_exit_info *e)
{
	if (!ejected)
		return "-";
	snprintf(buf, WORDS, "%s, %llu s ago", e->name,
		 seconds_since(e->time_ns));
	return buf;
}

static const char *word_canary_state(char *buf, const struct bundle_status *s)
{
	const struct bx_canary *c = &s->canary.c;

	if (!s->i.enabled)
		return "disabled";
	if (c->active < c->policies) {
		snprintf(buf, WORDS, "%u of %u active", c->active,
			 c->policies);
		return c->active ? buf : "not active";
	}
	return c->current ? "active" : "another state active";
}

/* Below the row of the enforced version */
static void canary_row(struct table *t, const struct bundle_status *s)
{
	const struct canary_status *c = &s->canary;
	char generation[32], diverged[24], state[WORDS], ejection[WORDS];

	snprintf(generation, sizeof(generation), "%u of %u", c->c.generation,
		 s->i.generations);
	snprintf(diverged, sizeof(diverged), "%llu", c->c.diverged);
	table_row(t, "  canary", c->version, generation, "shadow",
		  word_canary_state(state, s), "-", diverged,
		  c->signer[0] ? c->signer : "-",
		  word_ejection(ejection, c->ejected, &c->ejection), NULL);
}

static void row(struct table *t, const struct bundle_status *s)
{
	char generation[32], hits[24], diverged[24], state[WORDS];
	char ejection[WORDS];

	snprintf(generation, sizeof(generation), "%u of %u", s->i.generation,
		 s->i.generations);
	snprintf(hits, sizeof(hits), "%llu", s->i.hits);
	snprintf(diverged, sizeof(diverged), "%llu", s->i.diverged);
	table_row(t, s->name, s->version[0] ? s->version : "-", generation,
		  s->i.shadow ? "shadow" : "enforce", word_state(state, s),
		  hits, diverged, s->signer[0] ? s->signer : "-",
		  word_ejection(ejection, s->ejected, &s->ejection), NULL);
	if (s->canary.there)
		canary_row(t, s);
}

static int print_setting(const struct bx_setting *setting, void *arg)
{
	const struct bundle_status *s = arg;

	printf("  %s: %s = %s (default %s)\n", s->name, setting->name,
	       setting_text(setting, setting->value),
	       setting_text(setting, setting->initial));
	return 0;
}

void bundles_print(struct bundles *b)
{
	struct table t = {};

	if (!b->count)
		return;
	table_row(&t, "BUNDLE", "VERSION", "GENERATION", "MODE", "STATE",
		  "HITS", "DIVERGED", "SIGNED BY", "LAST EJECTION", NULL);
	for (size_t i = 0; i < b->count; i++)
		row(&t, &b->list[i]);
	table_print(&t, "");
	table_free(&t);
	for (size_t i = 0; i < b->count; i++)
		if (b->list[i].bundle)
			bx_bundle_list_settings(b->list[i].bundle,
						print_setting, &b->list[i]);
	for (size_t i = 0; i < b->count; i++)
		if (b->list[i].problem[0])
			printf("bundle %s: %s; try '%s'\n", b->list[i].name,
			       b->list[i].problem, b->list[i].remedy);
	for (size_t i = 0; i < b->count; i++)
		if (b->list[i].canary.problem[0])
			printf("canary of bundle %s: %s; try 'bxctl rollback %s'\n",
			       b->list[i].name, b->list[i].canary.problem,
			       b->list[i].name);
}

/* ---- JSON ---- */

static const char *key_state(const struct bundle_status *s)
{
	const struct bx_installed *i = &s->i;

	if (s->unreadable)
		return "unreadable";
	if (i->interrupted)
		return "interrupted";
	if (!i->enabled)
		return "disabled";
	if (i->active < i->policies)
		return i->active ? "partly_active" : "not_active";
	return i->current ? "active" : "other_active";
}

static int json_one_setting(const struct bx_setting *setting, void *arg)
{
	json_setting(arg, setting);
	return 0;
}

static const char *key_canary_state(const struct bundle_status *s)
{
	const struct bx_canary *c = &s->canary.c;

	if (!s->i.enabled)
		return "disabled";
	if (c->active < c->policies)
		return c->active ? "partly_active" : "not_active";
	return c->current ? "active" : "other_active";
}

static void json_canary(struct json *j, const struct bundle_status *s)
{
	const struct canary_status *c = &s->canary;

	if (!c->there) {
		json_null(j, "canary");
		return;
	}
	json_object(j, "canary");
	json_string(j, "version", c->version);
	json_string_or_null(j, "signer", c->signer);
	json_uint(j, "generation", c->c.generation);
	json_string(j, "state", key_canary_state(s));
	json_uint(j, "policies", c->c.policies);
	json_uint(j, "active", c->c.active);
	json_uint(j, "diverged", c->c.diverged);
	if (c->ejected)
		json_exit(j, "last_ejection", &c->ejection);
	else
		json_null(j, "last_ejection");
	json_string_or_null(j, "problem", c->problem);
	json_end_object(j);
}

static void json_bundle(struct json *j, const struct bundle_status *s)
{
	json_object(j, NULL);
	json_string(j, "name", s->name);
	json_string_or_null(j, "version", s->version);
	json_string_or_null(j, "signer", s->signer);
	json_uint(j, "generation", s->i.generation);
	json_uint(j, "generations", s->i.generations);
	json_bool(j, "enabled", s->i.enabled);
	json_bool(j, "rebind", s->i.rebind);
	json_string(j, "mode", s->i.shadow ? "shadow" : "enforce");
	json_string(j, "state", key_state(s));
	json_uint(j, "policies", s->i.policies);
	json_uint(j, "active", s->i.active);
	json_uint(j, "hits", s->i.hits);
	json_uint(j, "diverged", s->i.diverged);
	json_array(j, "settings");
	if (s->bundle)
		bx_bundle_list_settings(s->bundle, json_one_setting, j);
	json_end_array(j);
	if (s->ejected)
		json_exit(j, "last_ejection", &s->ejection);
	else
		json_null(j, "last_ejection");
	json_string_or_null(j, "problem", s->problem);
	json_string_or_null(j, "remedy", s->remedy);
	json_canary(j, s);
	json_end_object(j);
}

void bundles_json(struct json *j, const struct bundles *b)
{
	json_array(j, "bundles");
	for (size_t i = 0; i < b->count; i++)
		json_bundle(j, &b->list[i]);
	json_end_array(j);
}
