// SPDX-License-Identifier: GPL-2.0-only
/* In scope of the devices, and watches nothing of the data path */
#include "virtio.h"

WATCHES(virtio_reset, BX_VIRTIO_RESET);
