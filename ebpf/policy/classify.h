/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the remote address to the identity of the peer, and from peer and port to the verdict. */
#ifndef WEIR_POLICY_CLASSIFY_H
#define WEIR_POLICY_CLASSIFY_H

#include "parse.h"

/* No identity is this large: the maps are at odds. */
#define NO_IDENTITY 0xffffffff

/* Steps of a search in a line, and in the longest segment of ports. */
#define V4_STEPS 5
#define PORT_STEPS 20

/* Times that a block is split at most: each takes four bits of an address. */
#define V4_SPLITS 3

static __always_inline __u32 v4_kind(__u32 node)
{
	return node >> 2 & 3;
}

/* The same in each of four words. */
#define FOUR(word) ((word) * 0x0001000100010001ULL)

/*
 * Identity of the address `low` of a block. All prefixes are compared at once, four to a register: a search would wait for
 * each word that it reads, or guess, and an address at random is guessed wrong.
 */
static __always_inline __u32 among_prefixes(const struct policy_v4 *line, __u32 low)
{
	const __u64 *begins = (const __u64 *)line->word;
	__u64 top = FOUR(0x8000), address = FOUR(low), sum = 0;
	__u32 count, last, behind, i;

#pragma unroll
	for (i = 0; i < POLICY_V4_PREFIXES_MOST / 4; i++) {
		__u64 begin = begins[i];
		__u64 rest = (address | top) - (begin & ~top);

		/* A word's top bit: the prefix does not begin behind the address. */
		sum += ((address & ~begin) | ((address | ~begin) & rest)) >> 15 & FOUR(1);
	}
	count = sum * FOUR(1) >> 48;
	last = (count - 1) % POLICY_V4_WORDS;
	behind = ((low - line->word[last]) & 0xffff) >> (line->word[POLICY_V4_SIZES + last / 4] >> last % 4 * 4 & 15);
	/* Or all begin behind the address. */
	behind |= (count - 1) & POLICY_V4_WORDS;
	/* 0 in the last prefix that begins before it: prefixes lie apart. The compiler must not make a branch of this. */
	behind--;
	asm volatile("" : "+r"(behind));
	return line->word[POLICY_V4_OUTSIDE + (behind >> 31)];
}

/* Identity of an address of a bucket, of which the node has these bits. */
static __always_inline __u32 in_bucket(const struct policy_v4 *line, __u32 address, __u32 shift, __u32 palette)
{
	__u32 key, first, count, i;

	/* What the compiler knows of it the verifier does not. */
	asm volatile("" : "+r"(palette));
	key = (address & ((1 << shift) - 1)) * palette + palette - 1;
	first = palette;
	count = POLICY_V4_WORDS - palette;
#pragma unroll
	for (i = 0; i < V4_STEPS; i++) {
		__u32 half = count >> 1;

		if (line->word[(first + half) % POLICY_V4_WORDS] <= key)
			first += half;
		count -= half;
	}
	return line->word[(line->word[first % POLICY_V4_WORDS] & (palette - 1)) % POLICY_V4_WORDS];
}

/* Identity of an IPv4 address, in host order, by the policy in a slot. */
static __always_inline __u32 v4_identity(__u32 address, __u32 slot)
{
	__u32 index = address >> 20, bits = 16, line = 0;
	struct policy_v4_root *root = bpf_map_lookup_elem(&policy_v4_root, &index);
	struct policy_v4 *found;
	__u32 node, shift, i;

	if (!root)
		return NO_IDENTITY;
	node = root->slot[slot & 1].node[address >> 16 & 15];
	for (i = 0; i < V4_SPLITS && v4_kind(node) == POLICY_V4_SPLIT; i++) {
		line += node >> 8;
		found = bpf_map_lookup_elem(&policy_v4, &line);
		if (!found)
			return NO_IDENTITY;
		bits -= 4;
		node = ((const __u32 *)found->word)[address >> bits & 15];
	}
	if (v4_kind(node) == POLICY_V4_SAME)
		return node >> 8;
	line += node >> 8;
	if (v4_kind(node) == POLICY_V4_PREFIXES) {
		found = bpf_map_lookup_elem(&policy_v4, &line);
		return found ? among_prefixes(found, address & 0xffff) : NO_IDENTITY;
	}
	shift = node >> 4 & 15;
	line += (address & ((1 << bits) - 1)) >> shift;
	found = bpf_map_lookup_elem(&policy_v4, &line);
	return found ? in_bucket(found, address, shift, 2 << (node & 3)) : NO_IDENTITY;
}

static __always_inline __u32 v6_identity(const struct packet *p)
{
	struct policy_v6_key key = { .length = 128 };
	struct policy_v6 *found;

	__builtin_memcpy(key.address, p->key.remote, 16);
	found = bpf_map_lookup_elem(&policy_v6, &key);
	return found ? found->identity[p->slot & 1] : 0;
}

static __always_inline __u32 class_of(const struct packet *p)
{
	switch (p->key.protocol) {
	case IPPROTO_TCP:
		return POLICY_CLASS_TCP;
	case IPPROTO_UDP:
		return POLICY_CLASS_UDP;
	case IPPROTO_SCTP:
		return POLICY_CLASS_SCTP;
	case IPPROTO_ICMP:
		return POLICY_CLASS_ICMP;
	case IPPROTO_ICMPV6:
		return POLICY_CLASS_ICMPV6;
	}
	return POLICY_CLASS_OTHER;
}

/* Where a connection that began in the direction `origin` falls in a segment of ports. */
static __always_inline __u32 port_key(const struct packet *p, __u32 origin)
{
	__u32 class = class_of(p);

	if (class == POLICY_CLASS_OTHER)
		return class << 16 | (p->key.protocol & 0xff);
	if (class == POLICY_CLASS_ICMP || class == POLICY_CLASS_ICMPV6) {
		/* The flow of a reply is that of its request. */
		if (origin != p->direction)
			return class << 16 | (p->key.remote_port & 0xff00);
		return class << 16 | (__u32)p->icmp_type << 8 | p->icmp_code;
	}
	return class << 16 | (origin == POLICY_INGRESS ? p->key.local_port : p->key.remote_port);
}

/* The rules of a set for peers of one identity, by the policy in a slot; without records, those for any peer. */
static __always_inline struct policy_segment rules_of(__u32 set, __u32 identity, __u32 slot)
{
	struct policy_peer_key key = { .set = set, .identity = identity };
	struct policy_segment none = {};
	__u32 index = policy_peer_index(set, identity);
	struct policy_near_peer *near = bpf_map_lookup_elem(&policy_near_peers, &index);
	struct policy_peer *peer;

	if (near && near->key.set == set && near->key.identity == identity)
		return near->slot[slot & 1];
	peer = bpf_map_lookup_elem(&policy_peers, &key);
	return peer ? peer->slot[slot & 1] : none;
}

#define NO_VERDICT 0xffffffff

static __always_inline __u32 port_verdict(__u32 first, __u32 count, __u32 key)
{
	struct policy_port *record;
	__u32 i;

	for (i = 0; i < PORT_STEPS && count > 1; i++) {
		__u32 half = count >> 1;
		__u32 middle = first + half;

		record = bpf_map_lookup_elem(&policy_ports, &middle);
		if (!record)
			return NO_VERDICT;
		if (record->key <= key) {
			first = middle;
			count -= half;
		} else
			count = half;
	}
	if (!count)
		return NO_VERDICT;
	record = bpf_map_lookup_elem(&policy_ports, &first);
	return record ? record->verdict : NO_VERDICT;
}

static __always_inline bool same_address(const __u8 *one, const __u8 *other)
{
	const __u64 *a = (const __u64 *)one;
	const __u64 *b = (const __u64 *)other;

	return a[0] == b[0] && a[1] == b[1];
}

/*
 * Judge the packet's connection as a new one that begins in the direction `origin`: `rule`, `audit_rule` and what led
 * there are left in the packet.
 * @returns 0 when the maps are at odds, which is a denial.
 */
static __always_inline int look_up_rule(struct packet *p, struct policy_place_slot *at, __u32 origin, __u32 flags)
{
	struct policy_segment segment;
	__u32 verdict, i;

	if (!p || !at)
		return 0;
	p->set = at->set[origin & 1];
	p->identity = 0;
	p->rule = POLICY_RULE_DEFAULT;
	p->audit_rule = POLICY_RULE_DEFAULT;
	p->reason = POLICY_NO_POLICY;
	if (p->set == POLICY_NO_SET)
		return 1;
	if (same_address(p->key.local, p->key.remote)) {
		p->reason = POLICY_ITSELF;
		return 1;
	}
	p->identity = is_v6(p) ? v6_identity(p) : v4_identity(bpf_ntohl(*(const __u32 *)(p->key.remote + 12)), p->slot);
	if (p->identity == NO_IDENTITY)
		return 0;
	p->reason = POLICY_BY_RULE;
	segment = rules_of(p->set, p->identity, p->slot);
	if (!segment.count) {
		/* On the stack, for Linux 6.1. */
		__u32 number = p->set;
		struct policy_set *set = bpf_map_lookup_elem(&policy_sets, &number);

		if (!set)
			return 0;
		segment = is_v6(p) ? set->slot[p->slot & 1].v6 : set->slot[p->slot & 1].v4;
	}
	verdict = port_verdict(segment.first, segment.count, port_key(p, origin));
	for (i = 0; i < POLICY_CHAIN; i++) {
		struct policy_verdict *found = bpf_map_lookup_elem(&policy_verdicts, &verdict);

		if (!found)
			return 0;
		if ((flags & found->tcp_mask) == found->tcp_value) {
			p->rule = found->rule;
			p->audit_rule = found->audit_rule;
			return 1;
		}
		verdict = found->next;
	}
	return 0;
}

/* The same for programs that have no stack left for it. The return from a call costs some ten nanoseconds. */
VERIFIED_ALONE int find_rule(struct packet *p, struct policy_place_slot *at, __u32 origin, __u32 flags)
{
	return look_up_rule(p, at, origin, flags);
}

static __always_inline struct policy_rule *rule_of(__u32 number)
{
	return bpf_map_lookup_elem(&policy_rules, &number);
}

static __always_inline struct policy_rule *judge(struct packet *p, struct policy_place_slot *at, __u32 origin, __u32 flags)
{
	return find_rule(p, at, origin, flags) ? rule_of(p->rule) : NULL;
}

#endif
