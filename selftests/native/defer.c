// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deferred devices, natively: which event, time or question makes which device due for
 * another election, and what ends that
 */
#include "native.h"

#define DEVICES		4
#define MS(ms)		msecs_to_jiffies(ms)

static struct bus_type bus = { "bx-one" }, elsewhere = { "bx-two" };
static struct bx_deferrals all, all_elsewhere;

/* A device, and what its next elections end with */
static struct item {
	struct device		dev;
	struct bx_deferral	deferral;
	enum bx_outcome		outcome;
	u32			retry_ms;
	u32			own_vendor;
	u32			vendor;		/* scope of the policy */
	unsigned int		elections;
	struct bx_decision	dec;
	struct item		*disturbed_by;	/* has an event during the election */
} item[DEVICES];

static void has_event(struct item *i)
{
	bx_deferrals_event(i->dev.bus == &bus ? &all : &all_elsewhere, &i->dev, i->own_vendor);
}

static void elect(struct item *i)
{
	struct bx_election e = {};

	bx_deferral_begin(&i->deferral, &e);
	EXPECT(e.ctx.deferrals == i->deferral.count);
	i->elections++;
	if (i->disturbed_by)
		has_event(i->disturbed_by);
	i->disturbed_by = NULL;
	e.dec.outcome = i->outcome;
	e.dec.retry_ms = i->outcome == BX_OUT_DEFERRED ? i->retry_ms : 0;
	e.vendor = i->vendor;
	bx_deferral_note(&i->deferral, &e);
	i->dec = e.dec;
}

static void reelect(struct device *dev)
{
	elect(container_of(dev, struct item, dev));
}

/* Devices with the vendors 1, 2, ... of a bus, each deferred by a policy for all */
static void set_up(void)
{
	memset(item, 0, sizeof(item));
	bx_deferrals_start(&all, &bus, reelect);
	bx_deferrals_start(&all_elsewhere, &elsewhere, reelect);
	for (u32 i = 0; i < DEVICES; i++) {
		item[i].dev.bus = &bus;
		item[i].own_vendor = i + 1;
		item[i].outcome = BX_OUT_DEFERRED;
		item[i].vendor = BX_ANY;
		bx_deferral_init(&item[i].deferral, &item[i].dev);
	}
}

static void tear_down(void)
{
	bx_deferrals_stop(&all);
	bx_deferrals_stop(&all_elsewhere);
	EXPECT(!native_next_timer());
	native_run_work();
}

#define EXPECT_ELECTIONS(i, n)	EXPECT(item[i].elections == (n))

static void event_of(u32 i)
{
	has_event(&item[i]);
	native_run_work();
}

static void event_of_another_device_asks_again(void)
{
	set_up();
	elect(&item[0]);
	event_of(1);
	EXPECT_ELECTIONS(0, 2);
	EXPECT(item[0].dec.deferrals == 2);
	event_of(1);
	EXPECT_ELECTIONS(0, 3);
	tear_down();
}

static void events_of_the_device_itself_do_not(void)
{
	set_up();
	elect(&item[0]);
	event_of(0);
	EXPECT_ELECTIONS(0, 1);
	tear_down();
}

static void events_of_another_bus_do_not(void)
{
	set_up();
	item[1].dev.bus = &elsewhere;
	elect(&item[0]);
	event_of(1);
	EXPECT_ELECTIONS(0, 1);
	tear_down();
}

static void events_of_another_vendor_than_the_policys_do_not(void)
{
	set_up();
	item[0].vendor = 1;
	item[2].own_vendor = 1;
	elect(&item[0]);
	event_of(1);
	EXPECT_ELECTIONS(0, 1);
	event_of(2);
	EXPECT_ELECTIONS(0, 2);
	tear_down();
}

static void many_events_ask_once(void)
{
	set_up();
	elect(&item[0]);
	for (u32 i = 0; i < 10; i++)
		has_event(&item[1]);
	native_run_work();
	EXPECT_ELECTIONS(0, 2);
	tear_down();
}

static void event_during_the_first_election_is_not_lost(void)
{
	set_up();
	item[0].disturbed_by = &item[1];
	elect(&item[0]);
	native_run_work();
	EXPECT_ELECTIONS(0, 2);
	tear_down();
}

static void event_during_a_later_election_is_not_lost(void)
{
	set_up();
	elect(&item[0]);
	item[0].disturbed_by = &item[1];
	event_of(1);
	EXPECT_ELECTIONS(0, 3);
	tear_down();
}

static void election_of_one_asks_no_other(void)
{
	set_up();
	elect(&item[0]);
	elect(&item[1]);
	native_run_work();
	EXPECT_ELECTIONS(0, 1);
	EXPECT_ELECTIONS(1, 1);
	tear_down();
}

static void other_outcome_ends_it(void)
{
	set_up();
	item[0].retry_ms = 10;
	elect(&item[0]);
	item[0].outcome = BX_OUT_DRIVER;
	event_of(1);
	EXPECT_ELECTIONS(0, 2);
	EXPECT(!item[0].dec.deferrals);
	EXPECT(!native_next_timer());
	event_of(1);
	EXPECT_ELECTIONS(0, 2);
	tear_down();
}

static void timer_waits_for_the_earliest_time(void)
{
	static const u32 ms[] = { 400, 80, 2000, 800 };

	set_up();
	for (u32 i = 0; i < DEVICES; i++) {
		item[i].retry_ms = ms[i];
		elect(&item[i]);
		item[i].retry_ms = 0;
	}
	EXPECT(native_next_timer() == MS(80));
	native_advance(MS(80) - 1);
	native_run_work();
	EXPECT_ELECTIONS(1, 1);
	native_advance(1);
	native_run_work();
	EXPECT_ELECTIONS(1, 2);
	EXPECT_ELECTIONS(0, 1);
	EXPECT(native_next_timer() == MS(400) - MS(80));
	native_advance(MS(2000));
	native_run_work();
	for (u32 i = 0; i < DEVICES; i++)
		EXPECT_ELECTIONS(i, 2);
	EXPECT(!native_next_timer());
	tear_down();
}

static void times_are_compared_across_the_end_of_the_clock(void)
{
	unsigned long before = jiffies;

	set_up();
	jiffies = -MS(100);
	item[0].retry_ms = 200;
	elect(&item[0]);
	item[1].retry_ms = 50;
	elect(&item[1]);
	EXPECT(native_next_timer() == MS(50));
	item[1].retry_ms = 0;
	native_advance(MS(50));
	native_run_work();
	EXPECT_ELECTIONS(0, 1);
	EXPECT_ELECTIONS(1, 2);
	native_advance(MS(150));
	native_run_work();
	EXPECT_ELECTIONS(0, 2);
	tear_down();
	jiffies = before;
}

static void event_before_the_time_makes_it_void(void)
{
	set_up();
	item[0].retry_ms = 100;
	elect(&item[0]);
	item[0].retry_ms = 0;
	event_of(1);
	EXPECT_ELECTIONS(0, 2);
	EXPECT(!native_next_timer());
	tear_down();
}

static void question_asks_all_of_a_bus(void)
{
	set_up();
	for (u32 i = 0; i < DEVICES; i++) {
		item[i].vendor = i + 1;
		elect(&item[i]);
	}
	EXPECT(bx_deferrals_ask_by_name("bx-two") == 0);
	EXPECT(bx_deferrals_ask_by_name("bx-none") == -ENODEV);
	native_run_work();
	EXPECT_ELECTIONS(0, 1);
	EXPECT(bx_deferrals_ask_by_name("bx-one") == 0);
	native_run_work();
	for (u32 i = 0; i < DEVICES; i++)
		EXPECT_ELECTIONS(i, 2);
	tear_down();
}

static void limit_ends_it_and_is_logged(void)
{
	set_up();
	item[0].retry_ms = 1;
	elect(&item[0]);
	for (u32 i = 0; i < 2 * BX_MAX_DEFERRALS; i++) {
		native_advance(MS(1));
		native_run_work();
	}
	EXPECT_ELECTIONS(0, BX_MAX_DEFERRALS);
	EXPECT(item[0].dec.deferrals == BX_MAX_DEFERRALS);
	EXPECT(strstr(native_last_log(), "not elected again by itself"));
	EXPECT(!native_next_timer());
	event_of(1);
	EXPECT(!bx_deferrals_ask_by_name("bx-one"));
	native_run_work();
	EXPECT_ELECTIONS(0, BX_MAX_DEFERRALS);
	/* other elections do not change that */
	elect(&item[0]);
	EXPECT(item[0].dec.deferrals == BX_MAX_DEFERRALS);
	EXPECT(!native_next_timer());
	/* until policies change, and so on */
	bx_deferral_reset(&item[0].deferral);
	elect(&item[0]);
	EXPECT(item[0].dec.deferrals == 1);
	EXPECT(native_next_timer());
	tear_down();
}

static void other_outcomes_between_do_not_lift_the_limit(void)
{
	set_up();
	for (u32 i = 0; i < BX_MAX_DEFERRALS; i++) {
		item[0].outcome = BX_OUT_DEFERRED;
		elect(&item[0]);
		item[0].outcome = BX_OUT_DRIVER;
		elect(&item[0]);
	}
	item[0].outcome = BX_OUT_DEFERRED;
	elect(&item[0]);
	event_of(1);
	EXPECT_ELECTIONS(0, 2 * BX_MAX_DEFERRALS + 1);
	tear_down();
}

static void removed_device_is_not_asked(void)
{
	set_up();
	item[0].retry_ms = 10;
	elect(&item[0]);
	has_event(&item[1]);
	bx_deferral_end(&item[0].deferral);
	EXPECT(!native_next_timer());
	native_run_work();
	EXPECT_ELECTIONS(0, 1);
	/* an election that was late */
	elect(&item[0]);
	EXPECT(!native_next_timer());
	event_of(1);
	EXPECT_ELECTIONS(0, 2);
	tear_down();
}

static void stopped_bus_asks_no_device(void)
{
	set_up();
	item[0].retry_ms = 10;
	elect(&item[0]);
	has_event(&item[1]);
	bx_deferrals_stop(&all);
	EXPECT(!native_next_timer());
	native_run_work();
	elect(&item[0]);
	event_of(1);
	native_advance(MS(100));
	native_run_work();
	EXPECT_ELECTIONS(0, 2);
	EXPECT(item[0].dec.deferrals == 2);
	bx_deferrals_start(&all, &bus, reelect);
	tear_down();
}

static const struct native_test tests[] = {
	NATIVE_TEST(event_of_another_device_asks_again),
	NATIVE_TEST(events_of_the_device_itself_do_not),
	NATIVE_TEST(events_of_another_bus_do_not),
	NATIVE_TEST(events_of_another_vendor_than_the_policys_do_not),
	NATIVE_TEST(many_events_ask_once),
	NATIVE_TEST(event_during_the_first_election_is_not_lost),
	NATIVE_TEST(event_during_a_later_election_is_not_lost),
	NATIVE_TEST(election_of_one_asks_no_other),
	NATIVE_TEST(other_outcome_ends_it),
	NATIVE_TEST(timer_waits_for_the_earliest_time),
	NATIVE_TEST(times_are_compared_across_the_end_of_the_clock),
	NATIVE_TEST(event_before_the_time_makes_it_void),
	NATIVE_TEST(question_asks_all_of_a_bus),
	NATIVE_TEST(limit_ends_it_and_is_logged),
	NATIVE_TEST(other_outcomes_between_do_not_lift_the_limit),
	NATIVE_TEST(removed_device_is_not_asked),
	NATIVE_TEST(stopped_bus_asks_no_device),
};

int main(void)
{
	return native_main(tests, ARRAY_SIZE(tests));
}
