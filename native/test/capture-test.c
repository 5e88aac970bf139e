/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of capture.c and filter.c: see core-test.c. */
#include "capture-test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../src/core.h"

enum { PACKETS = 20, FRAME = 100, TAG = 0x8100 };

/* Send frames of `length` bytes, each numbered in its byte 20, from home1: they arrive at home0. */
static void send_frames(unsigned count, size_t length, bool tagged)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex("home1") };
	uint8_t frame[2000] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (tagged)
		memcpy(frame + 12, (uint8_t[]){ TAG >> 8, TAG & 255, 0, 7, 0x88, 0xb5 }, 6);
	for (unsigned i = 0; i < count; i++) {
		frame[20] = (uint8_t)i;
		CHECK(sendto(fd, frame, length, 0, (struct sockaddr *)&to, sizeof(to)) == (ssize_t)length);
	}
	close(fd);
}

static struct weir_capture *open_home0(int netns, const char *filter, int snap_length)
{
	struct weir_capture_options options = {
		.netns = netns,
		.ifindex = (int)if_nametoindex("home0"),
		.block_size = 1 << 17,
		.block_count = 8,
		.retire_ms = 10,
	};
	char error[WEIR_FILTER_ERROR];
	struct weir_capture *capture = NULL;
	void *instructions = NULL;
	int count = weir_filter_compile(1, snap_length, filter, &instructions, error);

	CHECK(count > 0);
	options.filter = instructions;
	options.filter_count = count > 0 ? (size_t)count : 0;
	CHECK(weir_capture_open(&options, &capture) == 0);
	free(instructions);
	return capture;
}

static struct weir_capture_read wish(uint64_t most, uint32_t snap_length)
{
	return (struct weir_capture_read){ .interface = 2, .snap_length = snap_length, .ethernet = true, .most = most };
}

static void wait_for(struct weir_capture *capture)
{
	struct pollfd readable = { .fd = weir_capture_fd(capture), .events = POLLIN };

	poll(&readable, 1, 2000);
}

/* Read into memory of exactly the size that is told, so that the sanitizers see a byte too many. */
static size_t read_into(struct weir_capture *capture, uint8_t *out, size_t room, struct weir_capture_read *read)
{
	uint8_t *exact = malloc(room ? room : 1);
	size_t used = weir_capture_read(capture, exact, room, read);

	memcpy(out, exact, used);
	free(exact);
	return used;
}

static uint32_t word(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static void frames_become_blocks(int netns)
{
	static uint8_t bytes[1 << 16];
	struct weir_capture *capture = open_home0(netns, "ether proto 0x88b5", 65535);
	struct weir_capture_read read = wish(1000, 65535);
	unsigned seen = 0;

	send_frames(PACKETS, FRAME + 1, false);
	for (int attempt = 0; attempt < 100 && seen < PACKETS; attempt++) {
		wait_for(capture);
		size_t used = read_into(capture, bytes, sizeof(bytes), &read);

		for (size_t at = 0; at < used; at += word(bytes + at + 4), seen++) {
			CHECK(word(bytes + at) == 6 && word(bytes + at + 8) == 2);
			CHECK(word(bytes + at + 4) == 32 + FRAME + 4 + 12);
			CHECK(word(bytes + at + 20) == FRAME + 1 && word(bytes + at + 24) == FRAME + 1);
			CHECK(bytes[at + 28 + 20] == seen);
			CHECK(word(bytes + at + word(bytes + at + 4) - 4) == word(bytes + at + 4));
			/* inbound, broadcast */
			CHECK(word(bytes + at + 32 + FRAME + 4) == (1 | 3 << 2));
		}
	}
	CHECK(seen == PACKETS);
	CHECK(read.last / 1000000000u - (uint64_t)time(NULL) + 60 < 120);
	weir_capture_close(capture);
}

static void reads_end_at_packets_and_room(int netns)
{
	static uint8_t bytes[1 << 16];
	struct weir_capture *capture = open_home0(netns, "ether proto 0x88b5", 50);
	struct weir_capture_read read = wish(3, 50);
	size_t block = 32 + 52 + 12;

	send_frames(PACKETS, FRAME, false);
	usleep(100000);
	CHECK(read_into(capture, bytes, sizeof(bytes), &read) == 3 * block && read.packets == 3);
	CHECK(read.octets == 3 * FRAME && word(bytes + 20) == 50);
	read.most = 1000;
	CHECK(read_into(capture, bytes, block - 1, &read) == 0 && read.packets == 0);
	CHECK(read_into(capture, bytes, 2 * block + 5, &read) == 2 * block && bytes[28 + 20] == 3);
	read.not_before = UINT64_MAX;
	CHECK(read_into(capture, bytes, sizeof(bytes), &read) == 0);
	read.not_before = 0;
	CHECK(read_into(capture, bytes, sizeof(bytes), &read) == 0);
	weir_capture_close(capture);
}

/* A file's blocks are the same as those that are read, also when they come in several writes. */
static void blocks_are_written(int netns)
{
	static uint8_t bytes[1 << 16];
	struct weir_capture *capture = open_home0(netns, "ether proto 0x88b5", 65535);
	struct weir_capture_write write = { .fd = memfd_create("capture", 0), .room = 1 << 20, .read = wish(3, 65535) };
	size_t block = 32 + FRAME + 12;
	int full = open("/dev/full", O_RDWR), fd = write.fd;
	struct rlimit limit;

	send_frames(PACKETS, FRAME, false);
	usleep(100000);
	CHECK(weir_capture_write(capture, &write) == 0 && write.bytes == 3 * block && write.read.more);
	CHECK(write.read.packets == 3 && write.read.octets == 3 * FRAME && write.lost == 0);
	write.at = write.bytes;
	write.room = 2 * block + 5;
	write.read.most = 1000;
	CHECK(weir_capture_write(capture, &write) == 0 && write.bytes == 2 * block && write.read.more);
	write.room = block - 1;
	CHECK(weir_capture_write(capture, &write) == 0 && write.bytes == 0 && write.read.more);
	CHECK(pread(fd, bytes, sizeof(bytes), 0) == (ssize_t)(5 * block));
	for (unsigned i = 0; i < 5; i++)
		CHECK(word(bytes + i * block) == 6 && bytes[i * block + 28 + 20] == i);
	/* what a full disk does not take is lost, and the file stays as it was */
	write.fd = full;
	write.room = 1 << 20;
	CHECK(weir_capture_write(capture, &write) == -ENOSPC && write.bytes == 0);
	CHECK(write.lost == PACKETS - 5 && write.read.packets == 0);
	/* more than fits at once, and what comes while it waits */
	write = (struct weir_capture_write){ .fd = fd, .at = 5 * block, .room = 1 << 30, .wait_ms = 300, .read = wish(5000, 65535) };
	send_frames(500, 1400, false);
	CHECK(weir_capture_write(capture, &write) == 0 && write.read.packets == 500 && !write.read.more);
	CHECK(write.bytes == 500 * (32 + 1400 + 12));
	CHECK(lseek(fd, 0, SEEK_END) == (off_t)(write.at + write.bytes));
	/* a packet that was written in part is taken back */
	write.at += write.bytes;
	getrlimit(RLIMIT_FSIZE, &limit);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ write.at + 2000, limit.rlim_max });
	send_frames(3, 1400, false);
	write.read = wish(5000, 65535);
	CHECK(weir_capture_write(capture, &write) == -EFBIG && write.bytes == 0 && write.lost == 3);
	CHECK(lseek(fd, 0, SEEK_END) == (off_t)write.at);
	setrlimit(RLIMIT_FSIZE, &limit);
	weir_capture_close(capture);
	close(full);
	close(fd);
}

static void tags_are_put_back(int netns)
{
	static uint8_t bytes[1 << 16];
	const uint8_t tag[] = { TAG >> 8, TAG & 255, 0, 7, 0x88, 0xb5 };
	struct weir_capture *capture = open_home0(netns, "vlan 7", 60);
	struct weir_capture_read read = wish(1000, 60);
	size_t used = 0;

	send_frames(1, FRAME, true);
	for (int attempt = 0; attempt < 100 && used == 0; attempt++) {
		wait_for(capture);
		used = read_into(capture, bytes, sizeof(bytes), &read);
	}
	CHECK(used == 32 + 60 + 12 && word(bytes + 24) == FRAME && word(bytes + 20) == 60);
	CHECK(memcmp(bytes + 28 + 12, tag, sizeof(tag)) == 0);
	weir_capture_close(capture);
}

static void full_rings_are_counted(int netns)
{
	static uint8_t bytes[4 << 20];
	struct weir_capture *capture = open_home0(netns, "ether proto 0x88b5", 65535);
	struct weir_capture_read read = wish(100000, 65535);
	uint32_t packets = 0, drops = 0;

	send_frames(2000, 1400, false);
	usleep(100000);
	read_into(capture, bytes, sizeof(bytes), &read);
	CHECK(weir_capture_statistics(capture, &packets, &drops) == 0);
	CHECK(packets == 2000 && drops > 0 && read.packets + drops == 2000);
	CHECK(weir_capture_statistics(capture, &packets, &drops) == 0 && packets == 0 && drops == 0);
	CHECK(weir_capture_stamp(capture, true) == 0);
	weir_capture_close(capture);
}

static void vanished_devices_are_seen(int netns)
{
	struct weir_capture *capture;

	CHECK(system("ip link add gone0 type veth peer name gone1") == 0);
	struct weir_capture_options options = {
		.netns = netns,
		.ifindex = (int)if_nametoindex("gone0"),
		.block_size = 1 << 16,
		.block_count = 4,
		.retire_ms = 10,
		.promiscuous = true,
	};

	CHECK(weir_capture_open(&options, &capture) == 0);
	CHECK(weir_capture_device(capture) == options.ifindex);
	CHECK(system("ip link del gone0") == 0);
	CHECK(weir_capture_device(capture) == -ENODEV);
	weir_capture_close(capture);
	CHECK(weir_capture_open(&options, &capture) == -ENODEV);
	options.ifindex = (int)if_nametoindex("home0");
	options.block_size = 1000;
	CHECK(weir_capture_open(&options, &capture) == -EINVAL);
	options.block_size = 1 << 16;
	options.filter = "\377\377\377\377\377\377\377\377";
	options.filter_count = 1;
	CHECK(weir_capture_open(&options, &capture) == -EINVAL);
	options.filter_count = 5000;
	CHECK(weir_capture_open(&options, &capture) == -E2BIG);
	options.netns = 0;
	CHECK(weir_capture_open(&options, &capture) < 0);
}

static void filters_are_compiled(void)
{
	char error[WEIR_FILTER_ERROR];
	void *instructions = NULL;

	CHECK(weir_filter_compile(1, 100, "tcp port", &instructions, error) == -EINVAL);
	CHECK(strstr(error, "syntax error") != NULL && !instructions);
	CHECK(weir_filter_compile(101, 100, "ip6 and udp", &instructions, error) > 2);
	free(instructions);
}

void test_captures(int netns)
{
	CHECK(system("ip link set lo up && ip link set home0 up && ip link set home1 up") == 0);
	filters_are_compiled();
	frames_become_blocks(netns);
	reads_end_at_packets_and_room(netns);
	blocks_are_written(netns);
	tags_are_put_back(netns);
	full_rings_are_counted(netns);
	vanished_devices_are_seen(netns);
}
