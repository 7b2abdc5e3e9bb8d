// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the verifier does not let pass: programs that would change what they
 * are shown, and kfuncs in the hands of those they are not for
 */
#include <errno.h>
#include <string.h>
#include <kselftest_harness.h>
#include "selftests/bpf/refused.skel.h"
#include "../lib/bxtest.h"

FIXTURE(verifier) {
};

FIXTURE_SETUP(verifier)
{
	bxt_log_clear();
}

FIXTURE_TEARDOWN(verifier)
{
}

/*
 * Load one program, or the programs of one struct_ops map.  All maps are told,
 * since libbpf takes "?" in a section's name for the first map in it alone.
 */
static int load(const char *name)
{
	struct refused *obj = refused__open();
	struct bpf_program *prog;
	struct bpf_map *map;
	int found = 0, err;

	if (!obj)
		return -errno;
	bpf_object__for_each_map(map, obj->obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		bpf_map__set_autocreate(map, !strcmp(bpf_map__name(map), name));
		found += bpf_map__autocreate(map);
	}
	prog = bpf_object__find_program_by_name(obj->obj, name);
	if (prog)
		found += !bpf_program__set_autoload(prog, true);
	err = found == 1 ? refused__load(obj) : -ENOENT;
	refused__destroy(obj);
	return err;
}

#define LOADS(name) \
	TEST_F(verifier, name) \
	{ \
		EXPECT_EQ(0, load(#name)); \
	}

/* Refused, by the verifier, and for this reason. */
#define REFUSED(name, reason) \
	TEST_F(verifier, name) \
	{ \
		EXPECT_GT(0, load(#name)); \
		EXPECT_TRUE(bxt_log_says(reason)) \
			TH_LOG("%s", bxt_log()); \
	}

/* ---- policies ---- */

LOADS(good)
REFUSED(writes_to_the_context, "contexts are read-only")
REFUSED(names_no_context, "Possibly NULL pointer passed to trusted arg0")
REFUSED(names_no_literal, "does not point to a readonly map")
REFUSED(reads_beyond_the_name, "invalid access to map value")
REFUSED(selects_in_match, "expected pointer to STRUCT bx_select_ctx")
REFUSED(selects_in_event, "expected pointer to STRUCT bx_select_ctx")
REFUSED(controls, "calling kernel function bx_settle is not allowed")
REFUSED(looks_at_policies,
	"calling kernel function bpf_iter_bx_policy_new is not allowed")

/* ---- others ---- */

REFUSED(tcp, "calling kernel function bx_policy_error is not allowed")
LOADS(hook_good)
REFUSED(hook_gives_up,
	"calling kernel function bx_policy_error is not allowed")
REFUSED(tracer_selects,
	"calling kernel function bx_select_driver is not allowed")
REFUSED(control_gives_up,
	"calling kernel function bx_policy_error is not allowed")

BXT_MAIN("bx_sf")
