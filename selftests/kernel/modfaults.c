// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation fails in turn that the modules make while they are loaded: see
 * lib/sweep.h
 *
 * Needs a kernel with failslab and its stack filter ('make test-debug').
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include "../lib/bxtest.h"
#include "../lib/sweep.h"

FIXTURE(module) {
};

FIXTURE_SETUP(module)
{
	if (!failslab_exists())
		SKIP(return, "this kernel has no failslab with a stack filter");
	ASSERT_EQ(0, failslab_setup());
	ASSERT_FALSE(bxt_loaded("bus_ext"));
}

FIXTURE_TEARDOWN_PARENT(module)
{
	EXPECT_EQ(0, bxt_finish());
}

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

static const char *module;

static int load_module(void)
{
	return bxt_load_built(BXT_MODULES, module);
}

static int unload_module(void)
{
	return bxt_unload_soon(module);
}

static bool module_done(void)
{
	return bxt_loaded(module);
}

static bool module_undone(void)
{
	return !bxt_loaded(module) &&
	       (strcmp(module, "bus_ext") || !exists("/sys/kernel/bus_ext")) &&
	       (strcmp(module, "bx_sf") || !exists("/sys/bus/bx-sf")) &&
	       (strcmp(module, "bxsim") || !exists("/sys/devices/bxsim"));
}

static const struct step load = {
	.run = load_module, .done = module_done, .undone = module_undone,
	.undo = unload_module, .expensive = true,
};

TEST_F(module, each_is_loaded_or_not)
{
	static const char *const modules[] = { "bus_ext", "bx_sf", "bxsim" };

	for (int i = 0; i < 3; i++) {
		module = modules[i];
		sweep(&load, OURS);
		ASSERT_EQ(0, load_module());
	}
}

TEST_HARNESS_MAIN
