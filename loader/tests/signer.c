// SPDX-License-Identifier: GPL-2.0-only
/*
 * The signer of a bundle, as the library sees it: 'signer DIR' with the clock, and
 * 'signer DIR any-time' without. The keys are in $BXCTL_CONF_DIR.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/sign.h"

int main(int argc, char **argv)
{
	struct bx_open_opts opts = { .conf_dir = getenv("BXCTL_CONF_DIR") };
	struct signer *s = calloc(1, sizeof(*s));
	unsigned int flags = argc > 2 ? SIGN_ANY_TIME : 0;
	struct bx_handle *h;
	int ret;

	if (argc < 2 || !s || bx_open(&h, &opts))
		return 2;
	ret = sign_check(h, argv[1], argv[1], flags, s);
	if (ret < 0)
		printf("%s\n", bx_error(h));
	else if (!ret)
		printf("not signed\n");
	else
		printf("%s %s, by %s %s\n", s->name, s->fingerprint, s->anchor,
		       s->anchor_fingerprint);
	signer_close(s);
	free(s);
	bx_close(h);
	return ret != 1;
}
