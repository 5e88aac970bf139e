/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Looking at one event of so many, where looking at each would cost too much. */
#ifndef WEIR_SAMPLING_H
#define WEIR_SAMPLING_H

#include "kernel.h"

/* One event of so many is looked at, and counts for so many. 1: every one. */
const volatile __u32 sampling = 64;

/* For each CPU and kind of event: how many there are until the next that is looked at. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} sampling_left SEC(".maps");

/*
 * True for the event at which the CPU's counter has run down. Gaps are random with the mean `sampling`, so that traffic with a
 * rhythm is not seen at always the same beat.
 */
static __always_inline bool sampled_by(__u32 *left)
{
	if (*left > 1) {
		*left -= 1;
		return false;
	}
	*left = bpf_get_prandom_u32() % (2 * sampling - 1) + 1;
	return true;
}

static __always_inline bool sampled(__u32 kind)
{
	__u32 *left = bpf_map_lookup_elem(&sampling_left, &kind);

	return left && sampled_by(left);
}

#endif
