/* SPDX-License-Identifier: GPL-2.0-only */
/* Firmware with ACPI: no machine of a test has it */
#ifndef _NATIVE_ACPI_H
#define _NATIVE_ACPI_H

#endif /* _NATIVE_ACPI_H */
