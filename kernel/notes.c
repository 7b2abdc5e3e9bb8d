// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notes on a device: what became of the drivers that were elected for it
 *
 * A note is made when the module of a driver is requested, and, on an adopted bus,
 * when the driver has rejected the device.  The lock of the device's decision
 * protects its notes.  They are dropped when policies change and when a rebind is
 * requested, so that drivers are tried again.
 */
#include "core.h"

/* A device that is elected with ever new names is not noted for ever. */
#define BX_MAX_NOTES	32

struct bx_note {
	struct list_head	node;
	char			driver[BX_NAME_LEN];
	enum bx_driver_state	state;
};

static struct bx_note *bx_note_find(const struct list_head *notes,
				    const char *driver)
{
	struct bx_note *note;

	list_for_each_entry(note, notes, node) {
		if (!strcmp(note->driver, driver))
			return note;
	}
	return NULL;
}

/**
 * bx_note_state() - look up a driver
 * @notes: the notes on a device, or NULL
 * @driver: name of the driver
 *
 * Return: the noted state, BX_DRIVER_UNKNOWN without a note.
 */
enum bx_driver_state bx_note_state(const struct list_head *notes,
				   const char *driver)
{
	struct bx_note *note = notes ? bx_note_find(notes, driver) : NULL;

	return note ? note->state : BX_DRIVER_UNKNOWN;
}

static struct bx_note *bx_note_add(struct list_head *notes, const char *driver)
{
	struct bx_note *note;

	if (list_count_nodes(notes) >= BX_MAX_NOTES)
		return NULL;
	note = kzalloc(sizeof(*note), GFP_KERNEL);
	if (!note)
		return NULL;
	strscpy(note->driver, driver, sizeof(note->driver));
	list_add_tail(&note->node, notes);
	return note;
}

/**
 * bx_note_set() - note a driver, or change its note
 * @notes: the notes on a device
 * @driver: name of the driver
 * @state: its state
 *
 * Context: process.
 * Return: false if it cannot be noted; then nothing may be tried whose repetition
 * only the note prevents.
 */
bool bx_note_set(struct list_head *notes, const char *driver,
		 enum bx_driver_state state)
{
	struct bx_note *note = bx_note_find(notes, driver);

	if (!note)
		note = bx_note_add(notes, driver);
	if (!note)
		return false;
	note->state = state;
	return true;
}

/**
 * bx_note_load_ended() - note the end of a load
 * @notes: the notes on a device
 * @driver: name of the driver
 * @came: the driver is registered
 *
 * A driver that came has no note any more.  One that is not waited for, since
 * policies have changed meanwhile, gets none.
 */
void bx_note_load_ended(struct list_head *notes, const char *driver, bool came)
{
	struct bx_note *note = bx_note_find(notes, driver);

	if (!note || note->state != BX_DRIVER_LOADING)
		return;
	note->state = BX_DRIVER_ABSENT;
	if (!came)
		return;
	list_del(&note->node);
	kfree(note);
}

void bx_notes_clear(struct list_head *notes)
{
	struct bx_note *note, *tmp;

	list_for_each_entry_safe(note, tmp, notes, node) {
		list_del(&note->node);
		kfree(note);
	}
}
