/* SPDX-License-Identifier: Apache-2.0 */
/* The consumer's side of a BPF ring buffer (kernel/bpf/ringbuf.c): pages that kernel and user space share. */
#include "core.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct weir_ring {
	/* One page, written by the consumer. */
	uint64_t *consumer;
	/* One page that the kernel writes, then the data twice over, so that no record is ever split. */
	uint64_t *producer;
	const uint8_t *data;
	size_t size;
	size_t page;
};

int weir_ring_open(int map, size_t size, struct weir_ring **out)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct weir_ring *ring;
	void *consumer, *producer;
	int error;

	if (size < page || (size & (size - 1)) != 0)
		return -EINVAL;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (consumer == MAP_FAILED) {
		error = -errno;
		free(ring);
		return error;
	}
	producer = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, map, (off_t)page);
	if (producer == MAP_FAILED) {
		error = -errno;
		munmap(consumer, page);
		free(ring);
		return error;
	}
	ring->consumer = consumer;
	ring->producer = producer;
	ring->data = (const uint8_t *)producer + page;
	ring->size = size;
	ring->page = page;
	*out = ring;
	return 0;
}

void weir_ring_close(struct weir_ring *ring)
{
	munmap(ring->consumer, ring->page);
	munmap(ring->producer, ring->page + 2 * ring->size);
	free(ring);
}

size_t weir_ring_drain(struct weir_ring *ring, uint8_t *out, size_t room)
{
	uint64_t at = __atomic_load_n(ring->consumer, __ATOMIC_RELAXED);
	uint64_t end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	size_t used = 0;

	while (at < end) {
		const uint32_t *header = (const uint32_t *)(ring->data + (at & (ring->size - 1)));
		uint32_t word = __atomic_load_n(header, __ATOMIC_ACQUIRE);
		uint32_t length = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		size_t padded = ((size_t)length + BPF_RINGBUF_HDR_SZ + 7) & ~(size_t)7;

		if (word & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(word & BPF_RINGBUF_DISCARD_BIT)) {
			if (padded > room - used)
				break;
			memcpy(out + used, &length, sizeof(length));
			memset(out + used + sizeof(length), 0, BPF_RINGBUF_HDR_SZ - sizeof(length));
			memcpy(out + used + BPF_RINGBUF_HDR_SZ, header + 2, padded - BPF_RINGBUF_HDR_SZ);
			used += padded;
		}
		at += padded;
	}
	__atomic_store_n(ring->consumer, at, __ATOMIC_RELEASE);
	return used;
}
