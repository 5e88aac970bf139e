/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why packets are lost: every kfree_skb() counted by where and why, and the first bytes of some of them kept in a ring
 * that overwrites its oldest. Nothing runs in user space for it, and nothing is lost when the agent goes.
 */
#include "kernel.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define ETHERTYPE_IP 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERNET_HEADER 14
#define ARPHRD_ETHER 1
#define ARPHRD_LOOPBACK 772
#define AF_INET 2
#define AF_INET6 10
#define AF_PACKET 17
#define AF_XDP 44
#define NO_HEADER 0xffff

/* Packets of one kind that a CPU records at once; after that one in 4 jiffies, so that a flood leaves room for others. */
#define CREDIT 128
#define JIFFIES_SHIFT 2

#define DATA 128

/* The tracepoint has been given its reason in 5.17 and its socket in 6.11. */
typedef void (*btf_trace_kfree_skb___reason)(void *, struct sk_buff *, void *, enum skb_drop_reason);
typedef void (*btf_trace_kfree_skb___socket)(void *, struct sk_buff *, void *, enum skb_drop_reason, struct sock *);

enum skb_drop_reason___consumed {
	SKB_CONSUMED = 1,
};

struct drop_key {
	__u64 location;
	__u32 netns;
	__u32 ifindex;
	__u32 reason;
	/* Ethertype. */
	__u16 protocol;
	/* The next header of IPv4 or IPv6, else 0. */
	__u8 l4;
	__u8 pad;
};

struct drop_count {
	__u64 packets;
	/* Of these, packets that were not recorded. */
	__u64 unrecorded;
	__u32 credit;
	/* Jiffies when credit was given. */
	__u32 given;
};

struct drop_record {
	/* From 1 on; 0 while the record is being written. */
	__u64 sequence;
	/* Of CLOCK_MONOTONIC. */
	__u64 time;
	__u64 location;
	__u32 netns;
	__u32 ifindex;
	__u32 reason;
	/* Bytes of the packet, from where `data` begins. */
	__u32 length;
	__u32 writers;
	__u16 captured;
	__u16 protocol;
	__u8 l4;
	/* 1: data begins with an Ethernet header, 0: with the network's. */
	__u8 ethernet;
	__u8 data[DATA];
	/* The same as `sequence`, or else the record was being written while it was read: from front to back. */
	__u64 check;
};

struct drop_totals {
	/* Of the last record. */
	__u64 sequence;
	/* Packets that were not counted since there was no room for their kind. */
	__u64 lost;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct drop_key);
	__type(value, struct drop_count);
} drop_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct drop_record);
} recorder SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct drop_totals);
} drop_totals SEC(".maps");

/* Entries of `recorder`. */
const volatile __u32 recorder_size = 1024;

/* Where things are in a packet's buffer, from its head. */
struct layout {
	__u32 data;
	__u32 network;
	/* End of the bytes that are in the buffer itself. */
	__u32 end;
};

static __always_inline struct layout layout_of(struct sk_buff *skb)
{
	struct layout at;

	at.data = skb->data - skb->head;
	/* It is 0 until somebody knows better. */
	at.network = skb->network_header ?: at.data;
	at.end = at.data + skb->len - skb->data_len;
	return at;
}

/* Whether the socket's packets are a network's; those of netlink and Unix sockets are not. */
static __always_inline bool is_networking(unsigned short family)
{
	return family == AF_INET || family == AF_INET6 || family == AF_PACKET || family == AF_XDP;
}

/*
 * Namespace and device of a packet that is at no device: one of a socket. `skb->sk` may be something else, and on some
 * kernels the verifier takes `rx_sk` for what is never NULL: both are read by what cannot fault.
 */
static __always_inline bool place_by_socket(struct sk_buff *skb, struct sock *rx_sk, struct drop_key *key)
{
	struct sock *sk = rx_sk ? rx_sk : BPF_CORE_READ(skb, sk);
	unsigned short family = BPF_CORE_READ(sk, __sk_common.skc_family);

	if (family && !is_networking(family))
		return false;
	if (!family && !skb->skb_iif && !skb->protocol)
		return false;
	key->ifindex = skb->skb_iif;
	if (family)
		key->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	return true;
}

static __always_inline __u8 transport_of(struct sk_buff *skb, struct layout *at, __u16 protocol)
{
	__u32 field;
	__u8 l4 = 0;

	if (protocol == ETHERTYPE_IP)
		field = at->network + 9;
	else if (protocol == ETHERTYPE_IPV6)
		field = at->network + 6;
	else
		return 0;
	if (field < at->end)
		bpf_probe_read_kernel(&l4, sizeof(l4), skb->head + field);
	return l4;
}

/* Where the Ethernet header is, or else the network's. */
static __always_inline __u32 start_of(struct sk_buff *skb, struct net_device *dev, struct layout *at)
{
	__u32 mac = skb->mac_header;

	if (dev && dev->type != ARPHRD_ETHER && dev->type != ARPHRD_LOOPBACK)
		return at->network;
	if (mac != NO_HEADER && mac + ETHERNET_HEADER <= at->network)
		return mac;
	/* On its way out, nobody has said that the header is there. */
	if (dev && at->data + ETHERNET_HEADER <= at->network)
		return at->data;
	return at->network;
}

static __always_inline void fill(struct drop_record *record, struct drop_key *key, struct sk_buff *skb,
				 struct net_device *dev, struct layout *at)
{
	__u32 start = start_of(skb, dev, at);
	__u32 captured = at->end > start ? at->end - start : 0;

	if (captured > DATA)
		captured = DATA;
	record->time = bpf_ktime_get_ns();
	record->location = key->location;
	record->netns = key->netns;
	record->ifindex = key->ifindex;
	record->reason = key->reason;
	record->length = at->data + skb->len - start;
	record->protocol = key->protocol;
	record->l4 = key->l4;
	record->ethernet = start != at->network;
	if (bpf_probe_read_kernel(record->data, captured, skb->head + start))
		captured = 0;
	record->captured = captured;
}

/* Keep the packet's first bytes. False when another CPU has the same place. */
static __always_inline bool record_packet(struct drop_key *key, struct sk_buff *skb, struct net_device *dev,
					  struct layout *at)
{
	struct drop_totals *totals;
	struct drop_record *record;
	volatile __u32 *writers;
	__u64 sequence;
	__u32 zero = 0, slot;
	bool alone;

	totals = bpf_map_lookup_elem(&drop_totals, &zero);
	if (!totals)
		return false;
	/* Atomic operations that return something are for 5.12 and later. */
	__sync_fetch_and_add(&totals->sequence, 1);
	sequence = *(volatile __u64 *)&totals->sequence;
	slot = sequence % recorder_size;
	record = bpf_map_lookup_elem(&recorder, &slot);
	if (!record)
		return false;
	writers = &record->writers;
	__sync_fetch_and_add(&record->writers, 1);
	alone = *writers == 1;
	if (alone) {
		*(volatile __u64 *)&record->check = 0;
		*(volatile __u64 *)&record->sequence = 0;
		fill(record, key, skb, dev, at);
		*(volatile __u64 *)&record->check = sequence;
		*(volatile __u64 *)&record->sequence = sequence;
	}
	__sync_fetch_and_add(&record->writers, -1);
	return alone;
}

static __always_inline bool may_record(struct drop_count *count)
{
	__u32 now = bpf_jiffies64() >> JIFFIES_SHIFT;
	__u32 earned = now - count->given;

	if (earned) {
		count->credit = earned < CREDIT - count->credit ? count->credit + earned : CREDIT;
		count->given = now;
	}
	if (!count->credit)
		return false;
	count->credit--;
	return true;
}

static __always_inline struct drop_count *count_of(struct drop_key *key)
{
	struct drop_count *count = bpf_map_lookup_elem(&drop_counts, key);
	struct drop_count fresh = {};
	struct drop_totals *totals;
	__u32 zero = 0;

	if (count)
		return count;
	bpf_map_update_elem(&drop_counts, key, &fresh, BPF_NOEXIST);
	count = bpf_map_lookup_elem(&drop_counts, key);
	if (count)
		return count;
	totals = bpf_map_lookup_elem(&drop_totals, &zero);
	if (totals)
		__sync_fetch_and_add(&totals->lost, 1);
	return NULL;
}

SEC("tp_btf/kfree_skb")
int count_drop(__u64 *ctx)
{
	struct sk_buff *skb = (struct sk_buff *)ctx[0];
	struct drop_key key = { .location = ctx[1] };
	struct sock *rx_sk = NULL;
	struct drop_count *count;
	struct net_device *dev;
	struct layout at;

	if (bpf_core_type_exists(btf_trace_kfree_skb___socket))
		rx_sk = (struct sock *)ctx[3];
	if (bpf_core_type_exists(btf_trace_kfree_skb___socket) || bpf_core_type_exists(btf_trace_kfree_skb___reason))
		key.reason = (__u32)ctx[2];
	if (key.reason && bpf_core_enum_value_exists(enum skb_drop_reason___consumed, SKB_CONSUMED) &&
	    key.reason == bpf_core_enum_value(enum skb_drop_reason___consumed, SKB_CONSUMED))
		return 0;
	/* Drivers have buffers at hand that never became a packet. */
	if (!skb->protocol && !skb->len)
		return 0;
	dev = skb->dev;
	if (dev && dev->_tx->dev != dev)
		dev = NULL;
	if (dev) {
		key.netns = dev->nd_net.net->ns.inum;
		key.ifindex = dev->ifindex;
	} else if (!place_by_socket(skb, rx_sk, &key)) {
		return 0;
	}
	key.protocol = bpf_ntohs(skb->protocol);
	at = layout_of(skb);
	key.l4 = transport_of(skb, &at, key.protocol);
	count = count_of(&key);
	if (!count)
		return 0;
	count->packets++;
	if (!may_record(count) || !record_packet(&key, skb, dev, &at))
		count->unrecorded++;
	return 0;
}
