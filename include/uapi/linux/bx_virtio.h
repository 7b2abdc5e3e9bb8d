/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * bx-virtio: the operations of virtio devices, for the kernel and policies;
 * kernel code includes <linux/bx_virtio.h>
 *
 * Each structure is the argument of one operation.  Policies may read and write
 * the members after the hidden ones; offsets for bx_call_data() start there.
 */
#ifndef _UAPI_LINUX_BX_VIRTIO_H
#define _UAPI_LINUX_BX_VIRTIO_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/** BX_VIRTIO_NAME_LEN - bytes of the name of a transport, with its NUL */
#define BX_VIRTIO_NAME_LEN	32

/** BX_VIRTIO_MAX_NUM - most entries of a queue */
#define BX_VIRTIO_MAX_NUM	1024

/**
 * enum bx_virtio_op - the operations
 * @BX_VIRTIO_GET: read the configuration space; struct bx_virtio_config_arg
 * @BX_VIRTIO_SET: write to it; struct bx_virtio_config_arg
 * @BX_VIRTIO_GENERATION: read the number that changes with the configuration;
 *	struct bx_virtio_generation_arg
 * @BX_VIRTIO_GET_STATUS: read the status byte; struct bx_virtio_status_arg
 * @BX_VIRTIO_SET_STATUS: write the status byte; struct bx_virtio_status_arg
 * @BX_VIRTIO_RESET: reset to the initial state, without queues; no argument
 * @BX_VIRTIO_FIND_VQS: queues will be set up; struct bx_virtio_vqs_arg
 * @BX_VIRTIO_DEL_VQS: delete all queues; no argument
 * @BX_VIRTIO_SYNCHRONIZE_CBS: wait for running interrupt handlers; no argument
 * @BX_VIRTIO_GET_FEATURES: read the offered features; struct
 *	bx_virtio_features_arg
 * @BX_VIRTIO_FINALIZE_FEATURES: set the features that the driver accepts, and
 *	read those that remain; struct bx_virtio_features_arg
 * @BX_VIRTIO_BUS_NAME: read the name of the device on its transport;
 *	struct bx_virtio_name_arg
 * @BX_VIRTIO_SET_VQ_AFFINITY: set the processors that a queue interrupts;
 *	struct bx_virtio_affinity_arg
 * @BX_VIRTIO_GET_VQ_AFFINITY: read them; struct bx_virtio_affinity_arg
 * @BX_VIRTIO_GET_VQ_NUM: read the maximum number of entries of a queue;
 *	struct bx_virtio_vq_arg
 * @BX_VIRTIO_SETUP_VQ: pass a queue's ring; struct bx_virtio_setup_arg
 * @BX_VIRTIO_KICK: notify of new buffers in a queue; struct bx_virtio_vq_arg.
 *	Atomic.
 * @BX_VIRTIO_NR_OPS: number of operations
 *
 * The first 14 are those of struct virtio_config_ops, in its order; its last three,
 * for shared memory and for the reset of one queue, are missing: no driver that
 * works on rings of the provider can use them.
 */
enum bx_virtio_op {
	BX_VIRTIO_GET,
	BX_VIRTIO_SET,
	BX_VIRTIO_GENERATION,
	BX_VIRTIO_GET_STATUS,
	BX_VIRTIO_SET_STATUS,
	BX_VIRTIO_RESET,
	BX_VIRTIO_FIND_VQS,
	BX_VIRTIO_DEL_VQS,
	BX_VIRTIO_SYNCHRONIZE_CBS,
	BX_VIRTIO_GET_FEATURES,
	BX_VIRTIO_FINALIZE_FEATURES,
	BX_VIRTIO_BUS_NAME,
	BX_VIRTIO_SET_VQ_AFFINITY,
	BX_VIRTIO_GET_VQ_AFFINITY,
	BX_VIRTIO_GET_VQ_NUM,
	BX_VIRTIO_SETUP_VQ,
	BX_VIRTIO_KICK,
	BX_VIRTIO_NR_OPS,
};

/**
 * struct bx_virtio_config_arg - a part of the configuration space
 * @offset: offset of its first byte
 * @reserved: zero
 * @data: the bytes; the length of the call gives their number
 */
struct bx_virtio_config_arg {
	__u32	offset;
	__u32	reserved;
	__u8	data[];
};

/**
 * struct bx_virtio_generation_arg - generation of the configuration
 * @generation: the number
 * @reserved: zero
 */
struct bx_virtio_generation_arg {
	__u32	generation;
	__u32	reserved;
};

/**
 * struct bx_virtio_status_arg - the status byte
 * @status: VIRTIO_CONFIG_S_*
 * @reserved: zero
 */
struct bx_virtio_status_arg {
	__u32	status;
	__u32	reserved;
};

/**
 * struct bx_virtio_features_arg - feature bits
 * @features: VIRTIO_F_* and the features of the device type, a bit for each
 */
struct bx_virtio_features_arg {
	__u64	features;
};

/**
 * struct bx_virtio_vqs_arg - number of queues of the driver
 * @nvqs: number of queues that it uses
 * @reserved: zero
 */
struct bx_virtio_vqs_arg {
	__u32	nvqs;
	__u32	reserved;
};

/**
 * struct bx_virtio_vq_arg - one queue
 * @index: index of the queue
 * @num: for BX_VIRTIO_GET_VQ_NUM, the number of its entries: a power of two up
 *	to %BX_VIRTIO_MAX_NUM, 0 if there is no such queue; else zero
 */
struct bx_virtio_vq_arg {
	__u32	index;
	__u32	num;
};

/**
 * struct bx_virtio_setup_arg - a queue and its ring
 * @vq: hidden: a struct bx_vq of the kernel
 * @index: index of the queue
 * @num: number of entries of the ring, for information
 */
struct bx_virtio_setup_arg {
	__u64	vq;
	__u32	index;
	__u32	num;
};

/**
 * struct bx_virtio_name_arg - name of a device on its transport
 * @name: the name, with a NUL
 */
struct bx_virtio_name_arg {
	char	name[BX_VIRTIO_NAME_LEN];
};

/**
 * struct bx_virtio_affinity_arg - processors that a queue interrupts
 * @mask: hidden: a struct cpumask of the kernel, NULL for any processor
 * @index: index of the queue
 * @reserved: zero
 */
struct bx_virtio_affinity_arg {
	__u64	mask;
	__u32	index;
	__u32	reserved;
};

#endif /* _UAPI_LINUX_BX_VIRTIO_H */
