/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Network policy: judges what enters and leaves endpoints. One instance for each network namespace; all share their maps.
 * Nothing of it needs a process: it goes on as it is when the agent is gone.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "related.h"
#include "reject.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* What the generator of decoders could not find otherwise. */
struct policy_flip *weir_type_flip;
enum policy_direction weir_enum_direction;
enum policy_action weir_enum_action;
enum policy_class weir_enum_class;
enum policy_reason weir_enum_reason;
enum policy_flow_state weir_enum_flow_state;
/* User space writes these structs as well as it reads them. */
int weir_encoders;

#define DHCP_SERVER 67
#define DHCP_CLIENT 68
#define DHCP6_SERVER 547
#define DHCP6_CLIENT 546

/* Between this host's DHCP client and a server. */
static __always_inline bool is_dhcp(const struct packet *p, const struct policy_place_slot *at)
{
	if (p->key.protocol != IPPROTO_UDP || !(at->flags & POLICY_PLACE_HOST))
		return false;
	if (is_v6(p))
		return p->key.remote_port == DHCP6_SERVER && p->key.local_port == DHCP6_CLIENT;
	return p->key.remote_port == DHCP_SERVER && p->key.local_port == DHCP_CLIENT;
}

/* What stands at a device, by the policy in a slot. */
static __always_inline struct policy_place_slot *place_at(__u32 ifindex, __u32 slot)
{
	struct policy_place_key key = { .space = space, .ifindex = ifindex };
	__u32 index = policy_place_index(space, ifindex);
	struct policy_near_place *near = bpf_map_lookup_elem(&policy_near_places, &index);
	struct policy_place *place;

	if (near && near->ifindex == ifindex && near->space == space)
		return &near->slot[slot & 1];
	place = bpf_map_lookup_elem(&policy_places, &key);
	if (!place)
		return NULL;
	/* Or the compiler adds to what may be NULL. */
	asm volatile("" : "+r"(place));
	return &place->slot[slot & 1];
}

#include "xdp.h"

static __always_inline bool is_dry(struct __sk_buff *skb)
{
	return secret0 && skb->cb[0] == secret0 && skb->cb[1] == secret1 && skb->cb[2] == secret2 && skb->cb[3] == secret3;
}

static __always_inline __u32 why_unread(int parsed)
{
	switch (parsed) {
	case SHORT_FRAGMENT:
		return POLICY_FRAGMENT_SHORT;
	case OVERLAPPING_FRAGMENT:
		return POLICY_FRAGMENT_OVERLAP;
	case DEEP:
		return POLICY_TOO_DEEP;
	}
	return POLICY_MALFORMED;
}

/* What was not read. */
VERIFIED_ALONE int unread(struct packet *p, struct policy_place_slot *at, int parsed)
{
	struct policy_set *set;
	__u32 number;

	if (!p || !at)
		return DROP;
	number = at->set[p->direction & 1];
	p->rule = POLICY_RULE_DEFAULT;
	p->audit_rule = POLICY_RULE_DEFAULT;
	if (parsed == FOREIGN) {
		p->reason = POLICY_NOT_IP;
		count_reason(p, POLICY_NOT_IP);
		return PASS;
	}
	p->reason = POLICY_UNREAD;
	set = bpf_map_lookup_elem(&policy_sets, &number);
	if (number && (!set || set->slot[p->slot & 1].strict)) {
		p->rule = POLICY_RULE_ISOLATED;
		p->reason = why_unread(parsed);
	}
	count_reason(p, p->reason);
	return p->reason == POLICY_UNREAD ? PASS : DROP;
}

/* Everything but an established connection. */
VERIFIED_ALONE int slow(struct __sk_buff *skb, struct packet *p, struct policy_place_slot *at, int parsed)
{
	enum icmp_kind kind;

	if (!p || !at)
		return DROP;
	if (parsed == LATER_FRAGMENT)
		return follow_fragment(p, at) ? PASS : DROP;
	if (parsed != PARSED)
		return unread(p, at, parsed);
	kind = icmp_kind(p);
	if (kind == ICMP_KIND_NEIGHBOUR || is_dhcp(p, at)) {
		p->reason = kind == ICMP_KIND_NEIGHBOUR ? POLICY_NEIGHBOUR : POLICY_DHCP;
		p->rule = POLICY_RULE_DEFAULT;
		p->audit_rule = POLICY_RULE_DEFAULT;
		count_reason(p, p->reason);
		return PASS;
	}
	if (kind == ICMP_KIND_ERROR)
		return related(skb, p, at);
	return track(skb, p, at);
}

/* The shortest way: a packet of an established connection that was judged by the policy in force. */
static __always_inline bool goes_on(struct packet *p)
{
	struct policy_flow *flow;
	__u32 epoch, counter, state, flags;
	__u64 now = now_jiffies();
	__u64 seen;

	if (p->key.protocol == IPPROTO_TCP && p->tcp_flags & (SYN | FIN | RST))
		return false;
	flow = bpf_map_lookup_elem(&policy_flows, &p->key);
	if (!flow)
		return false;
	epoch = flow->epoch;
	counter = flow->counter;
	state = flow->state;
	flags = flow->flags;
	seen = flow->seen;
	barrier();
	if (*(volatile __u32 *)&flow->check != check_of(&p->key))
		return false;
	if (epoch != p->epoch || state != POLICY_FLOW_ESTABLISHED || flags)
		return false;
	if (now - seen >= (__u64)age_limit(p->key.protocol, POLICY_FLOW_ESTABLISHED) * hz)
		return false;
	if (now != seen)
		flow->seen = now;
	count_rule(p, counter);
	return true;
}

static __always_inline int policy(struct __sk_buff *skb, __u32 direction)
{
	struct packet p = {};
	struct policy_place_slot *at;
	struct policy_config *config;
	__u32 zero = 0;
	int parsed = NOT_PLAIN;
	int outcome;

	config = bpf_map_lookup_elem(&policy_config, &zero);
	if (!config)
		return TC_ACT_UNSPEC;
	p.epoch = *(volatile __u32 *)&config->epoch;
	p.slot = p.epoch & 1;
	at = place_at(skb->ifindex, p.slot);
	if (!at || !at->endpoint || !(at->set[0] | at->set[1]))
		return TC_ACT_UNSPEC;
	if (answer_mark && skb->mark == answer_mark) {
		skb->mark = 0;
		return TC_ACT_UNSPEC;
	}
	p.direction = direction;
	p.length = skb->len;
	p.key.endpoint = at->endpoint;
	if (skb->cb[0] == secret0 && is_dry(skb)) {
		p.dry = 1;
		p.ignore_flows = skb->cb[4];
	}
	if (!(at->flags & POLICY_PLACE_L3))
		parsed = quick(&p, (void *)(long)skb->data, (void *)(long)skb->data_end, p.length);
	if (parsed == PARSED && !p.dry && goes_on(&p))
		return TC_ACT_UNSPEC;
	if (parsed == NOT_PLAIN || is_icmp(&p))
		parsed = thorough(skb, &p, at->flags & POLICY_PLACE_L3);
	outcome = slow(skb, &p, at, parsed);
	if (p.dry) {
		trace(&p, skb->ifindex, outcome);
		return outcome == PASS ? TC_ACT_UNSPEC : TC_ACT_SHOT;
	}
	if (outcome == PASS)
		return TC_ACT_UNSPEC;
	return outcome == REFUSE ? refuse(skb, &p, at->flags) : TC_ACT_SHOT;
}

SEC("tc")
int policy_ingress(struct __sk_buff *skb)
{
	return policy(skb, POLICY_INGRESS);
}

SEC("tc")
int policy_egress(struct __sk_buff *skb)
{
	return policy(skb, POLICY_EGRESS);
}

SEC("xdp")
int policy_early(struct xdp_md *ctx)
{
	return early((void *)(long)ctx->data, (void *)(long)ctx->data_end, ctx->ingress_ifindex);
}

/* Put a policy in force: one aligned write, which no packet sees half of. */
SEC("syscall")
int policy_flip(struct policy_flip *flip)
{
	__u32 zero = 0;
	struct policy_config *config = bpf_map_lookup_elem(&policy_config, &zero);

	if (!config)
		return -1;
	flip->before = config->epoch;
	flip->now = now_jiffies();
	if (!flip->read)
		*(volatile __u32 *)&config->epoch = flip->epoch;
	return 0;
}
