// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * A file of rules, and, after a line '---', a file modules.alias: the rules are checked, explained
 * and printed, and the printed ones are the same rules
 */
#include "fuzz.h"
#include "../../lib/rules_text.h"

/* Writes both forms of a table, which must be equal. */
static void print_again(struct bx_handle *h, const char *text, size_t size)
{
	char *once, *twice;
	size_t len, again;

	if (rules_format(h, "fuzz", text, size, NULL, NULL, &once, &len))
		return;
	if (rules_format(h, "fuzz", once, len, NULL, NULL, &twice, &again) || len != again ||
	    memcmp(once, twice, len))
		abort();
	free(once);
	free(twice);
}

static void on_said(const struct bx_rule_said *said, void *arg)
{
	if (!said->text[0] || !said->detail[0])
		abort();
}

static void on_count(const char *of, const char *what, size_t count, void *arg)
{
}

static void use(struct bx_handle *h, const struct bx_rules *rules, const char *modalias)
{
	struct bx_rules_device *d;

	if (bx_rules_check(h, rules, 0, NULL, NULL) < 0 ||
	    bx_rules_stats(h, rules, on_count, NULL))
		abort();
	if (bx_rules_device_describe(h, NULL, modalias, &d))
		return;
	if (bx_rules_device_set(h, d, "cmdline=a b=\"c d\" e-f=g") ||
	    bx_rules_explain(h, rules, d, BX_RULES_ALL, on_said, NULL))
		abort();
	bx_rules_device_free(d);
}

static void import(struct bx_handle *h, const char *text)
{
	struct bx_rules_imported about;
	struct bx_rules rules;
	char path[128], *out;
	FILE *f;

	snprintf(path, sizeof(path), "%s/modules.alias", fuzz_dir());
	f = fopen(path, "we");
	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
	if (bx_rules_import(h, path, NULL, &out, &about) ||
	    bx_rules_ambiguous(h, NULL, path, NULL, NULL, NULL) < 0)
		abort();
	/* a pattern may have a set without an end, which is refused in rules */
	said(h, rules_parse(h, "fuzz", out, strlen(out), NULL, NULL, &rules));
	rules_free(&rules);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bx_handle *h = fuzz_handle();
	char *text = text_of(data, size), *mark = strstr(text, "\n---\n");
	struct bx_rules rules;

	if (mark) {
		size = mark - text;
		import(h, mark + strlen("\n---\n"));
	}
	said(h, rules_parse(h, "fuzz", text, size, NULL, NULL, &rules));
	print_again(h, text, size);
	use(h, &rules, "pci:v0000144Dd0000A824sv00001028sd00002084bc01sc08i02");
	use(h, &rules, "usb:v0403p6001d0600dc00dsc00dp00icFFiscFFipFFin00");
	rules_free(&rules);
	free(text);
	return 0;
}
