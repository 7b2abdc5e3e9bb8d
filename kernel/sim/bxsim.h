/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared definitions of bxsim: bxsim_dev.c has the devices and their provider,
 * bxsim_drv.c the drivers, bxsim_parent.c the parents, bxsim_main.c the attributes and the module
 */
#ifndef _BXSIM_H
#define _BXSIM_H

#include <linux/bx_sf.h>
#include <linux/device.h>
#include <linux/mutex.h>
#include "command.h"

#define BXSIM_MAX_DELAY		60000	/* ms, of probe() and of a call */
#define BXSIM_EXEC_LEN		64	/* bytes of an argument of "exec" */
#define BXSIM_LINE_LEN		160	/* longest line of a list */

extern struct device *bxsim_root;	/* parent of all devices */
extern struct mutex bxsim_lock;		/* protects both lists */

/* Two or four numbers.  Returns -EINVAL or -ERANGE if they are not. */
static inline int bxsim_parse_id(const char **text, bool wild, u32 num[4])
{
	int n = bx_cmd_ids(text, wild, num, 4);

	if (n < 0)
		return n;
	return n == 2 || n == 4 ? 0 : -EINVAL;
}

/* Commands, each on a line of its own that it may change */
int bxsim_cmd_create(char *line);
int bxsim_cmd_destroy(char *line);
int bxsim_cmd_unplug(char *line);
int bxsim_cmd_hold(char *line);
int bxsim_cmd_call(char *line);
int bxsim_cmd_release(char *line);
int bxsim_cmd_parent_add(char *line);
int bxsim_cmd_parent_del(char *line);
int bxsim_cmd_driver_add(char *line);
int bxsim_cmd_driver_del(char *line);
int bxsim_cmd_driver_set(char *line);

/* Contents of the attributes "devices" and "drivers" */
ssize_t bxsim_show_devs(char *buf);
ssize_t bxsim_show_drvs(char *buf);

/* Removes all; there must be no commands any more, or not yet. */
void bxsim_clear_devs(void);
void bxsim_clear_drvs(void);
void bxsim_clear_parents(void);

int bxsim_init_parents(void);
void *bxsim_hw_alloc(const struct bx_provider **provider);
void bxsim_hw_free(void *hw_data);

void bxsim_delay(u32 ms);
int bxsim_call_text(struct bx_device *bdev, const char *text, size_t count,
		    char arg[BXSIM_EXEC_LEN]);

#endif /* _BXSIM_H */
