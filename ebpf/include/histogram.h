/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Histograms whose buckets are powers of two. */
#ifndef WEIR_HISTOGRAM_H
#define WEIR_HISTOGRAM_H

#include <linux/types.h>

/* Bucket b counts values v with 2^(b-1) < v <= 2^b in units of the histogram, bucket 0 those up to 1; the last is open. */
#define HISTOGRAM_BUCKETS 28

struct histogram {
	__u64 sum;
	__u64 buckets[HISTOGRAM_BUCKETS];
};

/* The smallest b with value <= 2^b, at most HISTOGRAM_BUCKETS - 1. */
static __always_inline __u32 histogram_bucket(__u64 value)
{
	__u32 bucket = 0;

	if (value > 1) {
		value--;
		if (value >> 32)
			return HISTOGRAM_BUCKETS - 1;
		bucket = 1;
		if (value >> 16) {
			value >>= 16;
			bucket += 16;
		}
		if (value >> 8) {
			value >>= 8;
			bucket += 8;
		}
		if (value >> 4) {
			value >>= 4;
			bucket += 4;
		}
		if (value >> 2) {
			value >>= 2;
			bucket += 2;
		}
		bucket += value >> 1;
	}
	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/*
 * `times` observations of `value`, of a per-CPU histogram: nobody else writes to it. The sum is of values as they are, `unit` =
 * 2^shift of it counts.
 */
static __always_inline void histogram_add_times(struct histogram *histogram, __u64 value, __u32 shift, __u32 times)
{
	__u32 bucket = histogram_bucket((value + (1ULL << shift) - 1) >> shift);

	histogram->sum += value * times;
	if (bucket < HISTOGRAM_BUCKETS)
		histogram->buckets[bucket] += times;
}

static __always_inline void histogram_add(struct histogram *histogram, __u64 value, __u32 shift)
{
	histogram_add_times(histogram, value, shift, 1);
}

#endif
