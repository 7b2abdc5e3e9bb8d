// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * The rule that should win does, with the reasons; and warnings are right
 *
 * Cases by hand; then tables and devices made at random, on which no rule wins that is said to
 * be shadowed, and no rule matches that is said to be unreachable.
 */
#include <unistd.h>

#include "../../lib/internal.h"
#include "../../lib/rules_shape.h"
#include "../../lib/rules_text.h"
#include "tap.h"

static struct bx_handle *h;

static bool read_table(const char *text, struct bx_rules *rules)
{
	if (!rules_parse(h, "f", text, strlen(text), NULL, NULL, rules))
		return true;
	return same(text, "no error", bx_error(h));
}

/* Makes a device of assignments "NAME=VALUE;...", the first of which are bus= and modalias=. */
static struct bx_rules_device *make_device(const char *text)
{
	char *copy = strdup(text), *word, *save, *bus = NULL, *modalias = NULL;
	struct bx_rules_device *d = NULL;

	for (word = strtok_r(copy, ";", &save); word; word = strtok_r(NULL, ";", &save)) {
		if (!d && !strncmp(word, "bus=", 4)) {
			bus = word + 4;
			continue;
		}
		if (!d && !strncmp(word, "modalias=", 9)) {
			modalias = word + 9;
			continue;
		}
		if (!d && bx_rules_device_describe(h, bus, modalias, &d))
			break;
		if (bx_rules_device_set(h, d, word))
			same(text, "no error", bx_error(h));
	}
	if (!d && bx_rules_device_describe(h, bus, modalias, &d))
		same(text, "no error", bx_error(h));
	free(copy);
	return d;
}

/* ---- conditions ---- */

#define NVME	"modalias=pci:v0000144Dd0000A824sv00001028sd00002084bc01sc08i02;"
#define FTDI	"modalias=usb:v0403p6001d0600dc00dsc00dp00icFFiscFFipFFin00;"

static const struct {
	const char	*rule;
	const char	*device;
	bool		matches;
} conditions[] = {
	{ "pci:v0000144D*", NVME, true },
	{ "pci:v0000144E*", NVME, false },
	{ "usb:*", NVME, false },
	{ "* bus=pci", NVME, true },
	{ "* bus=usb", NVME, false },
	{ "* bus=usb", "bus=usb;", true },
	{ "usb:*", "bus=usb;", false },
	{ "of:N* bus=i2c", "bus=i2c;modalias=of:NaT;", true },
	{ "of:N*", "bus=i2c;modalias=of:NaT;", false },
	{ "platform:a-b", "bus=platform;modalias=platform:a_b;", true },
	{ "pci:* serial=a", NVME "serial=a", true },
	{ "pci:* serial=a,b", NVME "serial=b", true },
	{ "pci:* serial=a", NVME "serial=ab", false },
	{ "pci:* serial=a", NVME, false },
	{ "pci:* serial!=a", NVME, true },
	{ "pci:* serial!=a,b", NVME "serial=b", false },
	{ "pci:* serial!=a,b", NVME "serial=c", true },
	{ "pci:* serial=\"\"", NVME, true },
	{ "pci:* serial=\"\"", NVME "serial=c", false },
	{ "pci:* serial=?*", NVME, false },
	{ "pci:* serial=?*", NVME "serial=c", true },
	{ "pci:* label=\"LAN [\"[0-9]*", NVME "label=LAN [5]", true },
	{ "pci:* label=\"LAN *\"", NVME "label=LAN 1", false },
	{ "pci:* virtfn", NVME "virtfn=1", true },
	{ "pci:* virtfn", NVME, false },
	{ "pci:* !virtfn", NVME, true },
	{ "pci:* physfn virtfn", NVME "physfn=1", false },
	{ "pci:* vf-index=0-3", NVME "vf-index=3", true },
	{ "pci:* vf-index=0-3", NVME "vf-index=4", false },
	{ "pci:* vf-index=0-3", NVME, false },
	{ "pci:* vf-index!=0-3", NVME, true },
	{ "pci:* vf-index=none", NVME, true },
	{ "pci:* virtfn", NVME "vf-index=4", true },
	{ "pci:* numa-node=0,2-3", NVME "numa-node=2", true },
	{ "pci:* numa-node=0,2-3", NVME "numa-node=1", false },
	{ "pci:* iommu-group=none", NVME "iommu-group=7", false },
	{ "pci:* class=0108", NVME, true },
	{ "pci:* class=nvme", NVME, true },
	{ "pci:* class=net", NVME, false },
	{ "pci:* class=01,02", NVME, true },
	{ "pci:* vendor=144d device=a800-a8ff", NVME, true },
	{ "pci:* subvendor=1028 subdevice!=2084", NVME, false },
	{ "pci:* revision=5", NVME "revision=5", true },
	{ "usb:* class=net", FTDI, false },
	{ "usb:* class=vendor", FTDI, true },
	{ "usb:* class=ffffff", FTDI "interfaces=:030101:", true },
	{ "usb:* class=keyboard", FTDI "interfaces=:030101:", false },
	{ "* bus=usb class=keyboard", "bus=usb;interfaces=:080650:030101:", true },
	{ "* bus=usb class=hid", "bus=usb;interfaces=:080650:030101:", true },
	{ "* bus=usb class!=hid", "bus=usb;interfaces=:080650:030101:", false },
	{ "* bus=usb class=net", "bus=usb;interfaces=:080650:030101:", false },
	{ "* bus=usb class=net", "bus=usb;", false },
	{ "* bus=usb class=net", "bus=usb;interfaces=:0206", false },
	{ "pci:* removable", NVME "removable=removable", true },
	{ "pci:* removable", NVME "removable=fixed", false },
	{ "pci:* untrusted", NVME "untrusted=1", true },
	{ "pci:* !untrusted", NVME "untrusted=0", true },
	{ "pci:* !untrusted", NVME, true },
	{ "pci:* untrusted=0", NVME, false },
	{ "pci:* acpi_index=1-3", NVME "acpi_index=2", true },
	{ "pci:* acpi_index=1-3", NVME "acpi_index=2a", false },
	{ "pci:* acpi_index=1-3", NVME, false },
	{ "pci:* acpi_index!=1-3", NVME, true },
	{ "pci:* acpi_index=0-9", NVME "acpi_index=1234567890123456789", false },
	{ "pci:* acpi_path=\\_SB_.PCI0.*", NVME "acpi_path=\\_SB_.PCI0.S18", true },
	{ "pci:* name=0000:01:00.?", NVME "name=0000:01:00.1", true },
	{ "pci:* parent=\"\"", NVME, true },
	{ "pci:* parent-driver=nvme", NVME "parent-driver=nvme", true },
	{ "bus_ext:bx-sf:* guid=00112233-4455-6677-8899-AABBCCDDEEFF",
	  "bus=bx-sf;modalias=bus_ext:bx-sf:v1;guid=00112233-4455-6677-8899-aabbccddeeff", true },
	{ "bus_ext:bx-sf:* guid=\"\"", "bus=bx-sf;modalias=bus_ext:bx-sf:v1;", true },
	{ "pci:* mac=AA:BB:CC:00:11:22", NVME "mac=aa:bb:cc:00:11:22", true },
	{ "pci:* dmi.sys_vendor=LENOVO", NVME "dmi.sys_vendor=LENOVO", true },
	{ "pci:* boot=guests", NVME "boot=guests", true },
	{ "pci:* cmdline=quiet", NVME "cmdline=ro quiet", true },
	{ "pci:* cmdline=qui", NVME "cmdline=ro quiet", false },
	{ "pci:* cmdline=quiet", NVME, false },
	{ "pci:* cmdline!=quiet", NVME, true },
	{ "pci:* cmdline!=quiet", NVME "cmdline=a quiet b", false },
	{ "pci:* cmdline=a-b", NVME "cmdline=a_b", true },
	{ "pci:* cmdline=a.b=c", NVME "cmdline=a.b=c", true },
	{ "pci:* cmdline=a.b", NVME "cmdline=a.b=c", false },
	{ "pci:* cmdline=console=*", NVME "cmdline=x console=ttyS0", true },
	{ "pci:* cmdline.console=ttyS0", NVME "cmdline=console=tty0 console=ttyS0", true },
	{ "pci:* cmdline.console=tty0", NVME "cmdline=console=tty0 console=ttyS0", false },
	{ "pci:* cmdline.con-sole=1", NVME "cmdline=con_sole=1", true },
	{ "pci:* cmdline.a=\"b c\"", NVME "cmdline=x a=\"b c\" y", true },
	{ "pci:* cmdline.a=\"\"", NVME "cmdline=x", true },
	{ "pci:* cmdline.a=?*", NVME "cmdline=ab=c a", false },
	{ "pci:* until=approved", NVME, true },
	{ "pci:* until=approved", NVME "approved=1", false },
	{ "pci:* serial=a slot=4", NVME "serial=a;slot=4", true },
	{ "pci:* serial=a slot=4", NVME "serial=a;slot=5", false },
};

static void each_condition(void)
{
	char text[512];
	bool good = true;

	for (size_t i = 0; i < ARRAY_SIZE(conditions); i++) {
		struct bx_rules_device *d = make_device(conditions[i].device);
		struct bx_rules rules;

		snprintf(text, sizeof(text), "%s refuse", conditions[i].rule);
		if (!d || !read_table(text, &rules)) {
			good = false;
			continue;
		}
		if (!!rules_select(&rules, d) != conditions[i].matches) {
			snprintf(text, sizeof(text), "%s on %s", conditions[i].rule,
				 conditions[i].device);
			good = same(text, conditions[i].matches ? "matches" : "does not match",
				    "the contrary");
		}
		bx_rules_device_free(d);
		rules_free(&rules);
	}
	check(good, "each condition holds where it should, and only there");
}

/* ---- order ---- */

/* Writes "LINE:WHY " for each rule, as it is told. */
static void keep(const struct bx_rule_said *said, void *arg)
{
	char *out = arg;

	sprintf(out + strlen(out), "%u:%s ", said->line, bx_rule_why_text(said->why));
}

static const struct {
	const char	*table;
	const char	*device;
	const char	*said;
} orders[] = {
	{ "pci:* pass\npci:v0000144D* refuse\n", NVME, "2:wins 1:specificity " },
	{ "pci:v0000144D* refuse\npci:* pass\n", NVME, "1:wins 2:specificity " },
	{ "pci:* pass\npci:* refuse\n", NVME, "1:wins 2:order " },
	{ "pci:* pass\npci:* serial=a refuse\n", NVME "serial=a", "2:wins 1:specificity " },
	{ "pci:* pass\npci:* serial=a refuse\n", NVME, "2:condition 1:wins " },
	{ "pci:* pass priority=1\npci:v0000144D* refuse\n", NVME, "1:wins 2:priority " },
	{ "pci:* pass\npci:v0000144D* refuse priority=-1\n", NVME, "1:wins 2:priority " },
	{ "pci:v* serial=a slot=b pass\npci:v0* refuse\n", NVME "serial=a;slot=b",
	  "2:wins 1:specificity " },
	{ "pci:v0000144Dd* pass\npci:v0000144[D]d* refuse\n", NVME, "1:wins 2:specificity " },
	{ "pci:* score=a:5\npci:* pass\n", NVME, "1:scores 2:wins " },
	{ "pci:* pass\npci:* score=a:5\n", NVME, "1:wins 2:order " },
	{ "pci:* score=a:5\npci:v* score=a:6\npci:* score=b:7\n", NVME,
	  "2:scores 1:specificity 3:scores " },
	{ "pci:* score=a:5\npci:v* pass\n", NVME, "2:wins 1:specificity " },
	{ "* bus=pci pass\nusb:* refuse\n", NVME, "1:wins " },
	{ "pci:* refuse until=approved\npci:* pass\n", NVME "approved=1", "1:approved 2:wins " },
	{ "usb:* refuse\n", NVME, "" },
	{ "", NVME, "" },
};

static void order(void)
{
	char said[512];
	bool good = true;

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		struct bx_rules_device *d = make_device(orders[i].device);
		struct bx_rules rules;

		said[0] = '\0';
		if (!read_table(orders[i].table, &rules) ||
		    bx_rules_explain(h, &rules, d, 0, keep, said))
			good = false;
		else
			good &= same(orders[i].table, orders[i].said, said);
		rules_free(&rules);
		bx_rules_device_free(d);
	}
	check(good, "priority, then the more specific, then the first: and each rule says why");
}

static void scores(void)
{
	struct bx_rules_device *d = make_device(NVME);
	struct bx_rules rules;
	bool good;

	good = read_table("pci:v* score=a:6\npci:* score=a:5\npci:* pass\npci:* score=b:7\n"
			  "pci:v* score=c:8 serial=x\n", &rules);
	check(good && rules_score(&rules, d, "a") == 6 && !rules_score(&rules, d, "b") &&
	      !rules_score(&rules, d, "c") && !rules_score(&rules, d, "d"),
	      "a score counts if it comes before the winner, and is the first for its driver");
	rules_free(&rules);
	bx_rules_device_free(d);
}

/* ---- groups ---- */

static void groups(void)
{
	struct bx_rules_device *d = make_device(NVME "name=0000:0a:00.1");
	struct bx_rules_device *card = make_device(NVME "name=0000:0a:00.0;serial=a");
	struct bx_rules_device *other = make_device(NVME "name=0000:0b:00.0;serial=b");
	struct bx_rules rules;
	char said[128] = "";

	d->member = calloc(2, sizeof(*d->member));
	d->in_group = calloc(2, sizeof(*d->in_group));
	d->member[0] = card;
	d->in_group[0] = 1 << BX_GROUP_SLOT;
	d->member[1] = other;
	d->in_group[1] = 1 << BX_GROUP_IOMMU;
	d->nmembers = 2;
	if (!read_table("pci:* serial=a pass\npci:* serial=b group refuse\n"
			"pci:* serial=a group defer\npci:* serial=b group=iommu pass\n"
			"pci:* serial=c group pass\n", &rules) ||
	    bx_rules_explain(h, &rules, d, 0, keep, said))
		said[0] = '\0';
	check(same("a group", "1:condition 2:condition 3:wins 4:order 5:condition ", said),
	      "a rule for a group is for each member, if one matches");
	rules_free(&rules);
	bx_rules_device_free(d);
}

/* ---- warnings ---- */

static char warned[1 << 14];

static void keep_warning(const struct bx_rules_problem *p, void *arg)
{
	size_t len = strlen(warned);

	snprintf(warned + len, sizeof(warned) - len, "%u:%s:%u ", p->line,
		 bx_rules_kind_text(p->kind), p->other_line);
}

static const struct {
	const char	*table;
	const char	*warned;
} warnings[] = {
	{ "pci:* refuse\npci:* refuse\n", "2:shadowed:1 " },
	{ "pci:* refuse\npci:* pass\n", "2:contradictory:1 " },
	{ "pci:* refuse\npci:* driver=a\npci:* driver=a\n",
	  "2:contradictory:1 3:contradictory:1 " },
	{ "pci:v0* refuse\npci:* pass\n", "" },
	{ "pci:v* refuse\npci:* pass\n", "2:contradictory:1 " },
	{ "pci:* refuse priority=1\npci:v0* pass\n", "2:shadowed:1 " },
	{ "pci:* refuse\npci:v0* pass priority=-1\n", "2:shadowed:1 " },
	{ "* bus=pci refuse priority=1\npci:v* pass\n", "2:shadowed:1 " },
	{ "* bus=usb refuse priority=1\npci:v* pass\n", "" },
	{ "pci:v* refuse priority=1\n* bus=pci pass\n", "" },
	{ "pci:* serial=a refuse priority=1\npci:* serial=a slot=4 pass\n", "2:shadowed:1 " },
	{ "pci:* serial=a refuse priority=1\npci:* slot=4 pass\n", "" },
	{ "pci:* slot=4,5 refuse\npci:* slot=5 pass\n", "2:shadowed:1 " },
	{ "pci:* slot=5 refuse\npci:* slot=4,5 pass\n", "" },
	{ "pci:* slot=4* refuse\npci:* slot=41 pass\n", "2:shadowed:1 " },
	{ "pci:* slot!=4 refuse\npci:* slot=5 pass\n", "2:shadowed:1 " },
	{ "pci:* slot!=4 refuse\npci:* slot=4 pass\n", "" },
	{ "pci:* slot!=4 refuse\npci:* slot!=4,5 pass\n", "2:shadowed:1 " },
	{ "pci:* slot!=4,5 refuse\npci:* slot!=4 pass\n", "" },
	{ "pci:* vf-index=0-9 refuse\npci:* vf-index=2-3,5 pass\n", "2:shadowed:1 " },
	{ "pci:* vf-index=0-9 refuse\npci:* vf-index=2-10 pass\n", "" },
	{ "pci:* virtfn refuse\npci:* virtfn pass\n", "2:contradictory:1 " },
	{ "pci:* virtfn refuse\npci:* !virtfn pass\n", "" },
	{ "pci:* group refuse\npci:* pass\n", "2:shadowed:1 " },
	{ "pci:* refuse\npci:* group pass\n", "" },
	{ "pci:* refuse until=approved\npci:* pass\n", "" },
	{ "pci:* refuse\npci:* pass until=approved\n", "2:shadowed:1 " },
	{ "pci:* score=a:1\npci:* pass\n", "" },
	{ "pci:* score=a:1\npci:* score=a:2\n", "2:contradictory:1 " },
	{ "pci:* score=a:1\npci:* score=b:2\n", "" },
	{ "pci:* pass\npci:* score=b:2\n", "2:contradictory:1 " },
	{ "usb:v0403p6001d0[0-9]* refuse\nusb:v0403p6001d0[1-2]* pass\n", "2:shadowed:1 " },
	{ "usb:v0403p6001d0[1-2]* refuse\nusb:v0403p6001d0[0-9]* pass\n", "" },
	{ "pci:v00008086* refuse\npci:v00008086d*sv*sd* pass priority=-1\n", "2:contradictory:1 " },
	{ "pci:v00008086* refuse\npci:v00008086d1* pass priority=-1\n", "2:shadowed:1 " },
	{ "platform:a-b refuse\nplatform:a_b pass\n", "2:contradictory:1 " },
	{ "usb:* class=hid refuse priority=1\nusb:* class=keyboard pass\n", "2:shadowed:1 " },
	{ "usb:* class!=hub refuse\nusb:* class=keyboard pass\n", "" },
	{ "pci:* cmdline!=a refuse\npci:* cmdline=b pass\n", "" },
	{ "pci:* cmdline.x!=a refuse\npci:* cmdline.x=b pass\n", "2:shadowed:1 " },
	{ "pci:v0000808x* pass\n", "1:unreachable:0 " },
	{ "pci:v000010ecd* pass\n", "1:unreachable:0 " },
	{ "pci:v0000808[GH]* pass\n", "1:unreachable:0 " },
	{ "hid:b0003g*v0000046dp* pass\n", "1:unreachable:0 " },
	{ "hid:b0003g*v0000046Dp* pass\nhid:b0003g0001v0000046Dp0000C52B pass priority=-1\n",
	  "2:shadowed:1 " },
	{ "virtio:d00000001v* pass\nvirtio:d0000000[12]v* pass\n", "" },
	{ "usb:* slot=4 pass\n", "1:unreachable:0 " },
	{ "usb:* slot!=4 pass\nusb:v0* slot=\"\" pass\n", "" },
	{ "usb:* virtfn pass\n", "1:unreachable:0 " },
	{ "pci:* interfaces=*030101* pass\n", "1:unreachable:0 " },
	{ "pci:* serial=a serial=b pass\n", "1:unreachable:0 " },
	{ "pci:* serial=a serial!=a pass\n", "1:unreachable:0 " },
	{ "pci:* serial=a* serial!=ab pass\n", "" },
	{ "pci:* vf-index=0 vf-index=1-2 pass\n", "1:unreachable:0 " },
	{ "pci:* virtfn !virtfn pass\n", "1:unreachable:0 " },
	{ "pci:* virtfn vf-index=none pass\n", "1:unreachable:0 " },
	{ "pci:* !virtfn vf-index=0-3 pass\n", "1:unreachable:0 " },
	{ "pci:* physfn vf-index=0-3 pass\n", "1:unreachable:0 " },
	{ "pci:* virtfn vf-index=0-3 pass\n", "" },
	{ "usb:* class=hid class=hub pass\n", "" },
	{ "pci:* class=net class=display pass\n", "1:unreachable:0 " },
	{ "pci:* cmdline=a cmdline=b pass\n", "" },
	{ "pci:* cmdline.x=a cmdline.x=b pass\n", "1:unreachable:0 " },
};

static void each_warning(void)
{
	bool good = true;

	for (size_t i = 0; i < ARRAY_SIZE(warnings); i++) {
		struct bx_rules rules;

		warned[0] = '\0';
		good &= read_table(warnings[i].table, &rules);
		if (bx_rules_check(h, &rules, 0, keep_warning, NULL) < 0)
			good = false;
		good &= same(warnings[i].table, warnings[i].warned, warned);
		rules_free(&rules);
	}
	check(good, "rules that never win, or never match, are told, and no others");
}

/* ---- tables made at random ---- */

static const char *any(const char *const *list, size_t n)
{
	return list[rand() % n];
}

#define ANY(...) any((const char *const []) { __VA_ARGS__ }, \
		     ARRAY_SIZE(((const char *const []) { __VA_ARGS__ })))

static void add_condition(char *out)
{
	strcat(out, ANY(" serial=a", " serial=a,b", " serial!=a", " serial=a*", " serial=\"\"",
			" serial!=\"\"", " vf-index=0-3", " vf-index=2", " vf-index!=1-2",
			" vf-index=none", " virtfn", " !virtfn", " class=net", " class!=net",
			" class=hid,net", " class=ff", " removable", " !removable",
			" cmdline=x", " cmdline!=x", " cmdline=y", " cmdline.k=1",
			" cmdline.k!=1", " hotplugged", " slot=4", " numa-node=0,1"));
}

static void add_rule(char *out, const char *bus)
{
	if (!strcmp(bus, "pci"))
		strcat(out, ANY("*  bus=pci", "pci:*", "pci:v*", "pci:v0000144D*",
				"pci:v0000144[CD]*", "pci:v0000144Dd0000A8*",
				"pci:v0000144Dd*sv*sd*bc01*", "pci:v*d*sv*sd*bc01sc08i02"));
	else
		strcat(out, ANY("*  bus=usb", "usb:*", "usb:v0403*", "usb:v0403p600[1-3]*",
				"usb:v0403p6001d0[0-6]*", "usb:v*p*d*dc*dsc*dp*ic*isc*ip*in00"));
	for (int n = rand() % 4; n; n--) {
		size_t len = strlen(out);

		add_condition(out);
		/* not all classes are of both buses */
		if (!strcmp(bus, "pci") && strstr(out + len, "hid"))
			out[len] = '\0';
	}
	strcat(out, ANY(" pass", " refuse", " driver=a", " driver=b", " score=a:5", " defer"));
	strcat(out, ANY("", "", "", " priority=1", " priority=-1", " until=approved", " group",
			" group=iommu"));
	strcat(out, "\n");
}

static struct bx_rules_device *random_device(const char *bus)
{
	char text[512];

	snprintf(text, sizeof(text), "bus=%s;%s", bus, strcmp(bus, "pci") ?
		 ANY("", FTDI, "modalias=usb:v0403p6002d0700dc00dsc00dp00ic03isc01ip01in00;",
		     "modalias=usb:v0404p6001d0600dc00dsc00dp00ic02isc06ip00in00;") :
		 ANY(NVME, "modalias=pci:v0000144Cd0000A824sv00001028sd00002084bc02sc00i00;",
		     "modalias=pci:v0000144Dd0000A924sv00001028sd00002084bc01sc06i01;"));
	strcat(text, ANY("", "serial=a;", "serial=b;", "serial=ab;"));
	strcat(text, ANY("", "removable=removable;", "hotplugged=1;", "approved=1;"));
	strcat(text, ANY("", "cmdline=x k=1;", "cmdline=x y;", "cmdline=k=2;"));
	strcat(text, ANY("", "numa-node=0;", "numa-node=2;"));
	if (strcmp(bus, "pci"))
		strcat(text, ANY("", "interfaces=:030101:020600:", "interfaces=:080650:"));
	else
		strcat(text, ANY("", "vf-index=0;", "vf-index=2;", "slot=4;"));
	return make_device(text);
}

static struct bx_rules_device *with_members(const char *bus)
{
	struct bx_rules_device *d = random_device(bus);

	d->nmembers = rand() % 3;
	d->member = calloc(2, sizeof(*d->member));
	d->in_group = calloc(2, sizeof(*d->in_group));
	for (size_t i = 0; i < d->nmembers; i++) {
		d->member[i] = random_device(bus);
		d->in_group[i] = rand() % 4;
	}
	return d;
}

/* The problem of each rule of a table: its kind and the other rule's line */
static enum bx_rules_kind kind[64];
static unsigned int other[64];

static void keep_kind(const struct bx_rules_problem *p, void *arg)
{
	kind[p->line] = p->kind;
	other[p->line] = p->other_line;
}

static unsigned long shadowed, won, unreachable;

/* Whether what was said of the rules is right on a device */
static bool is_right(const struct bx_rules *rules, const struct bx_rules_device *d)
{
	const struct bx_rule **rank = rules_ranked(rules), *first = NULL;
	const struct bx_rule *winner = rules_select(rules, d);
	bool good = true;

	for (size_t i = 0; i < rules->n; i++) {
		const struct bx_rule *rule = rank[i];
		bool matches = rules_match(rule, d);

		if (kind[rule->line] == BX_RULES_UNREACHABLE)
			good &= !matches;
		if (kind[rule->line] == BX_RULES_SHADOWED ||
		    kind[rule->line] == BX_RULES_CONTRADICTORY)
			good &= !matches || rules_match(&rules->rule[other[rule->line] - 1], d);
		if (!first && matches && rule->verdict != BX_RULE_SCORE)
			first = rule;
	}
	good &= first == winner && !(winner && kind[winner->line] != BX_RULES_ERROR);
	won += !!winner;
	free(rank);
	return good;
}

static bool one_table(void)
{
	const char *bus = ANY("pci", "usb");
	char text[4096] = "";
	struct bx_rules rules;
	bool good = true;

	for (int n = 1 + rand() % 8; n; n--)
		add_rule(text, bus);
	if (!read_table(text, &rules))
		return false;
	memset(kind, 0, sizeof(kind));
	if (bx_rules_check(h, &rules, 0, keep_kind, NULL) < 0)
		return false;
	for (unsigned int i = 0; i < 64; i++) {
		shadowed += kind[i] == BX_RULES_SHADOWED || kind[i] == BX_RULES_CONTRADICTORY;
		unreachable += kind[i] == BX_RULES_UNREACHABLE;
	}
	for (int n = 0; good && n < 10; n++) {
		struct bx_rules_device *d = with_members(bus);

		good = is_right(&rules, d);
		bx_rules_device_free(d);
	}
	if (!good)
		printf("# a warning is wrong in\n%s", text);
	rules_free(&rules);
	return good;
}

static void random_tables(void)
{
	unsigned int cases = env_number("BX_CASES", 3000);
	int seed = env_number("BX_SEED", getpid());
	bool good = true;

	printf("# BX_SEED=%d\n", seed);
	srand(seed);
	for (unsigned int i = 0; good && i < cases; i++)
		good = one_table();
	printf("# %lu shadowed, %lu unreachable, %lu elections with a winner\n", shadowed,
	       unreachable, won);
	check(good, "what is said of rules at random is right on devices at random");
	check(shadowed > cases / 10 && unreachable > cases / 20 && won > cases,
	      "and enough was said");
}

/* ---- shapes ---- */

static const struct {
	const char *bus, *modalias;
} modaliases[] = {
	{ "pci", "pci:v0000144Dd0000A824sv00001028sd00002084bc01sc08i02" },
	{ "usb", "usb:v0403p6001d0600dc00dsc00dp00icFFiscFFipFFin00" },
	{ "hid", "hid:b0003g0001v0000046Dp0000C52B" },
	{ "virtio", "virtio:d00000001v00001AF4" },
};

/* Replaces some characters of a modalias by wildcards, or by others. */
static void make_pattern(const char *modalias, char *out)
{
	for (; *modalias; modalias++) {
		switch (rand() % 40) {
		case 0:
			*out++ = '?';
			break;
		case 1:
			out += sprintf(out, "%s", ANY("[0-9]", "[!0]", "[04A-F]", "[acd]"));
			break;
		case 2:
			*out++ = '*';
			for (int n = rand() % 12; n && modalias[1]; n--)
				modalias++;
			break;
		case 3:
			*out++ = "0123456789ABCDEFabcd"[rand() % 20];
			break;
		default:
			*out++ = *modalias;
		}
	}
	*out = '\0';
}

static void random_shapes(void)
{
	unsigned int cases = 10 * env_number("BX_CASES", 3000), fits = 0, never = 0, matched = 0;
	char pattern[512], modalias[512];
	bool good = true;

	for (unsigned int i = 0; good && i < cases; i++) {
		size_t of = rand() % ARRAY_SIZE(modaliases);
		const char *bus = modaliases[of].bus;
		struct rules_shape shape, one;
		enum rules_fit fit;
		bool matches;

		make_pattern(modaliases[of].modalias, pattern);
		make_pattern(modaliases[of].modalias, modalias);
		/* its wildcards are digits then, or it is not a modalias */
		for (char *c = modalias; *c; c++)
			*c = strchr("*?[]!", *c) ? '0' : *c;
		if (rules_shape(bus, modalias, &one) != RULES_FITS)
			strcpy(modalias, modaliases[of].modalias);
		rules_shape(bus, modalias, &one);
		fit = rules_shape(bus, pattern, &shape);
		matches = rules_glob_alias(pattern, modalias);
		fits += fit == RULES_FITS;
		never += fit == RULES_FITS_NEVER;
		matched += matches;
		if ((fit == RULES_FITS && rules_shape_includes(&shape, &one) != matches) ||
		    (fit == RULES_FITS_NEVER && matches))
			good = same(pattern, matches ? "matches" : "does not match", modalias);
	}
	printf("# of %u patterns %u fit, %u never, %u matched\n", cases, fits, never, matched);
	check(good, "a shape lets through exactly the modaliases that its pattern matches");
	check(fits > cases / 10 && never > cases / 10 && matched > cases / 50, "of all kinds");
}

/* ---- a large table ---- */

static void large_table(void)
{
	size_t n = 100000, len = 0, size = n * 80;
	char *text = malloc(size);
	struct bx_rules rules;
	bool good;

	for (size_t i = 0; i < n; i++)
		len += snprintf(text + len, size - len, "pci:* serial=%016zx driver=d%zu\n", i,
				i % 1000);
	snprintf(text + len, size - len, "pci:* serial=%016x driver=x\n", 4711);
	warned[0] = '\0';
	good = read_table(text, &rules) && rules.n == n + 1 &&
		bx_rules_check(h, &rules, 0, keep_warning, NULL) == 1;
	check(good && same("a large table", "100001:contradictory:4712 ", warned),
	      "a table with a hundred thousand rules is checked");
	rules_free(&rules);
	free(text);
}

int main(void)
{
	if (bx_open(&h, NULL))
		return 1;
	printf("TAP version 13\n1..10\n");
	each_condition();
	order();
	scores();
	groups();
	each_warning();
	random_tables();
	random_shapes();
	large_table();
	bx_close(h);
	return failures ? 1 : 0;
}
