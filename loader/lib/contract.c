// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the operations of a bus, as sysfs shows its contract
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"

/*
 * Reads the operations of a bus' contract.  Returns their number; 0 for a bus without calls,
 * or one that does not exist.
 */
unsigned int contract_ops(struct bx_handle *h, const char *bus,
			  struct contract_op *ops)
{
	char file[128], text[CONTRACT_OPS * 256], *line, *save;
	unsigned int n = 0, seen, hidden;

	snprintf(file, sizeof(file), "kernel/bus_ext/buses/%s/contract", bus);
	if (read_sysfs(h, file, text, sizeof(text)) < 0)
		return 0;
	/* the first line describes the contract */
	for (line = strtok_r(text, "\n", &save);
	     line && (line = strtok_r(NULL, "\n", &save)) &&
	     n < CONTRACT_OPS;) {
		struct contract_op *op = &ops[n];

		if (sscanf(line, "%u %63s %u%*[+]%u", &op->number,
			   op->name, &seen, &hidden) != 4 &&
		    sscanf(line, "%u %63s %u %u", &op->number, op->name,
			   &seen, &hidden) != 4)
			continue;
		op->size = seen + hidden;
		n++;
	}
	return n;
}
