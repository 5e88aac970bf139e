/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TCP by device and group of peers: what is sent again, resets, connections, how long they take to open and their round
 * trips. Round trips are looked at with one received segment of `sampling`, which counts for so many.
 */
#include "entry.h"
#include "histogram.h"
#include "kernel.h"
#include "sampling.h"

#include <linux/in.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AF_INET 2

enum kind { PROBE };

/* include/net/tcp_states.h */
enum state { ESTABLISHED = 1, SYN_SENT, SYN_RECV, TIME_WAIT = 6, CLOSE = 7, LISTEN = 10, NEW_SYN_RECV = 12 };

/* Order of EVENTS in src/observe/telemetry/tcp.ts. */
enum event { ACTIVE_OPEN, PASSIVE_OPEN, CONNECT_FAILED, ACCEPT_FAILED, CLOSED, EVENT_COUNT };

/* There are groups of peers. */
const volatile bool grouped = false;

struct tcp_device_key {
	__u32 netns;
	__u32 ifindex;
	/* 0: the peer is in none. */
	__u32 peer_group;
};

struct tcp_device {
	__u64 retransmits;
	__u64 resets_received;
	__u64 events[EVENT_COUNT];
	/* Of microseconds. */
	struct histogram connect;
	struct histogram rtt;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct tcp_device_key);
	__type(value, struct tcp_device);
} tcp_devices SEC(".maps");

struct tcp_reset_key {
	__u32 netns;
	__u32 ifindex;
	/* enum sk_rst_reason of the kernel. */
	__u32 reason;
};

struct tcp_reset {
	__u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct tcp_reset_key);
	__type(value, struct tcp_reset);
} tcp_resets SEC(".maps");

/* When the connection of a socket, by its address in memory, was begun. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, __u64);
} tcp_connecting SEC(".maps");

struct tcp_prefix {
	__u32 length;
	__u8 address[16];
};

struct tcp_group {
	__u32 number;
};

/* IPv4 prefixes are those of ::ffff:0:0/96. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct tcp_prefix);
	__type(value, struct tcp_group);
} tcp_groups SEC(".maps");

struct tcp_group_name {
	char name[64];
};

/* Only for user space: which group has which number, for as long as the other maps live. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tcp_group_name);
} tcp_group_names SEC(".maps");

static const struct tcp_device no_events;
static const struct tcp_reset no_resets;

/* Sockets of connections that are not open yet or not any more have only what all sockets have. */
static __always_inline bool is_full(const struct sock *sk)
{
	__u8 state = sk->__sk_common.skc_state;

	return state != TIME_WAIT && state != NEW_SYN_RECV;
}

/* Where the socket sends to, else where it is bound, else where it received from; 0: nothing says so. */
static __always_inline __u32 device_of(const struct sock *sk)
{
	__u32 ifindex = 0;

	if (is_full(sk) && sk->sk_dst_cache)
		ifindex = sk->sk_dst_cache->dev->ifindex;
	if (!ifindex)
		ifindex = sk->__sk_common.skc_bound_dev_if;
	if (!ifindex && is_full(sk) && bpf_core_field_exists(sk->sk_rx_dst_ifindex))
		ifindex = sk->sk_rx_dst_ifindex;
	return ifindex;
}

static __always_inline __u32 group_of(const struct sock *sk)
{
	struct tcp_prefix peer = { .length = 128 };
	struct tcp_group *group;

	if (!grouped)
		return 0;
	if (sk->__sk_common.skc_family == AF_INET) {
		__be32 address = sk->__sk_common.skc_daddr;

		peer.address[10] = 0xff;
		peer.address[11] = 0xff;
		__builtin_memcpy(peer.address + 12, &address, 4);
	} else {
		BPF_CORE_READ_INTO(&peer.address, sk, __sk_common.skc_v6_daddr);
	}
	group = bpf_map_lookup_elem(&tcp_groups, &peer);
	return group ? group->number : 0;
}

static __always_inline struct tcp_device *counts_of(const struct sock *sk, __u32 ifindex)
{
	struct tcp_device_key key = {
		.netns = sk->__sk_common.skc_net.net->ns.inum,
		.ifindex = ifindex ? ifindex : device_of(sk),
		.peer_group = group_of(sk),
	};

	return entry_of(&tcp_devices, &key, &no_events);
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(tcp_retransmit, const struct sock *sk)
{
	struct tcp_device *device = counts_of(sk, 0);

	if (device)
		device->retransmits++;
	return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(tcp_reset_received, const struct sock *sk)
{
	struct tcp_device *device = counts_of(sk, 0);

	if (device)
		device->resets_received++;
	return 0;
}

/*
 * Without a socket for what came to a closed port; without a packet, or with one that did not come from anywhere, for a
 * connection that this side breaks off.
 */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(tcp_reset_sent, const struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_reset_key key = { .reason = ~0U };
	struct tcp_reset *found;

	if (bpf_core_type_exists(enum sk_rst_reason))
		/* volatile: reading a third argument where there are two is refused, so it must not be moved */
		key.reason = ((const volatile __u64 *)ctx)[2];
	if (skb) {
		struct net_device *dev = skb->dev;

		key.ifindex = skb->skb_iif;
		if (!sk && is_device(dev))
			key.netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);
	}
	if (sk) {
		key.netns = sk->__sk_common.skc_net.net->ns.inum;
		if (!key.ifindex)
			key.ifindex = device_of(sk);
	}
	found = entry_of(&tcp_resets, &key, &no_resets);
	if (found)
		found->count++;
	return 0;
}

static __always_inline enum event event_of(int from, int to)
{
	if (to == ESTABLISHED)
		return from == SYN_SENT ? ACTIVE_OPEN : from == SYN_RECV ? PASSIVE_OPEN : EVENT_COUNT;
	if (to != CLOSE || from == LISTEN || from == CLOSE)
		return EVENT_COUNT;
	return from == SYN_SENT ? CONNECT_FAILED : from == SYN_RECV ? ACCEPT_FAILED : CLOSED;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_state, const struct sock *sk, int from, int to)
{
	__u64 address = (__u64)sk;
	enum event event = event_of(from, to);
	struct tcp_device *device;
	__u64 *begun;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	if (to == SYN_SENT) {
		__u64 now = bpf_ktime_get_ns();

		bpf_map_update_elem(&tcp_connecting, &address, &now, BPF_ANY);
		return 0;
	}
	if (event >= EVENT_COUNT)
		return 0;
	device = counts_of(sk, 0);
	if (device)
		device->events[event]++;
	if (from != SYN_SENT)
		return 0;
	begun = bpf_map_lookup_elem(&tcp_connecting, &address);
	if (!begun)
		return 0;
	if (device && to == ESTABLISHED)
		histogram_add(&device->connect, (bpf_ktime_get_ns() - *begun) / 1000, 0);
	bpf_map_delete_elem(&tcp_connecting, &address);
	return 0;
}

/* Fires with every segment that an open connection receives. */
SEC("tp_btf/tcp_probe")
int BPF_PROG(tcp_round_trip, struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_device *device;
	__u32 rtt;

	if (!sampled(PROBE))
		return 0;
	rtt = BPF_CORE_READ((struct tcp_sock *)sk, srtt_us) >> 3;
	device = rtt ? counts_of(sk, skb->skb_iif) : NULL;
	if (device)
		histogram_add_times(&device->rtt, rtt, 0, sampling);
	return 0;
}
