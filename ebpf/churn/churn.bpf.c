/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How much the network changes: neighbours that do not answer, and what the kernel announces of routes, links,
 * addresses, neighbours and rules, counted without waking anybody.
 */
#include "entry.h"
#include "kernel.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define NUD_FAILED 0x20

struct churn_neighbour_key {
	__u32 netns;
	__u32 ifindex;
	__u32 family;
};

struct churn_count {
	__u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct churn_neighbour_key);
	__type(value, struct churn_count);
} churn_neighbours SEC(".maps");

struct churn_socket {
	__u32 netns;
};

/* Namespaces of the sockets that count, by the sockets' cookies. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct churn_socket);
} churn_sockets SEC(".maps");

struct churn_message_key {
	__u32 netns;
	/* RTM_*. */
	__u32 type;
	/* Of links, addresses and neighbours; 0 for others, and for a link that is deleted: its number means nothing then. */
	__u32 ifindex;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct churn_message_key);
	__type(value, struct churn_count);
} churn_messages SEC(".maps");

static const struct churn_count none;

static __always_inline void add(void *map, const void *key)
{
	struct churn_count *found = entry_of(map, key, &none);

	if (found)
		found->count++;
}

/* Fires when the timer of a neighbour that is being asked has run out; the last time it is given up. */
SEC("tp_btf/neigh_timer_handler")
int BPF_PROG(churn_neighbour, struct neighbour *neighbour)
{
	struct churn_neighbour_key key;

	if (!(neighbour->nud_state & NUD_FAILED))
		return 0;
	key.netns = neighbour->dev->nd_net.net->ns.inum;
	key.ifindex = neighbour->dev->ifindex;
	key.family = neighbour->tbl->family;
	add(&churn_neighbours, &key);
	return 0;
}

/* struct ifinfomsg, ifaddrmsg and ndmsg have the device at the same place. */
static __always_inline bool is_of_device(__u16 type)
{
	return type == RTM_NEWLINK || type == RTM_NEWADDR || type == RTM_DELADDR || type == RTM_NEWNEIGH ||
	       type == RTM_DELNEIGH;
}

/* Of a netlink socket that is in multicast groups: every announcement is one message, and none reaches the socket. */
SEC("socket")
int churn_message(struct __sk_buff *skb)
{
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct churn_socket *socket = bpf_map_lookup_elem(&churn_sockets, &cookie);
	struct churn_message_key key = {};
	struct {
		struct nlmsghdr header;
		struct ifaddrmsg device;
	} message;

	if (!socket || bpf_skb_load_bytes(skb, 0, &message, sizeof(message)))
		return 0;
	key.netns = socket->netns;
	key.type = message.header.nlmsg_type;
	if (is_of_device(key.type))
		key.ifindex = message.device.ifa_index;
	add(&churn_messages, &key);
	return 0;
}
