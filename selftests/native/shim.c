// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's services, in user space: allocations that fail on demand, locks and
 * SRCU that check their users, work items that run when a test calls for it
 *
 * A violated rule of the kernel ends the program: native_bug().
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <linux/capability.h>
#include <linux/jiffies.h>
#include <linux/kstrtox.h>
#include <linux/preempt.h>
#include <linux/sort.h>
#include "native.h"

struct task_struct native_task;
bool native_interrupted;
unsigned long jiffies;
const struct bus_type platform_bus_type = { "platform" };

static unsigned int fail_in;
static bool failed;
static int allocations;
static int references;
static unsigned int spinning;
static unsigned int reading;
static char last_log[512];
static struct work_struct *works;
static struct timer_list *timers;

void native_bug(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("# BUG: ");
	vprintf(fmt, args);
	printf(" (BX_SEED=%llu)\n", native_seed);
	if (native_current)
		native_print(native_current);
	va_end(args);
	abort();
}

/* ---- memory ---- */

void native_fail_allocation(unsigned int nth)
{
	fail_in = nth;
	failed = false;
}

bool native_allocation_failed(void)
{
	return failed;
}

int native_allocations(void)
{
	return allocations;
}

void *kzalloc(size_t size, gfp_t gfp)
{
	void *ptr;

	if (gfp & GFP_KERNEL && spinning)
		native_bug("an allocation may sleep inside a spinlock");
	if (!(gfp & __GFP_NOFAIL) && fail_in && !--fail_in) {
		failed = true;
		return NULL;
	}
	ptr = calloc(1, size);
	if (!ptr)
		abort();
	allocations++;
	return ptr;
}

void *kmemdup(const void *from, size_t size, gfp_t gfp)
{
	void *to = kzalloc(size, gfp);

	if (to)
		memcpy(to, from, size);
	return to;
}

char *kstrndup(const char *text, size_t max, gfp_t gfp)
{
	size_t len = strnlen(text, max);
	char *to = kzalloc(len + 1, gfp);

	if (to)
		memcpy(to, text, len);
	return to;
}

void kfree(const void *ptr)
{
	if (IS_ERR(ptr))
		native_bug("an error is freed");
	allocations -= !!ptr;
	free((void *)ptr);
}

/* ---- locks ---- */

static void take(bool *held, const char *name)
{
	if (*held)
		native_bug("%s is taken twice", name);
	*held = true;
}

static void release(bool *held, const char *name)
{
	if (!*held)
		native_bug("%s is released, and not held", name);
	*held = false;
}

/* unreg() waits for bx_srcu with mutexes held, so none is taken inside it. */
/* Only the hook's mutex comes after SRCU: its holder waits for no grace period. */
void native_mutex_lock(bool *held, const char *name)
{
	if (spinning || (reading && strcmp(name, "&bx_hook_mutex")))
		native_bug("%s is taken inside SRCU or a spinlock", name);
	take(held, name);
}

void native_mutex_unlock(bool *held, const char *name)
{
	release(held, name);
}

void native_spin_lock(bool *held, const char *name)
{
	take(held, name);
	spinning++;
}

void native_spin_unlock(bool *held, const char *name)
{
	release(held, name);
	spinning--;
}

static u32 irqs_off, steps, longest;

void native_irqs_off(void)
{
	irqs_off++;
	steps = 0;
}

void native_irqs_on(void)
{
	irqs_off--;
}

void native_step(void)
{
	if (irqs_off && ++steps > longest)
		longest = steps;
}

u32 native_longest_walk(void)
{
	u32 most = longest;

	longest = 0;
	return most;
}

void native_held(bool held, const char *name)
{
	if (!held)
		native_bug("%s is not held", name);
}

int srcu_read_lock(struct srcu_struct *srcu)
{
	reading++;
	return srcu->depth++;
}

void srcu_read_unlock(struct srcu_struct *srcu, int idx)
{
	reading--;
	if (idx != --srcu->depth)
		native_bug("SRCU sections do not nest");
}

void synchronize_srcu(struct srcu_struct *srcu)
{
	if (srcu->depth || spinning)
		native_bug("SRCU waits for itself, or inside a spinlock");
}

void native_srcu_held(const struct srcu_struct *srcu)
{
	if (!srcu->depth)
		native_bug("read outside of SRCU");
}

/* ---- text ---- */

ssize_t strscpy(char *to, const char *from, size_t size)
{
	size_t len = strnlen(from, size);

	if (!size)
		return -E2BIG;
	memcpy(to, from, len == size ? len - 1 : len);
	to[len == size ? len - 1 : len] = '\0';
	return len == size ? -E2BIG : (ssize_t)len;
}

ssize_t strscpy_pad(char *to, const char *from, size_t size)
{
	memset(to, 0, size);
	return strscpy(to, from, size);
}

const void *memchr_inv(const void *from, int byte, size_t size)
{
	const u8 *p = from;

	for (size_t i = 0; i < size; i++) {
		if (p[i] != (u8)byte)
			return p + i;
	}
	return NULL;
}

/* As lib/kstrtox.c does: a sign, a prefix of base 16, one newline at the end */
int kstrtou32(const char *text, unsigned int base, u32 *number)
{
	unsigned long long value;
	char *end;

	if (*text == '+')
		text++;
	if (!isxdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, base);
	if (*end == '\n')
		end++;
	if (end == text || *end)
		return -EINVAL;
	if (errno || value > U32_MAX)
		return -ERANGE;
	*number = value;
	return 0;
}

/* A lot of work with interrupts off */
int vscnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	int len = vsnprintf(buf, size, fmt, args);

	if (irqs_off)
		native_bug("'%s' is formatted with interrupts off", fmt);
	return len < (int)size ? len : (int)size - 1;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vscnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}

int sysfs_emit_at(char *buf, int at, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vscnprintf(buf + at, 4096 - at, fmt, args);
	va_end(args);
	return len;
}

void native_log(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vscnprintf(last_log, sizeof(last_log), fmt, args);
	va_end(args);
}

void native_message(const char *fmt, ...)
{
	va_list args;

	if (strncmp(fmt, "bus_ext: ", 9))
		native_bug("a message does not begin with 'bus_ext:': %s", fmt);
	va_start(args, fmt);
	vscnprintf(last_log, sizeof(last_log), fmt, args);
	va_end(args);
}

const char *native_last_log(void)
{
	return last_log;
}

/* ---- the rest ---- */

void sort(void *base, size_t n, size_t size,
	  int (*cmp)(const void *a, const void *b),
	  void (*swap_fn)(void *a, void *b, int size))
{
	if (n)
		qsort(base, n, size, cmp);
}

u64 ktime_get_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

bool capable(int cap)
{
	return true;
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	if (work->queued)
		return false;
	work->queued = true;
	work->next = works;
	works = work;
	return true;
}

bool cancel_work_sync(struct work_struct *work)
{
	struct work_struct **at = &works;

	if (!work->queued)
		return false;
	while (*at != work)
		at = &(*at)->next;
	*at = work->next;
	work->queued = false;
	return true;
}

void native_run_work(void)
{
	while (works) {
		struct work_struct *work = works;

		works = work->next;
		work->queued = false;
		work->func(work);
	}
}

void timer_delete(struct timer_list *timer)
{
	for (struct timer_list **at = &timers; *at; at = &(*at)->next) {
		if (*at != timer)
			continue;
		*at = timer->next;
		return;
	}
}

void timer_shutdown_sync(struct timer_list *timer)
{
	if (spinning)
		native_bug("the end of a timer is awaited inside a spinlock");
	timer_delete(timer);
	timer->function = NULL;
}

void mod_timer(struct timer_list *timer, unsigned long expires)
{
	timer_delete(timer);
	if (!timer->function)
		return;
	timer->expires = expires;
	timer->next = timers;
	timers = timer;
}

unsigned long native_next_timer(void)
{
	struct timer_list *first = timers;

	for (struct timer_list *timer = timers; timer; timer = timer->next) {
		if (time_before(timer->expires, first->expires))
			first = timer;
	}
	return first ? first->expires - jiffies : 0;
}

void native_advance(unsigned long ticks)
{
	struct timer_list *timer = timers;

	jiffies += ticks;
	while (timer) {
		struct timer_list *next = timer->next;

		if (!time_before(jiffies, timer->expires)) {
			timer_delete(timer);
			timer->function(timer);
			next = timers;
		}
		timer = next;
	}
}

int native_references(void)
{
	return references;
}

void module_put(struct module *module)
{
	references -= !!module;
}

struct bpf_link *bpf_link_inc_not_zero(struct bpf_link *link)
{
	references++;
	return link;
}

void bpf_link_put(struct bpf_link *link)
{
	references--;
}
