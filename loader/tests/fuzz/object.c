// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * A BPF object, and its settings: an accepted object has policies or hooks with valid
 * names
 */
#include <elf.h>
#include "fuzz.h"

static const char manifest[] =
	"bundle: f\nversion: 1\nvendor: v\nsummary: s\n"
	"claims: [ { bus: pci } ]\npolicies: [ f.bpf.o ]\nsettings:\n"
	"  first_vf: { type: int, default: 1, help: x }\n"
	"  size1: { type: int, default: 1, help: x }\n"
	"  size8: { type: int, default: -1, help: x }\n"
	"  flag: { type: bool, default: true, help: x }\n"
	"  host_driver: { type: string, default: abc, help: x }\n"
	"  text: { type: string, default: abcdefg, help: x }\n";

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed);

/* Returns the offset of a section's bytes, by its number. */
static bool find_section(const uint8_t *data, size_t size, unsigned int number,
			 size_t *at, size_t *len)
{
	Elf64_Ehdr ehdr;
	Elf64_Shdr sh;

	if (size < sizeof(ehdr))
		return false;
	memcpy(&ehdr, data, sizeof(ehdr));
	if (!ehdr.e_shnum || ehdr.e_shoff > size ||
	    (size - ehdr.e_shoff) / sizeof(sh) < ehdr.e_shnum)
		return false;
	memcpy(&sh, data + ehdr.e_shoff + number % ehdr.e_shnum * sizeof(sh),
	       sizeof(sh));
	*at = sh.sh_offset;
	*len = sh.sh_size;
	return *at < size && *len >= 4 && *len <= size - *at;
}

/* Mostly a few words of one section: an object of random bytes gets nowhere. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned int seed)
{
	size_t at, len;

	srand(seed);
	if (!(rand() % 8) || !find_section(data, size, rand(), &at, &len))
		return LLVMFuzzerMutate(data, size, max);
	for (int n = 1 + rand() % 3; n; n--)
		LLVMFuzzerMutate(data + at + rand() % (len / 4) * 4, 4, 4);
	return size;
}

/* bxctl prints the name, and passes it to the kernel. */
static void check(const struct object *obj)
{
	if (!obj->count)
		abort();
	for (size_t i = 0; i < obj->count; i++)
		if (obj->items[i].map &&
		    (!bx_name_is_good(obj->items[i].about.name) ||
		     !bx_name_is_good(obj->items[i].about.target)))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bx_handle *h = fuzz_handle();
	char *copy = text_of(data, size);
	struct bx_bundle *b;
	struct object obj;
	uint64_t seen = 0;
	int err;

	if (bundle_parse(h, "fuzz",
			 text_of((const uint8_t *)manifest, strlen(manifest)),
			 strlen(manifest), &b))
		abort();
	err = object_read(h, copy, size, "fuzz", 0, &obj);
	free(copy);
	said(h, err);
	if (!err) {
		check(&obj);
		said(h, constants_put(b, &obj, &seen));
	}
	object_close(&obj);
	bx_bundle_close(b);
	return 0;
}
