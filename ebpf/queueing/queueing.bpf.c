/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where packets wait: in the qdisc of a device, for the softirq that handles them, in NAPI that is out of budget.
 * One packet, softirq and poll of `sampling` is looked at and counts for so many.
 */
#include "entry.h"
#include "histogram.h"
#include "kernel.h"
#include "sampling.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Histograms of times begin with 1024 ns. */
#define TIME_SHIFT 10

/* Packets that a qdisc hands over at once and that are looked at. */
#define BULK 8

#define SLOTS 4096

enum kind { ENQUEUE, POLL };

struct queueing_qdisc_key {
	__u32 netns;
	__u32 ifindex;
	__u32 handle;
	char kind[16];
};

struct queueing_qdisc {
	struct histogram delay;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct queueing_qdisc_key);
	__type(value, struct queueing_qdisc);
} queueing_qdiscs SEC(".maps");

/* A packet that waits in a qdisc. Its address says where in the array it is: a later one may take its place. */
struct queueing_slot {
	__u64 skb;
	__u64 time;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, __u32);
	__type(value, struct queueing_slot);
} queueing_slots SEC(".maps");

struct queueing_device_key {
	__u32 netns;
	__u32 ifindex;
};

struct queueing_device {
	__u64 polls;
	__u64 packets;
	/* Polls that used their budget up: there was more to do. */
	__u64 exhausted;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct queueing_device_key);
	__type(value, struct queueing_device);
} queueing_devices SEC(".maps");

/* Softirq vectors of the network: NET_TX_SOFTIRQ and NET_RX_SOFTIRQ. */
#define FIRST_VECTOR 2
#define VECTORS 2

struct queueing_vector {
	struct histogram delay;
	struct histogram run;
	/* When it was raised and entered; 0: it was not, or is not timed. */
	__u64 raised;
	__u64 entered;
	__u32 left;
	/* It waits, timed or not: raising it once more changes nothing. */
	__u32 waits;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VECTORS);
	__type(key, __u32);
	__type(value, struct queueing_vector);
} queueing_vectors SEC(".maps");

static const struct queueing_qdisc no_delays;
static const struct queueing_device no_polls;

static __always_inline struct queueing_slot *slot_of(struct sk_buff *skb)
{
	__u64 address = (__u64)skb;
	__u32 slot = (address >> 8 ^ address >> 20) % SLOTS;

	return bpf_map_lookup_elem(&queueing_slots, &slot);
}

static __always_inline void add_delay(struct Qdisc *qdisc, struct netdev_queue *queue, __u64 delay)
{
	struct queueing_qdisc_key key = {
		.netns = queue->dev->nd_net.net->ns.inum,
		.ifindex = queue->dev->ifindex,
		.handle = qdisc->handle,
	};
	struct queueing_qdisc *found;

	bpf_probe_read_kernel_str(key.kind, sizeof(key.kind), qdisc->ops->id);
	found = entry_of(&queueing_qdiscs, &key, &no_delays);
	if (found)
		histogram_add_times(&found->delay, delay, TIME_SHIFT, sampling);
}

/* Fires once the root qdisc has taken the packet. */
SEC("tp_btf/qdisc_enqueue")
int BPF_PROG(queueing_enqueue, struct Qdisc *qdisc, struct netdev_queue *queue, struct sk_buff *skb)
{
	struct queueing_slot *slot = slot_of(skb);

	if (!slot)
		return 0;
	if (sampled(ENQUEUE)) {
		slot->time = bpf_ktime_get_ns();
		slot->skb = (__u64)skb;
	} else if (slot->skb == (__u64)skb) {
		/* Of a packet at the same address that was dropped in the queue. */
		slot->skb = 0;
		slot->time = 0;
	}
	return 0;
}

/* Fires also when the qdisc has nothing to give, and once for packets that it gives together. */
SEC("tp_btf/qdisc_dequeue")
int BPF_PROG(queueing_dequeue, struct Qdisc *qdisc, struct netdev_queue *queue, int packets, struct sk_buff *skb)
{
	for (__u32 i = 0; i < BULK && skb; i++) {
		struct queueing_slot *slot = slot_of(skb);

		if (slot && slot->skb == (__u64)skb && slot->time) {
			add_delay(qdisc, queue, bpf_ktime_get_ns() - slot->time);
			slot->skb = 0;
			slot->time = 0;
		}
		if (packets <= 1)
			break;
		skb = skb->next;
	}
	return 0;
}

/* Polls that used their budget up are all counted, others by samples. The backlog of a CPU polls without a device. */
SEC("tp_btf/napi_poll")
int BPF_PROG(queueing_poll, struct napi_struct *napi, int work, int budget)
{
	struct net_device *dev = napi->dev;
	struct queueing_device_key key = {};
	struct queueing_device *device;
	bool exhausted = work >= budget;
	__u32 times = exhausted ? 1 : sampling;

	if (!dev || (!exhausted && !sampled(POLL)))
		return 0;
	key.netns = dev->nd_net.net->ns.inum;
	key.ifindex = dev->ifindex;
	device = entry_of(&queueing_devices, &key, &no_polls);
	if (!device)
		return 0;
	device->polls += times;
	device->packets += (__u64)work * times;
	device->exhausted += exhausted;
	return 0;
}

static __always_inline struct queueing_vector *vector_of(__u32 number)
{
	__u32 index = number - FIRST_VECTOR;

	return index < VECTORS ? bpf_map_lookup_elem(&queueing_vectors, &index) : NULL;
}

SEC("tp_btf/softirq_raise")
int BPF_PROG(queueing_raise, unsigned int number)
{
	struct queueing_vector *vector = vector_of(number);

	if (!vector || vector->waits)
		return 0;
	vector->waits = 1;
	if (sampled_by(&vector->left))
		vector->raised = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(queueing_entry, unsigned int number)
{
	struct queueing_vector *vector = vector_of(number);

	if (!vector)
		return 0;
	vector->waits = 0;
	if (!vector->raised)
		return 0;
	vector->entered = bpf_ktime_get_ns();
	histogram_add_times(&vector->delay, vector->entered - vector->raised, TIME_SHIFT, sampling);
	vector->raised = 0;
	return 0;
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(queueing_exit, unsigned int number)
{
	struct queueing_vector *vector = vector_of(number);

	if (!vector || !vector->entered)
		return 0;
	histogram_add_times(&vector->run, bpf_ktime_get_ns() - vector->entered, TIME_SHIFT, sampling);
	vector->entered = 0;
	return 0;
}
