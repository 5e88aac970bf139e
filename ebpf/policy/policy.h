/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Network policy: what the programs share with user space.
 *
 * A packet reads the epoch once; its lowest bit chooses the slot of every entry that has two. An update writes the other
 * slot and records that nobody reads yet, then the epoch: each packet is judged by the whole old policy or the whole new.
 */
#ifndef WEIR_POLICY_H
#define WEIR_POLICY_H

#include <linux/bpf.h>
#include <linux/types.h>

#define POLICY_SLOTS 2

/* Rules with a fixed meaning: denied since a policy isolates the endpoint, allowed since no policy says otherwise. */
#define POLICY_RULE_ISOLATED 0
#define POLICY_RULE_DEFAULT 1

/* A set of which there are no rules at all. */
#define POLICY_NO_SET 0

/* Verdicts of one chain at most: it ends in a denial. */
#define POLICY_CHAIN 8

enum policy_direction {
	POLICY_INGRESS,
	POLICY_EGRESS,
};

enum policy_action {
	POLICY_ALLOW,
	POLICY_DENY,
	POLICY_REJECT,
};

/* Upper half of a key of ports. */
enum policy_class {
	POLICY_CLASS_TCP,
	POLICY_CLASS_UDP,
	POLICY_CLASS_SCTP,
	POLICY_CLASS_ICMP,
	POLICY_CLASS_ICMPV6,
	POLICY_CLASS_OTHER,
};

/* Why a packet passed or not. */
enum policy_reason {
	/* Passed. */
	POLICY_NO_POLICY,
	POLICY_BY_RULE,
	POLICY_FLOW,
	POLICY_REPLY,
	POLICY_RELATED,
	POLICY_ITSELF,
	POLICY_FOLLOWS_FRAGMENT,
	POLICY_NOT_IP,
	POLICY_NEIGHBOUR,
	POLICY_DHCP,
	POLICY_OWN_ANSWER,
	POLICY_KEPT,
	/* Not read, and nothing is denied in its direction. */
	POLICY_UNREAD,
	/* Dropped. */
	POLICY_DENIED,
	POLICY_REJECTED,
	/* Dropped in silence: too many rejections. */
	POLICY_REJECT_BOUND,
	POLICY_LIMITED,
	/* Of a flow that was allowed once and is no more. */
	POLICY_CUT,
	POLICY_FRAGMENT_ORPHAN,
	POLICY_FRAGMENT_SHORT,
	POLICY_FRAGMENT_OVERLAP,
	/* Headers that are cut off or contradict themselves. */
	POLICY_MALFORMED,
	/* More VLAN tags or extension headers than are looked through. */
	POLICY_TOO_DEEP,
	/* The maps contradict themselves. */
	POLICY_BROKEN,
	/* Not dropped: a policy in audit mode would. */
	POLICY_AUDIT,
	POLICY_REASONS,
};

/* First reason of a drop. */
#define POLICY_DROPS POLICY_DENIED

struct policy_config {
	__u32 epoch;
	/* The programs read only the epoch; the rest is for those who open the maps later. */
	__u32 hz;
	__u32 secret[4];
	__u32 answer_mark;
	__u32 layout;
	/* Random, of these maps. */
	__u64 stamp;
};

/* Attaching point of an endpoint; `space` is the inode of its network namespace. */
struct policy_place_key {
	__u32 space;
	__u32 ifindex;
};

/* The endpoint is this host, not what is behind the device. */
#define POLICY_PLACE_HOST 1
/* Frames have no Ethernet header. */
#define POLICY_PLACE_L3 2

struct policy_place_slot {
	/* 0: none. */
	__u32 endpoint;
	/* By enum policy_direction. */
	__u32 set[2];
	__u32 flags;
};

/*
 * The same in an array, for most: at policy_place_index() of the key, if no other place was there first. A look-up in it
 * costs a tenth of that in a hash.
 */
struct policy_near_place {
	__u32 space;
	__u32 ifindex;
	struct policy_place_slot slot[POLICY_SLOTS];
};

#define POLICY_NEAR_PLACES 1024

static inline __u32 policy_place_index(__u32 space, __u32 ifindex)
{
	return (ifindex + space * 37) % POLICY_NEAR_PLACES;
}

/* `lock` makes the kernel write an entry in place. */
struct policy_place {
	struct bpf_spin_lock lock;
	struct policy_place_slot slot[POLICY_SLOTS];
};

/* `count` records from `first` on. */
struct policy_segment {
	__u32 first;
	__u32 count;
};

/*
 * Identities of IPv4 addresses. A node tells of a range of addresses where to look, from its upper bits on:
 *
 *   first 24 bits: an identity, or how many lines further on in the map the range's lines are
 *   shift  4 bits: buckets are of 1 << shift addresses each
 *   kind   2 bits
 *   palette 2 bits: a bucket begins with 2 << palette identities
 *
 * A bucket is a line of the map. It holds behind its identities where runs of addresses begin, in order, counted from its
 * first address, and in the lowest bits which of the identities they have.
 *
 * A line of prefixes is of 65,536 addresses of two identities. It holds where prefixes begin, in order, the last one as often
 * as there is room; the logarithms of how many addresses they have, in four bits each; the identity of addresses in no
 * prefix, and that of the others.
 *
 * A look-up touches the root and a line. Lines in force are never written.
 */
enum policy_v4_kind {
	/* All of one identity. */
	POLICY_V4_SAME,
	/* Sixteen parts, each with a node, in one line. */
	POLICY_V4_SPLIT,
	/* A line of prefixes. */
	POLICY_V4_PREFIXES,
	/* Buckets. */
	POLICY_V4_LINES,
};

#define POLICY_V4_BLOCKS 16

/* The nodes of blocks of 65,536 addresses each; their lines are counted from the map's first. */
struct policy_v4_nodes {
	__u32 node[POLICY_V4_BLOCKS];
};

/* What one policy reads of it is a line of the cache, and has nothing of the other's in it. */
struct policy_v4_root {
	struct policy_v4_nodes slot[POLICY_SLOTS];
};

#define POLICY_V4_WORDS 32

/* A line of prefixes: where so many begin, their sizes, and the two identities. */
#define POLICY_V4_PREFIXES_MOST 24
#define POLICY_V4_SIZES 24
#define POLICY_V4_OUTSIDE 30

/* A bucket, prefixes, or sixteen nodes. */
struct policy_v4 {
	__u16 word[POLICY_V4_WORDS];
} __attribute__((aligned(8)));

struct policy_v6_key {
	__u32 length;
	__u8 address[16];
} __attribute__((aligned(4)));

struct policy_v6 {
	__u32 identity[POLICY_SLOTS];
};

struct policy_peer_key {
	__u32 set;
	__u32 identity;
};

/* No records: the set's rules for any peer. */
struct policy_peer {
	struct bpf_spin_lock lock;
	__u32 pad;
	struct policy_segment slot[POLICY_SLOTS];
};

/* The same in an array, for most: as of places. */
struct policy_near_peer {
	struct policy_peer_key key;
	struct policy_segment slot[POLICY_SLOTS];
};

#define POLICY_NEAR_PEERS 16384

static inline __u32 policy_peer_index(__u32 set, __u32 identity)
{
	return (identity + set * 37) % POLICY_NEAR_PEERS;
}

struct policy_set_slot {
	/* Rules for peers without a record of their own. */
	struct policy_segment v4;
	struct policy_segment v6;
	/* Not 0: something may be denied. */
	__u32 strict;
};

struct policy_set {
	struct policy_set_slot slot[POLICY_SLOTS];
};

/* Verdict from `key` on: class << 16 | port, type << 8 | code or protocol. */
struct policy_port {
	__u32 key;
	__u32 verdict;
};

struct policy_verdict {
	__u32 rule;
	/* What would decide if policies in audit mode were enforced; the same if nothing would be different. */
	__u32 audit_rule;
	/* The verdict if (flags & tcp_mask) != tcp_value. */
	__u32 next;
	__u8 tcp_mask;
	__u8 tcp_value;
	__u16 pad;
};

/* Connections that exist are kept though this rule denies them. */
#define POLICY_RULE_KEEP 1
#define POLICY_RULE_MARK 2
#define POLICY_RULE_LIMIT 4
/* A bucket for each source. */
#define POLICY_RULE_PER_SOURCE 8
/* Bytes are limited, not packets. */
#define POLICY_RULE_BYTES 16

struct policy_rule {
	/* enum policy_action */
	__u32 action;
	__u32 flags;
	__u32 counter;
	__u32 mark;
	/* One of so many decisions is logged; 0: none. */
	__u32 log;
	__u32 pad;
	/* In 1/64 ns: what a packet or byte costs, and what may be spent at once. */
	__u64 limit_cost;
	__u64 limit_burst;
};

struct policy_counter {
	__u64 packets;
	__u64 bytes;
	/* Jiffies. */
	__u64 last;
};

/* Addresses of IPv4 are mapped (::ffff:192.0.2.1); ports are in host order. */
struct policy_flow_key {
	__u8 local[16];
	__u8 remote[16];
	__u32 endpoint;
	/* Of ICMP the identifier of an echo. */
	__u16 local_port;
	/* Of ICMP the type of the request << 8 | direction of the request. */
	__u16 remote_port;
	__u32 protocol;
	__u32 pad;
} __attribute__((aligned(8)));

enum policy_flow_state {
	/* The first packet was seen. */
	POLICY_FLOW_NEW,
	/* And an answer. */
	POLICY_FLOW_ANSWERED,
	/* And an answer to that. */
	POLICY_FLOW_ESTABLISHED,
	/* TCP: one side is done. */
	POLICY_FLOW_CLOSING,
	/* Both are, or one gave up. */
	POLICY_FLOW_CLOSED,
	/* A change of the policy denies it. */
	POLICY_FLOW_CUT,
};

/* Each packet must look at the rule. */
#define POLICY_FLOW_RULE 1
/* FIN was seen in this direction (<< enum policy_direction). */
#define POLICY_FLOW_FIN 2

struct policy_flow {
	/* Of the key, written first: an entry may become another flow's while it is being looked at. */
	__u32 check;
	/* In which it was judged. */
	__u32 epoch;
	/* Jiffies. */
	__u64 seen;
	__u64 created;
	__u32 rule;
	__u32 counter;
	/* enum policy_flow_state */
	__u8 state;
	/* enum policy_direction of the first packet. */
	__u8 origin;
	/* Of the first packet. */
	__u8 tcp_flags;
	__u8 flags;
	__u32 pad;
};

struct policy_bucket_key {
	__u8 source[16];
	__u32 counter;
	/* 0: limit of a rule, 1: rejections of the endpoint `counter`. */
	__u32 kind;
} __attribute__((aligned(8)));

struct policy_bucket {
	/* When all that was spent is paid for, in 1/64 ns of CLOCK_MONOTONIC. */
	__u64 paid;
};

struct policy_fragment_key {
	__u8 source[16];
	__u8 destination[16];
	__u32 endpoint;
	__u32 id;
	__u8 protocol;
	/* enum policy_direction */
	__u8 direction;
	__u8 family;
	__u8 pad;
} __attribute__((aligned(4)));

struct policy_fragment {
	/* As of a flow. */
	__u32 check;
	__u32 allowed;
	__u64 seen;
	__u32 rule;
	__u32 counter;
};

struct policy_reason_count {
	__u64 packets;
	__u64 bytes;
};

/* A decision as it is told. */
struct policy_event {
	/* CLOCK_MONOTONIC, ns. */
	__u64 time;
	__u8 local[16];
	__u8 remote[16];
	__u32 space;
	__u32 ifindex;
	__u32 endpoint;
	__u32 epoch;
	__u32 rule;
	__u32 audit_rule;
	__u32 identity;
	__u32 length;
	__u16 local_port;
	__u16 remote_port;
	__u8 protocol;
	__u8 tcp_flags;
	__u8 direction;
	__u8 reason;
	/* enum policy_action */
	__u8 action;
	__u8 audit_action;
	__u16 pad;
	__u32 sample;
};

/* What a dry run found. */
struct policy_trace {
	struct policy_event event;
	__u32 set;
	/* 0: the run was no dry one. */
	__u32 runs;
	/* Jiffies. */
	__u64 now;
};

/* What the flip is told. */
struct policy_flip {
	__u32 epoch;
	/* 1: only read. */
	__u32 read;
	/* The epoch before, and the time in jiffies. */
	__u32 before;
	__u32 pad;
	__u64 now;
};

#endif
