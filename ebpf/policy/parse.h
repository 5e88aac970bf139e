/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a frame to what is judged. The quick way reads headers where they are and knows plain packets only; everything
 * else, and what is not in the linear part of a buffer, is read again from the start by the thorough way.
 */
#ifndef WEIR_POLICY_PARSE_H
#define WEIR_POLICY_PARSE_H

#include "maps.h"

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#define VLAN_TAG 4
#define MAX_TAGS 2
#define MAX_EXTENSIONS 8

#define IP_MF 0x2000
#define IP_OFFSET 0x1fff
#define IP6_MF 1
#define IP6_OFFSET 0xfff8

#define NEXT_HOP_BY_HOP 0
#define NEXT_ROUTING 43
#define NEXT_FRAGMENT 44
#define NEXT_AH 51
#define NEXT_DESTINATION 60
#define NEXT_MOBILITY 135
#define NEXT_HIP 139
#define NEXT_SHIM6 140

#define TCP_HEADER 20
#define UDP_HEADER 8
#define SCTP_HEADER 12
#define ICMP_HEADER 8
/* Of ICMPv6: the shortest messages have 4 bytes, all that are told apart have 8. */

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10

enum parsed {
	PARSED,
	/* Only by the quick way. */
	NOT_PLAIN,
	/* Has no ports: its first fragment had. */
	LATER_FRAGMENT,
	/* Not read. */
	FOREIGN,
	CUT_OFF,
	SHORT_FRAGMENT,
	OVERLAPPING_FRAGMENT,
	DEEP,
};

enum fragment {
	WHOLE,
	FIRST,
	LATER,
};

/* A packet on its way through the program. */
struct packet {
	struct policy_flow_key key;
	/* Of the frame. */
	__u32 length;
	__u32 epoch;
	__u32 slot;
	/* enum policy_direction */
	__u32 direction;
	__u32 fragment_id;
	/* Bytes behind the header of the network layer and its extensions. */
	__u32 left;
	__u32 l3;
	__u32 l4;
	__u8 family;
	__u8 tcp_flags;
	__u8 fragment;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 hops;
	/* Nothing is written. */
	__u8 dry;
	__u8 ignore_flows;
	/* What was found. */
	__u32 set;
	__u32 identity;
	__u32 rule;
	__u32 audit_rule;
	__u32 reason;
};

static __always_inline bool is_v6(const struct packet *p)
{
	return p->family == 6;
}

static __always_inline void put_v4(__u8 *to, __be32 address)
{
	__u32 *words = (__u32 *)to;

	words[0] = 0;
	words[1] = 0;
	words[2] = bpf_htonl(0xffff);
	words[3] = address;
}

static __always_inline void put_v6(__u8 *to, const struct in6_addr *address)
{
	__builtin_memcpy(to, address, 16);
}

/* The endpoint is at the end that the packet goes to, or comes from. */
static __always_inline __u8 *source_of(struct packet *p)
{
	return p->direction == POLICY_INGRESS ? p->key.remote : p->key.local;
}

static __always_inline __u8 *destination_of(struct packet *p)
{
	return p->direction == POLICY_INGRESS ? p->key.local : p->key.remote;
}

static __always_inline void put_ports(struct packet *p, __be16 source, __be16 destination)
{
	if (p->direction == POLICY_INGRESS) {
		p->key.local_port = bpf_ntohs(destination);
		p->key.remote_port = bpf_ntohs(source);
	} else {
		p->key.local_port = bpf_ntohs(source);
		p->key.remote_port = bpf_ntohs(destination);
	}
}

/* Bytes that the header of a protocol has at least; 0: it is not looked into. */
static __always_inline __u32 header_of(__u32 protocol)
{
	if (protocol == IPPROTO_TCP)
		return TCP_HEADER;
	if (protocol == IPPROTO_UDP)
		return UDP_HEADER;
	if (protocol == IPPROTO_SCTP)
		return SCTP_HEADER;
	/* Each also where it does not belong: its type is looked at all the same. */
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
		return ICMP_HEADER;
	return 0;
}

enum icmp_kind {
	ICMP_KIND_OTHER,
	ICMP_KIND_REQUEST,
	ICMP_KIND_REPLY,
	ICMP_KIND_ERROR,
	/* What keeps a link working: neighbour discovery, and the listening to multicast that it needs. */
	ICMP_KIND_NEIGHBOUR,
};

/* RFC 2710 and 3810: queries, reports, done; from this link alone. */
static __always_inline bool is_listening(const struct packet *p)
{
	const __u8 *source = p->direction == POLICY_INGRESS ? p->key.remote : p->key.local;
	const __u64 *half = (const __u64 *)source;
	__u8 type = p->icmp_type;

	if (p->hops != 1 || !((type >= 130 && type <= 132) || type == 143))
		return false;
	return (source[0] == 0xfe && (source[1] & 0xc0) == 0x80) || !(half[0] | half[1]);
}

static __always_inline enum icmp_kind icmp_kind(const struct packet *p)
{
	__u8 type = p->icmp_type;

	if (is_v6(p)) {
		if (p->key.protocol != IPPROTO_ICMPV6)
			return ICMP_KIND_OTHER;
		if (type == 128)
			return ICMP_KIND_REQUEST;
		if (type == 129)
			return ICMP_KIND_REPLY;
		if (type >= 1 && type <= 4)
			return ICMP_KIND_ERROR;
		if ((type >= 133 && type <= 137 && p->hops == 255) || is_listening(p))
			return ICMP_KIND_NEIGHBOUR;
		return ICMP_KIND_OTHER;
	}
	if (p->key.protocol != IPPROTO_ICMP)
		return ICMP_KIND_OTHER;
	if (type == 8 || type == 13)
		return ICMP_KIND_REQUEST;
	if (type == 0 || type == 14)
		return ICMP_KIND_REPLY;
	if (type == 3 || type == 11 || type == 12)
		return ICMP_KIND_ERROR;
	return ICMP_KIND_OTHER;
}

static __always_inline bool is_icmp(const struct packet *p)
{
	return p->key.protocol == IPPROTO_ICMP || p->key.protocol == IPPROTO_ICMPV6;
}

/* What an echo and its reply have in common: the identifier, and who asked. */
static __always_inline void put_icmp(struct packet *p, const __u8 *header)
{
	enum icmp_kind kind;
	__u8 type = header[0];

	p->icmp_type = type;
	p->icmp_code = header[1];
	kind = icmp_kind(p);
	if (kind == ICMP_KIND_REQUEST || kind == ICMP_KIND_REPLY) {
		bool reply = kind == ICMP_KIND_REPLY;
		__u8 request = is_v6(p) ? 128 : type == 0 ? 8 : type == 14 ? 13 : type;

		p->key.local_port = header[4] << 8 | header[5];
		p->key.remote_port = request << 8 | (reply ? !p->direction : p->direction);
	}
}

static __always_inline enum parsed put_l4(struct packet *p, const __u8 *header)
{
	__u32 protocol = p->key.protocol;

	if (protocol == IPPROTO_TCP) {
		__u32 words = header[12] >> 4;

		if (words < TCP_HEADER / 4 || (p->fragment == WHOLE && words * 4 > p->left))
			return CUT_OFF;
		p->tcp_flags = header[13];
	}
	if (is_icmp(p))
		put_icmp(p, header);
	else
		put_ports(p, *(const __be16 *)header, *(const __be16 *)(header + 2));
	return PARSED;
}

static __always_inline void forget_l4(struct packet *p)
{
	p->tcp_flags = 0;
	p->icmp_type = 0;
	p->icmp_code = 0;
	p->fragment = WHOLE;
	p->key.local_port = 0;
	p->key.remote_port = 0;
	p->key.pad = 0;
}

static __always_inline enum parsed quick_l4(struct packet *p, const __u8 *l4, void *end)
{
	__u32 header = header_of(p->key.protocol);

	if (!header)
		return NOT_PLAIN;
	if (p->left < header)
		return CUT_OFF;
	/* The longest that is read, so that the compiler may check once. */
	if (p->key.protocol == IPPROTO_TCP) {
		if ((void *)(l4 + TCP_HEADER) > end)
			return NOT_PLAIN;
	} else if ((void *)(l4 + ICMP_HEADER) > end)
		return NOT_PLAIN;
	return put_l4(p, l4);
}

/* @param length Of the frame; `l3` is where the network's header begins. */
static __always_inline enum parsed quick_ip(struct packet *p, void *l3, void *end, __u32 length, __be16 protocol)
{
	forget_l4(p);
	if (protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = l3;
		__u32 total;

		if ((void *)(ip + 1) > end || *(__u8 *)l3 != 0x45 || (ip->frag_off & bpf_htons(IP_MF | IP_OFFSET)))
			return NOT_PLAIN;
		total = bpf_ntohs(ip->tot_len);
		if (total < sizeof(*ip) || total > length)
			return NOT_PLAIN;
		p->family = 4;
		p->hops = ip->ttl;
		p->left = total - sizeof(*ip);
		p->key.protocol = ip->protocol;
		put_v4(source_of(p), ip->saddr);
		put_v4(destination_of(p), ip->daddr);
		return quick_l4(p, (__u8 *)(ip + 1), end);
	}
	if (protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = l3;
		__u32 payload;

		if ((void *)(ip + 1) > end || (*(__u8 *)l3 & 0xf0) != 0x60)
			return NOT_PLAIN;
		payload = bpf_ntohs(ip->payload_len);
		if (payload == 0 || payload + sizeof(*ip) > length)
			return NOT_PLAIN;
		p->family = 6;
		p->hops = ip->hop_limit;
		p->left = payload;
		p->key.protocol = ip->nexthdr;
		put_v6(source_of(p), &ip->saddr);
		put_v6(destination_of(p), &ip->daddr);
		return quick_l4(p, (__u8 *)(ip + 1), end);
	}
	return NOT_PLAIN;
}

/* A plain packet of a frame with at most one tag. */
static __always_inline enum parsed quick(struct packet *p, void *data, void *end, __u32 length)
{
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > end)
		return NOT_PLAIN;
	if (eth->h_proto == bpf_htons(ETH_P_8021Q) || length < ETH_HLEN)
		return NOT_PLAIN;
	return quick_ip(p, eth + 1, end, length - ETH_HLEN, eth->h_proto);
}

/* Where the thorough way is. */
struct reader {
	struct __sk_buff *skb;
	__u32 at;
	/* End of what the header of the network layer speaks of. */
	__u32 end;
};

static __always_inline bool is_extension(__u8 next)
{
	return next == NEXT_HOP_BY_HOP || next == NEXT_ROUTING || next == NEXT_DESTINATION || next == NEXT_AH ||
	       next == NEXT_MOBILITY || next == NEXT_HIP || next == NEXT_SHIM6 || next == NEXT_FRAGMENT;
}

/* Skip the headers of extension up to the last, or to a fragment that is not the first. */
static __always_inline enum parsed thorough_extensions(struct packet *p, struct reader *r, __u8 next)
{
	__u32 i;

	for (i = 0; i < MAX_EXTENSIONS; i++) {
		__u8 header[8];
		__u32 size;

		if (!is_extension(next)) {
			p->key.protocol = next;
			return PARSED;
		}
		if (r->at + sizeof(header) > r->end || bpf_skb_load_bytes(r->skb, r->at, header, sizeof(header)))
			return p->fragment == FIRST ? SHORT_FRAGMENT : CUT_OFF;
		if (next == NEXT_FRAGMENT) {
			__u16 offset = header[2] << 8 | header[3];

			/* One inside another is nothing that is ever sent. */
			if (p->fragment != WHOLE)
				return OVERLAPPING_FRAGMENT;
			p->fragment_id = *(__u32 *)(header + 4);
			size = 8;
			if (offset & IP6_OFFSET) {
				p->fragment = LATER;
				p->key.protocol = header[0];
				/* It would rewrite ports or flags of the first one. */
				if (header[0] == IPPROTO_TCP && (offset & IP6_OFFSET) < TCP_HEADER)
					return OVERLAPPING_FRAGMENT;
				return LATER_FRAGMENT;
			}
			if (offset & IP6_MF)
				p->fragment = FIRST;
		} else if (next == NEXT_AH)
			size = (header[1] + 2) * 4;
		else
			size = (header[1] + 1) * 8;
		next = header[0];
		r->at += size;
		if (r->at > r->end)
			return p->fragment == FIRST ? SHORT_FRAGMENT : CUT_OFF;
	}
	return DEEP;
}

static __always_inline enum parsed thorough_v4(struct packet *p, struct reader *r)
{
	struct iphdr ip;
	__u32 header, total, fragment;

	if (bpf_skb_load_bytes(r->skb, r->at, &ip, sizeof(ip)))
		return CUT_OFF;
	header = (*(__u8 *)&ip & 0x0f) * 4;
	total = bpf_ntohs(ip.tot_len);
	/* Packets that the kernel has put together may be too long for the field. */
	if (total == 0 && r->skb->gso_size)
		total = r->end - r->at;
	if ((*(__u8 *)&ip >> 4) != 4 || header < sizeof(ip) || total < header || r->at + total > r->end)
		return CUT_OFF;
	p->family = 4;
	p->hops = ip.ttl;
	p->key.protocol = ip.protocol;
	put_v4(source_of(p), ip.saddr);
	put_v4(destination_of(p), ip.daddr);
	r->end = r->at + total;
	r->at += header;
	fragment = bpf_ntohs(ip.frag_off);
	p->fragment_id = ip.id;
	if (fragment & IP_OFFSET) {
		p->fragment = LATER;
		if (ip.protocol == IPPROTO_TCP && (fragment & IP_OFFSET) * 8 < TCP_HEADER)
			return OVERLAPPING_FRAGMENT;
		return LATER_FRAGMENT;
	}
	if (fragment & IP_MF)
		p->fragment = FIRST;
	return PARSED;
}

static __always_inline enum parsed thorough_v6(struct packet *p, struct reader *r)
{
	struct ipv6hdr ip;
	__u32 payload;

	if (bpf_skb_load_bytes(r->skb, r->at, &ip, sizeof(ip)))
		return CUT_OFF;
	payload = bpf_ntohs(ip.payload_len);
	if (payload == 0 && r->skb->gso_size)
		payload = r->end - r->at - sizeof(ip);
	if ((*(__u8 *)&ip >> 4) != 6 || r->at + sizeof(ip) + payload > r->end)
		return CUT_OFF;
	p->family = 6;
	p->hops = ip.hop_limit;
	put_v6(source_of(p), &ip.saddr);
	put_v6(destination_of(p), &ip.daddr);
	r->at += sizeof(ip);
	r->end = r->at + payload;
	return thorough_extensions(p, r, ip.nexthdr);
}

/* Everything again by copies of headers. @param l3 Frames begin with the header of the network layer. */
VERIFIED_ALONE int thorough(struct __sk_buff *skb, struct packet *p, __u32 l3)
{
	struct reader r = { .skb = skb, .at = l3 ? 0 : ETH_HLEN, .end = skb->len };
	__be16 protocol = skb->protocol;
	__u8 header[TCP_HEADER] = {};
	enum parsed parsed;
	__u32 i, size;

	if (!p)
		return CUT_OFF;
	forget_l4(p);
	if (!l3) {
		__u32 tags = skb->vlan_present ? 1 : 0;

		if (bpf_skb_load_bytes(skb, ETH_HLEN - 2, &protocol, sizeof(protocol)))
			return FOREIGN;
		for (i = 0; i < MAX_TAGS + 1; i++) {
			if (protocol != bpf_htons(ETH_P_8021Q) && protocol != bpf_htons(ETH_P_8021AD))
				break;
			if (++tags > MAX_TAGS)
				return DEEP;
			if (bpf_skb_load_bytes(skb, r.at + 2, &protocol, sizeof(protocol)))
				return CUT_OFF;
			r.at += VLAN_TAG;
		}
	}
	p->l3 = r.at;
	if (protocol == bpf_htons(ETH_P_IP))
		parsed = thorough_v4(p, &r);
	else if (protocol == bpf_htons(ETH_P_IPV6))
		parsed = thorough_v6(p, &r);
	else
		return FOREIGN;
	p->l4 = r.at;
	p->left = r.end - r.at;
	if (parsed != PARSED)
		return parsed;
	size = header_of(p->key.protocol);
	if (!size)
		return PARSED;
	if (p->left < size)
		return p->fragment == FIRST ? SHORT_FRAGMENT : CUT_OFF;
	if (size == TCP_HEADER) {
		if (bpf_skb_load_bytes(skb, r.at, header, TCP_HEADER))
			return CUT_OFF;
	} else if (bpf_skb_load_bytes(skb, r.at, header, ICMP_HEADER))
		return CUT_OFF;
	return put_l4(p, header);
}

#endif
