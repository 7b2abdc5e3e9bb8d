// SPDX-License-Identifier: GPL-2.0-only
/*
 * Composite devices: parts that policies name, on adopted and own buses; when their driver is
 * bound and unbound; what becomes of them when policies change
 *
 * The driver is that of the module bxpair; it needs the parts "left" and "right".
 */
#include <errno.h>
#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include "../lib/anybus.h"

#define COMPOSITES	"/sys/bus/bx-composite/"
#define PAIR		COMPOSITES "devices/pair.0"
#define PARAMETER	"/sys/module/bxpair/parameters/"
#define ROUNDS		100

static const char *text_of(const char *path)
{
	static char text[4][512];
	static int next;
	char *buf = text[next++ % 4];

	if (bxt_read(path, buf, sizeof(text[0])))
		return "?";
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

static int number(const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), PARAMETER "%s", name);
	return atoi(text_of(path));
}

/* ---- scripts ---- */

static void names(int slot, int i, const char *device, const char *name, __u32 flags)
{
	struct script_part *part = &bxt_script(slot)->part[i];

	memset(part, 0, sizeof(*part));
	snprintf(part->device, sizeof(part->device), "%s", device);
	snprintf(part->name, sizeof(part->name), "%s", name);
	part->flags = flags;
}

/* ---- waiting ---- */

struct wanted {
	const char *path;
	const char *text;
};

static bool is_text(void *arg)
{
	const struct wanted *w = arg;

	return !strcmp(text_of(w->path), w->text);
}

static bool becomes(const char *path, const char *text)
{
	return bxt_becomes(is_text, &(struct wanted){ path, text });
}

static bool has_line(void *arg)
{
	return bxt_contains(PAIR "/parts", arg);
}

/* A part comes some time after its device was added. */
static bool gets_part(const char *line)
{
	return bxt_becomes(has_line, (void *)line);
}

struct bound {
	const char *device;
	const char *driver;
};

/* The driver is seen before its probe() has returned, the state changes afterwards. */
static bool is_bound(void *arg)
{
	const struct bound *b = arg;
	char path[128];

	snprintf(path, sizeof(path), COMPOSITES "devices/%s/state", b->device);
	return !strcmp(text_of(path), "bound") &&
	       !strcmp(bxt_bound_on("bx-composite", b->device), b->driver);
}

static bool pair_becomes(const char *device, const char *driver)
{
	return bxt_becomes(is_bound, &(struct bound){ device, driver });
}

static bool is_gone(void *arg)
{
	return access(arg, F_OK);
}

static bool is_there(void *arg)
{
	return !access(arg, F_OK);
}

/* While a probe is deferred, a driver is seen, too, and a device is seen before it is ready. */
#define EXPECT_PAIR_IS(state) EXPECT_STREQ(state, text_of(PAIR "/state"))

/* ---- tests ---- */

FIXTURE(composite) {
};

/* The parts of pair.0: any0 on an adopted bus, and d0 on an own one */
FIXTURE_SETUP(composite)
{
	ASSERT_EQ(0, bxt_clean());
	ASSERT_EQ(0, any_reset());
	ASSERT_EQ(0, bxt_load("bxpair"));
	ASSERT_EQ(0, bxt_write(PARAMETER "error", "0"));
	names(0, 0, "any0", "pair.0/left", 0);
	names(1, 0, "d0", "pair.0/right", 0);
	for (int i = 0; i < 2; i++)
		bxt_script(i)->select = BX_REFUSE;
}

FIXTURE_TEARDOWN(composite)
{
	EXPECT_EQ(0, any_reset());
	EXPECT_EQ(0, number("early"));
	if (bxt_loaded("bxpair"))
		EXPECT_EQ(0, bxt_unload_soon("bxpair"));
}

#define attach_parts(slot, bus_, ...) \
	attach(slot, .bus = bus_, .ops = BX_OP_SELECT | BX_OP_PART, ##__VA_ARGS__)
#define attach_both() do { \
	attach_parts(0, "bxany"); \
	attach_parts(1, "bx-sf"); \
} while (0)
/* Both parts are there, and the driver is bound. */
#define make_pair() do { \
	attach_both(); \
	devices(1); \
	device("d0", "1:1"); \
	ASSERT_TRUE(pair_becomes("pair.0", "bxpair")); \
} while (0)

TEST_F(composite, driver_is_bound_when_the_last_part_comes)
{
	attach_both();
	devices(1);
	ASSERT_TRUE(becomes(PAIR "/missing", "right"));
	EXPECT_PAIR_IS("ready");
	EXPECT_EQ(0, number("probes"));
	EXPECT_STREQ("left bxany/any0 free p0", text_of(PAIR "/parts"));
	device("d0", "1:1");
	ASSERT_TRUE(pair_becomes("pair.0", "bxpair"));
	EXPECT_STREQ("left=bxany/any0 right=bx-sf/d0", text_of(PARAMETER "parts"));
	EXPECT_STREQ("", text_of(PAIR "/missing"));
	EXPECT_EQ(1, number("probes"));
}

TEST_F(composite, driver_is_unbound_before_a_part_on_an_own_bus_leaves)
{
	make_pair();
	destroy("d0");
	EXPECT_PAIR_IS("ready");
	EXPECT_EQ(1, number("removes"));
	EXPECT_TRUE(becomes(PAIR "/missing", "right"));
	device("d0", "1:1");
	EXPECT_TRUE(pair_becomes("pair.0", "bxpair"));
	EXPECT_EQ(2, number("probes"));
}

TEST_F(composite, driver_is_unbound_before_a_part_on_an_adopted_bus_leaves)
{
	make_pair();
	devices(0);
	EXPECT_PAIR_IS("ready");
	EXPECT_EQ(1, number("removes"));
	EXPECT_TRUE(becomes(PAIR "/missing", "left"));
	devices(1);
	EXPECT_TRUE(pair_becomes("pair.0", "bxpair"));
}

TEST_F(composite, device_is_there_from_the_first_part_to_the_last)
{
	attach_both();
	EXPECT_NE(0, access(PAIR, F_OK));
	devices(1);
	ASSERT_TRUE(bxt_becomes(is_there, PAIR));
	EXPECT_STREQ("bus_ext:bx-composite:type=pair", text_of(PAIR "/modalias"));
	devices(0);
	EXPECT_TRUE(bxt_becomes(is_gone, PAIR));
}

TEST_F(composite, driver_that_comes_later_is_bound)
{
	ASSERT_EQ(0, bxt_unload_soon("bxpair"));
	attach_both();
	devices(1);
	device("d0", "1:1");
	ASSERT_TRUE(becomes(PAIR "/state", "ready"));
	ASSERT_EQ(0, bxt_load("bxpair"));
	EXPECT_TRUE(pair_becomes("pair.0", "bxpair"));
}

TEST_F(composite, devices_that_are_there_are_asked)
{
	devices(1);
	device("d0", "1:1");
	attach_both();
	EXPECT_TRUE(pair_becomes("pair.0", "bxpair"));
}

TEST_F(composite, parts_of_two_devices_are_not_mixed)
{
	names(1, 0, "d0", "pair.1/right", 0);
	attach_both();
	devices(1);
	device("d0", "1:1");
	ASSERT_TRUE(becomes(COMPOSITES "devices/pair.1/missing", "left"));
	EXPECT_TRUE(becomes(PAIR "/missing", "right"));
	EXPECT_EQ(0, number("probes"));
}

TEST_F(composite, driver_of_another_type_is_not_bound)
{
	names(0, 0, "any0", "pairs/left", 0);
	names(1, 0, "d0", "pairs/right", 0);
	attach_both();
	devices(1);
	device("d0", "1:1");
	ASSERT_TRUE(bxt_becomes(is_there, COMPOSITES "devices/pairs"));
	settle();
	EXPECT_STREQ("", bxt_bound_on("bx-composite", "pairs"));
	EXPECT_EQ(0, number("probes"));
}

/* ---- drivers of parts ---- */

TEST_F(composite, free_part_leaves_before_another_driver_is_probed)
{
	bxt_script(0)->select = BX_PASS;
	make_pair();
	registers("a");
	EXPECT_PROBES("a", 1);
	EXPECT_EQ(1, number("removes"));
	EXPECT_EQ(0, number("bound"));
	EXPECT_PAIR_IS("ready");
	EXPECT_EQ(0, any("unregister", "a"));
	EXPECT_TRUE(pair_becomes("pair.0", "bxpair"));
}

TEST_F(composite, part_stays_when_another_driver_is_refused)
{
	make_pair();
	registers("a");
	settle();
	EXPECT_PROBES("a", 0);
	EXPECT_EQ(0, number("removes"));
	EXPECT_PAIR_IS("bound");
}

TEST_F(composite, part_comes_back_after_a_failed_probe)
{
	bxt_script(0)->select = BX_PASS;
	make_pair();
	ASSERT_EQ(0, any("rejects", "a"));
	registers("a");
	EXPECT_PROBES("a", 1);
	EXPECT_TRUE(pair_becomes("pair.0", "bxpair"));
	EXPECT_EQ(2, number("probes"));
}

TEST_F(composite, bound_part_is_there_while_its_driver_is_bound)
{
	names(0, 0, "any0", "pair.0/left", BX_PART_BOUND);
	bxt_script(0)->select = BX_PASS;
	attach_both();
	devices(1);
	device("d0", "1:1");
	ASSERT_TRUE(becomes(PAIR "/missing", "left"));
	registers("a");
	ASSERT_TRUE(pair_becomes("pair.0", "bxpair"));
	EXPECT_EQ(0, driver_file("a", "unbind", "any0"));
	EXPECT_PAIR_IS("ready");
	EXPECT_EQ(1, number("removes"));
	EXPECT_EQ(1, number("bound"));
}

TEST_F(composite, claimed_part_leaves)
{
	bxt_script(0)->select = BX_PASS;
	make_pair();
	registers("never");
	ASSERT_EQ(0, any("claim", "never any0"));
	EXPECT_PAIR_IS("ready");
	EXPECT_EQ(1, number("removes"));
}

TEST_F(composite, spare_takes_the_place_of_a_part)
{
	strcpy(bxt_script(0)->device, "any0");
	bxt_script(0)->select = BX_PASS;
	names(0, 1, "any1", "pair.0/left", 0);
	bxt_script(2)->select = BX_REFUSE;
	strcpy(bxt_script(2)->device, "any1");
	attach_parts(0, "bxany");
	attach_parts(1, "bx-sf");
	attach(2, .bus = "bxany", .ops = BX_OP_SELECT);
	devices(1);
	device("d0", "1:1");
	ASSERT_TRUE(pair_becomes("pair.0", "bxpair"));
	devices(2);
	ASSERT_TRUE(gets_part("left bxany/any1 spare p0"));
	EXPECT_EQ(1, number("probes"));
	registers("a");
	EXPECT_PROBES("a", 1);
	ASSERT_TRUE(pair_becomes("pair.0", "bxpair"));
	EXPECT_STREQ("left=bxany/any1 right=bx-sf/d0", text_of(PARAMETER "parts"));
}

TEST_F(composite, optional_part_is_used_if_it_is_there)
{
	names(0, 1, "any1", "pair.0/extra", 0);
	attach_both();
	devices(2);
	ASSERT_TRUE(gets_part("extra bxany/any1 free p0"));
	device("d0", "1:1");
	ASSERT_TRUE(pair_becomes("pair.0", "bxpair"));
	EXPECT_STREQ("left=bxany/any0 right=bx-sf/d0 extra=bxany/any1",
		     text_of(PARAMETER "parts"));
	devices(1);
	EXPECT_EQ(1, number("removes"));
	EXPECT_TRUE(becomes(PARAMETER "parts", "left=bxany/any0 right=bx-sf/d0"));
	EXPECT_TRUE(pair_becomes("pair.0", "bxpair"));
	devices(2);
	ASSERT_TRUE(gets_part("extra bxany/any1 free p0"));
	EXPECT_EQ(2, number("probes"));
}

/*
 * The work item that follows the second part may come after the first probe, and bind the driver
 * as soon as its probe can succeed.
 */
TEST_F(composite, failed_probe_leaves_the_parts_free)
{
	int err;

	ASSERT_EQ(0, bxt_write(PARAMETER "error", "-5"));
	attach_both();
	devices(1);
	device("d0", "1:1");
	ASSERT_TRUE(becomes(PAIR "/state", "ready"));
	settle();
	EXPECT_TRUE(gets_part("left bxany/any0 free p0"));
	EXPECT_TRUE(gets_part("right bx-sf/d0 free p1"));
	ASSERT_EQ(0, bxt_write(PARAMETER "error", "0"));
	err = bxt_write(COMPOSITES "drivers/bxpair/bind", "pair.0");
	EXPECT_TRUE(!err || err == -EBUSY);
	EXPECT_PAIR_IS("bound");
}

/* The work item that would bind the driver again has done what came after the unbind. */
TEST_F(composite, unbind_by_the_administrator_stays)
{
	make_pair();
	ASSERT_EQ(0, bxt_write(COMPOSITES "drivers/bxpair/unbind", "pair.0"));
	names(0, 1, "any1", "pair.1/left", 0);
	devices(2);
	ASSERT_TRUE(bxt_becomes(is_there, COMPOSITES "devices/pair.1"));
	EXPECT_PAIR_IS("ready");
	EXPECT_EQ(1, number("probes"));
}

/* ---- policies ---- */

TEST_F(composite, parts_of_a_bound_device_keep_their_names)
{
	int link;

	link = attach_parts(0, "bxany");
	attach_parts(1, "bx-sf");
	devices(1);
	device("d0", "1:1");
	ASSERT_TRUE(pair_becomes("pair.0", "bxpair"));
	detach(link);
	EXPECT_PAIR_IS("bound");
	EXPECT_EQ(0, number("removes"));
	ASSERT_EQ(0, bxt_write(COMPOSITES "drivers/bxpair/unbind", "pair.0"));
	EXPECT_TRUE(becomes(PAIR "/missing", "left"));
	EXPECT_STREQ("right bx-sf/d0 free p1", text_of(PAIR "/parts"));
}

TEST_F(composite, names_of_an_unbound_device_follow_the_policies)
{
	int link = attach_parts(0, "bxany");

	devices(1);
	ASSERT_TRUE(bxt_becomes(is_there, PAIR));
	detach(link);
	EXPECT_TRUE(bxt_becomes(is_gone, PAIR));
}

TEST_F(composite, policy_of_higher_priority_names_the_part)
{
	names(2, 0, "any0", "pair.7/left", 0);
	attach_parts(2, "bxany", .priority = 1);
	attach_parts(0, "bxany");
	devices(1);
	ASSERT_TRUE(bxt_becomes(is_there, COMPOSITES "devices/pair.7"));
	settle();
	EXPECT_NE(0, access(PAIR, F_OK));
	EXPECT_NE(0, bxt_script(2)->parts);
	EXPECT_EQ(0, bxt_script(0)->parts);
}

TEST_F(composite, shadow_mode_names_nothing)
{
	attach_parts(0, "bxany", .flags = BX_F_SHADOW);
	names(2, 0, "any0", "pair.7/left", 0);
	attach_parts(2, "bxany", .priority = -1);
	devices(1);
	ASSERT_TRUE(bxt_becomes(is_there, COMPOSITES "devices/pair.7"));
	EXPECT_NE(0, access(PAIR, F_OK));
	EXPECT_NE(0, bxt_script(0)->parts);
}

TEST_F(composite, part_stays_while_its_policy_is_quarantined)
{
	attach_parts(0, "bxany", .flags = BX_F_FAIL_CLOSED);
	attach_parts(1, "bx-sf");
	devices(1);
	ASSERT_TRUE(bxt_becomes(is_there, PAIR));
	bxt_script(0)->error_in = BX_OP_PART;
	devices(2);
	settle();
	EXPECT_EQ(BX_EXIT_ERROR, ejection("p0").kind);
	device("d0", "1:1");
	EXPECT_TRUE(pair_becomes("pair.0", "bxpair"));
}

TEST_F(composite, error_ejects_the_policy)
{
	bxt_script(0)->error_in = BX_OP_PART;
	attach_parts(0, "bxany");
	devices(1);
	settle();
	EXPECT_EJECTED("p0");
	EXPECT_NE(0, access(PAIR, F_OK));
}

TEST_F(composite, invalid_names_eject_the_policy)
{
	static const char *const invalid[] = {
		"", "pair.0", "/left", "pair.0/", "pair.0/le.ft", "pair.0/le/ft", ".x/left",
		"pa ir/left", "pair\n/left", "pair.0/left\n",
		"a-type-that-is-as-long-as-a-name/left",
		"pair.0/a-part-that-is-as-long-as-a-name-",
		"pair.0123456789012345678901234567890123456789012345678901234567890/left",
	};

	devices(1);
	for (unsigned int i = 0; i < sizeof(invalid) / sizeof(*invalid); i++) {
		names(0, 0, "any0", invalid[i], 0);
		attach_parts(0, "bxany");
		EXPECT_EJECTED("p0") TH_LOG("name '%s'", invalid[i]);
		EXPECT_EQ(BX_EXIT_BAD_NAME, ejection("p0").kind);
	}
	names(0, 0, "any0", "pair.0/left", 2);
	attach_parts(0, "bxany");
	EXPECT_EJECTED("p0");
	EXPECT_NE(NULL, strstr(ejection("p0").msg, "flags 0x2"));
	EXPECT_NE(0, access(PAIR, F_OK));
}

TEST_F(composite, longest_names_are_valid)
{
	names(0, 0, "any0",
	      "a-type-of-thirty-one-characters.0123456789012345678901234567890"
	      "/a-part-of-thirty-one-characters", 0);
	attach_parts(0, "bxany");
	devices(1);
	EXPECT_TRUE(bxt_becomes(is_there, COMPOSITES "devices/"
		    "a-type-of-thirty-one-characters.0123456789012345678901234567890"));
	EXPECT_ATTACHED("p0");
}

TEST_F(composite, part_alone_is_a_policy)
{
	attach(0, .bus = "bxany", .ops = BX_OP_PART);
	EXPECT_EQ(BX_OP_PART, policy("p0").ops);
}

TEST_F(composite, composite_device_is_not_a_part)
{
	EXPECT_EQ(-EOPNOTSUPP, attach_errno(0, .bus = "bx-composite", .ops = BX_OP_PART));
	EXPECT_TRUE(bxt_contains("/sys/kernel/bus_ext/refused",
				 "a composite device cannot be a part"));
}

TEST_F(composite, policy_decides_on_a_composite_device)
{
	bxt_script(2)->select = BX_REFUSE;
	attach(2, .bus = "bx-composite", .ops = BX_OP_SELECT);
	attach_both();
	devices(1);
	device("d0", "1:1");
	ASSERT_TRUE(becomes(PAIR "/state", "ready"));
	settle();
	EXPECT_EQ(0, number("probes"));
}

/* ---- modules ---- */

TEST_F(composite, bus_is_loaded_when_a_part_is_named)
{
	ASSERT_EQ(0, bxt_unload_soon("bxpair"));
	ASSERT_EQ(0, bxt_unload_soon("bx_composite"));
	attach_parts(0, "bxany");
	devices(1);
	EXPECT_TRUE(bxt_becomes(is_there, PAIR));
	/* parts stay known without the bus */
	devices(0);
	ASSERT_EQ(0, bxt_unload_soon("bx_composite"));
}

TEST_F(composite, bus_finds_the_parts_that_were_named_before)
{
	ASSERT_EQ(0, bxt_unload_soon("bxpair"));
	attach_both();
	devices(1);
	device("d0", "1:1");
	ASSERT_TRUE(bxt_becomes(is_there, PAIR));
	ASSERT_EQ(0, bxt_unload_soon("bx_composite"));
	EXPECT_NE(0, access(PAIR, F_OK));
	ASSERT_EQ(0, bxt_load("bxpair"));
	EXPECT_TRUE(pair_becomes("pair.0", "bxpair"));
}

TEST_F(composite, invalid_drivers_are_refused)
{
	EXPECT_EQ(5, number("invalid"));
}

/* ---- pci ---- */

static bool find_edu(char *name, size_t size)
{
	glob_t found;
	size_t i = 0;

	if (glob("/sys/bus/pci/devices/*/device", 0, NULL, &found))
		return false;
	while (i < found.gl_pathc && strcmp(text_of(found.gl_pathv[i]), "0x11e8"))
		i++;
	if (i < found.gl_pathc) {
		*strrchr(found.gl_pathv[i], '/') = '\0';
		snprintf(name, size, "%s", strrchr(found.gl_pathv[i], '/') + 1);
	}
	globfree(&found);
	return *name;
}

/* A function that is found again is not ready for drivers when it is added. */
TEST_F(composite, pci_function_is_a_part)
{
	char name[32] = "", path[96];

	if (!find_edu(name, sizeof(name)))
		SKIP(return, "no edu device");
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", name);
	names(2, 0, name, "pair.0/left", 0);
	bxt_script(2)->select = BX_REFUSE;
	strcpy(bxt_script(2)->device, name);
	attach_parts(2, "pci");
	attach_parts(1, "bx-sf");
	device("d0", "1:1");
	ASSERT_TRUE(pair_becomes("pair.0", "bxpair"));
	ASSERT_EQ(0, bxt_write(path, "1"));
	EXPECT_PAIR_IS("ready");
	ASSERT_EQ(0, bxt_write("/sys/bus/pci/rescan", "1"));
	EXPECT_TRUE(pair_becomes("pair.0", "bxpair"));
	EXPECT_EQ(2, number("probes"));
}

/* ---- all at once ---- */

static bool running;

static void *toggle_any(void *arg)
{
	for (int i = 0; __atomic_load_n(&running, __ATOMIC_RELAXED); i++)
		any("devices", i % 3 ? "2" : "0");
	return NULL;
}

static void *toggle_driver(void *arg)
{
	for (int i = 0; __atomic_load_n(&running, __ATOMIC_RELAXED); i++)
		any(i % 2 ? "unregister" : "register", "a");
	any("unregister", "a");
	return NULL;
}

/* A bind by hand is not tried: the driver core leaks its reason for a deferral. */
static void *unbind_composite(void *arg)
{
	while (__atomic_load_n(&running, __ATOMIC_RELAXED))
		bxt_write(COMPOSITES "drivers/bxpair/unbind", "pair.0");
	return NULL;
}

TEST_F(composite, parts_come_and_go_at_once)
{
	static void *(*const toggles[])(void *) = { toggle_any, toggle_driver,
						    unbind_composite };
	pthread_t threads[3];
	int link;

	bxt_script(0)->select = BX_PASS;
	names(0, 1, "any1", "pair.0/extra", BX_PART_BOUND);
	attach_parts(0, "bxany");
	__atomic_store_n(&running, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, toggles[i], NULL));
	for (int i = 0; i < ROUNDS; i++) {
		link = bxt_attach(1, &(struct bxt_spec){ .bus = "bx-sf",
				  .ops = BX_OP_SELECT | BX_OP_PART });
		EXPECT_LE(0, link);
		EXPECT_EQ(0, bxt_sim("create", "d0 1:1"));
		EXPECT_EQ(0, bxt_sim("destroy", "d0"));
		EXPECT_EQ(0, bxt_detach(link));
	}
	__atomic_store_n(&running, false, __ATOMIC_RELAXED);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	attach_parts(1, "bx-sf");
	devices(0);
	devices(1);
	device("d0", "1:1");
	EXPECT_TRUE(pair_becomes("pair.0", "bxpair"));
	EXPECT_EQ(0, number("early"));
}

BXT_MAIN("bxsim")
