// SPDX-License-Identifier: GPL-2.0-only
/* Watches the data path: every kick of a queue */
#include "virtio.h"

WATCHES(virtio_kick, BX_VIRTIO_KICK);
