// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * bxctl: columns that are as wide as their widest cell
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bxctl.h"

static void out_of_memory(void)
{
	fputs("bxctl: out of memory\n", stderr);
	exit(BX_FAULT_FAILED);
}

/* The text as it will be shown: a column must be wide enough for that. */
static char *cell_of(const char *text)
{
	size_t size = 4 * strlen(text) + 1;
	char *cell = malloc(size);

	if (!cell)
		out_of_memory();
	return bx_printable(cell, size, text);
}

/* The first row sets the number of columns. */
void table_row(struct table *t, ...)
{
	const char *cell;
	unsigned int i;
	va_list args;

	if (!t->columns) {
		va_start(args, t);
		while (va_arg(args, const char *))
			t->columns++;
		va_end(args);
	}
	if (t->rows == t->room) {
		t->room = t->room ? 2 * t->room : 32;
		t->cells = realloc(t->cells, (size_t)t->room * t->columns *
				   sizeof(*t->cells));
		if (!t->cells)
			out_of_memory();
	}
	va_start(args, t);
	for (i = 0; i < t->columns; i++) {
		cell = va_arg(args, const char *);
		t->cells[t->rows * t->columns + i] = cell_of(cell);
	}
	va_end(args);
	t->rows++;
}

void table_print(const struct table *t, const char *indent)
{
	int widths[MAX_COLUMNS] = {};
	unsigned int i, column;

	for (i = 0; i < t->rows * t->columns; i++) {
		int len = strlen(t->cells[i]);

		column = i % t->columns;
		if (len > widths[column])
			widths[column] = len;
	}
	for (i = 0; i < t->rows * t->columns; i++) {
		column = i % t->columns;
		if (!column)
			fputs(indent, stdout);
		if (column == t->columns - 1)
			printf("%s\n", t->cells[i]);
		else
			printf("%-*s  ", widths[column], t->cells[i]);
	}
}

void table_free(struct table *t)
{
	unsigned int i;

	for (i = 0; i < t->rows * t->columns; i++)
		free(t->cells[i]);
	free(t->cells);
	*t = (struct table) {};
}
