/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Connections. What is not answered yet is in a table of its own, so that a flood of first packets pushes out nothing but
 * its like; an entry moves when its first side has reacted to an answer, which no forged source can. Entries age by
 * themselves, and the kernel throws out the least used where there is no room.
 */
#ifndef WEIR_POLICY_FLOW_H
#define WEIR_POLICY_FLOW_H

#include "limit.h"

/* Seconds without a packet after which a flow is none any more. */
#define AGE_TCP_NEW 60
#define AGE_TCP (4 * 3600)
#define AGE_TCP_CLOSING 600
#define AGE_TCP_CLOSED 30
#define AGE_CUT 300
#define AGE_NEW 30
#define AGE_UDP 180
#define AGE_OTHER 600

static __always_inline __u32 check_of(const struct policy_flow_key *key)
{
	const __u32 *local = (const __u32 *)key->local;
	const __u32 *remote = (const __u32 *)key->remote;

	return (remote[3] * 0x9e3779b1) ^ (local[3] + key->endpoint) ^ remote[2] ^
	       ((__u32)key->local_port << 16 | key->remote_port) ^ key->protocol << 24;
}

static __always_inline __u32 age_limit(__u32 protocol, __u32 state)
{
	if (state == POLICY_FLOW_CUT)
		return AGE_CUT;
	if (protocol == IPPROTO_TCP) {
		if (state == POLICY_FLOW_ESTABLISHED)
			return AGE_TCP;
		if (state == POLICY_FLOW_CLOSING)
			return AGE_TCP_CLOSING;
		return state == POLICY_FLOW_CLOSED ? AGE_TCP_CLOSED : AGE_TCP_NEW;
	}
	if (state != POLICY_FLOW_ESTABLISHED)
		return AGE_NEW;
	if (protocol == IPPROTO_UDP)
		return AGE_UDP;
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6 ? AGE_NEW : AGE_OTHER;
}

/* An entry of another flow, or one that is too old, is none. */
static __always_inline bool is_live(const struct policy_flow *flow, const struct policy_flow_key *key, __u64 now)
{
	return flow->check == check_of(key) && now - flow->seen < (__u64)age_limit(key->protocol, flow->state) * hz;
}

/*
 * The flow with this key. Which table it is in is left in `fresh`. Linux 6.1 takes keys from its own stack alone, and not from
 * a packet that a function verified alone was given: here and elsewhere they are copied.
 */
static __always_inline struct policy_flow *flow_of(const struct policy_flow_key *given, __u64 now, bool *fresh)
{
	struct policy_flow_key key = *given;
	struct policy_flow *flow = bpf_map_lookup_elem(&policy_flows, &key);

	*fresh = false;
	if (flow && is_live(flow, given, now))
		return flow;
	*fresh = true;
	flow = bpf_map_lookup_elem(&policy_new_flows, &key);
	return flow && is_live(flow, given, now) ? flow : NULL;
}

static __always_inline void forget_flow(const struct packet *p)
{
	struct policy_flow_key key = p->key;

	bpf_map_delete_elem(&policy_flows, &key);
}

static __always_inline bool is_first_syn(const struct packet *p)
{
	return p->key.protocol == IPPROTO_TCP && (p->tcp_flags & (SYN | ACK | RST | FIN)) == SYN;
}

/* Whether a packet that is allowed begins a flow, so that it is answered. */
static __always_inline bool begins_flow(const struct packet *p)
{
	if (p->key.protocol == IPPROTO_TCP)
		return is_first_syn(p) || !(p->tcp_flags & (SYN | RST | FIN));
	if (is_icmp(p))
		return icmp_kind(p) == ICMP_KIND_REQUEST;
	return true;
}

static __always_inline __u8 flow_flags(const struct policy_rule *rule)
{
	return rule->flags & (POLICY_RULE_LIMIT | POLICY_RULE_MARK) ? POLICY_FLOW_RULE : 0;
}

/* The word of the bitmap that an address's bit is in; `bit` is which. */
static __always_inline __u64 *begun_word(const struct policy_flow_key *key, __u64 *bit)
{
	const __u32 *remote = (const __u32 *)key->remote;
	__u32 hash = (remote[0] ^ remote[1] * 31 ^ remote[2] * 131 ^ remote[3]) * 0x9e3779b1;
	__u32 index = hash >> 19;

	*bit = 1ULL << (hash >> 13 & 63);
	return bpf_map_lookup_elem(&policy_begun, &index);
}

/* Whether an endpoint may have begun a connection to the remote address. It never forgets one, and may be wrong otherwise. */
static __always_inline bool may_have_begun(const struct policy_flow_key *key)
{
	__u64 bit, *word = begun_word(key, &bit);

	return !word || *(volatile __u64 *)word & bit;
}

/* Before the flow is there, so that whoever finds no bit finds no flow. */
static __always_inline void note_begun(const struct policy_flow_key *key)
{
	__u64 bit, *word = begun_word(key, &bit);

	if (word && !(*(volatile __u64 *)word & bit))
		__sync_fetch_and_or(word, bit);
}

/* Begin a flow, in the place of one with the same key. */
VERIFIED_ALONE int begin_flow(struct packet *p, __u32 counter, __u32 flags)
{
	/* What was given is put down at once: on the stack of five functions together every word counts. */
	struct policy_flow flow = { .counter = counter, .flags = flags, .state = POLICY_FLOW_NEW };
	struct policy_flow_key key;

	if (!p)
		return 0;
	key = p->key;
	if (p->direction == POLICY_EGRESS)
		note_begun(&p->key);
	flow.epoch = p->epoch;
	flow.rule = p->rule;
	flow.origin = p->direction;
	flow.tcp_flags = p->tcp_flags;
	flow.check = check_of(&p->key);
	flow.seen = now_jiffies();
	flow.created = flow.seen;
	return bpf_map_update_elem(&policy_new_flows, &key, &flow, BPF_ANY);
}

/* The state after this packet, from that before it. */
static __always_inline __u8 next_state(const struct packet *p, struct policy_flow *flow)
{
	bool reply = flow->origin != p->direction;
	__u8 state = flow->state;

	if (p->key.protocol == IPPROTO_TCP) {
		if (p->tcp_flags & RST)
			return POLICY_FLOW_CLOSED;
		if (p->tcp_flags & FIN)
			flow->flags |= POLICY_FLOW_FIN << p->direction;
		if ((flow->flags & (POLICY_FLOW_FIN * 3)) == POLICY_FLOW_FIN * 3)
			return POLICY_FLOW_CLOSED;
		if (state >= POLICY_FLOW_ESTABLISHED && flow->flags & (POLICY_FLOW_FIN * 3))
			return POLICY_FLOW_CLOSING;
	}
	if (state == POLICY_FLOW_NEW && reply)
		return POLICY_FLOW_ANSWERED;
	if (state == POLICY_FLOW_ANSWERED && !reply)
		return POLICY_FLOW_ESTABLISHED;
	return state;
}

/*
 * Write a flow that has changed. The value is written whole by its key: where the entry has been thrown out meanwhile,
 * nothing of another flow is touched.
 */
static __always_inline void put_flow(const struct packet *p, const struct policy_flow *flow, bool fresh)
{
	struct policy_flow_key key = p->key;

	if (!fresh) {
		bpf_map_update_elem(&policy_flows, &key, flow, BPF_ANY);
		return;
	}
	if (flow->state != POLICY_FLOW_ESTABLISHED) {
		bpf_map_update_elem(&policy_new_flows, &key, flow, BPF_ANY);
		return;
	}
	/* Where both tables have it the first one counts. */
	if (!bpf_map_update_elem(&policy_flows, &key, flow, BPF_ANY))
		bpf_map_delete_elem(&policy_new_flows, &key);
}

#endif
