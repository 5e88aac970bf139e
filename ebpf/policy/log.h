/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is counted and told of decisions. */
#ifndef WEIR_POLICY_LOG_H
#define WEIR_POLICY_LOG_H

#include "parse.h"

static __always_inline void count_reason(const struct packet *p, __u32 reason)
{
	struct policy_reason_count *count;

	if (p->dry)
		return;
	count = bpf_map_lookup_elem(&policy_drops, &reason);
	if (count) {
		count->packets++;
		count->bytes += p->length;
	}
}

static __always_inline void count_rule(const struct packet *p, __u32 counter)
{
	struct policy_counter *count;

	if (p->dry)
		return;
	count = bpf_map_lookup_elem(&policy_counters, &counter);
	if (count) {
		count->packets++;
		count->bytes += p->length;
		count->last = now_jiffies();
	}
}

static __always_inline void describe(struct policy_event *event, const struct packet *p, __u32 endpoint, __u32 ifindex)
{
	__builtin_memcpy(event->local, p->key.local, 16);
	__builtin_memcpy(event->remote, p->key.remote, 16);
	event->space = space;
	event->ifindex = ifindex;
	event->endpoint = endpoint;
	event->epoch = p->epoch;
	event->rule = p->rule;
	event->audit_rule = p->audit_rule;
	event->identity = p->identity;
	event->length = p->length;
	event->local_port = is_icmp(p) ? (__u16)(p->icmp_type << 8 | p->icmp_code) : p->key.local_port;
	event->remote_port = is_icmp(p) ? 0 : p->key.remote_port;
	event->protocol = p->key.protocol;
	event->tcp_flags = p->tcp_flags;
	event->direction = p->direction;
	event->reason = p->reason;
}

/* Tell of a decision that one of `sample` is told of. */
VERIFIED_ALONE int tell(struct packet *p, __u32 ifindex, __u32 actions, __u32 sample)
{
	struct policy_event *event;

	if (!p || !sample || p->dry || (sample > 1 && bpf_get_prandom_u32() % sample))
		return 0;
	event = bpf_ringbuf_reserve(&policy_log, sizeof(*event), 0);
	if (!event)
		return 0;
	event->time = bpf_ktime_get_ns();
	describe(event, p, p->key.endpoint, ifindex);
	event->action = actions;
	event->audit_action = actions >> 8;
	event->pad = 0;
	event->sample = sample;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* What a dry run found goes to whoever asked. */
VERIFIED_ALONE int trace(struct packet *p, __u32 ifindex, __u32 action)
{
	__u32 zero = 0;
	struct policy_trace *trace = bpf_map_lookup_elem(&policy_trace, &zero);

	if (!p || !trace)
		return 0;
	describe(&trace->event, p, p->key.endpoint, ifindex);
	trace->event.action = action;
	trace->set = p->set;
	trace->now = now_jiffies();
	trace->runs++;
	return 0;
}

#endif
