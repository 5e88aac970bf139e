/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of a ring to a file: encoded into memory that fits the processor's cache, and written from there. */
#include "core.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* More than the longest packet needs. */
enum { CHUNK = 1 << 19 };

static int write_whole(int fd, const uint8_t *bytes, size_t size, uint64_t at)
{
	for (size_t done = 0; done < size;) {
		ssize_t written = pwrite(fd, bytes + done, size - done, (off_t)(at + done));

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written == 0)
			return -EIO;
		done += written < 0 ? 0 : (size_t)written;
	}
	return 0;
}

/* Returns bytes written, 0 when there is nothing more to write, or a negative errno. */
static ssize_t write_chunk(struct weir_capture *capture, struct weir_capture_write *write, struct weir_capture_read *read,
			   uint8_t *chunk)
{
	uint64_t left = write->room - write->bytes, at = write->at + write->bytes;
	size_t used = weir_capture_read(capture, chunk, left < CHUNK ? (size_t)left : CHUNK, read);
	int error = write_whole(write->fd, chunk, used, at);

	if (!error)
		return (ssize_t)used;
	write->lost += read->packets;
	/* where not even that works the file has part of a packet at its end, which readers know how to pass over */
	(void)!ftruncate(write->fd, (off_t)at);
	return error;
}

static void add(struct weir_capture_read *sum, const struct weir_capture_read *read)
{
	if (sum->packets == 0)
		sum->first = read->first;
	if (read->packets > 0)
		sum->last = read->last;
	sum->packets += read->packets;
	sum->octets += read->octets;
	sum->more = read->more;
}

/* All that is there. */
static int drain(struct weir_capture *capture, struct weir_capture_write *write, struct weir_capture_read *read,
		 uint8_t *chunk)
{
	ssize_t written;

	while ((written = write_chunk(capture, write, read, chunk)) > 0) {
		write->bytes += (uint64_t)written;
		read->most -= read->packets;
		add(&write->read, read);
	}
	write->read.more = read->more;
	return (int)written;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* False: no more will come in time, or the device ails. */
static bool wait_until(int fd, int64_t deadline)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	int64_t left = deadline - now_ms();

	return left > 0 && poll(&readable, 1, (int)left) == 1 && readable.revents == POLLIN;
}

int weir_capture_write(struct weir_capture *capture, struct weir_capture_write *write)
{
	struct weir_capture_read read = write->read;
	int64_t deadline = now_ms() + write->wait_ms;
	uint8_t *chunk = malloc(CHUNK);
	int error;

	if (!chunk)
		return -ENOMEM;
	write->read.packets = write->read.octets = write->read.first = write->read.last = 0;
	write->bytes = write->lost = 0;
	do
		error = drain(capture, write, &read, chunk);
	while (!error && !write->read.more && wait_until(weir_capture_fd(capture), deadline));
	free(chunk);
	return error;
}
