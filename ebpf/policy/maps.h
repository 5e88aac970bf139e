/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps, which all instances of the programs share. Sizes are those of tests: user space sets its own. */
#ifndef WEIR_POLICY_MAPS_H
#define WEIR_POLICY_MAPS_H

#include "policy.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

#define POLICY_MAP(name, kind, size, key_type, value_type)                                                              \
	struct {                                                                                                        \
		__uint(type, kind);                                                                                     \
		__uint(max_entries, size);                                                                              \
		__type(key, key_type);                                                                                  \
		__type(value, value_type);                                                                              \
	} name SEC(".maps")

#define POLICY_TABLE(name, kind, size, key_type, value_type)                                                            \
	struct {                                                                                                        \
		__uint(type, kind);                                                                                     \
		__uint(max_entries, size);                                                                              \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                                                   \
		__type(key, key_type);                                                                                  \
		__type(value, value_type);                                                                              \
	} name SEC(".maps")

/* An array that may be mapped begins at a page: its entries of 64 bytes are lines of the cache, and not parts of two. */
#define POLICY_LINES(name, size, value_type)                                                                            \
	struct {                                                                                                        \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                                       \
		__uint(max_entries, size);                                                                              \
		__uint(map_flags, BPF_F_MMAPABLE);                                                                      \
		__type(key, __u32);                                                                                     \
		__type(value, value_type);                                                                              \
	} name SEC(".maps")

/* Words of a bitmap of addresses, by their hash, to which endpoints have begun connections: half a million bits. */
#define BEGUN_WORDS 8192

/* Written by updates. */
POLICY_MAP(policy_config, BPF_MAP_TYPE_ARRAY, 1, __u32, struct policy_config);
POLICY_TABLE(policy_places, BPF_MAP_TYPE_HASH, 1024, struct policy_place_key, struct policy_place);
POLICY_MAP(policy_near_places, BPF_MAP_TYPE_ARRAY, POLICY_NEAR_PLACES, __u32, struct policy_near_place);
POLICY_LINES(policy_v4_root, 4096, struct policy_v4_root);
POLICY_LINES(policy_v4, 65536, struct policy_v4);
POLICY_TABLE(policy_v6, BPF_MAP_TYPE_LPM_TRIE, 65536, struct policy_v6_key, struct policy_v6);
POLICY_TABLE(policy_peers, BPF_MAP_TYPE_HASH, 65536, struct policy_peer_key, struct policy_peer);
POLICY_MAP(policy_near_peers, BPF_MAP_TYPE_ARRAY, POLICY_NEAR_PEERS, __u32, struct policy_near_peer);
POLICY_MAP(policy_sets, BPF_MAP_TYPE_ARRAY, 4096, __u32, struct policy_set);
POLICY_MAP(policy_ports, BPF_MAP_TYPE_ARRAY, 65536, __u32, struct policy_port);
POLICY_MAP(policy_verdicts, BPF_MAP_TYPE_ARRAY, 32768, __u32, struct policy_verdict);
POLICY_MAP(policy_rules, BPF_MAP_TYPE_ARRAY, 32768, __u32, struct policy_rule);

/* Written by the programs. */
POLICY_MAP(policy_counters, BPF_MAP_TYPE_PERCPU_ARRAY, 32768, __u32, struct policy_counter);
POLICY_MAP(policy_flows, BPF_MAP_TYPE_LRU_HASH, 65536, struct policy_flow_key, struct policy_flow);
POLICY_MAP(policy_new_flows, BPF_MAP_TYPE_LRU_HASH, 16384, struct policy_flow_key, struct policy_flow);
POLICY_MAP(policy_begun, BPF_MAP_TYPE_ARRAY, BEGUN_WORDS, __u32, __u64);
POLICY_MAP(policy_buckets, BPF_MAP_TYPE_LRU_HASH, 16384, struct policy_bucket_key, struct policy_bucket);
POLICY_MAP(policy_fragments, BPF_MAP_TYPE_LRU_HASH, 8192, struct policy_fragment_key, struct policy_fragment);
POLICY_MAP(policy_drops, BPF_MAP_TYPE_PERCPU_ARRAY, POLICY_REASONS, __u32, struct policy_reason_count);
POLICY_MAP(policy_trace, BPF_MAP_TYPE_ARRAY, 1, __u32, struct policy_trace);

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} policy_log SEC(".maps");

/* The network namespace that this instance is attached in, by its inode. */
const volatile __u32 space;

/* CONFIG_HZ. */
const volatile __u32 hz = 250;

/* What the first words of skb->cb are in a dry run. */
const volatile __u32 secret0;
const volatile __u32 secret1;
const volatile __u32 secret2;
const volatile __u32 secret3;

/* Mark of the answers that the programs send themselves; nothing else bears it. */
const volatile __u32 answer_mark;

/*
 * A function that the verifier looks at once, whoever calls it: it knows nothing of its arguments, so that pointers are
 * compared with NULL.
 */
#define VERIFIED_ALONE __attribute__((noinline))

static __always_inline __u64 now_jiffies(void)
{
	return bpf_jiffies64();
}

#endif
