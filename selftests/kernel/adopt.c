// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adopted buses: pci and platform, steered through driver_override
 *
 * Needs the device set nvme-sriov.  The stock kernel gives virtual functions
 * of the emulated controller to nvme, whose probe fails, since they are
 * offline; the tests check whether it was tried.
 */
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>
#include "selftests/bpf/hook.skel.h"
#include "selftests/bpf/nvme.skel.h"
#include "selftests/bpf/vf.skel.h"
#include "../lib/bxtest.h"

#define PCI	"/sys/bus/pci/devices/"
#define NVME	"nvme"
#define VFIO	"vfio-pci"

static struct nvme *nvme;
static struct vf *vf_policy;
static struct hook *hook;
static char pf[32];			/* the physical function */

/* ---- the hardware ---- */

static int pf_write(const char *attr, int value)
{
	char path[128], text[16];

	snprintf(path, sizeof(path), PCI "%s/%s", pf, attr);
	snprintf(text, sizeof(text), "%d", value);
	return bxt_write(path, text);
}

static int pf_number(const char *attr)
{
	char path[128], text[16];

	snprintf(path, sizeof(path), PCI "%s/%s", pf, attr);
	return bxt_read(path, text, sizeof(text)) ? -1 : atoi(text);
}

/* Returns the name of a virtual function, which need not exist. */
static const char *vf(int i)
{
	static char names[4][32];
	int offset = pf_number("sriov_offset");
	int stride = pf_number("sriov_stride");
	unsigned int domain, bus, dev, fn, rid;

	if (sscanf(pf, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4)
		return "(no such device)";
	rid = bus << 8 | dev << 3 | fn;
	rid += offset + stride * i;
	snprintf(names[i], sizeof(names[i]), "%04x:%02x:%02x.%x", domain,
		 rid >> 8, (rid >> 3) & 31, rid & 7);
	return names[i];
}

static int unbind(const char *device, const char *driver)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/%s",
		 driver, "unbind");
	return bxt_write(path, device);
}

static int find_pf(void)
{
	glob_t found = {};

	if (glob("/sys/bus/pci/drivers/nvme/0000:*", 0, NULL, &found))
		return -ENODEV;
	snprintf(pf, sizeof(pf), "%s", strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	return 0;
}

/*
 * nvme probes asynchronously; loading any module waits for such probes.  An
 * uncompressed file is loaded without modprobe, which takes longer than the rest
 * of a test in a sanitizer kernel.
 */
static int wait_for_probes(void)
{
	int err = bxt_load_built("/lib/modules/%s/updates", "bxplat");

	return err ?: bxt_unload_soon("bxplat");
}

#define vfs(n) do { \
	ASSERT_EQ(0, pf_write("sriov_numvfs", n)); \
	settle(); \
	ASSERT_EQ(0, wait_for_probes()); \
} while (0)

#define EXPECT_ON(bus, device, driver) \
	EXPECT_STREQ(driver, bxt_bound_on(bus, device))
#define EXPECT_VF(i, driver)	EXPECT_ON("pci", vf(i), driver)
#define EXPECT_OVERRIDE(i, name) \
	EXPECT_STREQ(name, bxt_override("pci", vf(i)))
#define nvme_probes()		((int)nvme->bss->probes)

/* Slot 0 has an opinion only on the first virtual function. */
#define for_vf0(slot)	strcpy(bxt_script(slot)->device, vf(0))
#define attach_pci(slot, ...)	attach(slot, .bus = "pci", __VA_ARGS__)

#define attach_vf_policy() ({ \
	struct bpf_link *link_; \
	\
	link_ = bpf_map__attach_struct_ops(vf_policy->maps.vf); \
	ASSERT_NE(NULL, link_); \
	settle(); \
	link_; })

FIXTURE(pci) {
};

FIXTURE_SETUP(pci)
{
	ASSERT_EQ(0, bxt_clean());
	if (pf_number("sriov_numvfs"))
		ASSERT_EQ(0, pf_write("sriov_numvfs", 0));
	ASSERT_EQ(0, pf_write("sriov_drivers_autoprobe", 1));
	vf_policy->data->exception = -1;
	memset(hook->bss, 0, sizeof(*hook->bss));
	nvme->bss->probes = 0;
}

FIXTURE_TEARDOWN(pci)
{
}

/* ---- no policy has an opinion ---- */

TEST_F(pci, without_a_policy_everything_is_as_ever)
{
	vfs(2);
	EXPECT_EQ(2, nvme_probes());
	EXPECT_OVERRIDE(0, "(null)");
	EXPECT_OVERRIDE(1, "(null)");
	EXPECT_BY(BX_BY_KERNEL, vf(0));
}

TEST_F(pci, with_a_policy_that_passes_everything_is_as_ever)
{
	attach_pci(0);
	vfs(1);
	EXPECT_LT(0, bxt_script(0)->selects);
	EXPECT_EQ(1, nvme_probes());
	EXPECT_OVERRIDE(0, "(null)");
}

TEST_F(pci, policy_of_another_vendor_is_not_asked)
{
	bxt_script(0)->select = BX_REFUSE;
	attach_pci(0, .vendor = 0x10de);
	vfs(1);
	EXPECT_EQ(0, policy("p0").asked);
	EXPECT_EQ(1, nvme_probes());
	EXPECT_OVERRIDE(0, "(null)");
}

/* ---- a policy decides ---- */

TEST_F(pci, policy_gives_all_vfs_to_vfio_before_any_probe)
{
	struct bx_decision dec;

	attach_vf_policy();
	vfs(4);
	for (int i = 0; i < 4; i++) {
		EXPECT_VF(i, VFIO);
		EXPECT_OVERRIDE(i, VFIO);
	}
	EXPECT_EQ(0, nvme_probes());
	dec = decision(vf(3));
	EXPECT_EQ(BX_BY_SELECT, dec.by);
	EXPECT_STREQ("vf", dec.policy);
	EXPECT_STREQ(VFIO, dec.driver);
	/* no policy decides about the physical function */
	EXPECT_ON("pci", pf, NVME);
	EXPECT_STREQ("(null)", bxt_override("pci", pf));
}

TEST_F(pci, vf_index_makes_an_exception)
{
	vf_policy->data->exception = 1;
	attach_vf_policy();
	vfs(3);
	EXPECT_VF(0, VFIO);
	EXPECT_VF(2, VFIO);
	EXPECT_VF(1, "");
	EXPECT_OVERRIDE(1, "(null)");
	EXPECT_EQ(1, nvme_probes());
}

TEST_F(pci, select_sees_the_function)
{
	const struct bx_dev_info *seen = &bxt_script(0)->seen;

	attach_pci(0);
	vfs(2);
	EXPECT_STREQ(vf(1), seen->name);
	EXPECT_STREQ("pci", seen->bus);
	EXPECT_STREQ(pf, seen->parent);
	EXPECT_STREQ(NVME, seen->parent_driver);
	EXPECT_EQ(0x1b36, seen->vendor);
	EXPECT_EQ(0x010802, seen->class);
	EXPECT_EQ(BX_DEV_ADOPTED | BX_DEV_VF, seen->flags);
	EXPECT_EQ(1, seen->vf_index);
	/* where a device tree describes the machine, a device gets its group later */
	if (access("/sys/firmware/devicetree/base", F_OK))
		EXPECT_LE(0, seen->iommu_group);
}

TEST_F(pci, module_of_the_elected_driver_is_loaded)
{
	if (bxt_loaded("vfio_pci"))
		ASSERT_EQ(0, bxt_unload_soon("vfio_pci"));
	ASSERT_FALSE(bxt_loaded("vfio_pci"));
	attach_vf_policy();
	vfs(1);
	EXPECT_TRUE(bxt_loaded("vfio_pci"));
	EXPECT_VF(0, VFIO);
	EXPECT_EQ(0, nvme_probes());
}

/* The device waits: other drivers are kept away, and no policy is ejected. */
#define EXPECT_WAITS(i, name) do { \
	EXPECT_ATTACHED("p0"); \
	EXPECT_OVERRIDE(i, name); \
	EXPECT_VF(i, ""); \
	EXPECT_OUTCOME(BX_OUT_ABSENT, vf(i)); \
	EXPECT_EQ(BX_DRIVER_ABSENT, decision(vf(i)).driver_state); \
	EXPECT_EQ(0, nvme_probes()); \
} while (0)

TEST_F(pci, selected_driver_that_does_not_exist_is_waited_for)
{
	int ejected = bxt_nr_ejected();

	for_vf0(0);
	selects(0, "no_such_driver");
	attach_pci(0);
	vfs(1);
	EXPECT_WAITS(0, "no_such_driver");
	EXPECT_EQ(ejected, bxt_nr_ejected());
}

TEST_F(pci, next_choice_if_the_first_cannot_be_loaded)
{
	int ejected = bxt_nr_ejected();

	if (bxt_loaded("vfio_pci"))
		ASSERT_EQ(0, bxt_unload_soon("vfio_pci"));
	for_vf0(0);
	selects(0, "no_such_driver");
	or_selects(0, 0, VFIO);
	or_selects(0, 1, NVME);
	attach_pci(0);
	vfs(1);
	EXPECT_VF(0, VFIO);
	EXPECT_OVERRIDE(0, VFIO);
	EXPECT_BY(BX_BY_SELECT, vf(0));
	EXPECT_EQ(0, nvme_probes());
	EXPECT_EQ(ejected, bxt_nr_ejected());
}

/* ---- probes that fail: nvme rejects the emulated functions ---- */

TEST_F(pci, rejected_function_stays_without_a_driver)
{
	for_vf0(0);
	selects(0, NVME);
	or_selects(0, 0, VFIO);
	attach_pci(0);
	vfs(1);
	EXPECT_OVERRIDE(0, NVME);
	EXPECT_VF(0, "");
	EXPECT_EQ(1, nvme_probes());
}

#define await_next_best() do { \
	ASSERT_EQ(0, wait_for_probes()); \
	settle(); \
	ASSERT_EQ(0, wait_for_probes()); \
} while (0)

TEST_F(pci, rejected_function_gets_the_next_best)
{
	for_vf0(0);
	selects(0, NVME);
	or_selects(0, 0, "no_such_driver");
	or_selects(0, 1, VFIO);
	attach_pci(0, .flags = BX_F_NEXT_BEST);
	vfs(1);
	await_next_best();
	EXPECT_VF(0, VFIO);
	EXPECT_OVERRIDE(0, VFIO);
	EXPECT_EQ(1, nvme_probes());
	/* a rebind tries all of them again */
	EXPECT_EQ(0, bxt_rebind(vf(0)));
	EXPECT_VF(0, VFIO);
	EXPECT_EQ(2, nvme_probes());
}

TEST_F(pci, state_of_a_driver_that_has_rejected_the_function)
{
	for_vf0(0);
	selects(0, NVME);
	strcpy(bxt_script(0)->asks_state, NVME);
	bxt_script(0)->state = 100;
	attach_pci(0, .flags = BX_F_NEXT_BEST);
	vfs(1);
	await_next_best();
	EXPECT_EQ(BX_DRIVER_REJECTED, bxt_script(0)->state);
	/* the only choice: it is not tried for ever, nor does another get it */
	EXPECT_OVERRIDE(0, NVME);
	EXPECT_VF(0, "");
	EXPECT_EQ(1, nvme_probes());
}

TEST_F(pci, refused_function_has_no_next_best)
{
	for_vf0(0);
	selects(0, NVME);
	or_selects(0, 0, VFIO);
	bxt_script(0)->select = BX_REFUSE;
	attach_pci(0, .flags = BX_F_NEXT_BEST);
	vfs(1);
	await_next_best();
	EXPECT_OVERRIDE(0, "none");
	EXPECT_VF(0, "");
	EXPECT_EQ(0, nvme_probes());
}

/* The driver's module has another name; the device's modalias leads to it. */
TEST_F(pci, module_of_another_name_is_found_by_the_device)
{
	static const char smbus[] = "0000:00:1f.3";
	int link;

	if (bxt_load("i2c_i801"))
		SKIP(return, "this kernel has no module i2c_i801");
	ASSERT_EQ(0, bxt_unload_soon("i2c_i801"));
	strcpy(bxt_script(0)->device, smbus);
	selects(0, "i801_smbus");
	link = attach_pci(0);
	EXPECT_TRUE(bxt_loaded("i2c_i801"));
	EXPECT_ON("pci", smbus, "i801_smbus");
	detach(link);
	ASSERT_EQ(0, bxt_unload_soon("i2c_i801"));
}

/* Neither its modalias nor an alias of ours leads from this device to that module. */
TEST_F(pci, selected_name_of_a_module_loads_nothing)
{
	ASSERT_FALSE(bxt_loaded("bxplat"));
	for_vf0(0);
	selects(0, "bxplat");
	attach_pci(0);
	ASSERT_EQ(0, pf_write("sriov_numvfs", 1));
	settle();
	EXPECT_FALSE(bxt_loaded("bxplat"));
	EXPECT_WAITS(0, "bxplat");
}

TEST_F(pci, garbage_ejects_and_the_stock_driver_is_tried)
{
	for_vf0(0);
	bxt_script(0)->select = 99;
	attach_pci(0);
	vfs(1);
	EXPECT_EJECTED("p0");
	EXPECT_STREQ(vf(0), ejection("p0").device);
	EXPECT_OVERRIDE(0, "(null)");
	EXPECT_LE(1, nvme_probes());
}

TEST_F(pci, quarantined_policy_keeps_functions_refused)
{
	int link, probes;

	for_vf0(0);
	bxt_script(0)->select = BX_REFUSE;
	link = attach_pci(0, .flags = BX_F_FAIL_CLOSED);
	vfs(2);
	EXPECT_OVERRIDE(0, "none");
	probes = nvme_probes();
	EXPECT_EQ(1, probes);
	/* ejected by the second function, which is refused in the same election */
	strcpy(bxt_script(0)->device, vf(1));
	bxt_script(0)->select = 99;
	EXPECT_EQ(0, bxt_rebind(vf(1)));
	settle();
	EXPECT_EQ(1, policy("p0").ejected);
	EXPECT_OVERRIDE(1, "none");
	EXPECT_BY(BX_BY_QUARANTINE, vf(1));
	EXPECT_OVERRIDE(0, "none");
	EXPECT_BY(BX_BY_SELECT, vf(0));
	/* added later */
	vfs(0);
	vfs(2);
	EXPECT_OVERRIDE(0, "none");
	EXPECT_OVERRIDE(1, "none");
	EXPECT_OUTCOME(BX_OUT_REFUSED, vf(0));
	EXPECT_EQ(probes, nvme_probes());
	detach(link);
	ASSERT_EQ(0, wait_for_probes());
	EXPECT_OVERRIDE(0, "(null)");
	EXPECT_OVERRIDE(1, "(null)");
	EXPECT_EQ(probes + 2, nvme_probes());
}

TEST_F(pci, a_commit_passes_overrides_on)
{
	struct bx_commit c = { .nr_enter = 1, .nr_leave = 1 };
	int old, new;

	for_vf0(0);
	for_vf0(1);
	bxt_script(0)->select = BX_REFUSE;
	bxt_script(1)->select = BX_REFUSE;
	old = attach_pci(0, .name = "p");
	c.leave[0] = policy("p").id;
	vfs(1);
	EXPECT_OVERRIDE(0, "none");
	new = attach_pci(1, .name = "p", .flags = BX_F_STAGED);
	c.enter[0] = bxt_enter(c.leave[0] + 1);
	ASSERT_EQ(0, bxt_commit(&c));
	settle();
	EXPECT_EQ(c.enter[0].id, decision(vf(0)).policy_id);
	EXPECT_OVERRIDE(0, "none");
	/* the former version takes nothing with it */
	detach(old);
	EXPECT_OVERRIDE(0, "none");
	EXPECT_EQ(0, nvme_probes());
	detach(new);
	EXPECT_OVERRIDE(0, "(null)");
}

TEST_F(pci, refuse_keeps_every_driver_away_until_detached)
{
	int link;

	for_vf0(0);
	bxt_script(0)->select = BX_REFUSE;
	link = attach_pci(0);
	vfs(1);
	EXPECT_OVERRIDE(0, "none");
	EXPECT_OUTCOME(BX_OUT_REFUSED, vf(0));
	EXPECT_EQ(0, nvme_probes());
	detach(link);
	ASSERT_EQ(0, wait_for_probes());
	EXPECT_OVERRIDE(0, "(null)");
	EXPECT_EQ(1, nvme_probes());
}

TEST_F(pci, defer_is_asked_again_when_policies_change)
{
	for_vf0(0);
	bxt_script(0)->select = BX_DEFER;
	attach_pci(0);
	vfs(1);
	EXPECT_VF(0, "");
	EXPECT_EQ(0, nvme_probes());
	selects(0, VFIO);
	attach_pci(1);
	EXPECT_VF(0, VFIO);
	EXPECT_EQ(0, nvme_probes());
}

TEST_F(pci, shadow_writes_nothing)
{
	for_vf0(0);
	selects(0, VFIO);
	attach_pci(0, .flags = BX_F_SHADOW);
	vfs(1);
	EXPECT_OVERRIDE(0, "(null)");
	EXPECT_EQ(1, nvme_probes());
	EXPECT_LE(1, policy("p0").diverged);
}

TEST_F(pci, event_tells_of_the_function)
{
	for_vf0(0);
	selects(0, VFIO);
	attach_pci(0);
	vfs(1);
	EXPECT_EQ(1, bxt_script(0)->events[0]);
	EXPECT_EQ(1, bxt_script(0)->events[1]);
	EXPECT_STREQ(VFIO, bxt_script(0)->event_driver[1]);
	vfs(0);
	EXPECT_EQ(1, bxt_script(0)->events[2]);
	EXPECT_STREQ(VFIO, bxt_script(0)->event_driver[2]);
	EXPECT_EQ(1, bxt_script(0)->events[3]);
}

TEST_F(pci, hook_decides_until_elected_anew)
{
	struct bpf_link *link;

	/* only unbound functions are elected */
	ASSERT_EQ(0, pf_write("sriov_drivers_autoprobe", 0));
	vfs(1);
	hook->bss->verdict = BX_REFUSE;
	link = bpf_program__attach(hook->progs.hook);
	ASSERT_NE(NULL, link);
	EXPECT_EQ(0, bxt_reelect("pci"));
	EXPECT_OVERRIDE(0, "none");
	EXPECT_BY(BX_BY_HOOK, vf(0));
	bpf_link__destroy(link);
	EXPECT_EQ(0, bxt_reelect("pci"));
	EXPECT_OVERRIDE(0, "(null)");
}

/* ---- autoprobe ---- */

TEST_F(pci, autoprobe_off_is_for_undecided_functions)
{
	ASSERT_EQ(0, pf_write("sriov_drivers_autoprobe", 0));
	for_vf0(0);
	selects(0, VFIO);
	attach_pci(0);
	vfs(2);
	/* as driver_override does on a stock kernel */
	EXPECT_VF(0, VFIO);
	EXPECT_VF(1, "");
	EXPECT_EQ(0, nvme_probes());
}

/* ---- devices that exist already ---- */

TEST_F(pci, attach_elects_unbound_functions_anew)
{
	vfs(2);
	EXPECT_VF(0, "");
	attach_vf_policy();
	EXPECT_VF(0, VFIO);
	EXPECT_VF(1, VFIO);
}

/* The first function is bound to VFIO when a policy comes that refuses it. */
#define refuse_bound_vf() do { \
	int link_; \
	\
	for_vf0(0); \
	selects(0, VFIO); \
	link_ = attach_pci(0); \
	vfs(1); \
	detach(link_); \
	for_vf0(1); \
	bxt_script(1)->select = BX_REFUSE; \
	attach_pci(1); \
} while (0)

TEST_F(pci, attach_leaves_bound_functions_alone)
{
	refuse_bound_vf();
	EXPECT_VF(0, VFIO);
	EXPECT_OVERRIDE(0, "(null)");
	/* but on request */
	EXPECT_EQ(1, bxt_rebind(vf(0)));
	EXPECT_VF(0, "");
	EXPECT_OVERRIDE(0, "none");
}

TEST_F(pci, unbind_gives_a_function_to_a_policy_that_came_later)
{
	refuse_bound_vf();
	ASSERT_EQ(0, unbind(vf(0), VFIO));
	EXPECT_OVERRIDE(0, "none");
	EXPECT_EQ(0, nvme_probes());
}

TEST_F(pci, policy_of_another_vendor_elects_no_function_again)
{
	attach_pci(0);
	ASSERT_EQ(0, pf_write("sriov_drivers_autoprobe", 0));
	vfs(1);
	bxt_script(0)->selects = 0;
	detach(attach_pci(1, .vendor = 0x10de));
	EXPECT_EQ(0, bxt_script(0)->selects);
	attach_pci(1, .vendor = 0x1b36);
	EXPECT_LT(0, bxt_script(0)->selects);
}

/* An agreeing election of a bound device counts as held: one, not two. */
TEST_F(pci, bound_function_is_asked_about_once)
{
	int link;

	for_vf0(0);
	selects(0, VFIO);
	link = attach_pci(0, .vendor = 0x1b36);
	vfs(1);
	detach(link);
	bxt_script(0)->selects = 0;
	attach_pci(0, .vendor = 0x1b36);
	EXPECT_OVERRIDE(0, VFIO);
	EXPECT_EQ(1, policy("p0").decided);
}

TEST_F(pci, detach_removes_the_override_and_unbinds_nothing)
{
	struct bpf_link *link = attach_vf_policy();

	vfs(2);
	EXPECT_OVERRIDE(1, VFIO);
	bpf_link__destroy(link);
	settle();
	EXPECT_OVERRIDE(0, "(null)");
	EXPECT_OVERRIDE(1, "(null)");
	EXPECT_VF(0, VFIO);
	EXPECT_VF(1, VFIO);
	EXPECT_EQ(0, nvme_probes());
}

TEST_F(pci, detach_after_the_functions_are_gone)
{
	struct bpf_link *link = attach_vf_policy();

	vfs(2);
	vfs(0);
	bpf_link__destroy(link);
	vfs(1);
	EXPECT_OVERRIDE(0, "(null)");
}

TEST_F(pci, update_is_active_for_unbound_functions)
{
	int link, new;

	for_vf0(0);
	bxt_script(0)->select = BX_REFUSE;
	link = attach_pci(0);
	vfs(1);
	for_vf0(1);
	selects(1, VFIO);
	new = map(1, .bus = "pci", .name = "p0");
	ASSERT_EQ(0, bxt_update(link, new, -1));
	settle();
	EXPECT_VF(0, VFIO);
	EXPECT_OVERRIDE(0, VFIO);
	EXPECT_EQ(0, nvme_probes());
	detach(link);
	EXPECT_OVERRIDE(0, "(null)");
}

/* ---- the administrator ---- */

TEST_F(pci, override_written_before_is_respected)
{
	int link;

	ASSERT_EQ(0, pf_write("sriov_drivers_autoprobe", 0));
	vfs(1);
	ASSERT_EQ(0, bxt_set_override("pci", vf(0), "the_admins"));
	for_vf0(0);
	selects(0, VFIO);
	link = attach_pci(0);
	EXPECT_OVERRIDE(0, "the_admins");
	EXPECT_VF(0, "");
	EXPECT_BY(BX_BY_OVERRIDE, vf(0));
	EXPECT_EQ(-EAGAIN, bxt_rebind(vf(0)));
	EXPECT_OVERRIDE(0, "the_admins");
	detach(link);
	EXPECT_OVERRIDE(0, "the_admins");
}

TEST_F(pci, override_written_after_is_respected)
{
	int link;

	for_vf0(0);
	bxt_script(0)->select = BX_REFUSE;
	link = attach_pci(0);
	vfs(1);
	ASSERT_EQ(0, bxt_set_override("pci", vf(0), "the_admins"));
	EXPECT_EQ(0, bxt_reelect("pci"));
	EXPECT_OVERRIDE(0, "the_admins");
	detach(link);
	EXPECT_OVERRIDE(0, "the_admins");
}

TEST_F(pci, override_written_after_with_the_same_name_is_the_administrators)
{
	int link;

	for_vf0(0);
	bxt_script(0)->select = BX_REFUSE;
	link = attach_pci(0);
	vfs(1);
	ASSERT_EQ(0, bxt_set_override("pci", vf(0), "none"));
	detach(link);
	EXPECT_OVERRIDE(0, "none");
}

/* The second string may get the memory of ours, which was freed. */
TEST_F(pci, override_written_again_and_again_is_the_administrators)
{
	int link;

	ASSERT_EQ(0, bxt_use_cpu(0));
	for_vf0(0);
	bxt_script(0)->select = BX_REFUSE;
	link = attach_pci(0);
	vfs(1);
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, bxt_set_override("pci", vf(0), "abcd"));
		EXPECT_BY(BX_BY_OVERRIDE, vf(0));
	}
	detach(link);
	EXPECT_OVERRIDE(0, "abcd");
}

/* ---- an override that the administrator cleared ---- */

#define clear_override(i)	ASSERT_EQ(0, bxt_set_override("pci", vf(i), ""))

/* One function that slot 0 gives to vfio-pci, and whose override was cleared */
#define given_and_cleared() ({ \
	int link_; \
	\
	for_vf0(0); \
	selects(0, VFIO); \
	link_ = attach_pci(0); \
	vfs(1); \
	EXPECT_VF(0, VFIO); \
	clear_override(0); \
	link_; })

/* The same for a function that is refused */
#define refused_and_cleared() ({ \
	int link_; \
	\
	for_vf0(0); \
	bxt_script(0)->select = BX_REFUSE; \
	link_ = attach_pci(0); \
	vfs(1); \
	clear_override(0); \
	link_; })

TEST_F(pci, cleared_override_is_not_written_again_at_once)
{
	int link = refused_and_cleared();

	EXPECT_OVERRIDE(0, "(null)");
	EXPECT_BY(BX_BY_KERNEL, vf(0));
	detach(link);
	EXPECT_OVERRIDE(0, "(null)");
}

TEST_F(pci, cleared_override_is_written_again_by_reelect)
{
	refused_and_cleared();
	EXPECT_EQ(0, bxt_reelect("pci"));
	EXPECT_OVERRIDE(0, "none");
	EXPECT_BY(BX_BY_SELECT, vf(0));
	EXPECT_EQ(0, nvme_probes());
}

TEST_F(pci, cleared_override_is_written_again_by_rebind)
{
	refused_and_cleared();
	EXPECT_EQ(0, bxt_rebind(vf(0)));
	EXPECT_OVERRIDE(0, "none");
	EXPECT_VF(0, "");
	EXPECT_EQ(0, nvme_probes());
}

TEST_F(pci, cleared_override_is_written_again_by_an_unbind)
{
	given_and_cleared();
	ASSERT_EQ(0, unbind(vf(0), VFIO));
	EXPECT_OVERRIDE(0, VFIO);
	EXPECT_BY(BX_BY_SELECT, vf(0));
	EXPECT_EQ(0, nvme_probes());
}

TEST_F(pci, cleared_override_of_a_bound_device_is_recorded_by_reelect)
{
	int link = given_and_cleared();

	EXPECT_BY(BX_BY_KERNEL, vf(0));
	EXPECT_EQ(0, bxt_reelect("pci"));
	EXPECT_OVERRIDE(0, VFIO);
	EXPECT_BY(BX_BY_SELECT, vf(0));
	EXPECT_VF(0, VFIO);
	detach(link);
	EXPECT_OVERRIDE(0, "(null)");
}

TEST_F(pci, cleared_override_lets_another_decision_be_written)
{
	refused_and_cleared();
	selects(0, VFIO);
	EXPECT_EQ(1, bxt_rebind(vf(0)));
	EXPECT_VF(0, VFIO);
	EXPECT_OVERRIDE(0, VFIO);
	EXPECT_EQ(0, nvme_probes());
}

TEST_F(pci, device_of_a_cleared_override_is_attached_after_detach)
{
	int link = refused_and_cleared();

	EXPECT_EQ(0, nvme_probes());
	detach(link);
	ASSERT_EQ(0, wait_for_probes());
	EXPECT_EQ(1, nvme_probes());
}

/* As driverctl and spdk do: write, probe, clear, unbind, probe */
TEST_F(pci, override_written_and_cleared_returns_the_device_to_the_policy)
{
	for_vf0(0);
	selects(0, VFIO);
	attach_pci(0);
	vfs(1);
	ASSERT_EQ(0, unbind(vf(0), VFIO));
	ASSERT_EQ(0, bxt_set_override("pci", vf(0), "the_admins"));
	EXPECT_EQ(-EAGAIN, bxt_rebind(vf(0)));
	EXPECT_BY(BX_BY_OVERRIDE, vf(0));
	clear_override(0);
	EXPECT_EQ(1, bxt_rebind(vf(0)));
	EXPECT_VF(0, VFIO);
	EXPECT_BY(BX_BY_SELECT, vf(0));
	EXPECT_EQ(0, nvme_probes());
}

TEST_F(pci, administrators_none_refuses_every_driver)
{
	ASSERT_EQ(0, pf_write("sriov_drivers_autoprobe", 0));
	vfs(1);
	ASSERT_EQ(0, bxt_set_override("pci", vf(0), "none"));
	EXPECT_BY(BX_BY_OVERRIDE, vf(0));
	EXPECT_OUTCOME(BX_OUT_REFUSED, vf(0));
	EXPECT_EQ(0, bxt_rebind(vf(0)));
	EXPECT_OVERRIDE(0, "none");
	EXPECT_EQ(0, nvme_probes());
}

/* ---- rebind ---- */

/* A policy for the first function, which is there, and vfio-pci, which is not */
#define vf0_before_its_module() do { \
	if (bxt_loaded("vfio_pci")) \
		ASSERT_EQ(0, bxt_unload_soon("vfio_pci")); \
	ASSERT_EQ(0, pf_write("sriov_drivers_autoprobe", 0)); \
	for_vf0(0); \
	attach_pci(0); \
	vfs(1); \
} while (0)

TEST_F(pci, rebind_waits_for_the_module_of_the_elected_driver)
{
	vf0_before_its_module();
	ASSERT_FALSE(bxt_loaded("vfio_pci"));
	selects(0, VFIO);
	EXPECT_EQ(1, bxt_rebind(vf(0)));
	EXPECT_VF(0, VFIO);
}

TEST_F(pci, rebind_to_a_driver_that_stays_absent_fails)
{
	for_vf0(0);
	selects(0, "no_such_driver");
	attach_pci(0);
	vfs(1);
	EXPECT_EQ(-EAGAIN, bxt_rebind(vf(0)));
	EXPECT_VF(0, "");
	EXPECT_EQ(0, nvme_probes());
}

TEST_F(pci, rebind_tries_choices_until_one_is_there)
{
	vf0_before_its_module();
	selects(0, "no_such_driver");
	or_selects(0, 0, "no_other_driver");
	or_selects(0, 1, VFIO);
	EXPECT_EQ(1, bxt_rebind(vf(0)));
	EXPECT_VF(0, VFIO);
	EXPECT_EQ(0, nvme_probes());
}

/* ---- ids that were added at run time ---- */

#define EDU_ID		"1234 11e8"
#define NEW_ID(what)	"/sys/bus/pci/drivers/vfio-pci/" what

/* Returns a device that no loaded driver's table lists, of the set edu. */
static const char *find_edu(void)
{
	static char name[32];
	glob_t found = {};
	char path[300];

	glob(PCI "*", 0, NULL, &found);
	name[0] = '\0';
	for (size_t i = 0; i < found.gl_pathc && !name[0]; i++) {
		snprintf(path, sizeof(path), "%s/device", found.gl_pathv[i]);
		if (bxt_contains(path, "0x11e8"))
			snprintf(name, sizeof(name), "%s",
				 strrchr(found.gl_pathv[i], '/') + 1);
	}
	globfree(&found);
	return name;
}

TEST_F(pci, dynamic_id_is_a_part_of_the_own_rule_of_the_bus)
{
	const struct bx_opinion *recs;
	const char *edu = find_edu();
	int n;

	ASSERT_EQ(0, bxt_load("vfio-pci"));
	EXPECT_ON("pci", edu, "");
	ASSERT_EQ(0, bxt_write(NEW_ID("new_id"), EDU_ID));
	EXPECT_ON("pci", edu, VFIO);

	/* explain names the driver, and a rebind keeps it */
	n = bxt_opinions(edu, &recs);
	ASSERT_LT(0, n);
	EXPECT_EQ(BX_OPN_DECISION, recs[n - 1].kind);
	EXPECT_EQ(BX_BY_KERNEL, recs[n - 1].by);
	EXPECT_STREQ(VFIO, recs[n - 1].driver);
	EXPECT_EQ(0, bxt_rebind(edu));
	EXPECT_ON("pci", edu, VFIO);

	/* so does an override that is removed */
	ASSERT_EQ(0, bxt_set_override("pci", edu, VFIO));
	EXPECT_EQ(0, bxt_rebind(edu));
	ASSERT_EQ(0, bxt_set_override("pci", edu, ""));
	EXPECT_EQ(0, bxt_rebind(edu));
	EXPECT_ON("pci", edu, VFIO);

	/* without the id, the rule has no driver */
	ASSERT_EQ(0, bxt_write(NEW_ID("remove_id"), EDU_ID));
	n = bxt_opinions(edu, &recs);
	ASSERT_LT(0, n);
	EXPECT_STREQ("", recs[n - 1].driver);
	EXPECT_EQ(1, bxt_rebind(edu));
	EXPECT_ON("pci", edu, "");
	/* of the other device of this id */
	ASSERT_EQ(0, bxt_unload_soon("vfio_pci"));
}

/* ---- platform ---- */

FIXTURE(platform) {
};

FIXTURE_SETUP(platform)
{
	ASSERT_EQ(0, bxt_clean());
	if (bxt_load(MACHINE_MODULE))
		SKIP(return, NO_MACHINE_MODULE);
	ASSERT_EQ(0, bxt_unload_soon(MACHINE_MODULE));
	strcpy(bxt_script(0)->device, MACHINE_DEV);
}

FIXTURE_TEARDOWN(platform)
{
	if (bxt_loaded(MACHINE_MODULE))
		ASSERT_EQ(0, bxt_unload_soon(MACHINE_MODULE));
}

#define attach_platform(slot, ...) attach(slot, .bus = "platform", __VA_ARGS__)

TEST_F(platform, without_a_policy_everything_is_as_ever)
{
	ASSERT_EQ(0, bxt_load(MACHINE_MODULE));
	EXPECT_ON("platform", MACHINE_DEV, MACHINE_DEV);
	EXPECT_STREQ("(null)", bxt_override("platform", MACHINE_DEV));
}

TEST_F(platform, refuse_keeps_the_driver_away_until_detached)
{
	int link;

	bxt_script(0)->select = BX_REFUSE;
	link = attach_platform(0);
	EXPECT_STREQ("none", bxt_override("platform", MACHINE_DEV));
	ASSERT_EQ(0, bxt_load(MACHINE_MODULE));
	EXPECT_ON("platform", MACHINE_DEV, "");
	detach(link);
	EXPECT_STREQ("(null)", bxt_override("platform", MACHINE_DEV));
	EXPECT_ON("platform", MACHINE_DEV, MACHINE_DEV);
}

TEST_F(platform, module_of_the_elected_driver_is_loaded)
{
	selects(0, MACHINE_DEV);
	attach_platform(0);
	EXPECT_TRUE(bxt_loaded(MACHINE_MODULE));
	EXPECT_ON("platform", MACHINE_DEV, MACHINE_DEV);
}

/* No alias leads from the device to this module: only another party can load it. */
#define STRANGER	"bxplat"

TEST_F(platform, one_of_several_absent_drivers_comes_with_a_module)
{
	int link, ejected = bxt_nr_ejected();

	if (bxt_loaded(STRANGER))
		ASSERT_EQ(0, bxt_unload_soon(STRANGER));
	selects(0, "no_such_driver");
	or_selects(0, 0, STRANGER);
	link = attach_platform(0);
	EXPECT_STREQ("no_such_driver", bxt_override("platform", MACHINE_DEV));
	EXPECT_OUTCOME(BX_OUT_ABSENT, MACHINE_DEV);
	EXPECT_FALSE(bxt_loaded(STRANGER));
	/* which would get it without the policy */
	ASSERT_EQ(0, bxt_load(MACHINE_MODULE));
	EXPECT_ON("platform", MACHINE_DEV, "");
	ASSERT_EQ(0, bxt_load(STRANGER));
	settle();
	EXPECT_STREQ(STRANGER, bxt_override("platform", MACHINE_DEV));
	EXPECT_ON("platform", MACHINE_DEV, STRANGER);
	EXPECT_EQ(ejected, bxt_nr_ejected());
	detach(link);
	ASSERT_EQ(0, bxt_unload_soon(STRANGER));
}

TEST_F(platform, override_of_the_administrator_is_respected)
{
	int link;

	ASSERT_EQ(0, bxt_set_override("platform", MACHINE_DEV, "the_admins"));
	bxt_script(0)->select = BX_REFUSE;
	link = attach_platform(0);
	EXPECT_STREQ("the_admins", bxt_override("platform", MACHINE_DEV));
	detach(link);
	EXPECT_STREQ("the_admins", bxt_override("platform", MACHINE_DEV));
	ASSERT_EQ(0, bxt_set_override("platform", MACHINE_DEV, ""));
}

static int start(void)
{
	int err = bxt_start("bus_ext") ?: bxt_load("nvme") ?: find_pf();

	if (err)
		return bxt_complain("find an nvme controller", err);
	nvme = nvme__open_and_load();
	vf_policy = vf__open_and_load();
	hook = hook__open_and_load();
	if (!nvme || !vf_policy || !hook)
		return bxt_complain("load a BPF object", -errno);
	return nvme__attach(nvme);
}

int main(int argc, char **argv)
{
	int ret;

	if (start())
		return KSFT_FAIL;
	ret = test_harness_run(argc, argv);
	pf_write("sriov_numvfs", 0);
	nvme__destroy(nvme);
	vf__destroy(vf_policy);
	hook__destroy(hook);
	return bxt_finish() ? KSFT_FAIL : ret;
}
