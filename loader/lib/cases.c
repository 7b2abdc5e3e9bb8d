// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: a bundle's own test cases
 *
 * A case describes a device and the existing drivers, and the expected outcome of an
 * election of the device or of a call on it.  The kernel holds trials of both, with only
 * the policies of the bundle.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle.h"

#define CASES_DIR	"tests"
#define CASES_SUFFIX	".yaml"
#define WORDS		256
#define MAX_ERRNO	4095

/**
 * struct run - the cases of a bundle, one after the other
 * @b: the bundle
 * @y: the file
 * @file: its name, relative to the bundle
 * @shown: its name in messages
 * @txn: the bundle's policies
 * @trial: the case
 * @only_read: the cases are only read, not run
 * @fn: called for each case
 * @arg: second argument of @fn
 * @cases: number of cases
 * @failed: number of cases that did not pass
 */
struct run {
	struct bx_bundle	*b;
	struct yaml		y;
	char			file[300];
	char			shown[PATH_MAX];
	struct transaction	txn;
	struct bx_trial		trial;
	bool			only_read;
	bx_case_fn		fn;
	void			*arg;
	unsigned int		cases;
	unsigned int		failed;
};

/* ---- names of errors ---- */

/* Parses an errno: "EACCES", "-EACCES", "-13". */
static bool errno_from(const char *text, int64_t *out)
{
	const char *name = text + (*text == '-'), *known;

	if (number_from(text, out))
		return *out <= 0 && *out >= -MAX_ERRNO;
	for (int e = 1; e < 200; e++) {
		known = strerrorname_np(e);
		if (known && !strcmp(known, name)) {
			*out = -e;
			return true;
		}
	}
	return false;
}

static const char *errno_word(char *buf, int64_t err)
{
	const char *known = err ? strerrorname_np(-err) : NULL;

	if (known)
		snprintf(buf, WORDS, "-%s", known);
	else
		snprintf(buf, WORDS, "%lld", (long long)err);
	return buf;
}

static int read_errno(struct run *r, struct yaml_node *map, const char *key,
		      int64_t *out, bool *there)
{
	const char *text = NULL;
	int err = yaml_text(&r->y, map, key, YAML_OPTIONAL, &text);

	*there = text;
	if (err || !text || errno_from(text, out))
		return err;
	return yaml_bad(&r->y, yaml_at(map, key),
			"'%s' must be 0 or an errno, as in -EACCES, not '%.64s'",
			key, text);
}

/* ---- the device ---- */

static int read_name(struct run *r, struct yaml_node *map, const char *key,
		     enum yaml_need need, char *out, size_t size)
{
	const char *text = NULL;
	int err = yaml_text(&r->y, map, key, need, &text);

	if (err || !text)
		return err;
	if (strlen(text) >= size)
		return yaml_bad(&r->y, yaml_at(map, key),
				"'%s' has more than %zu characters", key,
				size - 1);
	memset(out, 0, size);
	strcpy(out, text);
	return 0;
}

/* Parses pci:v0000144Dd0000A808sv...sd...bc01sc08i02, where * stands for 0. */
static bool modalias_from(const char *text, struct bx_dev_info *dev)
{
	static const struct {
		const char	*tag;
		int		digits;
	} parts[] = {
		{ "v", 8 }, { "d", 8 }, { "sv", 8 }, { "sd", 8 },
		{ "bc", 2 }, { "sc", 2 }, { "i", 2 },
	};
	__u32 value[7] = {};
	char hex[9], *end;

	if (strncmp(text, "pci:", 4))
		return false;
	text += 4;
	for (int i = 0; i < 7; i++) {
		size_t tag = strlen(parts[i].tag), len = 1;

		if (strncmp(text, parts[i].tag, tag))
			return false;
		text += tag;
		if (*text != '*') {
			len = parts[i].digits;
			if (strlen(text) < len)
				return false;
			memcpy(hex, text, len);
			hex[len] = '\0';
			value[i] = strtoul(hex, &end, 16);
			if (*end || strchr("+- ", hex[0]))
				return false;
		}
		text += len;
	}
	dev->vendor = value[0];
	dev->device = value[1];
	dev->subvendor = value[2];
	dev->subdevice = value[3];
	dev->class = value[4] << 16 | value[5] << 8 | value[6];
	return !*text;
}

static int read_modalias(struct run *r, struct yaml_node *map)
{
	const char *text = NULL;
	int err = yaml_text(&r->y, map, "modalias", YAML_OPTIONAL, &text);

	if (err || !text || modalias_from(text, &r->trial.dev))
		return err;
	return yaml_bad(&r->y, yaml_at(map, "modalias"),
			"'%.64s' is not the modalias of a PCI device", text);
}

static int read_ids(struct run *r, struct yaml_node *map)
{
	struct bx_dev_info *dev = &r->trial.dev;
	const struct {
		const char	*key;
		__u32		*to;
	} ids[] = {
		{ "vendor", &dev->vendor }, { "device", &dev->device },
		{ "subvendor", &dev->subvendor },
		{ "subdevice", &dev->subdevice }, { "class", &dev->class },
		{ "revision", &dev->revision },
	};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(ids) / sizeof(*ids); i++)
		err = yaml_id(&r->y, map, ids[i].key, ids[i].to);
	return err;
}

static int read_indexes(struct run *r, struct yaml_node *map)
{
	struct bx_dev_info *dev = &r->trial.dev;
	const struct {
		const char	*key;
		__s32		*to;
	} indexes[] = {
		{ "vf_index", &dev->vf_index }, { "numa_node", &dev->numa_node },
		{ "iommu_group", &dev->iommu_group },
	};
	int64_t n;
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(indexes) / sizeof(*indexes);
	     i++) {
		n = -1;
		err = yaml_number(&r->y, map, indexes[i].key, YAML_OPTIONAL, 0,
				  INT32_MAX, &n);
		*indexes[i].to = n;
	}
	if (dev->vf_index >= 0)
		dev->flags |= BX_DEV_VF;
	return err;
}

static int read_flag(struct run *r, struct yaml_node *map, const char *key,
		     __u32 flag)
{
	bool is = false;
	int err = yaml_bool(&r->y, map, key, YAML_OPTIONAL, &is);

	if (is)
		r->trial.dev.flags |= flag;
	return err;
}

static int read_device(struct run *r, struct yaml_node *one)
{
	static const char *const keys[] = {
		"bus", "name", "modalias", "vendor", "device", "subvendor",
		"subdevice", "class", "revision", "vf_index", "numa_node",
		"iommu_group", "pf", "bound", "parent", "parent_driver",
		"override", NULL
	};
	struct bx_dev_info *dev = &r->trial.dev;
	struct yaml_node *map;
	int err;

	memset(dev, 0, sizeof(*dev));
	memset(r->trial.override, 0, sizeof(r->trial.override));
	strcpy(dev->name, "test");
	err = yaml_map(&r->y, one, "device", YAML_REQUIRED, &map);
	if (!err)
		err = yaml_keys(&r->y, map, keys);
	if (!err)
		err = read_name(r, map, "bus", YAML_REQUIRED, dev->bus,
				sizeof(dev->bus));
	if (!err)
		err = read_name(r, map, "name", YAML_OPTIONAL, dev->name,
				sizeof(dev->name));
	if (!err)
		err = read_name(r, map, "parent", YAML_OPTIONAL, dev->parent,
				sizeof(dev->parent));
	if (!err)
		err = read_name(r, map, "parent_driver", YAML_OPTIONAL,
				dev->parent_driver, sizeof(dev->parent_driver));
	if (!err)
		err = read_name(r, map, "override", YAML_OPTIONAL,
				r->trial.override, sizeof(r->trial.override));
	if (!err)
		err = read_modalias(r, map);
	if (!err)
		err = read_ids(r, map);
	if (!err)
		err = read_indexes(r, map);
	if (!err)
		err = read_flag(r, map, "pf", BX_DEV_PF);
	return err ?: read_flag(r, map, "bound", BX_DEV_BOUND);
}

/* Reads a driver; only a name means a driver that claims the device. */
static int read_driver(struct run *r, struct yaml_node *item)
{
	static const char *const keys[] = { "name", "claims", "error", NULL };
	struct bx_candidate *c = &r->trial.drivers[r->trial.nr_drivers];
	const char *name = NULL;
	bool claims = true, there;
	int64_t error = 0;
	int err;

	if (r->trial.nr_drivers == BX_TRIAL_DRIVERS)
		return yaml_bad(&r->y, item, "at most %d drivers",
				BX_TRIAL_DRIVERS);
	if (yaml_is_map(item)) {
		err = yaml_keys(&r->y, item, keys);
		if (!err)
			err = yaml_text(&r->y, item, "name", YAML_REQUIRED,
					&name);
		if (!err)
			err = yaml_bool(&r->y, item, "claims", YAML_OPTIONAL,
					&claims);
		if (!err)
			err = read_errno(r, item, "error", &error, &there);
	} else {
		err = yaml_scalar(&r->y, item, &name);
	}
	if (err)
		return err;
	if (strlen(name) >= sizeof(c->name))
		return yaml_bad(&r->y, item, "'%s' is too long for a driver",
				name);
	*c = (struct bx_candidate) { .claims = claims, .error = error };
	strcpy(c->name, name);
	r->trial.nr_drivers++;
	return 0;
}

static int read_drivers(struct run *r, struct yaml_node *one)
{
	struct yaml_node *list = NULL, *item;
	int err;

	r->trial.nr_drivers = 0;
	err = yaml_list(&r->y, one, "drivers", YAML_OPTIONAL, &list);
	for (unsigned int i = 0; !err && list && (item = yaml_item(list, i));
	     i++)
		err = read_driver(r, item);
	return err;
}

/* ---- the expected and the actual outcome ---- */

/* Both texts have the same items: items without an expectation are not compared. */
struct verdict {
	char	expected[WORDS];
	char	actual[WORDS];
	bool	passed;
};

static void add_words(char *buf, const char *key, const char *value)
{
	size_t len = strlen(buf);

	snprintf(buf + len, WORDS - len, "%s%s %s", len ? ", " : "", key,
		 value[0] ? value : "none");
}

static void compare(struct verdict *v, const char *key, const char *expected,
		    const char *actual)
{
	if (!expected)
		return;
	add_words(v->expected, key, expected);
	add_words(v->actual, key, actual);
	if (strcmp(expected, actual))
		v->passed = false;
}

static int expected_text(struct run *r, struct yaml_node *map, const char *key,
			 const char **out)
{
	*out = NULL;
	return yaml_text(&r->y, map, key, YAML_OPTIONAL, out);
}

/* Checks a word against those that @name returns for the numbers from 0 to @last. */
static int check_word(struct run *r, struct yaml_node *map, const char *key,
		      const char *word, const char *(*name)(__u32 n),
		      __u32 last)
{
	char list[WORDS] = "";
	size_t len = 0;

	for (__u32 i = 0; word && i <= last; i++)
		if (!strcmp(name(i), word))
			return 0;
	for (__u32 i = 0; i <= last && len < sizeof(list); i++)
		len += snprintf(list + len, sizeof(list) - len, "%s%s",
				i ? ", " : "", name(i));
	return !word ? 0 : yaml_bad(&r->y, yaml_at(map, key),
				    "'%s' of 'expect' must be one of %s, not '%.64s'",
				    key, list, word);
}

static int trial_failed(struct run *r, struct yaml_node *one, int err)
{
	if (err == -ENODEV)
		return yaml_bad(&r->y, one,
				"there is no bus '%s' in this kernel; is its module loaded?",
				r->trial.dev.bus);
	return err == -EPERM ? commit_refused(r->b->h, &r->trial.change) : err;
}

/* Fails the case if a policy would be ejected, whatever the decision without it is. */
static void find_invalid(const struct records *recs, struct verdict *v)
{
	for (size_t i = 0; i < recs->count; i++) {
		const struct bx_opinion *o = record(recs, i);

		if (!opinion_is_invalid(o))
			continue;
		add_words(v->actual, "a policy", o->why == BX_WHY_BAD ?
			  "gave an impossible answer" :
			  "named a driver that 'drivers' in the manifest does not list");
		v->passed = false;
		return;
	}
}

static int run_election(struct run *r, struct yaml_node *one,
			struct yaml_node *expect, struct verdict *v)
{
	static const char *const keys[] = {
		"driver", "outcome", "by", "policy", NULL
	};
	const char *driver, *outcome, *by, *policy;
	struct bx_opinion o;
	struct records recs;
	int err;

	err = yaml_keys(&r->y, expect, keys);
	if (!err)
		err = expected_text(r, expect, "driver", &driver);
	if (!err)
		err = expected_text(r, expect, "outcome", &outcome);
	if (!err)
		err = check_word(r, expect, "outcome", outcome,
				 bx_outcome_text, BX_OUT_ABSENT);
	if (!err)
		err = expected_text(r, expect, "by", &by);
	if (!err)
		err = check_word(r, expect, "by", by, bx_decider_text,
				 BX_BY_KERNEL);
	if (!err)
		err = expected_text(r, expect, "policy", &policy);
	if (!err && !driver && !outcome && !by && !policy)
		err = yaml_bad(&r->y, one, "nothing is expected of this case");
	if (err || r->only_read)
		return err;
	err = control_list(r->b->h, LIST_TRIAL, &r->trial, sizeof(o), &recs);
	if (err)
		return trial_failed(r, one, err);
	o = *(struct bx_opinion *)record(&recs, recs.count - 1);
	compare(v, "driver", driver, o.driver);
	/* an expected driver implies the outcome 'driver' */
	if (driver && !outcome)
		compare(v, "outcome", "driver", bx_outcome_text(o.verdict));
	compare(v, "outcome", outcome, bx_outcome_text(o.verdict));
	compare(v, "by", by, bx_decider_text(o.by));
	compare(v, "policy", policy, o.policy);
	find_invalid(&recs, v);
	records_free(&recs);
	return 0;
}

/* ---- calls ---- */

static bool hex_from(const char *text, __u8 *data, size_t max, __u32 *len)
{
	unsigned int byte;
	size_t n = strlen(text);

	if (n % 2 || n / 2 > max)
		return false;
	for (size_t i = 0; i < n; i += 2) {
		if (!strchr("0123456789abcdefABCDEF", text[i]) ||
		    !strchr("0123456789abcdefABCDEF", text[i + 1]) ||
		    sscanf(text + i, "%2x", &byte) != 1)
			return false;
		data[i / 2] = byte;
	}
	*len = n / 2;
	return true;
}

/* Finds the contract's number of an operation. */
static int find_op(struct run *r, struct yaml_node *map, const char *name,
		   __u32 *op)
{
	struct contract_op ops[CONTRACT_OPS];
	unsigned int n = contract_ops(r->b->h, r->trial.dev.bus, ops);

	if (!n)
		return yaml_bad(&r->y, map, "bus '%s' has no calls, or is not there",
				r->trial.dev.bus);
	for (unsigned int i = 0; i < n; i++) {
		if (strcmp(ops[i].name, name))
			continue;
		*op = ops[i].number;
		return 0;
	}
	return yaml_bad(&r->y, yaml_at(map, "op"),
			"the contract of bus '%s' has no operation '%.64s'",
			r->trial.dev.bus, name);
}

static int read_data(struct run *r, struct yaml_node *map, __u8 *data,
		     __u32 *len, bool *there)
{
	const char *text = NULL;
	int err = yaml_text(&r->y, map, "data", YAML_OPTIONAL, &text);

	*there = text;
	if (err || !text || hex_from(text, data, BX_TRIAL_DATA, len))
		return err;
	return yaml_bad(&r->y, yaml_at(map, "data"),
			"'data' must be up to %d bytes, each two hex digits",
			BX_TRIAL_DATA);
}

static int read_call(struct run *r, struct yaml_node *map,
		     struct bx_trial_call *call)
{
	static const char *const keys[] = { "op", "data", "ret", NULL };
	const char *name = NULL;
	int64_t ret = 0;
	bool there;
	int err;

	memset(call, 0, sizeof(*call));
	err = yaml_keys(&r->y, map, keys);
	if (!err)
		err = yaml_text(&r->y, map, "op", YAML_REQUIRED, &name);
	if (!err && !r->only_read)
		err = find_op(r, map, name, &call->op);
	if (!err)
		err = read_data(r, map, call->data, &call->len, &there);
	if (!err)
		err = read_errno(r, map, "ret", &ret, &there);
	call->ret = ret;
	return err;
}

static const char *verdict_word(const struct bx_trial_call *call)
{
	return call->why == BX_WHY_BAD ? "impossible" :
		bx_verdict_text(call->verdict);
}

static void hex_word(char *buf, const __u8 *data, __u32 len)
{
	buf[0] = '\0';
	for (__u32 i = 0; i < len && 2 * i + 3 < WORDS; i++)
		sprintf(buf + 2 * i, "%02x", data[i]);
}

static const char *verdict_name(__u32 n)
{
	static const char *const names[] = {
		"pass", "deny", "handled", "redirect"
	};

	return names[n];
}

static int run_call(struct run *r, struct yaml_node *one, struct yaml_node *map,
		    struct yaml_node *expect, struct verdict *v)
{
	static const char *const keys[] = {
		"verdict", "ret", "to", "policy", "data", NULL
	};
	char want[WORDS], got[WORDS];
	const char *verdict, *to, *policy;
	struct bx_trial_call call;
	bool has_ret, has_data;
	__u8 data[BX_TRIAL_DATA];
	int64_t ret = 0, result;
	__u32 len = 0;
	int err;

	err = read_call(r, map, &call);
	if (!err)
		err = yaml_keys(&r->y, expect, keys);
	if (!err)
		err = expected_text(r, expect, "verdict", &verdict);
	if (!err)
		err = check_word(r, expect, "verdict", verdict,
				 verdict_name, 3);
	if (!err)
		err = expected_text(r, expect, "to", &to);
	if (!err)
		err = expected_text(r, expect, "policy", &policy);
	if (!err)
		err = read_errno(r, expect, "ret", &ret, &has_ret);
	if (!err)
		err = read_data(r, expect, data, &len, &has_data);
	if (!err && !verdict && !to && !policy && !has_ret && !has_data)
		err = yaml_bad(&r->y, one, "nothing is expected of this case");
	if (err || r->only_read)
		return err;
	err = control_try_call(r->b->h, &r->trial, &call, &result);
	if (err)
		return err;
	if (result == -EINVAL)
		return yaml_bad(&r->y, map,
				"this operation has an argument of another size than %u bytes",
				call.len);
	if (result == -ENODEV || result == -EPERM)
		return trial_failed(r, one, result);
	if (result)
		return fail(r->b->h, BX_FAULT_FAILED, result,
			    "%s: the kernel cannot try this call: %s",
			    r->shown, strerror(-result));
	compare(v, "verdict", verdict, verdict_word(&call));
	compare(v, "to", to, call.to);
	compare(v, "policy", policy, call.policy);
	if (has_ret)
		compare(v, "ret", errno_word(want, ret),
			errno_word(got, call.ret));
	if (has_data) {
		hex_word(want, data, len);
		hex_word(got, call.data, call.len);
		compare(v, "data", want, got);
	}
	return 0;
}

/* ---- files ---- */

static int run_case(struct run *r, struct yaml_node *one)
{
	static const char *const keys[] = {
		"name", "device", "drivers", "call", "expect", NULL
	};
	struct verdict v = { .passed = true };
	struct yaml_node *expect, *call = NULL;
	const char *name = NULL;
	int err;

	if (!yaml_is_map(one))
		return yaml_bad(&r->y, one,
				"a case must be a mapping ('name: ...')");
	err = yaml_keys(&r->y, one, keys);
	if (!err)
		err = yaml_text(&r->y, one, "name", YAML_REQUIRED, &name);
	if (!err)
		err = read_device(r, one);
	if (!err)
		err = read_drivers(r, one);
	if (!err)
		err = yaml_map(&r->y, one, "call", YAML_OPTIONAL, &call);
	if (!err)
		err = yaml_map(&r->y, one, "expect", YAML_REQUIRED, &expect);
	if (!err)
		err = call ? run_call(r, one, call, expect, &v) :
			     run_election(r, one, expect, &v);
	if (err)
		return err;
	r->cases++;
	r->failed += !v.passed;
	if (r->fn)
		r->fn(&(struct bx_case) {
			.file = r->file, .name = name, .passed = v.passed,
			.expected = v.expected, .actual = v.actual,
		}, r->arg);
	return 0;
}

/* Applies the settings of a file, which are valid for the rest of the file. */
static int use_settings(struct run *r, struct yaml_node *root)
{
	struct yaml_node *map = NULL, *value;
	const char *name, *text = NULL;
	struct setting *s;
	int err;

	err = yaml_map(&r->y, root, "settings", YAML_OPTIONAL, &map);
	for (unsigned int i = 0;
	     !err && map && (value = yaml_pair(map, i, &name)); i++) {
		s = bundle_setting(r->b, name);
		if (!s)
			return yaml_bad(&r->y, value,
					"bundle '%s' has no setting '%.64s'",
					bx_bundle_about(r->b)->name, name);
		err = yaml_scalar(&r->y, value, &text);
		if (!err)
			err = setting_set(r->b, s, text);
	}
	return err;
}

static int run_cases(struct run *r, struct yaml_node *list)
{
	struct yaml_node *one;
	int err = 0;

	memset(&r->trial, 0, sizeof(r->trial));
	r->trial.flags = BX_TRIAL_ALONE;
	if (!r->only_read)
		err = bundle_load(r->b, NULL, &r->txn) ?:
			txn_stage(r->b->h, &r->txn, &r->trial.change);
	/* no other policies take part, so none leaves */
	r->trial.change.nr_leave = 0;
	for (unsigned int i = 0; !err && (one = yaml_item(list, i)); i++)
		err = run_case(r, one);
	if (!r->only_read)
		bundle_unload(r->b, &r->txn);
	return err;
}

static int run_file(struct run *r)
{
	static const char *const keys[] = { "settings", "cases", NULL };
	struct yaml_node *root = yaml_root(&r->y), *list = root;
	int err = 0;

	if (!yaml_is_list(root)) {
		if (!yaml_is_map(root))
			return yaml_bad(&r->y, root,
					"a file of cases must be a list, or a mapping with 'settings' and 'cases'");
		err = yaml_keys(&r->y, root, keys);
		if (!err)
			err = use_settings(r, root);
		if (!err)
			err = yaml_list(&r->y, root, "cases", YAML_REQUIRED,
					&list);
	}
	return err ?: run_cases(r, list);
}

/* Runs a file and restores the settings, which belong to the file. */
static int with_settings_kept(struct run *r)
{
	struct setting *before;
	size_t size = sizeof(r->b->settings);
	int err;

	before = malloc(size);
	if (!before)
		return fail(r->b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	memcpy(before, r->b->settings, size);
	err = run_file(r);
	memcpy(r->b->settings, before, size);
	free(before);
	return err;
}

static int is_case_file(const struct dirent *d)
{
	size_t len = strlen(d->d_name), suffix = strlen(CASES_SUFFIX);

	return d->d_name[0] != '.' && len > suffix &&
		!strcmp(d->d_name + len - suffix, CASES_SUFFIX);
}

static int run_all(struct run *r)
{
	struct dirent **list;
	char path[PATH_MAX];
	int n, err = 0;

	snprintf(path, sizeof(path), "%s/" CASES_DIR, r->b->dir);
	n = scandir(path, &list, is_case_file, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(r->file, sizeof(r->file), CASES_DIR "/%s",
			 list[i]->d_name);
		snprintf(r->shown, sizeof(r->shown), "%s/%s", r->b->shown,
			 r->file);
		if (!err && snprintf(path, sizeof(path), "%s/%s", r->b->dir,
				     r->file) >= (int)sizeof(path))
			err = fail(r->b->h, BX_FAULT_USAGE, ENAMETOOLONG,
				   "the path '%s' is too long", r->b->dir);
		if (!err)
			err = yaml_open(r->b->h, path, r->shown, &r->y);
		if (!err) {
			err = with_settings_kept(r);
			yaml_close(&r->y);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return err;
}

int cases_from_text(struct bx_bundle *b, char *text, size_t len, bx_case_fn fn,
		    void *arg)
{
	struct run *r = calloc(1, sizeof(*r));
	int err;

	if (!r) {
		free(text);
		return fail(b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	}
	*r = (struct run) { .b = b, .fn = fn, .arg = arg, .file = "text" };
	err = yaml_parse(b->h, "text", text, len, &r->y);
	if (!err) {
		err = with_settings_kept(r);
		yaml_close(&r->y);
	}
	free(r);
	return err;
}

int cases_check(struct bx_bundle *b)
{
	struct run *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return fail(b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	r->b = b;
	r->only_read = true;
	err = run_all(r);
	free(r);
	return err;
}

int bx_bundle_test(struct bx_bundle *b, bx_case_fn fn, void *arg)
{
	struct run *r;
	int err;

	err = bundle_may_load(b);
	if (err)
		return err;
	r = calloc(1, sizeof(*r));
	if (!r)
		return fail(b->h, BX_FAULT_FAILED, ENOMEM, "out of memory");
	r->b = b;
	r->fn = fn;
	r->arg = arg;
	err = run_all(r);
	if (!err && !r->cases)
		err = fail(b->h, BX_FAULT_REJECTED, ENOENT,
			   "bundle '%s' has no test case: write one into '%s/"
			   CASES_DIR "/NAME" CASES_SUFFIX "'",
			   b->about.name, b->shown);
	err = err ?: (int)r->failed;
	free(r);
	return err;
}
