/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ICMP errors: they belong to the flow of the packet that they quote. */
#ifndef WEIR_POLICY_RELATED_H
#define WEIR_POLICY_RELATED_H

#include "verdict.h"

/* Bytes of the quoted transport header that are always there. */
#define QUOTED 8

/* Put the quoted packet in the place of the one that quotes it: it went the other way. @returns whether it can be told. */
static __always_inline bool unquote(struct __sk_buff *skb, struct packet *p)
{
	__u32 at = p->l4 + ICMP_HEADER;
	__u32 end = p->l4 + p->left;
	__u8 header[QUOTED];

	p->direction = !p->direction;
	if (is_v6(p)) {
		struct ipv6hdr ip;

		if (bpf_skb_load_bytes(skb, at, &ip, sizeof(ip)) || (*(__u8 *)&ip >> 4) != 6)
			return false;
		put_v6(source_of(p), &ip.saddr);
		put_v6(destination_of(p), &ip.daddr);
		p->key.protocol = ip.nexthdr;
		at += sizeof(ip);
	} else {
		struct iphdr ip;
		__u32 size;

		if (bpf_skb_load_bytes(skb, at, &ip, sizeof(ip)))
			return false;
		size = (*(__u8 *)&ip & 0x0f) * 4;
		if ((*(__u8 *)&ip >> 4) != 4 || size < sizeof(ip) || (ip.frag_off & bpf_htons(IP_OFFSET)))
			return false;
		put_v4(source_of(p), ip.saddr);
		put_v4(destination_of(p), ip.daddr);
		p->key.protocol = ip.protocol;
		at += size;
	}
	if (!header_of(p->key.protocol) || at + QUOTED > end || bpf_skb_load_bytes(skb, at, header, QUOTED))
		return false;
	if (is_icmp(p))
		put_icmp(p, header);
	else
		put_ports(p, *(__be16 *)header, *(__be16 *)(header + 2));
	return true;
}

/* Whether the packet that is quoted is of a flow that is allowed. */
static __always_inline bool quotes_flow(struct packet *p, struct policy_place_slot *at)
{
	struct policy_flow *found, flow;
	struct policy_rule *rule;
	bool fresh;

	found = flow_of(&p->key, now_jiffies(), &fresh);
	if (!found)
		return false;
	flow = *found;
	barrier();
	if (*(volatile __u32 *)&found->check != check_of(&p->key) || flow.state == POLICY_FLOW_CUT)
		return false;
	p->rule = flow.rule;
	p->audit_rule = flow.rule;
	if (flow.epoch == p->epoch)
		return true;
	rule = judge(p, at, flow.origin, flow.tcp_flags);
	return rule && (rule->action == POLICY_ALLOW || rule->flags & POLICY_RULE_KEEP);
}

/* Judge an ICMP error by the flow that it is about, else as any ICMP packet. */
VERIFIED_ALONE int related(struct __sk_buff *skb, struct packet *p, struct policy_place_slot *at)
{
	struct policy_flow_key outer;
	__u32 direction;
	__u8 type, code;
	bool ours = false;

	if (!p || !at)
		return DROP;
	outer = p->key;
	direction = p->direction;
	type = p->icmp_type;
	code = p->icmp_code;
	if (!p->ignore_flows && p->fragment == WHOLE && unquote(skb, p)) {
		/* An error goes to who sent what it quotes. */
		const __u8 *sender = direction == POLICY_INGRESS ? p->key.local : p->key.remote;
		const __u8 *told = direction == POLICY_INGRESS ? outer.local : outer.remote;

		ours = same_address(sender, told) && quotes_flow(p, at);
	}
	p->key = outer;
	p->direction = direction;
	p->icmp_type = type;
	p->icmp_code = code;
	p->tcp_flags = 0;
	if (!ours)
		return decide(skb, p, at, 0);
	p->reason = POLICY_RELATED;
	count_reason(p, POLICY_RELATED);
	return PASS;
}

#endif
