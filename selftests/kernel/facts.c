// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts by name, as programs and the control interface read them, compared with sysfs
 *
 * Needs the device set all: an edu without a serial number, and a controller with virtual
 * functions behind a port.
 */
#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include "selftests/bpf/facts.skel.h"
#include "../lib/bxtest.h"

#define PCI	"/sys/bus/pci/devices/"

static struct facts *facts;
static char pf[32], edu[32], deep_edu[32];

/* ---- sysfs ---- */

static int attr_of(const char *device, const char *attr, char *buf, size_t size)
{
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), PCI "%s/%s", device, attr);
	err = bxt_read(path, buf, size);
	buf[err ? 0 : strcspn(buf, "\n")] = '\0';
	return err;
}

static int pf_write(const char *attr, const char *text)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), PCI "%s/%s", pf, attr);
	return bxt_write(path, text);
}

/* The path as the directories of sysfs give it: the names below the root bus */
static const char *path_of(const char *device)
{
	static char out[BX_FACT_LEN];
	char link[PATH_MAX], real[PATH_MAX], *part;

	snprintf(link, sizeof(link), PCI "%s", device);
	if (!realpath(link, real))
		return "(no such device)";
	out[0] = '\0';
	part = strtok(strstr(real, "/pci") + 1, "/");	/* pci0000:00 */
	while ((part = strtok(NULL, "/"))) {
		if (out[0])
			strcat(out, "/");
		strcat(out, out[0] ? part + strlen("0000:00:") : part);
	}
	return out;
}

/*
 * The slot whose address is that of the device without its function; "" for none, as in a
 * kernel without a driver for hotplug
 */
static const char *slot_of(const char *device)
{
	static char out[BX_FACT_LEN];
	glob_t found = {};
	char address[32];

	out[0] = '\0';
	glob("/sys/bus/pci/slots/*/address", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (bxt_read(found.gl_pathv[i], address, sizeof(address)))
			continue;
		address[strcspn(address, "\n")] = '\0';
		if (!strncmp(address, device, strlen("0000:00:00")))
			snprintf(out, sizeof(out), "%s",
				 basename(dirname(found.gl_pathv[i])));
	}
	globfree(&found);
	return out;
}

static int find(const char *attr, const char *value, size_t depth, char *out)
{
	glob_t found = {};
	char text[64], *name;
	int err = -ENODEV;

	glob(PCI "0000:*", 0, NULL, &found);
	for (size_t i = 0; err && i < found.gl_pathc; i++) {
		name = basename(found.gl_pathv[i]);
		if (attr_of(name, attr, text, sizeof(text)) ||
		    (value && strcmp(text, value)) ||
		    strlen(path_of(name)) != strlen("0000:00:00.0") + 5 * depth)
			continue;
		snprintf(out, 32, "%s", name);
		err = 0;
	}
	globfree(&found);
	return err;
}

/* ---- reading ---- */

#define EXPECT_FACT(fact, expected) do { \
	EXPECT_EQ((int)strlen(expected), facts->bss->result[fact]); \
	EXPECT_STREQ(expected, facts->bss->text[fact]); \
} while (0)
/* @expected: empty if the device lacks the fact */
#define EXPECT_FACT_OR_NONE(fact, expected) do { \
	if (*(expected)) \
		EXPECT_FACT(fact, expected); \
	else \
		EXPECT_EQ(-ENODATA, facts->bss->result[fact]); \
} while (0)

#define attach_facts(map) do { \
	ASSERT_NE(NULL, bpf_map__attach_struct_ops(facts->maps.map)); \
	settle(); \
} while (0)

/* Reads the facts of a device in a dry election of it. */
#define read_in_election(name) do { \
	const struct bx_opinion *recs_; \
	\
	strcpy(facts->bss->device, name); \
	facts->bss->reads = 0; \
	ASSERT_LT(0, bxt_opinions(name, &recs_)); \
	ASSERT_EQ(1, facts->bss->reads); \
} while (0)

static const struct bx_fact_rec *record(const struct bx_fact_rec *recs, int n,
					__u32 fact)
{
	for (int i = 0; i < n; i++) {
		if (recs[i].fact == fact)
			return &recs[i];
	}
	return NULL;
}

FIXTURE(facts) {
};

FIXTURE_SETUP(facts)
{
	ASSERT_EQ(0, bxt_clean());
	memset(facts->bss, 0, sizeof(*facts->bss));
	strcpy(facts->bss->device, "none");
}

FIXTURE_TEARDOWN(facts)
{
	pf_write("sriov_numvfs", "0");
}

/* ---- pci ---- */

TEST_F(facts, virtual_function_has_a_path_when_it_is_added)
{
	char expected[BX_FACT_LEN + 8];

	snprintf(expected, sizeof(expected), "%s/vf0", path_of(pf));
	facts->bss->device[0] = '\0';
	attach_facts(facts);
	ASSERT_EQ(0, pf_write("sriov_numvfs", "2"));
	settle();
	ASSERT_LT(0, facts->bss->reads);
	EXPECT_FACT(BX_FACT_PATH, expected);
	EXPECT_FACT_OR_NONE(BX_FACT_SLOT, slot_of(pf));
}

TEST_F(facts, physical_function_has_path_and_slot)
{
	attach_facts(facts);
	read_in_election(pf);
	EXPECT_FACT(BX_FACT_PATH, path_of(pf));
	EXPECT_FACT_OR_NONE(BX_FACT_SLOT, slot_of(pf));
	EXPECT_FACT(BX_FACT_UNTRUSTED, "0");
}

TEST_F(facts, device_behind_a_port_is_told_from_one_beside_it)
{
	attach_facts(facts);
	read_in_election(edu);
	EXPECT_FACT(BX_FACT_PATH, edu);
	EXPECT_FACT_OR_NONE(BX_FACT_SLOT, slot_of(edu));
	read_in_election(deep_edu);
	EXPECT_FACT(BX_FACT_PATH, path_of(deep_edu));
	EXPECT_FACT_OR_NONE(BX_FACT_SLOT, slot_of(deep_edu));
}

TEST_F(facts, device_lacks_what_its_bus_or_itself_has_not)
{
	attach_facts(facts);
	read_in_election(edu);
	EXPECT_EQ(-ENODATA, facts->bss->result[BX_FACT_SERIAL]);
	EXPECT_EQ(-ENODATA, facts->bss->result[BX_FACT_PRODUCT]);
	EXPECT_EQ(-ENODATA, facts->bss->result[BX_FACT_INTERFACES]);
	EXPECT_EQ(-ENODATA, facts->bss->result[BX_FACT_OF_NODE]);
	EXPECT_EQ(-ENODATA, facts->bss->result[BX_FACT_MAC]);
	EXPECT_EQ(-ENODATA, facts->bss->result[BX_FACT_BOOT_VGA]);
	EXPECT_STREQ("", facts->bss->text[BX_FACT_SERIAL]);
}

TEST_F(facts, firmware_gives_what_sysfs_shows)
{
	const char *const devices[] = { pf, edu, deep_edu };
	char path[BX_FACT_LEN], index[BX_FACT_LEN], removable[BX_FACT_LEN];
	int paths = 0;

	attach_facts(facts);
	for (int i = 0; i < 3; i++) {
		attr_of(devices[i], "firmware_node/path", path, sizeof(path));
		attr_of(devices[i], "acpi_index", index, sizeof(index));
		attr_of(devices[i], "removable", removable, sizeof(removable));
		read_in_election(devices[i]);
		EXPECT_FACT_OR_NONE(BX_FACT_ACPI_PATH, path);
		EXPECT_FACT_OR_NONE(BX_FACT_ACPI_INDEX, index);
		EXPECT_FACT_OR_NONE(BX_FACT_REMOVABLE, removable);
		paths += *path != '\0';
	}
	/* unless a device tree describes the machine */
	if (!access("/sys/firmware/acpi", F_OK))
		EXPECT_LT(0, paths);
}

/* ---- the boot, and the machine ---- */

#define BOOTED	"/sys/module/bus_ext/parameters/booted"

TEST_F(facts, device_that_comes_after_the_boot_is_hotplugged)
{
	char remove[64];

	attach_facts(facts);
	read_in_election(edu);
	EXPECT_FACT(BX_FACT_HOTPLUGGED, "0");
	snprintf(remove, sizeof(remove), PCI "%s/remove", edu);
	ASSERT_EQ(0, bxt_write(BOOTED, "1"));
	EXPECT_EQ(0, bxt_write(remove, "1"));
	EXPECT_EQ(0, bxt_write("/sys/bus/pci/rescan", "1"));
	settle();
	read_in_election(edu);
	EXPECT_FACT(BX_FACT_HOTPLUGGED, "1");
	read_in_election(pf);
	EXPECT_FACT(BX_FACT_HOTPLUGGED, "0");
	bxt_write(BOOTED, "0");
	EXPECT_EQ(0, bxt_write(remove, "1"));
	EXPECT_EQ(0, bxt_write("/sys/bus/pci/rescan", "1"));
	settle();
	read_in_election(edu);
	EXPECT_FACT(BX_FACT_HOTPLUGGED, "0");
}

TEST_F(facts, fingerprint_stays_and_differs_from_that_of_another_device)
{
	char remove[64], print[BX_FACT_LEN];

	attach_facts(facts);
	read_in_election(pf);
	ASSERT_EQ(64, facts->bss->result[BX_FACT_FINGERPRINT]);
	EXPECT_EQ(64, strspn(facts->bss->text[BX_FACT_FINGERPRINT], "0123456789abcdef"));
	strcpy(print, facts->bss->text[BX_FACT_FINGERPRINT]);
	read_in_election(edu);
	ASSERT_EQ(64, facts->bss->result[BX_FACT_FINGERPRINT]);
	EXPECT_STRNE(print, facts->bss->text[BX_FACT_FINGERPRINT]);
	strcpy(print, facts->bss->text[BX_FACT_FINGERPRINT]);
	snprintf(remove, sizeof(remove), PCI "%s/remove", edu);
	EXPECT_EQ(0, bxt_write(remove, "1"));
	EXPECT_EQ(0, bxt_write("/sys/bus/pci/rescan", "1"));
	settle();
	read_in_election(edu);
	EXPECT_STREQ(print, facts->bss->text[BX_FACT_FINGERPRINT]);
}

/*
 * Spaces at the end of a text, which sysfs leaves out, are not compared; not each kernel has
 * DMI.
 */
TEST_F(facts, machine_is_what_sysfs_shows)
{
	static const struct {
		const char	*file;
		__u32		fact;
	} dmi[] = {
		{ "sys_vendor", BX_FACT_SYS_VENDOR },
		{ "product_name", BX_FACT_PRODUCT_NAME },
		{ "product_version", BX_FACT_PRODUCT_VERSION },
		{ "bios_version", BX_FACT_BIOS_VERSION },
	};
	char path[PATH_MAX], expected[BX_FACT_LEN];

	attach_facts(facts);
	read_in_election(edu);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "/sys/class/dmi/id/%s", dmi[i].file);
		if (bxt_read(path, expected, sizeof(expected))) {
			EXPECT_EQ(-ENODATA, facts->bss->result[dmi[i].fact]);
			continue;
		}
		expected[strcspn(expected, "\n")] = '\0';
		EXPECT_LT(0, strlen(expected));
		EXPECT_EQ(0, strncmp(expected, facts->bss->text[dmi[i].fact],
				     strlen(expected)));
	}
	EXPECT_EQ(-ENODATA, facts->bss->result[BX_FACT_BOOT]);
}

/* ---- bounds ---- */

TEST_F(facts, text_that_does_not_fit_is_not_given)
{
	attach_facts(facts);
	read_in_election(edu);
	EXPECT_EQ(-ENAMETOOLONG, facts->bss->cut);
	EXPECT_STREQ("", facts->bss->text[31]);
}

TEST_F(facts, unknown_fact_is_invalid)
{
	attach_facts(facts);
	read_in_election(edu);
	EXPECT_EQ(-EINVAL, facts->bss->result[BX_NR_FACTS]);
}

/* ---- own buses ---- */

TEST_F(facts, match_reads_facts_and_a_simulated_device_has_no_path)
{
	attach_facts(facts_own);
	driver("a", "ids=*:*");
	strcpy(facts->bss->device, "d");
	device("d", "f055:1");
	ASSERT_LT(0, facts->bss->reads);
	EXPECT_EQ(-ENODATA, facts->bss->result[BX_FACT_PATH]);
	EXPECT_EQ(-ENODATA, facts->bss->result[BX_FACT_SERIAL]);
	EXPECT_BOUND("d", "a");
}

/* ---- described devices ---- */

#define DESCRIBED(bus_) \
	.dev = { .name = "described", .bus = bus_, .vf_index = -1 }, \
	.nr_drivers = 1, .drivers = { { "a", 1, 0 } }

TEST_F(facts, described_device_has_the_facts_of_its_description)
{
	const struct bx_trial trial = {
		DESCRIBED("pci"), .nr_facts = 2, .facts = {
			{ .fact = BX_FACT_SERIAL, .value = "0123456789abcdef" },
			{ .fact = BX_FACT_SLOT, .error = -ENXIO },
		},
	};
	const struct bx_opinion *recs;

	attach_facts(facts);
	strcpy(facts->bss->device, "described");
	ASSERT_LT(0, bxt_trial(&trial, &recs));
	EXPECT_EQ(1, facts->bss->reads);
	EXPECT_FACT(BX_FACT_SERIAL, "0123456789abcdef");
	EXPECT_EQ(-ENXIO, facts->bss->result[BX_FACT_SLOT]);
	EXPECT_EQ(-ENODATA, facts->bss->result[BX_FACT_PATH]);
}

TEST_F(facts, match_reads_the_facts_of_a_description)
{
	const struct bx_trial trial = {
		DESCRIBED("bx-sf"), .nr_facts = 1,
		.facts = { { .fact = BX_FACT_LABEL, .value = "port 1" } },
	};
	const struct bx_opinion *recs;

	attach_facts(facts_own);
	strcpy(facts->bss->device, "described");
	ASSERT_LT(0, bxt_trial(&trial, &recs));
	EXPECT_FACT(BX_FACT_LABEL, "port 1");
}

TEST_F(facts, descriptions_without_sense_are_refused)
{
	struct bx_trial trial = { DESCRIBED("pci"), .nr_facts = 1 };
	const struct bx_opinion *recs;

	EXPECT_LT(0, bxt_trial(&trial, &recs));
	trial.facts[0].fact = BX_NR_FACTS;
	EXPECT_EQ(-EINVAL, bxt_trial(&trial, &recs));
	trial.facts[0] = (struct bx_fact_rec){ .error = 1 };
	EXPECT_EQ(-EINVAL, bxt_trial(&trial, &recs));
	trial.facts[0] = (struct bx_fact_rec){};
	memset(trial.facts[0].value, 'x', BX_FACT_LEN);
	EXPECT_EQ(-EINVAL, bxt_trial(&trial, &recs));
	trial.facts[0] = (struct bx_fact_rec){};
	trial.nr_facts = BX_TRIAL_FACTS + 1;
	EXPECT_EQ(-EINVAL, bxt_trial(&trial, &recs));
}

/* ---- the control interface ---- */

TEST_F(facts, records_are_what_programs_read)
{
	const struct bx_fact_rec *recs, *rec;
	int n;

	attach_facts(facts);
	read_in_election(pf);
	n = bxt_facts(pf, &recs);
	ASSERT_LT(0, n);
	for (__u32 i = 0; i < BX_NR_FACTS; i++) {
		rec = record(recs, n, i);
		EXPECT_EQ(facts->bss->result[i] != -ENODATA, !!rec);
		if (rec)
			EXPECT_STREQ(facts->bss->text[i], rec->value);
	}
	EXPECT_STREQ("path", record(recs, n, BX_FACT_PATH)->name);
}

TEST_F(facts, simulated_device_has_only_the_facts_of_the_machine)
{
	const struct bx_fact_rec *recs;
	int n;

	EXPECT_EQ(-ENODEV, bxt_facts("no_such_device", &recs));
	device("d", "f055:1");
	/* it has those of the machine, if any, and no others */
	n = bxt_facts("d", &recs);
	ASSERT_LE(0, n);
	if (n)
		EXPECT_LE(BX_FACT_SYS_VENDOR, recs[0].fact);
}

int main(int argc, char **argv)
{
	int ret;

	bxt_load("nvme");
	if (bxt_start("bxsim"))
		return KSFT_FAIL;
	facts = facts__open_and_load();
	ret = facts ? 0 : bxt_complain("load the policies", -errno);
	ret = ret ?: find("sriov_totalvfs", NULL, 1, pf) ?:
	      find("device", "0x11e8", 0, edu) ?: find("device", "0x11e8", 1, deep_edu);
	if (ret) {
		bxt_complain("find the devices", ret);
		return KSFT_FAIL;
	}
	ret = test_harness_run(argc, argv);
	facts__destroy(facts);
	return bxt_finish() ? KSFT_FAIL : ret;
}
