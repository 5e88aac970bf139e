/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a packet that was read to what becomes of it. */
#ifndef WEIR_POLICY_VERDICT_H
#define WEIR_POLICY_VERDICT_H

#include "classify.h"
#include "fragments.h"

enum outcome {
	PASS,
	DROP,
	/* And tell the sender. */
	REFUSE,
};

/* A policy in audit mode would have decided otherwise. */
VERIFIED_ALONE int audit(struct packet *p, __u32 action, __u32 ifindex)
{
	struct policy_rule *would;

	if (!p)
		return 0;
	would = rule_of(p->audit_rule);
	if (!would)
		return 0;
	count_rule(p, would->counter);
	if (would->action != POLICY_ALLOW && action == POLICY_ALLOW)
		count_reason(p, POLICY_AUDIT);
	return tell(p, ifindex, action | would->action << 8, would->log);
}

/* Count and tell what the rule that was found decides. */
static __always_inline enum outcome conclude(struct packet *p, const struct policy_rule *rule, __u32 ifindex)
{
	__u32 action = rule->action;

	if (p->rule != p->audit_rule)
		audit(p, action, ifindex);
	count_rule(p, rule->counter);
	if (action == POLICY_ALLOW) {
		if (rule->flags & POLICY_RULE_LIMIT && !within_limit(p, p->rule)) {
			p->reason = POLICY_LIMITED;
			count_reason(p, POLICY_LIMITED);
			action = POLICY_DENY;
		}
	} else {
		p->reason = action == POLICY_REJECT ? POLICY_REJECTED : POLICY_DENIED;
		count_reason(p, p->reason);
	}
	if (rule->log)
		tell(p, ifindex, action, rule->log);
	if (action == POLICY_ALLOW)
		return PASS;
	return action == POLICY_REJECT ? REFUSE : DROP;
}

static __always_inline enum outcome broken(struct packet *p)
{
	p->reason = POLICY_BROKEN;
	count_reason(p, POLICY_BROKEN);
	return DROP;
}

/* Judge a packet as the first one of a connection. */
VERIFIED_ALONE int decide(struct __sk_buff *skb, struct packet *p, struct policy_place_slot *at, __u32 begins)
{
	struct policy_rule *rule;
	enum outcome outcome;

	if (!p || !at)
		return DROP;
	rule = judge(p, at, p->direction, p->tcp_flags);
	if (!rule)
		return broken(p);
	outcome = conclude(p, rule, skb->ifindex);
	if (outcome == PASS) {
		if (rule->flags & POLICY_RULE_MARK)
			skb->mark = rule->mark;
		if (begins && !p->dry)
			begin_flow(p, rule->counter, flow_flags(rule));
	}
	if (p->fragment == FIRST)
		remember_fragment(p, rule->counter, outcome == PASS);
	return outcome;
}

/* Judge a flow anew after a change of the policy. @returns what becomes of the packet; the flow is changed. */
static __always_inline enum outcome judge_again(struct __sk_buff *skb, struct packet *p,
						struct policy_place_slot *at, struct policy_flow *flow)
{
	struct policy_rule *rule = judge(p, at, flow->origin, flow->tcp_flags);
	enum outcome outcome = PASS;

	if (!rule)
		return broken(p);
	if (p->rule != p->audit_rule)
		audit(p, rule->action, skb->ifindex);
	flow->epoch = p->epoch;
	if (rule->action == POLICY_ALLOW) {
		flow->rule = p->rule;
		flow->counter = rule->counter;
		flow->flags = (flow->flags & ~POLICY_FLOW_RULE) | flow_flags(rule);
		if (flow->state == POLICY_FLOW_CUT)
			flow->state = POLICY_FLOW_ESTABLISHED;
		return PASS;
	}
	if (rule->flags & POLICY_RULE_KEEP && flow->state != POLICY_FLOW_CUT) {
		flow->rule = POLICY_RULE_DEFAULT;
		flow->flags &= ~POLICY_FLOW_RULE;
		p->reason = POLICY_KEPT;
		return PASS;
	}
	outcome = rule->action == POLICY_REJECT ? REFUSE : DROP;
	flow->state = POLICY_FLOW_CUT;
	flow->rule = p->rule;
	flow->counter = rule->counter;
	if (rule->log)
		tell(p, skb->ifindex, rule->action, rule->log);
	return outcome;
}

/* A packet of a flow whose rule asks for more than to let it pass. */
static __always_inline enum outcome apply_rule(struct __sk_buff *skb, struct packet *p, const struct policy_flow *flow)
{
	struct policy_rule *rule = rule_of(flow->rule);

	if (!rule)
		return broken(p);
	if (rule->flags & POLICY_RULE_LIMIT && flow->origin == p->direction && !within_limit(p, p->rule)) {
		p->reason = POLICY_LIMITED;
		count_reason(p, POLICY_LIMITED);
		return DROP;
	}
	if (rule->flags & POLICY_RULE_MARK)
		skb->mark = rule->mark;
	return PASS;
}

/* A packet of a flow that is known. */
static __always_inline enum outcome go_on(struct __sk_buff *skb, struct packet *p, struct policy_place_slot *at,
					  struct policy_flow *flow, bool fresh)
{
	enum outcome outcome = PASS;
	bool again = flow->epoch != p->epoch;

	p->rule = flow->rule;
	p->audit_rule = flow->rule;
	p->reason = flow->origin == p->direction ? POLICY_FLOW : POLICY_REPLY;
	if (again)
		outcome = judge_again(skb, p, at, flow);
	if (p->reason == POLICY_BROKEN)
		return outcome;
	if (flow->state == POLICY_FLOW_CUT) {
		p->reason = POLICY_CUT;
		count_reason(p, POLICY_CUT);
		if (!again)
			outcome = DROP;
	} else {
		if (p->reason != POLICY_KEPT)
			p->reason = flow->origin == p->direction ? POLICY_FLOW : POLICY_REPLY;
		if (flow->flags & POLICY_FLOW_RULE)
			outcome = apply_rule(skb, p, flow);
		flow->state = next_state(p, flow);
	}
	flow->seen = now_jiffies();
	count_rule(p, flow->counter);
	if (!p->dry)
		put_flow(p, flow, fresh);
	return outcome;
}

/*
 * The first packet of a TCP connection: of a new one, which may have the ports of an old one, or of one that is known once
 * more. What is established is left as it is: the other side says whether it knows better.
 */
static __always_inline enum outcome begin(struct __sk_buff *skb, struct packet *p, struct policy_place_slot *at)
{
	enum outcome outcome = decide(skb, p, at, false);
	struct policy_flow *known;
	struct policy_rule *rule;
	bool fresh;

	if (outcome != PASS || p->dry)
		return outcome;
	known = flow_of(&p->key, now_jiffies(), &fresh);
	if (known && known->state < POLICY_FLOW_CLOSING &&
	    (known->origin != p->direction || known->state == POLICY_FLOW_ESTABLISHED))
		return outcome;
	rule = rule_of(p->rule);
	if (rule)
		begin_flow(p, rule->counter, flow_flags(rule));
	if (known && !fresh)
		forget_flow(p);
	return outcome;
}

/* Judge a packet by the flow that it belongs to, else as a new one. */
VERIFIED_ALONE int track(struct __sk_buff *skb, struct packet *p, struct policy_place_slot *at)
{
	struct policy_flow flow = {}, *found = NULL;
	bool fresh = true;
	enum outcome outcome;

	if (!p || !at)
		return DROP;
	/* It is judged as a new connection whatever is known: a flood of them that is denied costs no look-up. */
	if (is_first_syn(p))
		return begin(skb, p, at);
	if (!p->ignore_flows)
		found = flow_of(&p->key, now_jiffies(), &fresh);
	if (found) {
		flow = *found;
		barrier();
		if (*(volatile __u32 *)&found->check != check_of(&p->key))
			found = NULL;
	}
	if (!found)
		return decide(skb, p, at, begins_flow(p));
	if (flow.state == POLICY_FLOW_CUT && p->key.protocol != IPPROTO_TCP) {
		outcome = decide(skb, p, at, true);
		if (outcome == PASS && !fresh && !p->dry)
			forget_flow(p);
		return outcome;
	}
	outcome = go_on(skb, p, at, &flow, fresh);
	if (p->fragment == FIRST)
		remember_fragment(p, flow.counter, outcome == PASS);
	return outcome;
}

#endif
