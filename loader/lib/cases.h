/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libbusext: what the files for test cases share
 *
 *	cases.c    files of cases
 *	case_device.c  the device and the drivers of a case
 *	case_run.c elections and calls, and their outcome
 */
#ifndef _BUSEXT_CASES_H
#define _BUSEXT_CASES_H

#include "bundle.h"

#define WORDS		256

/**
 * struct run - the cases of a bundle, one after the other
 * @b: the bundle
 * @y: the file
 * @file: its name, relative to the bundle
 * @shown: its name in messages
 * @txn: the bundle's policies
 * @trial: the case
 * @only_read: the cases are only read, not run
 * @fn: called for each case
 * @arg: second argument of @fn
 * @cases: number of cases
 * @failed: number of cases that did not pass
 */
struct run {
	struct bx_bundle	*b;
	struct yaml		y;
	char			file[300];
	char			shown[PATH_MAX];
	struct transaction	txn;
	struct bx_trial		trial;
	bool			only_read;
	bx_case_fn		fn;
	void			*arg;
	unsigned int		cases;
	unsigned int		failed;
};

/* Both texts have the same items: items without an expectation are not compared. */
struct verdict {
	char	expected[WORDS];
	char	actual[WORDS];
	bool	passed;
};

/* case_device.c */
int read_errno(struct run *r, struct yaml_node *map, const char *key,
	       int64_t *out, bool *there);
const char *errno_word(char *buf, int64_t err);
/* Reads the ids in a modalias; false if it is not one of dev->bus. */
bool modalias_from(const char *text, struct bx_dev_info *dev);
int read_device(struct run *r, struct yaml_node *one);
int read_drivers(struct run *r, struct yaml_node *one);

/* case_run.c */
int run_election(struct run *r, struct yaml_node *one,
		 struct yaml_node *expect, struct verdict *v);
int run_call(struct run *r, struct yaml_node *one, struct yaml_node *map,
	     struct yaml_node *expect, struct verdict *v);

#endif /* _BUSEXT_CASES_H */
