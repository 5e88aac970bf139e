/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What packets are on each device: their sizes, their protocols and the flows that they belong to. One packet of
 * `sampling` is looked at and counts for so many. The others cost a decrement.
 */
#include "entry.h"
#include "kernel.h"
#include "sampling.h"

#include <linux/if_ether.h>
#include <linux/in.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum direction { RECEIVE, TRANSMIT };

/* Sizes up to 64 << bucket bytes; the last is open. */
#define SIZE_BUCKETS 12

/* Order of PROTOCOLS in src/observe/telemetry/flows.ts. */
enum protocol { TCP, UDP, ICMP, ICMPV6, IGMP, SCTP, GRE, ESP, OTHER_IP, ARP, LLDP, OTHER, PROTOCOL_COUNT };

struct flows_device_key {
	__u32 netns;
	__u32 ifindex;
	__u32 direction;
};

struct flows_device {
	__u64 bytes;
	__u64 sizes[SIZE_BUCKETS];
	__u64 protocols[PROTOCOL_COUNT];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 2048);
	__type(key, struct flows_device_key);
	__type(value, struct flows_device);
} flows_devices SEC(".maps");

/* IPv4 addresses are in the first four bytes. */
struct flow_key {
	__u32 netns;
	__u32 ifindex;
	__u8 source[16];
	__u8 destination[16];
	__u16 source_port;
	__u16 destination_port;
	__u8 protocol;
	__u8 version;
	__u16 direction;
};

struct flow {
	__u64 packets;
	__u64 bytes;
	/* CLOCK_MONOTONIC, nanoseconds. */
	__u64 last_seen;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct flow_key);
	__type(value, struct flow);
} flows SEC(".maps");

/* A packet as far as it is looked at. */
struct packet {
	struct sk_buff *skb;
	__u64 bytes;
	/* Where the network header is, from skb->head, and what is in it. */
	__u32 network;
	__u16 ethertype;
};

static const struct flows_device no_packets;

static __always_inline __u32 size_bucket(__u64 bytes)
{
	__u32 bucket = 0;

	for (__u32 i = 0; i < SIZE_BUCKETS - 1; i++)
		bucket += bytes > (64ULL << i);
	return bucket;
}

static __always_inline enum protocol protocol_of(__u16 ethertype, __u8 protocol)
{
	if (ethertype == ETH_P_ARP)
		return ARP;
	if (ethertype == ETH_P_LLDP)
		return LLDP;
	if (ethertype != ETH_P_IP && ethertype != ETH_P_IPV6)
		return OTHER;
	switch (protocol) {
	case IPPROTO_TCP:
		return TCP;
	case IPPROTO_UDP:
		return UDP;
	case IPPROTO_ICMP:
		return ICMP;
	case IPPROTO_ICMPV6:
		return ICMPV6;
	case IPPROTO_IGMP:
		return IGMP;
	case IPPROTO_SCTP:
		return SCTP;
	case IPPROTO_GRE:
		return GRE;
	case IPPROTO_ESP:
		return ESP;
	default:
		return OTHER_IP;
	}
}

static __always_inline bool has_ports(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

/* Bytes at `offset` from skb->head; false when they are not in the linear part. */
static __always_inline bool load(const struct packet *packet, __u32 offset, void *to, __u32 size)
{
	struct sk_buff *skb = packet->skb;

	return offset + size <= skb->tail && !bpf_probe_read_kernel(to, size, skb->head + offset);
}

static __always_inline void load_ports(const struct packet *packet, __u32 offset, struct flow_key *flow)
{
	__be16 ports[2];

	if (!has_ports(flow->protocol) || !load(packet, offset, ports, sizeof(ports)))
		return;
	flow->source_port = bpf_ntohs(ports[0]);
	flow->destination_port = bpf_ntohs(ports[1]);
}

/* False: it is no whole header of IPv4. Fragments but the first are a flow without ports. */
static __always_inline bool load_ipv4(const struct packet *packet, struct flow_key *flow)
{
	__u8 header[20];

	if (!load(packet, packet->network, header, sizeof(header)))
		return false;
	flow->version = 4;
	flow->protocol = header[9];
	__builtin_memcpy(flow->source, header + 12, 4);
	__builtin_memcpy(flow->destination, header + 16, 4);
	if (!((header[6] & 0x1f) | header[7]))
		load_ports(packet, packet->network + (header[0] & 15) * 4, flow);
	return true;
}

/* Behind an extension header the protocol is that header's number, without ports. */
static __always_inline bool load_ipv6(const struct packet *packet, struct flow_key *flow)
{
	__u8 header[40];

	if (!load(packet, packet->network, header, sizeof(header)))
		return false;
	flow->version = 6;
	flow->protocol = header[6];
	__builtin_memcpy(flow->source, header + 8, 16);
	__builtin_memcpy(flow->destination, header + 24, 16);
	load_ports(packet, packet->network + 40, flow);
	return true;
}

static __always_inline void count_flow(const struct flow_key *key, __u64 bytes)
{
	struct flow *flow = bpf_map_lookup_elem(&flows, key);

	if (flow) {
		__sync_fetch_and_add(&flow->packets, sampling);
		__sync_fetch_and_add(&flow->bytes, bytes);
		flow->last_seen = bpf_ktime_get_ns();
		return;
	}
	struct flow first = { .packets = sampling, .bytes = bytes, .last_seen = bpf_ktime_get_ns() };
	bpf_map_update_elem(&flows, key, &first, BPF_ANY);
}

static __always_inline void count(const struct packet *packet, struct net_device *dev, __u32 direction)
{
	struct flow_key flow = {
		.netns = dev->nd_net.net->ns.inum,
		.ifindex = dev->ifindex,
		.direction = direction,
	};
	struct flows_device_key key = {
		.netns = flow.netns,
		.ifindex = flow.ifindex,
		.direction = direction,
	};
	__u64 bytes = packet->bytes * sampling;
	bool known = (packet->ethertype == ETH_P_IP && load_ipv4(packet, &flow)) ||
		     (packet->ethertype == ETH_P_IPV6 && load_ipv6(packet, &flow));

	if (known)
		count_flow(&flow, bytes);
	struct flows_device *device = entry_of(&flows_devices, &key, &no_packets);
	if (!device)
		return;
	__u32 protocol = protocol_of(packet->ethertype, flow.protocol);
	__u32 bucket = size_bucket(packet->bytes);
	device->bytes += bytes;
	if (bucket < SIZE_BUCKETS)
		device->sizes[bucket] += sampling;
	if (protocol < PROTOCOL_COUNT)
		device->protocols[protocol] += sampling;
}

static __always_inline bool is_vlan(__u16 ethertype)
{
	return ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD;
}

/* Received: the data begins behind the Ethernet header. */
SEC("tp_btf/netif_receive_skb")
int BPF_PROG(flows_receive, struct sk_buff *skb)
{
	if (!sampled(RECEIVE))
		return 0;
	__u32 data = skb->data - skb->head;
	struct packet packet = {
		.skb = skb,
		.bytes = skb->len + data - skb->mac_header,
		.network = data,
		.ethertype = bpf_ntohs(skb->protocol),
	};
	for (__u32 tags = 0; tags < 2 && is_vlan(packet.ethertype); tags++) {
		__be16 inner;

		if (!load(&packet, packet.network + 2, &inner, sizeof(inner)))
			break;
		packet.ethertype = bpf_ntohs(inner);
		packet.network += 4;
	}
	count(&packet, skb->dev, RECEIVE);
	return 0;
}

/* Sent: the data begins with the Ethernet header, and a VLAN tag stands before the network header. */
SEC("tp_btf/net_dev_start_xmit")
int BPF_PROG(flows_transmit, struct sk_buff *skb, struct net_device *dev)
{
	if (!sampled(TRANSMIT))
		return 0;
	struct packet packet = {
		.skb = skb,
		.bytes = skb->len,
		.network = skb->network_header,
		.ethertype = bpf_ntohs(skb->protocol),
	};
	__be16 inner;
	if (is_vlan(packet.ethertype) && load(&packet, packet.network - 2, &inner, sizeof(inner)))
		packet.ethertype = bpf_ntohs(inner);
	count(&packet, dev, TRANSMIT);
	return 0;
}
