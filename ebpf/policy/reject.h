/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Telling the sender that a packet was refused: the packet is made into its answer (a TCP reset, or ICMP "administratively
 * prohibited") and sent back to where it came from. It bears a mark by which the programs on its way know it.
 */
#ifndef WEIR_POLICY_REJECT_H
#define WEIR_POLICY_REJECT_H

#include "verdict.h"

#include <linux/tcp.h>

#define ICMP_DEST_UNREACH 3
#define ICMP_PKT_FILTERED 13
#define ICMPV6_DEST_UNREACH 1
#define ICMPV6_ADM_PROHIBITED 1

#define ANSWER_TTL 64
#define QUOTE4 28
#define QUOTE6 48

struct tcp_answer {
	__be16 source;
	__be16 destination;
	__be32 seq;
	__be32 ack;
	__u8 words;
	__u8 flags;
	__be16 window;
	__u16 check;
	__u16 urgent;
};

struct answer4 {
	struct iphdr ip;
	union {
		struct tcp_answer tcp;
		struct {
			__u8 type;
			__u8 code;
			__u16 check;
			__u32 unused;
			__u8 quote[QUOTE4];
		} icmp;
	};
};

struct answer6 {
	struct ipv6hdr ip;
	union {
		struct tcp_answer tcp;
		struct {
			__u8 type;
			__u8 code;
			__u16 check;
			__u32 unused;
			__u8 quote[QUOTE6];
		} icmp;
	};
};

struct pseudo6 {
	__u8 source[16];
	__u8 destination[16];
	__be32 length;
	__be32 next;
};

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* RFC 9293: a reset has the number that the other side waits for. @returns whether it can be told. */
static __always_inline bool reset(struct __sk_buff *skb, struct packet *p, struct tcp_answer *tcp)
{
	struct tcphdr old;
	__u32 length;

	if (bpf_skb_load_bytes(skb, p->l4, &old, sizeof(old)))
		return false;
	tcp->source = old.dest;
	tcp->destination = old.source;
	tcp->words = sizeof(*tcp) / 4 << 4;
	if (old.ack) {
		tcp->seq = old.ack_seq;
		tcp->flags = RST;
		return true;
	}
	length = p->left - old.doff * 4 + old.syn + old.fin;
	tcp->ack = bpf_htonl(bpf_ntohl(old.seq) + length);
	tcp->flags = RST | ACK;
	return true;
}

static __always_inline bool answer_v4(struct __sk_buff *skb, struct packet *p)
{
	struct answer4 to = {};
	__u32 size;

	to.ip.saddr = *(__u32 *)(destination_of(p) + 12);
	to.ip.daddr = *(__u32 *)(source_of(p) + 12);
	*(__u8 *)&to.ip = 0x45;
	to.ip.ttl = ANSWER_TTL;
	if (p->key.protocol == IPPROTO_TCP) {
		size = sizeof(to.ip) + sizeof(to.tcp);
		to.ip.protocol = IPPROTO_TCP;
		if (!reset(skb, p, &to.tcp))
			return false;
		to.tcp.check = fold(bpf_csum_diff(NULL, 0, (__be32 *)&to.ip.saddr, 8,
						  bpf_csum_diff(NULL, 0, (__be32 *)&to.tcp, sizeof(to.tcp),
								bpf_htonl(IPPROTO_TCP + sizeof(to.tcp)))));
	} else {
		size = sizeof(to);
		to.ip.protocol = IPPROTO_ICMP;
		to.icmp.type = ICMP_DEST_UNREACH;
		to.icmp.code = ICMP_PKT_FILTERED;
		if (bpf_skb_load_bytes(skb, p->l3, to.icmp.quote, QUOTE4))
			return false;
		to.icmp.check = fold(bpf_csum_diff(NULL, 0, (__be32 *)&to.icmp, sizeof(to.icmp), 0));
	}
	to.ip.tot_len = bpf_htons(size);
	to.ip.check = fold(bpf_csum_diff(NULL, 0, (__be32 *)&to.ip, sizeof(to.ip), 0));
	if (bpf_skb_change_tail(skb, p->l3 + size, 0))
		return false;
	if (size == sizeof(to))
		return !bpf_skb_store_bytes(skb, p->l3, &to, sizeof(to), BPF_F_RECOMPUTE_CSUM);
	return !bpf_skb_store_bytes(skb, p->l3, &to, sizeof(to.ip) + sizeof(to.tcp), BPF_F_RECOMPUTE_CSUM);
}

static __always_inline __u64 pseudo_sum(const struct answer6 *to, __u32 length, __u32 next)
{
	struct pseudo6 pseudo = { .length = bpf_htonl(length), .next = bpf_htonl(next) };

	__builtin_memcpy(pseudo.source, &to->ip.saddr, 16);
	__builtin_memcpy(pseudo.destination, &to->ip.daddr, 16);
	return bpf_csum_diff(NULL, 0, (__be32 *)&pseudo, sizeof(pseudo), 0);
}

static __always_inline bool answer_v6(struct __sk_buff *skb, struct packet *p)
{
	struct answer6 to = {};
	__u32 size;

	__builtin_memcpy(&to.ip.saddr, destination_of(p), 16);
	__builtin_memcpy(&to.ip.daddr, source_of(p), 16);
	*(__u8 *)&to.ip = 0x60;
	to.ip.hop_limit = ANSWER_TTL;
	if (p->key.protocol == IPPROTO_TCP) {
		size = sizeof(to.tcp);
		to.ip.nexthdr = IPPROTO_TCP;
		if (!reset(skb, p, &to.tcp))
			return false;
		to.tcp.check = fold(bpf_csum_diff(NULL, 0, (__be32 *)&to.tcp, sizeof(to.tcp),
						  pseudo_sum(&to, size, IPPROTO_TCP)));
	} else {
		size = sizeof(to.icmp);
		to.ip.nexthdr = IPPROTO_ICMPV6;
		to.icmp.type = ICMPV6_DEST_UNREACH;
		to.icmp.code = ICMPV6_ADM_PROHIBITED;
		if (bpf_skb_load_bytes(skb, p->l3, to.icmp.quote, QUOTE6))
			return false;
		to.icmp.check = fold(bpf_csum_diff(NULL, 0, (__be32 *)&to.icmp, sizeof(to.icmp),
						   pseudo_sum(&to, size, IPPROTO_ICMPV6)));
	}
	to.ip.payload_len = bpf_htons(size);
	if (bpf_skb_change_tail(skb, p->l3 + sizeof(to.ip) + size, 0))
		return false;
	if (size == sizeof(to.icmp))
		return !bpf_skb_store_bytes(skb, p->l3, &to, sizeof(to), BPF_F_RECOMPUTE_CSUM);
	return !bpf_skb_store_bytes(skb, p->l3, &to, sizeof(to.ip) + sizeof(to.tcp), BPF_F_RECOMPUTE_CSUM);
}

static __always_inline bool is_answerable(struct packet *p)
{
	const __u8 *to = destination_of(p);

	if (p->key.protocol == IPPROTO_TCP)
		return !(p->tcp_flags & RST);
	if (icmp_kind(p) == ICMP_KIND_ERROR)
		return false;
	/* Nothing is told about what was for many. */
	return is_v6(p) ? to[0] != 0xff : to[12] < 224;
}

VERIFIED_ALONE int answer4(struct __sk_buff *skb, struct packet *p)
{
	return p && answer_v4(skb, p);
}

VERIFIED_ALONE int answer6(struct __sk_buff *skb, struct packet *p)
{
	return p && answer_v6(skb, p);
}

/* Send the answer. @returns what becomes of the packet. */
VERIFIED_ALONE int refuse(struct __sk_buff *skb, struct packet *p, __u32 flags)
{
	__u8 macs[12], swapped[12];
	__u32 l3 = flags & POLICY_PLACE_L3;
	/* The hook is where packets enter the host. */
	bool enters;

	if (!p || !is_answerable(p))
		return TC_ACT_SHOT;
	if (!may_reject(p)) {
		count_reason(p, POLICY_REJECT_BOUND);
		return TC_ACT_SHOT;
	}
	/* The quick way does not note where headers are. */
	if (thorough(skb, p, l3) != PARSED)
		return TC_ACT_SHOT;
	if (!(is_v6(p) ? answer6(skb, p) : answer4(skb, p)))
		return TC_ACT_SHOT;
	if (!l3) {
		if (bpf_skb_load_bytes(skb, 0, macs, sizeof(macs)))
			return TC_ACT_SHOT;
		__builtin_memcpy(swapped, macs + 6, 6);
		__builtin_memcpy(swapped + 6, macs, 6);
		if (bpf_skb_store_bytes(skb, 0, swapped, sizeof(swapped), 0))
			return TC_ACT_SHOT;
	}
	skb->mark = answer_mark;
	enters = p->direction == (flags & POLICY_PLACE_HOST ? POLICY_INGRESS : POLICY_EGRESS);
	return bpf_redirect(skb->ifindex, enters ? 0 : BPF_F_INGRESS);
}

#endif
