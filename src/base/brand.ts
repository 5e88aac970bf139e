// SPDX-License-Identifier: Apache-2.0

declare const brand: unique symbol;

/** A primitive that the type checker keeps apart from others of the same shape. Made by parsers and decoders only. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Index of a device inside one network namespace. */
export type Ifindex = Brand<number, 'Ifindex'>;
/** tc handle `major:minor` as the kernel's u32. */
export type TcHandle = Brand<number, 'TcHandle'>;
/** Number of a routing table. */
export type TableId = Brand<number, 'TableId'>;
/** Positive errno. */
export type Errno = Brand<number, 'Errno'>;
/** File descriptor that refers to a network namespace. */
export type NetnsFd = Brand<number, 'NetnsFd'>;
