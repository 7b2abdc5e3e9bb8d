// SPDX-License-Identifier: GPL-2.0-only
/* bxaux_first: one of two drivers for the same auxiliary devices */
#include "bxaux_driver.h"
