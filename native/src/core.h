/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the addon can do, in plain C: nothing here knows of Node, so native/test runs it under sanitizers.
 * Every function returns a value >= 0 (often a descriptor) or a negative errno. Every descriptor is close-on-exec.
 */
#ifndef WEIR_CORE_H
#define WEIR_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* ---- netns.c: work in another network namespace -------------------------------------------------------------- */

/*
 * Run op(arg) with the calling thread in the namespace that `netns` refers to, and bring the thread back.
 * When the way back fails the process aborts: a thread left in a foreign namespace would corrupt everything after.
 * A thread that is in that namespace already is not moved, so its own needs no CAP_SYS_ADMIN.
 */
int weir_in_netns(int netns, int (*op)(void *arg), void *arg);

/* Open a file of procfs (`/proc/thread-self/net/...`, `/proc/sys/net/...`) as `netns` sees it; read-only. */
int weir_netns_open(int netns, const char *path);

/*
 * Names in a directory as `netns` sees it, each followed by a NUL, `.` and `..` left out.
 * Returns their length; *names is the caller's to free.
 */
int weir_netns_list(int netns, const char *path, char **names);

/* A sysfs of `netns`, mounted nowhere: a directory descriptor for openat(). Needs CAP_SYS_ADMIN and Linux 5.2. */
int weir_netns_sysfs(int netns, bool writable);

/* Create a namespace named by a bind mount on `path` (in an existing directory), as `ip netns add` does. */
int weir_netns_create(const char *path);

/* Remove the name. The namespace itself lives on while a process, socket or descriptor holds it. */
int weir_netns_delete(const char *path);

/* Move the calling thread for good; for a process that is about to exec. */
int weir_netns_enter(int netns);

/* ---- netlink.c: netlink sockets ------------------------------------------------------------------------------ */

/*
 * A bound, non-blocking netlink socket in `netns` with extended acks, capped acks and strict checking of dumps.
 * Buffer sizes are in bytes; beyond net.core.[rw]mem_max they need CAP_NET_ADMIN and are capped without it.
 */
int weir_netlink_open(int netns, int protocol, int receive_buffer, int send_buffer);

/* The port id that the kernel chose. */
int64_t weir_netlink_port(int fd);

/* Join a multicast group by number. */
int weir_netlink_join(int fd, uint32_t group);

/* Send framed messages to the kernel in one datagram. Returns the bytes sent. */
int64_t weir_netlink_send(int fd, const void *bytes, size_t length);

enum { WEIR_RECEIVE_MAX = 64 };

/*
 * Receive up to `count` (at most WEIR_RECEIVE_MAX) datagrams, datagram i into buffer + i * slot.
 * lengths[i] is its length, 0 when it did not come from the kernel, or minus its true length when it was cut off.
 * Returns how many came.
 */
int weir_netlink_receive(int fd, uint8_t *buffer, size_t slot, int32_t *lengths, unsigned count);

/* ---- ethtool.c: what only the ethtool ioctl tells ---------------------------------------------------------- */

/*
 * Driver information and statistics of a device: driver, its version, firmware version, bus and expansion ROM version
 * in 32 bytes each, padded with NULs; then of N statistics the names in 32 bytes each, then the values in 8 bytes each.
 * Returns the length; *bytes is the caller's to free.
 */
int weir_ethtool_read(int netns, const char *ifname, uint8_t **bytes);

/* ---- tun.c: TUN and TAP devices -------------------------------------------------------------------------------- */

struct weir_tun {
	const char *ifname;
	/* IFF_TUN or IFF_TAP, with IFF_NO_PI, IFF_VNET_HDR, IFF_MULTI_QUEUE. */
	uint32_t flags;
	bool persist;
	/* -1: nobody in particular. */
	int64_t owner;
	int64_t group;
};

/* Create the device in `netns` and make it outlive its creator; or, without `persist`, remove it. */
int weir_tun_set(int netns, const struct weir_tun *tun);

/* ---- socket.c: probes ---------------------------------------------------------------------------------------- */

/*
 * A non-blocking socket in `netns` that is being connected to `address` (4 or 16 bytes) and `port`: of TCP, or, with
 * `echo`, a raw one of ICMP or ICMPv6. Success says only that connecting has begun.
 */
int weir_socket_connect(int netns, const uint8_t *address, size_t length, uint16_t port, bool echo);

/* What became of connecting (SO_ERROR): 0 or a negative errno. */
int weir_socket_status(int fd);

/* Send and receive one datagram; -EAGAIN when that would wait. Returns its length. */
int64_t weir_socket_send(int fd, const void *bytes, size_t length);
int64_t weir_socket_receive(int fd, void *bytes, size_t length);

/* Let an eBPF program judge what the socket receives (SO_ATTACH_BPF); `program` may be closed then. */
int weir_socket_filter(int fd, int program);

/* What the kernel calls the socket in eBPF programs (SO_COOKIE). */
int64_t weir_socket_cookie(int fd);

/* ---- bpf.c: what libbpf of the distribution cannot do ------------------------------------------------------- */

/* bpf(2), with the calling thread in `netns` unless that is negative. The kernel may write into `attr`. */
int weir_bpf(int netns, unsigned command, void *attr, unsigned size);

/* A software or hardware event of all tasks on one CPU, `frequency` times a second, for a program to be attached to. */
int weir_perf_open(uint32_t type, uint64_t config, uint64_t frequency, int cpu);

enum { WEIR_BPF_LOG_SIZE = 65536 };

/* The address of a libbpf_print_fn_t that keeps warnings for weir_bpf_log_take(). */
uint64_t weir_bpf_log_function(void);

/* Move what was kept into `text`. Returns its length. */
size_t weir_bpf_log_take(char text[WEIR_BPF_LOG_SIZE]);

/* ---- ring.c: the consumer of a BPF ring buffer --------------------------------------------------------------- */

struct weir_ring;

/* Map the ring buffer `map` of `size` bytes. It holds the map by itself: the descriptor may be closed. */
int weir_ring_open(int map, size_t size, struct weir_ring **out);
void weir_ring_close(struct weir_ring *ring);

/*
 * Move the records that are complete into `out`, each as its length in 32 bits, 4 bytes of zero, its data, and zeros or
 * rubbish up to a multiple of 8. Returns the bytes written; a record for which there is no room stays in the ring.
 */
size_t weir_ring_drain(struct weir_ring *ring, uint8_t *out, size_t room);

/* ---- capture.c: packets of a device ------------------------------------------------------------------------- */

struct weir_capture;

struct weir_capture_options {
	int netns;
	int ifindex;
	/* Without the header of the link layer, for devices where that is none that capture files know. */
	bool cooked;
	bool promiscuous;
	/* Of the ring: a power of two of pages, and how many. */
	uint32_t block_size;
	uint32_t block_count;
	/* Milliseconds after which a block is handed over that is not full. */
	uint32_t retire_ms;
	/* Instructions of classic BPF (struct sock_filter) that also say how much of a packet is kept. */
	const void *filter;
	size_t filter_count;
};

/* Begin to capture. */
int weir_capture_open(const struct weir_capture_options *options, struct weir_capture **out);
void weir_capture_close(struct weir_capture *capture);

/* Readable when there is a block; it remains the capture's. */
int weir_capture_fd(const struct weir_capture *capture);

/* The ifindex of the device, -ENODEV once it is gone. */
int weir_capture_device(const struct weir_capture *capture);

/* Let the kernel stamp packets where they arrive, for all sockets alike, and not for each where it gets them. */
int weir_capture_stamp(struct weir_capture *capture, bool early);

/* Packets that passed the filter since the last call, and those of them that were dropped since the ring was full. */
int weir_capture_statistics(struct weir_capture *capture, uint32_t *packets, uint32_t *drops);

struct weir_capture_read {
	/* Number of the interface in the file. */
	uint32_t interface;
	uint32_t snap_length;
	bool ethernet;
	/* Packets at most. */
	uint64_t most;
	/* Nanoseconds since the epoch: what is earlier is left out. */
	uint64_t not_before;
	/* What was read: packets, their bytes on the wire, times of the first and the last. */
	uint64_t packets;
	uint64_t octets;
	uint64_t first;
	uint64_t last;
	/* A packet is there that was not read: it had no room, or was one too many. */
	bool more;
};

/*
 * Move packets into `out`, each as an enhanced packet block of pcapng in the byte order of this machine with times in
 * nanoseconds. Returns the bytes written; a packet for which there is no room stays in the ring.
 */
size_t weir_capture_read(struct weir_capture *capture, uint8_t *out, size_t room, struct weir_capture_read *read);

/* ---- capture_write.c: the same, to a file --------------------------------------------------------------------- */

struct weir_capture_write {
	int fd;
	/* Where in the file, and how many bytes at most. */
	uint64_t at;
	uint64_t room;
	/* Milliseconds to wait for more packets. */
	unsigned wait_ms;
	/* What is wanted, and then what was written. */
	struct weir_capture_read read;
	uint64_t bytes;
	/* Packets that were read, and could not be written. */
	uint64_t lost;
};

/*
 * Move packets to a file, in whole blocks. Returns 0, or what writing came to: the file then ends with
 * the last packet that counts as written.
 */
int weir_capture_write(struct weir_capture *capture, struct weir_capture_write *write);

/* ---- filter.c: pcap-filter(7) -------------------------------------------------------------------------------- */

enum { WEIR_FILTER_ERROR = 512 };

/*
 * Compile a filter for LINKTYPE_* frames. Returns how many instructions of classic BPF *instructions has, which is the
 * caller's to free; -EINVAL with libpcap's words in `error`; -ELIBACC where there is no libpcap. May look up names of
 * hosts, so it may take seconds.
 */
int weir_filter_compile(int link_type, int snap_length, const char *text, void **instructions,
			char error[WEIR_FILTER_ERROR]);

/* ---- unix.c: Unix sockets ------------------------------------------------------------------------------------ */

/* Who is at the other end (SO_PEERCRED). */
int weir_unix_peer(int fd, struct ucred *peer);

/* Send one datagram to a socket path; a leading '@' names the abstract namespace. */
int weir_unix_send(const char *path, const void *bytes, size_t length);

#endif
