// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Drops what comes from listed IPv4 addresses, before the stack sees it, and counts it.
//
//   clang -target bpf -mcpu=v3 -O2 -g -c blocklist.bpf.c -o blocklist.bpf.o
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* With 0 it only counts. */
const volatile __u8 enforce = 1;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10000);
	__type(key, __be32);
	__type(value, __u64);
} blocked SEC(".maps");

SEC("xdp")
int block(struct xdp_md *xdp)
{
	void *end = (void *)(long)xdp->data_end;
	struct ethhdr *eth = (void *)(long)xdp->data;
	struct iphdr *ip = (void *)(eth + 1);
	__u64 *hits;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	hits = bpf_map_lookup_elem(&blocked, &ip->saddr);
	if (!hits)
		return XDP_PASS;
	__sync_fetch_and_add(hits, 1);
	return enforce ? XDP_DROP : XDP_PASS;
}
