/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rate limits without locks: a bucket is the time until which all that was let through is paid for (the generic cell rate
 * algorithm). What would have to be paid for later than the burst allows is too much.
 */
#ifndef WEIR_POLICY_LIMIT_H
#define WEIR_POLICY_LIMIT_H

#include "log.h"

#define LIMIT_SHIFT 6
#define LIMIT_TRIES 4

#define BUCKET_RULE 0
#define BUCKET_REJECT 1

static __always_inline bool spend(struct policy_bucket_key *key, __u64 cost, __u64 burst)
{
	__u64 now = bpf_ktime_get_ns() << LIMIT_SHIFT;
	struct policy_bucket *bucket = bpf_map_lookup_elem(&policy_buckets, key);
	__u32 i;

	if (!bucket) {
		struct policy_bucket fresh = { .paid = now + cost };

		if (cost > burst)
			return false;
		/* Another CPU may be first: then this packet is free. */
		bpf_map_update_elem(&policy_buckets, key, &fresh, BPF_NOEXIST);
		return true;
	}
	for (i = 0; i < LIMIT_TRIES; i++) {
		__u64 paid = bucket->paid;
		__u64 next = (paid > now ? paid : now) + cost;

		if (next > now + burst)
			return false;
		if (__sync_val_compare_and_swap(&bucket->paid, paid, next) == paid)
			return true;
	}
	return false;
}

/* The bucket of a packet that a rule limits. */
static __always_inline struct policy_bucket_key bucket_of(const struct packet *p, const struct policy_rule *rule)
{
	struct policy_bucket_key key = { .counter = rule->counter, .kind = BUCKET_RULE };

	if (rule->flags & POLICY_RULE_PER_SOURCE)
		__builtin_memcpy(key.source, p->key.remote, 16);
	return key;
}

static __always_inline __u64 cost_of(const struct packet *p, const struct policy_rule *rule)
{
	return rule->flags & POLICY_RULE_BYTES ? rule->limit_cost * p->length : rule->limit_cost;
}

/* Whether a packet is within the limit of the rule that allows it. */
VERIFIED_ALONE int within_limit(struct packet *p, __u32 number)
{
	struct policy_rule *rule = bpf_map_lookup_elem(&policy_rules, &number);
	struct policy_bucket_key key;

	if (!p || !rule)
		return 0;
	if (p->dry)
		return 1;
	key = bucket_of(p, rule);
	return spend(&key, cost_of(p, rule), rule->limit_burst);
}

/* Whether a packet exceeds the limit of the rule that allows it; nothing is spent. */
static __always_inline bool is_over_limit(const struct packet *p, const struct policy_rule *rule)
{
	struct policy_bucket_key key = bucket_of(p, rule);
	struct policy_bucket *bucket = bpf_map_lookup_elem(&policy_buckets, &key);
	__u64 now = bpf_ktime_get_ns() << LIMIT_SHIFT;
	__u64 paid;

	if (!bucket)
		return false;
	paid = *(volatile __u64 *)&bucket->paid;
	return (paid > now ? paid : now) + cost_of(p, rule) > now + rule->limit_burst;
}

#define REJECTS_PER_SECOND 100
#define REJECTS_AT_ONCE 20
#define SECOND (1000000000ULL << LIMIT_SHIFT)

static __always_inline bool may_reject(const struct packet *p)
{
	struct policy_bucket_key key = { .counter = p->key.endpoint, .kind = BUCKET_REJECT };
	__u64 cost = SECOND / REJECTS_PER_SECOND;

	return spend(&key, cost, cost * REJECTS_AT_ONCE);
}

#endif
