// SPDX-License-Identifier: Apache-2.0

/** Page size of the kernels that Weir supports. The kernel counts socket memory in pages. */
export const PAGE_SIZE_BYTES = 4096;
