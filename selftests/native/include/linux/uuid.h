/* SPDX-License-Identifier: GPL-2.0-only */
/* A GUID, of which only the size matters */
#ifndef _NATIVE_UUID_H
#define _NATIVE_UUID_H

#include <linux/types.h>

typedef struct { u8 b[16]; } guid_t;

#endif /* _NATIVE_UUID_H */
