/* SPDX-License-Identifier: GPL-2.0-only */
/* Devicetrees: no machine of a test has one */
#ifndef _NATIVE_OF_H
#define _NATIVE_OF_H

#endif /* _NATIVE_OF_H */
