// SPDX-License-Identifier: Apache-2.0

/** Name of a device by its index in the namespace at hand. */
export type DeviceNames = (ifindex: number) => string;
