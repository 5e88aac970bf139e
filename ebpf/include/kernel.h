/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's types as far as Weir's programs read them. Offsets are the running kernel's: libbpf relocates every access
 * (CO-RE), so that a struct here names only the fields that are used, in any order.
 */
#ifndef WEIR_KERNEL_H
#define WEIR_KERNEL_H

#include <linux/bpf.h>
#include <linux/in6.h>
#include <linux/types.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net_device;
struct Qdisc;

struct netdev_queue {
	struct net_device *dev;
	struct Qdisc *qdisc;
};

struct net_device {
	int ifindex;
	unsigned short type;
	char name[16];
	possible_net_t nd_net;
	struct netdev_queue *_tx;
};

struct napi_struct {
	struct net_device *dev;
};

struct Qdisc_ops {
	char id[16];
};

struct Qdisc {
	unsigned int flags;
	__u32 handle;
	__u32 parent;
	const struct Qdisc_ops *ops;
	struct netdev_queue *dev_queue;
};

struct sock_common {
	unsigned short skc_family;
	volatile unsigned char skc_state;
	int skc_bound_dev_if;
	possible_net_t skc_net;
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct dst_entry {
	struct net_device *dev;
};

struct sock {
	struct sock_common __sk_common;
	struct dst_entry *sk_dst_cache;
	int sk_rx_dst_ifindex;
	unsigned short sk_protocol;
	unsigned short sk_type;
};

struct neigh_table {
	int family;
};

struct neighbour {
	struct neigh_table *tbl;
	__u8 nud_state;
	struct net_device *dev;
};

struct tcp_sock {
	__u32 srtt_us;
};

/* Linux 6.10. */
enum sk_rst_reason {
	SK_RST_REASON_NOT_SPECIFIED,
};

struct sk_buff {
	struct sk_buff *next;
	struct net_device *dev;
	struct sock *sk;
	unsigned int len;
	unsigned int data_len;
	int skb_iif;
	__be16 protocol;
	__u16 transport_header;
	__u16 network_header;
	__u16 mac_header;
	__u16 mac_len;
	unsigned char *head;
	unsigned char *data;
	__u32 tail;
	__u32 end;
};

#pragma clang attribute pop

/* Behind a pointer that may be stale or alias something else: true when it is a device. */
static __always_inline bool is_device(struct net_device *dev)
{
	return dev && BPF_CORE_READ(dev, _tx, dev) == dev;
}

#endif
