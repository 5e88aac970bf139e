/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Early drop at a host's device: what is denied for certain, or exceeds a limit, does not reach the stack. Everything else
 * is left to the program at tcx, which judges it whole and alone spends of limits: this one never lets anything pass for
 * good.
 */
#ifndef WEIR_POLICY_XDP_H
#define WEIR_POLICY_XDP_H

#include "verdict.h"

static __always_inline struct policy_flow *known_flow(struct packet *p)
{
	bool fresh;

	return flow_of(&p->key, now_jiffies(), &fresh);
}

/* A flow may have been begun from this side, or be kept; one of the other side is cut by this rule. */
static __always_inline bool is_denied(struct packet *p, const struct policy_rule *rule)
{
	return is_first_syn(p) || !(rule->flags & POLICY_RULE_KEEP || may_have_begun(&p->key)) || !known_flow(p);
}

/* What a flow of this side has left is asked of the rule that it goes by, which may be another one. */
static __always_inline bool is_limited(struct packet *p, const struct policy_rule *rule)
{
	struct policy_flow *flow;

	if (!(rule->flags & POLICY_RULE_LIMIT))
		return false;
	flow = is_first_syn(p) ? NULL : known_flow(p);
	if (flow && (flow->epoch != p->epoch || flow->rule != p->rule || flow->origin != POLICY_INGRESS ||
		     flow->state == POLICY_FLOW_CUT))
		return false;
	/* The end of a connection is noted at tcx. */
	if (p->key.protocol == IPPROTO_TCP && p->tcp_flags & (FIN | RST))
		return false;
	return is_over_limit(p, rule);
}

static __always_inline int early(void *data, void *end, __u32 ifindex)
{
	struct packet p = { .direction = POLICY_INGRESS, .length = end - data };
	struct policy_place_slot *at;
	struct policy_config *config;
	struct policy_rule *rule;
	enum icmp_kind kind;
	__u32 zero = 0;

	config = bpf_map_lookup_elem(&policy_config, &zero);
	if (!config)
		return XDP_PASS;
	p.epoch = *(volatile __u32 *)&config->epoch;
	p.slot = p.epoch & 1;
	at = place_at(ifindex, p.slot);
	if (!at || !at->endpoint || !at->set[POLICY_INGRESS])
		return XDP_PASS;
	if (quick(&p, data, end, p.length) != PARSED)
		return XDP_PASS;
	p.key.endpoint = at->endpoint;
	kind = icmp_kind(&p);
	if (kind == ICMP_KIND_ERROR || kind == ICMP_KIND_NEIGHBOUR || is_dhcp(&p, at))
		return XDP_PASS;
	rule = look_up_rule(&p, at, POLICY_INGRESS, p.tcp_flags) ? rule_of(p.rule) : NULL;
	if (!rule || p.rule != p.audit_rule || rule->log)
		return XDP_PASS;
	if (rule->action == POLICY_DENY ? !is_denied(&p, rule) : rule->action != POLICY_ALLOW || !is_limited(&p, rule))
		return XDP_PASS;
	count_rule(&p, rule->counter);
	count_reason(&p, rule->action == POLICY_DENY ? POLICY_DENIED : POLICY_LIMITED);
	return XDP_DROP;
}

#endif
