/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of a device by a TPACKET_V3 ring (net/packet/af_packet.c), as blocks of a pcapng file. */
#include "core.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct weir_capture {
	int fd;
	uint8_t *map;
	size_t block_size;
	unsigned block_count;
	/* The block that is read, and what is left of it. */
	unsigned block;
	bool begun;
	uint32_t left;
	const uint8_t *next;
};

enum {
	EPB_TYPE = 6,
	/* Block type, lengths, interface, time, lengths of the packet. */
	EPB_FIXED = 32,
	/* epb_flags and the end of options. */
	EPB_OPTIONS = 12,
	EPB_FLAGS = 2,
	VLAN_TAG = 4,
	/* Where a tag belongs in an Ethernet frame. */
	VLAN_OFFSET = 2 * ETH_ALEN,
	MAX_INSTRUCTIONS = 4096,
};

static int set(int fd, int option, const void *value, size_t size)
{
	return setsockopt(fd, SOL_PACKET, option, value, (socklen_t)size) ? -errno : 0;
}

static int set_filter(int fd, const struct weir_capture_options *options)
{
	struct sock_fprog program = { (unsigned short)options->filter_count, (void *)options->filter };

	if (options->filter_count == 0)
		return 0;
	if (options->filter_count > MAX_INSTRUCTIONS)
		return -E2BIG;
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ? -errno : 0;
}

static int set_ring(int fd, const struct weir_capture_options *options)
{
	int version = TPACKET_V3;
	struct tpacket_req3 ring = {
		.tp_block_size = options->block_size,
		.tp_block_nr = options->block_count,
		.tp_frame_size = TPACKET_ALIGNMENT << 7,
		.tp_frame_nr = options->block_size / (TPACKET_ALIGNMENT << 7) * options->block_count,
		.tp_retire_blk_tov = options->retire_ms,
	};
	int error = set(fd, PACKET_VERSION, &version, sizeof(version));

	return error ? error : set(fd, PACKET_RX_RING, &ring, sizeof(ring));
}

static int set_promiscuous(int fd, const struct weir_capture_options *options)
{
	struct packet_mreq request = { .mr_ifindex = options->ifindex, .mr_type = PACKET_MR_PROMISC };

	return options->promiscuous ? set(fd, PACKET_ADD_MEMBERSHIP, &request, sizeof(request)) : 0;
}

static int bind_to(int fd, int ifindex)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = ifindex,
	};

	return bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
}

/* Of no protocol, so that it receives nothing before it is bound. */
static int socket_op(void *arg)
{
	const struct weir_capture_options *options = arg;
	int fd = socket(AF_PACKET, (options->cooked ? SOCK_DGRAM : SOCK_RAW) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static int prepare(struct weir_capture *capture, const struct weir_capture_options *options)
{
	size_t size = (size_t)options->block_size * options->block_count;
	int error = set_filter(capture->fd, options);

	if (!error)
		error = set_ring(capture->fd, options);
	if (error)
		return error;
	capture->map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, capture->fd, 0);
	if (capture->map == MAP_FAILED) {
		capture->map = NULL;
		return -errno;
	}
	error = set_promiscuous(capture->fd, options);
	return error ? error : bind_to(capture->fd, options->ifindex);
}

int weir_capture_open(const struct weir_capture_options *options, struct weir_capture **out)
{
	struct weir_capture *capture = calloc(1, sizeof(*capture));
	int error;

	if (!capture)
		return -ENOMEM;
	capture->block_size = options->block_size;
	capture->block_count = options->block_count;
	capture->fd = weir_in_netns(options->netns, socket_op, (void *)options);
	if (capture->fd < 0) {
		error = capture->fd;
		free(capture);
		return error;
	}
	error = prepare(capture, options);
	if (error) {
		weir_capture_close(capture);
		return error;
	}
	*out = capture;
	return 0;
}

void weir_capture_close(struct weir_capture *capture)
{
	if (capture->map)
		munmap(capture->map, capture->block_size * capture->block_count);
	close(capture->fd);
	free(capture);
}

int weir_capture_fd(const struct weir_capture *capture)
{
	return capture->fd;
}

int weir_capture_device(const struct weir_capture *capture)
{
	struct sockaddr_ll address = { 0 };
	socklen_t size = sizeof(address);

	if (getsockname(capture->fd, (struct sockaddr *)&address, &size))
		return -errno;
	return address.sll_ifindex > 0 ? address.sll_ifindex : -ENODEV;
}

int weir_capture_stamp(struct weir_capture *capture, bool early)
{
	int on = early;

	return setsockopt(capture->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ? -errno : 0;
}

int weir_capture_statistics(struct weir_capture *capture, uint32_t *packets, uint32_t *drops)
{
	struct tpacket_stats_v3 statistics = { 0 };
	socklen_t size = sizeof(statistics);

	if (getsockopt(capture->fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &size))
		return -errno;
	*packets = statistics.tp_packets;
	*drops = statistics.tp_drops;
	return 0;
}

/* epb_flags: direction in the first two bits, kind of reception in the next three. */
static uint32_t flags_of(unsigned type)
{
	static const uint8_t flags[] = {
		[PACKET_HOST] = 1 | 1 << 2,
		[PACKET_BROADCAST] = 1 | 3 << 2,
		[PACKET_MULTICAST] = 1 | 2 << 2,
		[PACKET_OTHERHOST] = 1 | 4 << 2,
		[PACKET_OUTGOING] = 2,
	};

	return type < sizeof(flags) ? flags[type] : 0;
}

static void put32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

/* The tag that the kernel took out of the frame, as it was on the wire. */
static void put_vlan_tag(uint8_t *at, const struct tpacket3_hdr *frame)
{
	bool known = (frame->tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
	uint16_t tag[2] = { htons(known ? frame->hv1.tp_vlan_tpid : ETH_P_8021Q),
			    htons((uint16_t)frame->hv1.tp_vlan_tci) };

	memcpy(at, tag, sizeof(tag));
}

static void put_data(uint8_t *to, const uint8_t *data, uint32_t length, const struct tpacket3_hdr *tagged)
{
	if (!tagged) {
		memcpy(to, data, length);
		return;
	}
	memcpy(to, data, VLAN_OFFSET);
	put_vlan_tag(to + VLAN_OFFSET, tagged);
	memcpy(to + VLAN_OFFSET + VLAN_TAG, data + VLAN_OFFSET, length - VLAN_OFFSET);
}

static uint64_t time_of(const struct tpacket3_hdr *frame)
{
	return (uint64_t)frame->tp_sec * 1000000000u + frame->tp_nsec;
}

/* One enhanced packet block. Returns its length; 0: there is no room for it. */
static size_t put_frame(const struct tpacket3_hdr *frame, uint8_t *out, size_t room, struct weir_capture_read *read)
{
	const uint8_t *start = (const uint8_t *)frame;
	const struct sockaddr_ll *from = (const void *)(start + TPACKET_ALIGN(sizeof(*frame)));
	uint32_t kept = frame->tp_snaplen, length = frame->tp_len;
	bool tagged = (frame->tp_status & TP_STATUS_VLAN_VALID) != 0 && kept >= VLAN_OFFSET && read->ethernet;
	uint32_t data = kept + (tagged ? VLAN_TAG : 0);
	size_t padded, total;
	uint64_t time = time_of(frame);

	length += tagged ? VLAN_TAG : 0;
	padded = ((size_t)data + 3) & ~(size_t)3;
	total = EPB_FIXED + padded + EPB_OPTIONS;
	if (total > room)
		return 0;
	/* what the tag pushes beyond the snap length stays behind, as in libpcap */
	put_data(out + EPB_FIXED - 4, start + frame->tp_mac, kept, tagged ? frame : NULL);
	if (data > read->snap_length) {
		data = read->snap_length;
		padded = ((size_t)data + 3) & ~(size_t)3;
		total = EPB_FIXED + padded + EPB_OPTIONS;
	}
	put32(out, EPB_TYPE);
	put32(out + 4, (uint32_t)total);
	put32(out + 8, read->interface);
	put32(out + 12, (uint32_t)(time >> 32));
	put32(out + 16, (uint32_t)time);
	put32(out + 20, data);
	put32(out + 24, length);
	memset(out + 28 + data, 0, padded - data);
	put32(out + 28 + padded, EPB_FLAGS | 4 << 16);
	put32(out + 32 + padded, flags_of(from->sll_pkttype));
	put32(out + 36 + padded, 0);
	put32(out + 40 + padded, (uint32_t)total);
	if (read->packets == 0)
		read->first = time;
	read->last = time;
	read->packets++;
	read->octets += length;
	return total;
}

/* What is before or behind the wanted stretch of time is left out. */
static bool wanted(const struct tpacket3_hdr *frame, const struct weir_capture_read *read)
{
	return read->not_before == 0 || time_of(frame) >= read->not_before;
}

static const struct tpacket_block_desc *current(const struct weir_capture *capture)
{
	return (const void *)(capture->map + capture->block * capture->block_size);
}

/* True when there is a block to read from. */
static bool begin(struct weir_capture *capture)
{
	const struct tpacket_block_desc *block = current(capture);

	if (capture->begun)
		return true;
	if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return false;
	capture->begun = true;
	capture->left = block->hdr.bh1.num_pkts;
	capture->next = (const uint8_t *)block + block->hdr.bh1.offset_to_first_pkt;
	return true;
}

/* Give the block back to the kernel and go to the next one. */
static void finish(struct weir_capture *capture)
{
	struct tpacket_block_desc *block = (void *)(capture->map + capture->block * capture->block_size);

	__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	capture->begun = false;
	capture->block = (capture->block + 1) % capture->block_count;
}

size_t weir_capture_read(struct weir_capture *capture, uint8_t *out, size_t room, struct weir_capture_read *read)
{
	size_t used = 0;

	read->packets = read->octets = read->first = read->last = 0;
	read->more = false;
	while (begin(capture)) {
		while (capture->left > 0) {
			const struct tpacket3_hdr *frame = (const void *)capture->next;

			if (wanted(frame, read)) {
				size_t size = read->packets < read->most ? put_frame(frame, out + used, room - used, read)
									 : 0;

				if (size == 0) {
					read->more = true;
					return used;
				}
				used += size;
			}
			capture->next += frame->tp_next_offset;
			capture->left--;
		}
		finish(capture);
	}
	return used;
}
