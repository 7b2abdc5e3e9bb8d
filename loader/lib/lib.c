// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * libbusext: the handle, its errors, libbpf's log, and sysfs
 *
 * libbpf has one log function per process, so this file has a pointer to the handle in
 * use: log_begin() and log_end() bracket every use of libbpf whose messages matter.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <dirent.h>
#include <bpf/libbpf.h>

#include "internal.h"

#define DEFAULT_PIN_DIR		"/sys/fs/bpf/bus_ext"
#define DEFAULT_SYSFS		"/sys"
#define DEFAULT_CONF_DIR	"/etc/bus_ext"
#define DEFAULT_STATE_DIR	"/var/lib/bus_ext"
#define DEFAULT_TIMEOUT_MS	30000
#define DEFAULT_RING_SIZE	(64 * 1024)
#define LIBBPF_PREFIX		"libbpf: "

static struct bx_handle *working;

/* Formats and escapes a text of libbpf, which quotes names and source lines of the object. */
static char *libbpf_text(const char *fmt, va_list args)
{
	char *text, *shown;
	size_t size;

	if (!strncmp(fmt, LIBBPF_PREFIX, strlen(LIBBPF_PREFIX)))
		fmt += strlen(LIBBPF_PREFIX);
	if (vasprintf(&text, fmt, args) < 0)
		return NULL;
	size = 4 * strlen(text) + 1;
	shown = malloc(size);
	if (shown)
		text_lines(shown, size, text);
	free(text);
	return shown;
}

static int on_libbpf(enum libbpf_print_level level, const char *fmt,
		     va_list args)
{
	struct bx_handle *h = working;
	char *text;

	if (!h || (level == LIBBPF_DEBUG && !h->verbose))
		return 0;
	text = libbpf_text(fmt, args);
	if (!text)
		return 0;
	if (h->verbose && h->log && level != LIBBPF_DEBUG)
		h->log(h->log_arg, BX_LOG_DETAIL, text);

	if (level != LIBBPF_WARN) {
		free(text);
	} else if (strstr(text, "BEGIN PROG LOAD LOG")) {
		free(h->verifier);
		h->verifier = text;
	} else {
		snprintf(h->said, sizeof(h->said), "%s", text);
		h->said[strcspn(h->said, "\n")] = '\0';
		free(text);
	}
	return 0;
}

void log_begin(struct bx_handle *h)
{
	working = h;
	h->said[0] = '\0';
	free(h->verifier);
	h->verifier = NULL;
	libbpf_set_print(on_libbpf);
}

void log_end(struct bx_handle *h)
{
	working = NULL;
}

static bool is_noise(const char *line, size_t len)
{
	static const char *const noise[] = {
		"processed ", "max_states", "peak_states", "mark_read",
		"verification time", "stack depth", "--", "prog '",
	};
	size_t i;

	if (!len)
		return true;
	for (i = 0; i < sizeof(noise) / sizeof(*noise); i++) {
		size_t n = strlen(noise[i]);

		if (len >= n && !strncmp(line, noise[i], n))
			return true;
	}
	return false;
}

static bool begins(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/*
 * The verifier explains a rejection in its last line, and quotes the source
 * above it in a line that starts with a semicolon.  Below that, newer kernels have a report
 * with the history of the registers.
 */
void verifier_summary(struct bx_handle *h, char *buf, size_t size)
{
	const char *line, *end, *last = NULL, *source = NULL;
	int last_len = 0, source_len = 0;
	bool report = false;

	buf[0] = '\0';
	for (line = h->verifier; line && *line; line = *end ? end + 1 : end) {
		int len;

		end = strchrnul(line, '\n');
		len = end - line;
		if (begins(line, "Verification failed:"))
			report = true;
		else if (begins(line, "-- BEGIN PROG LOAD LOG"))
			report = false;
		if (report)
			continue;
		if (len > 2 && line[0] == ';') {
			source = line + 2;
			source_len = len - 2;
		} else if (!is_noise(line, len)) {
			last = line;
			last_len = len;
		}
	}
	if (last && source)
		snprintf(buf, size, "%.*s (at '%.*s')", last_len, last,
			 source_len, source);
	else if (last)
		snprintf(buf, size, "%.*s", last_len, last);
	for (char *tab = buf; (tab = strchr(tab, '\t'));)
		*tab = ' ';
}

int fail(struct bx_handle *h, enum bx_fault fault, int err,
	 const char *fmt, ...)
{
	char text[sizeof(h->error)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	/* a message that begins with the last one has its remedy, too */
	if (!h->error[0] || strncmp(text, h->error, strlen(h->error)))
		h->hint = BX_HINT_NONE;
	bx_printable(h->error, sizeof(h->error), text);
	err = err < 0 ? err : -err;
	/* one class for all failures that another user would not have */
	if (fault == BX_FAULT_FAILED && (err == -EACCES || err == -EPERM))
		fault = BX_FAULT_PERMISSION;
	h->fault = fault;
	return err;
}

/* Adds a hint to the error of fail(), which returned @err. */
int hint(struct bx_handle *h, enum bx_hint which, const char *subject, int err)
{
	h->hint = which;
	bx_printable(h->subject, sizeof(h->subject), subject ?: "");
	return err;
}

int hint_explain(struct bx_handle *h, const char *bus, const char *device,
		 int err)
{
	char name[BX_NAME_LEN + BX_DEV_NAME_LEN];

	snprintf(name, sizeof(name), "%s/%s", bus, device);
	return hint(h, BX_HINT_EXPLAIN, name, err);
}

static void vnote(struct bx_handle *h, enum bx_log_level level, const char *fmt,
		  va_list args)
{
	char text[1536], shown[2048];

	if (!h->log)
		return;
	vsnprintf(text, sizeof(text), fmt, args);
	h->log(h->log_arg, level, bx_printable(shown, sizeof(shown), text));
}

void note(struct bx_handle *h, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vnote(h, BX_LOG_NOTE, fmt, args);
	va_end(args);
}

/* A note with the message of the last failure, whose hint goes with it */
void note_failure(struct bx_handle *h, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vnote(h, BX_LOG_FAILURE, fmt, args);
	va_end(args);
}

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Formats a time as "30 s" or "0.25 s". */
const char *seconds_text(char *buf, size_t size, unsigned int ms)
{
	int n = snprintf(buf, size, "%u.%03u", ms / 1000, ms % 1000);

	while (n > 0 && buf[n - 1] == '0')
		n--;
	if (n > 0 && buf[n - 1] == '.')
		n--;
	snprintf(buf + n, size - n, " s");
	return buf;
}

void copy_name(char *dst, size_t size, const char *src)
{
	size_t len = strnlen(src, size - 1);

	memcpy(dst, src, len);
	dst[len] = '\0';
}

/* Reads a file below a directory, without its last newline; an empty text on failure. */
ssize_t read_below(const char *dir, const char *name, char *buf, size_t size)
{
	char path[PATH_MAX];
	size_t have = 0;
	ssize_t n;
	int fd;

	buf[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (have < size - 1) {
		n = read(fd, buf + have, size - 1 - have);
		if (n <= 0)
			break;
		have += n;
	}
	close(fd);
	while (have && buf[have - 1] == '\n')
		have--;
	buf[have] = '\0';
	return have;
}

ssize_t read_sysfs(struct bx_handle *h, const char *name, char *buf,
		   size_t size)
{
	return read_below(h->sysfs, name, buf, size);
}

int write_sysfs(const char *path, const char *text)
{
	ssize_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	int err = 0;

	if (fd < 0 || write(fd, text, len) != len)
		err = errno;
	if (fd >= 0)
		close(fd);
	return err;
}

static bool set_dir(char *to, size_t size, const char *chosen,
		    const char *usual)
{
	return snprintf(to, size, "%s", chosen ?: usual) < (int)size;
}

int bx_open(struct bx_handle **handle, const struct bx_open_opts *opts)
{
	static const struct bx_open_opts none;
	struct bx_handle *h;

	if (!opts)
		opts = &none;
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	if (!set_dir(h->pin_dir, sizeof(h->pin_dir), opts->pin_dir,
		     DEFAULT_PIN_DIR) ||
	    !set_dir(h->sysfs, sizeof(h->sysfs), opts->sysfs, DEFAULT_SYSFS) ||
	    !set_dir(h->conf_dir, sizeof(h->conf_dir), opts->conf_dir,
		     DEFAULT_CONF_DIR) ||
	    !set_dir(h->proc, sizeof(h->proc), opts->proc_dir, "/proc") ||
	    !set_dir(h->dev, sizeof(h->dev), opts->dev_dir, "/dev") ||
	    !set_dir(h->state_dir, sizeof(h->state_dir), opts->state_dir,
		     DEFAULT_STATE_DIR) ||
	    !set_dir(h->bundle_dir, sizeof(h->bundle_dir), opts->bundle_dir,
		     "")) {
		free(h);
		return -EINVAL;
	}
	h->timeout_ms = opts->timeout_ms ?: DEFAULT_TIMEOUT_MS;
	h->ring_size = opts->ring_size ?: DEFAULT_RING_SIZE;
	h->log = opts->log;
	h->log_arg = opts->log_arg;
	h->verbose = opts->verbose;
	h->lock_fd = -1;
	h->state_fd = -1;
	*handle = h;
	return 0;
}

void bx_close(struct bx_handle *h)
{
	if (!h)
		return;
	pins_unlock(h);
	if (h->changing)
		release_signals(h);
	control_close(h);
	free(h->verifier);
	free(h);
}

const char *bx_error(const struct bx_handle *h)
{
	return h->error;
}

enum bx_hint bx_hint(const struct bx_handle *h, const char **subject)
{
	if (subject)
		*subject = h->subject;
	return h->hint;
}

enum bx_fault bx_fault(const struct bx_handle *h)
{
	return h->fault;
}

int bx_check_kernel(struct bx_handle *h)
{
	if (!kernel_is_there(h))
		return hint(h, BX_HINT_LOAD, NULL,
			    fail(h, BX_FAULT_KERNEL, ENOENT,
				 "bus_ext is not loaded in this kernel"));
	if (!kernel_permits())
		return hint(h, BX_HINT_ROOT, NULL,
			    fail(h, BX_FAULT_PERMISSION, EPERM,
				 "this needs the capability CAP_SYS_ADMIN"));
	return 0;
}

int bx_kernel_version(struct bx_handle *h, char *buf, size_t size)
{
	if (read_sysfs(h, "module/bus_ext/version", buf, size) >= 0 ||
	    read_sysfs(h, "kernel/bus_ext/version", buf, size) >= 0)
		return 0;
	return fail(h, BX_FAULT_KERNEL, ENOENT,
		    "bus_ext is not loaded in this kernel; run 'modprobe bus_ext'");
}

void error_keep(struct bx_handle *h, struct said *said)
{
	said->fault = h->fault;
	said->hint = h->hint;
	strcpy(said->subject, h->subject);
	strcpy(said->text, h->error);
}

void error_restore(struct bx_handle *h, const struct said *said)
{
	h->fault = said->fault;
	h->hint = said->hint;
	strcpy(h->subject, said->subject);
	strcpy(h->error, said->text);
}

void error_forget(struct bx_handle *h)
{
	h->error[0] = '\0';
	h->fault = BX_FAULT_NONE;
	h->hint = BX_HINT_NONE;
}

/* Filters hidden files out, for scandir(). */
int is_visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

int bx_list_buses(struct bx_handle *h,
		  int (*fn)(const char *bus, void *arg), void *arg)
{
	struct dirent **list;
	char path[PATH_MAX];
	int i, n, ret = 0;

	snprintf(path, sizeof(path), "%s/kernel/bus_ext/buses", h->sysfs);
	n = scandir(path, &list, is_visible, alphasort);
	if (n < 0)
		return fail(h, BX_FAULT_KERNEL, errno, "cannot read %s: %s",
			    path, strerror(errno));
	for (i = 0; i < n; i++) {
		if (!ret)
			ret = fn(list[i]->d_name, arg);
		free(list[i]);
	}
	free(list);
	return ret;
}

struct bx_problem problem_of(const struct bx_handle *h)
{
	return (struct bx_problem) {
		.text = h->error, .hint = h->hint, .subject = h->subject,
	};
}
