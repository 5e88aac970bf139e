/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Fragments: the first one has the ports and is judged, the others follow it. */
#ifndef WEIR_POLICY_FRAGMENTS_H
#define WEIR_POLICY_FRAGMENTS_H

#include "flow.h"

/* Seconds; the kernel keeps fragments for 30 (IPv4) or 60. */
#define FRAGMENT_AGE 60

static __always_inline void fragment_key(struct packet *p, struct policy_fragment_key *key)
{
	__builtin_memcpy(key->source, source_of(p), 16);
	__builtin_memcpy(key->destination, destination_of(p), 16);
	key->endpoint = p->key.endpoint;
	key->id = p->fragment_id;
	/* Of IPv6 it is the first extension that each of them names. */
	key->protocol = is_v6(p) ? 0 : p->key.protocol;
	key->direction = p->direction;
	key->family = p->family;
	key->pad = 0;
}

static __always_inline __u32 fragment_check(const struct policy_fragment_key *key)
{
	const __u32 *source = (const __u32 *)key->source;
	const __u32 *destination = (const __u32 *)key->destination;

	return (source[3] * 0x9e3779b1) ^ (destination[3] + key->endpoint) ^ key->id ^ key->protocol << 8 ^ key->direction;
}

/* Keep what was decided of a first fragment. */
VERIFIED_ALONE int remember_fragment(struct packet *p, __u32 counter, __u32 allowed)
{
	struct policy_fragment_key key;
	struct policy_fragment value = { .allowed = allowed, .counter = counter };

	if (!p || p->dry)
		return 0;
	value.rule = p->rule;
	fragment_key(p, &key);
	value.check = fragment_check(&key);
	value.seen = now_jiffies();
	return bpf_map_update_elem(&policy_fragments, &key, &value, BPF_ANY);
}

/* Judge a fragment that is not the first. @returns whether it passes. */
VERIFIED_ALONE int follow_fragment(struct packet *p, struct policy_place_slot *at)
{
	struct policy_fragment_key key;
	struct policy_fragment *found, first = {};

	if (!p || !at)
		return 0;
	fragment_key(p, &key);
	found = bpf_map_lookup_elem(&policy_fragments, &key);
	if (found) {
		first = *found;
		barrier();
		if (*(volatile __u32 *)&found->check != fragment_check(&key) ||
		    now_jiffies() - first.seen > (__u64)FRAGMENT_AGE * hz)
			found = NULL;
	}
	if (!found) {
		p->reason = at->set[p->direction & 1] ? POLICY_FRAGMENT_ORPHAN : POLICY_UNREAD;
		count_reason(p, p->reason);
		return p->reason == POLICY_UNREAD;
	}
	p->rule = first.rule;
	p->reason = first.allowed ? POLICY_FOLLOWS_FRAGMENT : POLICY_DENIED;
	count_rule(p, first.counter);
	if (!first.allowed)
		count_reason(p, p->reason);
	return first.allowed;
}

#endif
