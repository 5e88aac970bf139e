/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef WEIR_ENTRY_H
#define WEIR_ENTRY_H

#include "kernel.h"

/* The value of a key, made as `fresh` where there is none yet; NULL where it cannot be made. */
static __always_inline void *entry_of(void *map, const void *key, const void *fresh)
{
	void *found = bpf_map_lookup_elem(map, key);

	if (found)
		return found;
	bpf_map_update_elem(map, key, fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, key);
}

#endif
