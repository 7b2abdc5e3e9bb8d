/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * The commands of crash_safety.c: how their state is made, what they do, and what undoes it
 *
 * '@' is the directory of world.c; commands with '!' are those of its tests.
 */
#ifndef _CRASH_VERBS_H
#define _CRASH_VERBS_H

#include <stdbool.h>

/**
 * struct verb - a command and its effects
 * @name: its name
 * @setup: commands that make the state before, separated by ';'
 * @command: the command
 * @back: commands that make the state before again
 * @before: the active policies before
 * @after: the active policies after
 * @between: active policies while the command runs; NULL when there are no others
 * @stranded: active policies after a roll-back that fails, or a rebind that is left out;
 *	NULL when there are no others
 * @status: the exit status of a run without a fault
 * @says: part of its output then; NULL for anything
 * @product: file that the command writes, instead of policies; else NULL
 * @recover: a command that recovers, and then fails; else NULL
 * @scratch: it has temporary files, which SIGKILL leaves
 * @only_back: after a fault the same command does not make the state after, since the
 *	policies that were active before cannot be restored
 */
static const struct verb {
	const char	*name;
	const char	*setup;
	const char	*command;
	const char	*back;
	const char	*before;
	const char	*after;
	const char	*between;
	const char	*stranded;
	int		status;
	const char	*says;
	const char	*product;
	const char	*recover;
	bool		scratch;
	bool		only_back;
} verbs[] = {
	{
		.name = "attach",
		.command = "apply --allow-unsigned @/in/objects/good.bpf.o",
		.back = "detach --all",
		.before = "",
		.after = "loader_test:1",
	}, {
		.name = "attach a hook",
		.command = "apply --allow-unsigned @/in/objects/hook.bpf.o",
		.back = "detach --all",
		.before = "",
		.after = "hook:loader_hook",
	}, {
		.name = "detach a hook",
		.setup = "apply --allow-unsigned @/in/objects/hook.bpf.o",
		.command = "detach loader_hook",
		.back = "apply --allow-unsigned @/in/objects/hook.bpf.o",
		.before = "hook:loader_hook",
		.after = "",
	}, {
		.name = "apply an upgrade of several",
		.setup = "apply --allow-unsigned @/in/both",
		.command = "apply --allow-unsigned @/in/both2",
		.back = "apply --allow-unsigned @/in/both",
		.before = "loader_test:1 other.v1:0",
		.after = "loader_test:2 other.v1:0",
	}, {
		.name = "apply a policy that is ejected",
		.setup = "apply --allow-unsigned @/in/objects/good.bpf.o",
		.command = "apply --allow-unsigned @/in/objects/late.bpf.o",
		.back = "apply --allow-unsigned @/in/objects/good.bpf.o",
		.before = "loader_test:1",
		.after = "loader_test:1",
		.between = "",
		.status = 6,
		.says = "; everything is as it was before",
		.only_back = true,
	}, {
		.name = "apply a policy that is active at once",
		.command = "apply --allow-unsigned @/in/objects/unstaged.bpf.o",
		.back = "detach --all",
		.before = "",
		.after = "",
		.status = 4,
	}, {
		.name = "apply a policy that is ejected, which frees a device",
		.setup = "apply --allow-unsigned @/in/objects/guard.bpf.o",
		.command = "apply --allow-unsigned @/in/objects/late.bpf.o",
		.back = "apply --allow-unsigned @/in/objects/guard.bpf.o",
		.before = "loader_test:4",
		.after = "loader_test:4",
		.between = "",
		.status = 6,
		.says = "; not everything is as it was before: device 'pci/0000:00:00.0' has the driver 'nvme' (before: none)",
		.only_back = true,
	}, {
		.name = "apply a policy that would be ejected",
		.setup = "apply --allow-unsigned @/in/objects/guard.bpf.o",
		.command = "apply --allow-unsigned @/in/objects/ejected.bpf.o",
		.back = "apply --allow-unsigned @/in/objects/guard.bpf.o",
		.before = "loader_test:4",
		.after = "loader_test:4",
		.status = 4,
		.says = "cannot activate 'loader_test': it would be ejected on device 'pci/0000:00:00.0': select() returned 77, which is invalid; everything is as it was before",
	}, {
		.name = "apply a policy that names a missing driver",
		.command = "apply --allow-unsigned @/in/objects/missing.bpf.o",
		.back = "detach --all",
		.before = "",
		.after = "loader_test:6",
	}, {
		.name = "apply a policy that is not what was checked",
		.setup = "apply --allow-unsigned @/in/objects/good.bpf.o",
		.command = "apply --allow-unsigned @/in/objects/differs.bpf.o",
		.back = "apply --allow-unsigned @/in/objects/good.bpf.o",
		.before = "loader_test:1",
		.after = "loader_test:1",
		.status = 4,
	}, {
		.name = "plan",
		.setup = "apply --allow-unsigned @/in/objects/good.bpf.o",
		.command = "plan --allow-unsigned @/in/objects/guard.bpf.o",
		.back = "apply --allow-unsigned @/in/objects/good.bpf.o",
		.before = "loader_test:1",
		.after = "loader_test:1",
		.status = 2,
		.says = "pci/0000:00:00.0 read()  pass, data[1] 00  pass, data[1] 5a  loader_test            at once",
	}, {
		.name = "plan a policy that would be ejected",
		.setup = "apply --allow-unsigned @/in/objects/good.bpf.o",
		.command = "plan --allow-unsigned @/in/bad-objects",
		.back = "apply --allow-unsigned @/in/objects/good.bpf.o",
		.before = "loader_test:1",
		.after = "loader_test:1",
		.status = 4,
		.says = "'loader_test' would be ejected on device 'pci/0000:00:00.0': select() returned 77, which is invalid",
	}, {
		.name = "detach",
		.setup = "apply --allow-unsigned @/in/objects/good.bpf.o",
		.command = "detach loader_test",
		.back = "apply --allow-unsigned @/in/objects/good.bpf.o",
		.before = "loader_test:1",
		.after = "",
	}, {
		.name = "apply a bundle",
		.command = "apply --allow-unsigned @/in/old",
		.back = "detach --all",
		.before = "",
		.after = "loader_test:1 other.v1:0",
		.scratch = true,
	}, {
		.name = "install",
		.command = "install --allow-unsigned @/in/old",
		.back = "remove two",
		.before = "",
		.after = "loader_test:1 other.v1:0",
		.recover = "remove none",
	}, {
		.name = "remove",
		.setup = "install --allow-unsigned @/in/old",
		.command = "remove two",
		.back = "install --allow-unsigned @/in/old",
		.before = "loader_test:1 other.v1:0",
		.after = "",
		.recover = "remove none",
	}, {
		.name = "upgrade",
		.setup = "install --allow-unsigned @/in/old;"
			 "upgrade --allow-unsigned @/in/new;"
			 "upgrade --allow-unsigned --allow-downgrade @/in/old",
		.command = "upgrade --allow-unsigned @/in/new",
		.back = "upgrade --allow-unsigned --allow-downgrade @/in/old",
		.before = "loader_test:1 other.v1:0",
		.after = "loader_test:2",
		.recover = "remove none",
	}, {
		.name = "upgrade to a policy that would be ejected",
		.setup = "install --allow-unsigned @/in/old;"
			 "upgrade --allow-unsigned @/in/new;"
			 "upgrade --allow-unsigned --allow-downgrade @/in/old",
		.command = "upgrade --allow-unsigned @/in/bad",
		.back = "remove none",
		.before = "loader_test:1 other.v1:0",
		.after = "loader_test:1 other.v1:0",
		.status = 4,
		.says = "it would be ejected",
	}, {
		.name = "upgrade to a policy that is ejected",
		.setup = "install --allow-unsigned @/in/old;"
			 "upgrade --allow-unsigned @/in/new;"
			 "upgrade --allow-unsigned --allow-downgrade @/in/old",
		.command = "upgrade --allow-unsigned @/in/late",
		.back = "remove none",
		.before = "loader_test:1 other.v1:0",
		.after = "loader_test:1 other.v1:0",
		.between = "other.v1:0",
		.stranded = "",
		.status = 6,
		.says = "; everything is as it was before",
	}, {
		.name = "apply a policy of an installed bundle",
		.setup = "install --allow-unsigned @/in/old",
		.command = "apply --allow-unsigned @/in/objects/good2.bpf.o",
		.back = "remove none",
		.before = "loader_test:1 other.v1:0",
		.after = "loader_test:1 other.v1:0",
		.status = 5,
		.says = "belongs to the installed bundle 'two'; use 'bxctl upgrade'",
	}, {
		.name = "rollback",
		.setup = "install --allow-unsigned @/in/old;"
			 "upgrade --allow-unsigned @/in/new",
		.command = "rollback -g 1 two",
		.back = "rollback -g 2 two",
		.before = "loader_test:2",
		.after = "loader_test:1 other.v1:0",
		.recover = "remove none",
	}, {
		.name = "disable",
		.setup = "install --allow-unsigned @/in/old",
		.command = "disable two",
		.back = "enable two",
		.before = "loader_test:1 other.v1:0",
		.after = "",
		.recover = "remove none",
	}, {
		.name = "enable",
		.setup = "install --allow-unsigned @/in/old;disable two",
		.command = "enable two",
		.back = "disable two",
		.before = "",
		.after = "loader_test:1 other.v1:0",
		.recover = "remove none",
	}, {
		.name = "mode shadow",
		.setup = "install --allow-unsigned @/in/old",
		.command = "mode shadow two",
		.back = "mode enforce two",
		.before = "loader_test:1 other.v1:0",
		.after = "loader_test:1(shadow) other.v1:0(shadow)",
		.recover = "remove none",
	}, {
		.name = "mode enforce",
		.setup = "install --allow-unsigned @/in/old;mode shadow two",
		.command = "mode enforce two",
		.back = "mode shadow two",
		.before = "loader_test:1(shadow) other.v1:0(shadow)",
		.after = "loader_test:1 other.v1:0",
		.recover = "remove none",
	}, {
		.name = "upgrade beside",
		.setup = "install --allow-unsigned @/in/old",
		.command = "upgrade --allow-unsigned --mode shadow @/in/new",
		.back = "rollback two",
		.before = "loader_test:1 other.v1:0",
		.after = "loader_test:1 loader_test:2(shadow) other.v1:0",
		.recover = "remove none",
	}, {
		.name = "upgrade beside to a policy that is ejected",
		.setup = "install --allow-unsigned @/in/old",
		.command = "upgrade --allow-unsigned --mode shadow @/in/late",
		.back = "remove none",
		.before = "loader_test:1 other.v1:0",
		.after = "loader_test:1 other.v1:0",
		.between = "loader_test:1 other.v1:0 other.v1:0(shadow)",
		.status = 6,
		.says = "; everything is as it was before",
	}, {
		.name = "promote",
		.setup = "install --allow-unsigned @/in/old;"
			 "upgrade --allow-unsigned @/in/new;rollback two;"
			 "upgrade --allow-unsigned --mode shadow @/in/new",
		.command = "mode enforce two",
		.back = "rollback -g 1 two;"
			"upgrade --allow-unsigned --mode shadow @/in/new",
		.before = "loader_test:1 loader_test:2(shadow) other.v1:0",
		.after = "loader_test:2",
		.recover = "remove none",
	}, {
		.name = "drop",
		.setup = "install --allow-unsigned @/in/old;"
			 "upgrade --allow-unsigned --mode shadow @/in/new",
		.command = "rollback two",
		.back = "upgrade --allow-unsigned --mode shadow @/in/new",
		.before = "loader_test:1 loader_test:2(shadow) other.v1:0",
		.after = "loader_test:1 other.v1:0",
		.recover = "remove none",
	}, {
		.name = "boot with a canary",
		.setup = "install --allow-unsigned @/in/old;"
			 "upgrade --allow-unsigned --mode shadow @/in/new;!boot",
		.command = "boot",
		.back = "!boot",
		.before = "",
		.after = "loader_test:1 loader_test:2(shadow) other.v1:0",
		.between = "loader_test:1 other.v1:0",
	}, {
		.name = "boot",
		.setup = "install --allow-unsigned @/in/old;!boot",
		.command = "boot",
		.back = "!boot",
		.before = "",
		.after = "loader_test:1 other.v1:0",
	}, {
		.name = "install rules",
		.command = "install --allow-unsigned @/in/rules",
		.back = "remove two",
		.before = "",
		.after = "two.pci.0001:2rules",
		.recover = "remove none",
	}, {
		.name = "upgrade rules",
		.setup = "install --allow-unsigned @/in/rules;"
			 "upgrade --allow-unsigned @/in/rules2;"
			 "upgrade --allow-unsigned --allow-downgrade @/in/rules",
		.command = "upgrade --allow-unsigned @/in/rules2",
		.back = "upgrade --allow-unsigned --allow-downgrade @/in/rules",
		.before = "two.pci.0001:2rules",
		.after = "two.pci.0001:3rules two.pci.0002:3rules",
		.recover = "remove none",
	}, {
		.name = "upgrade rules to a bus that does not exist",
		.setup = "install --allow-unsigned @/in/rules;"
			 "upgrade --allow-unsigned @/in/rules2;"
			 "upgrade --allow-unsigned --allow-downgrade @/in/rules",
		.command = "upgrade --allow-unsigned @/in/bad-rules",
		.back = "remove none",
		.before = "two.pci.0001:2rules",
		.after = "two.pci.0001:2rules",
		.status = 4,
		.says = "there is no such bus",
	}, {
		.name = "upgrade rules beside",
		.setup = "install --allow-unsigned @/in/rules",
		.command = "upgrade --allow-unsigned --mode shadow @/in/rules2",
		.back = "rollback two",
		.before = "two.pci.0001:2rules",
		.after = "two.pci.0001:2rules two.pci.0001:3rules(shadow) two.pci.0002:3rules(shadow)",
		.recover = "remove none",
	}, {
		.name = "mode shadow of rules",
		.setup = "install --allow-unsigned @/in/rules",
		.command = "mode shadow two",
		.back = "mode enforce two",
		.before = "two.pci.0001:2rules",
		.after = "two.pci.0001:2rules(shadow)",
		.recover = "remove none",
	}, {
		.name = "remove rules",
		.setup = "install --allow-unsigned @/in/rules",
		.command = "remove two",
		.back = "install --allow-unsigned @/in/rules",
		.before = "two.pci.0001:2rules",
		.after = "",
		.recover = "remove none",
	}, {
		.name = "boot with rules",
		.setup = "install --allow-unsigned @/in/rules;!boot",
		.command = "boot",
		.back = "!boot",
		.before = "",
		.after = "two.pci.0001:2rules",
	}, {
		.name = "apply rules",
		.command = "rules apply @/in/a.rules",
		.back = "rules apply @/in/none.rules",
		.before = "",
		.after = "rules-pci:2rules",
	}, {
		.name = "apply other rules",
		.setup = "rules apply @/in/a.rules",
		.command = "rules apply @/in/b.rules",
		.back = "rules apply @/in/a.rules",
		.before = "rules-pci:2rules",
		.after = "rules-pci:3rules",
	}, {
		.name = "apply no rules",
		.setup = "rules apply @/in/a.rules",
		.command = "rules apply @/in/none.rules",
		.back = "rules apply @/in/a.rules",
		.before = "rules-pci:2rules",
		.after = "",
	}, {
		.name = "boot with rules of the machine",
		.setup = "!rules",
		.command = "boot",
		.back = "!boot",
		.before = "",
		.after = "machine-pci:2rules",
	}, {
		.name = "rebind all",
		.setup = "apply --allow-unsigned @/in/objects/good.bpf.o;!devices",
		.command = "rebind --all --force",
		.back = "!devices",
		.before = "loader_test:1 02:nvme 03:nvme",
		.after = "loader_test:1 02:vfio-pci 03:vfio-pci",
		.between = "loader_test:1 02:vfio-pci 03:nvme",
		.stranded = "loader_test:1 02:nvme 03:vfio-pci",
		.says = "2 of 2 devices moved",
	}, {
		.name = "new",
		.command = "new @/out/acme",
		.back = "!clear",
		.product = "acme",
	}, {
		.name = "build",
		.setup = "!source",
		.command = "build @/out/two",
		.back = "!source",
		.product = "two/good.bpf.o",
	}, {
		.name = "sign",
		.setup = "!copy",
		.command = "sign @/out/two --key @/in/key.pem --cert @/in/cert.pem",
		.back = "!copy",
		.product = "two/bundle.sig",
	}, {
		.name = "pack",
		.setup = "pack @/in/new -o @/out/two.tar.zst",
		.command = "pack @/in/old -o @/out/two.tar.zst",
		.back = "pack @/in/new -o @/out/two.tar.zst",
		.product = "two.tar.zst",
	},
};

#endif /* _CRASH_VERBS_H */
