// SPDX-License-Identifier: Apache-2.0
// bpf(2): commands and attributes by the numbers of include/uapi/linux/bpf.h, which distributions' headers lag behind.
import { ERRNO } from '../../base/errno.gen.ts';
import { checked } from '../errno.ts';
import { native } from '../native.ts';

/** enum bpf_cmd. */
export const BPF = {
  MAP_CREATE: 0,
  MAP_LOOKUP_ELEM: 1,
  MAP_UPDATE_ELEM: 2,
  MAP_DELETE_ELEM: 3,
  MAP_GET_NEXT_KEY: 4,
  PROG_LOAD: 5,
  OBJ_PIN: 6,
  OBJ_GET: 7,
  PROG_ATTACH: 8,
  PROG_DETACH: 9,
  PROG_TEST_RUN: 10,
  PROG_GET_NEXT_ID: 11,
  MAP_GET_NEXT_ID: 12,
  PROG_GET_FD_BY_ID: 13,
  MAP_GET_FD_BY_ID: 14,
  OBJ_GET_INFO_BY_FD: 15,
  PROG_QUERY: 16,
  RAW_TRACEPOINT_OPEN: 17,
  MAP_LOOKUP_BATCH: 24,
  MAP_UPDATE_BATCH: 26,
  MAP_DELETE_BATCH: 27,
  LINK_CREATE: 28,
  LINK_UPDATE: 29,
  LINK_GET_FD_BY_ID: 30,
  LINK_GET_NEXT_ID: 31,
  ENABLE_STATS: 32,
  ITER_CREATE: 33,
  LINK_DETACH: 34,
} as const;

/** The right whose lack EPERM means. */
export const BPF_RIGHT = 'CAP_BPF (and CAP_PERFMON or CAP_NET_ADMIN, by the type of program)';

/** Attributes of one call: fields at their offsets in union bpf_attr. */
export class BpfAttr {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly offsets: number[] = [];
  readonly buffers: Uint8Array[] = [];

  /** @param size Bytes up to the end of the last field that is used. */
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  u32(offset: number, value: number): this {
    this.view.setUint32(offset, value, true);
    return this;
  }

  u64(offset: number, value: bigint): this {
    this.view.setBigUint64(offset, value, true);
    return this;
  }

  /** The address of `bytes`. */
  pointer(offset: number, bytes: Uint8Array): this {
    this.offsets.push(offset);
    this.buffers.push(bytes);
    return this;
  }

  /** A NUL-terminated text. */
  text(offset: number, text: string): this {
    return this.pointer(offset, Buffer.from(`${text}\0`));
  }
}

/** @returns what bpf(2) returns, or a negative errno. */
export function bpf(command: number, attr: BpfAttr, netns = -1): number {
  return native().bpf(netns, command, attr.bytes, Int32Array.from(attr.offsets), attr.buffers);
}

/** @throws {KernelError} with the operation; {WeirError} `KERNEL_PERMISSION`. */
export function mustBpf(operation: string, command: number, attr: BpfAttr, netns = -1): number {
  return checked(operation, bpf(command, attr, netns), BPF_RIGHT);
}

/** A descriptor of what is pinned at `path`. */
export function getPinned(path: string): number {
  return mustBpf(`open ${path}`, BPF.OBJ_GET, new BpfAttr(16).text(0, path));
}

/** Pin what `fd` refers to at a path in a bpffs. */
export function pin(fd: number, path: string): void {
  mustBpf(`pin ${path}`, BPF.OBJ_PIN, new BpfAttr(16).text(0, path).u32(8, fd));
}

const INFO_SIZE = 256;

/** struct bpf_prog_info, bpf_map_info or bpf_link_info of a descriptor, zeros where the kernel is older. */
export function objectInfo(fd: number): DataView {
  const info = new Uint8Array(INFO_SIZE);
  const attr = new BpfAttr(16).u32(0, fd).u32(4, INFO_SIZE).pointer(8, info);
  mustBpf('BPF_OBJ_GET_INFO_BY_FD', BPF.OBJ_GET_INFO_BY_FD, attr);
  return new DataView(info.buffer);
}

type IdCommand = 'PROG' | 'MAP' | 'LINK';

/** A descriptor of the object with this id; undefined when it is gone. */
export function openId(what: IdCommand, id: number): number | undefined {
  const result = bpf(BPF[`${what}_GET_FD_BY_ID`], new BpfAttr(12).u32(0, id));
  return result === -ERRNO.ENOENT ? undefined : checked(`BPF_${what}_GET_FD_BY_ID`, result, 'CAP_SYS_ADMIN');
}

/** The ids of all objects of the machine. */
export function* allIds(what: IdCommand): Generator<number> {
  for (let id = 0; ; ) {
    const attr = new BpfAttr(12).u32(0, id);
    const result = bpf(BPF[`${what}_GET_NEXT_ID`], attr);
    if (result === -ERRNO.ENOENT) return;
    checked(`BPF_${what}_GET_NEXT_ID`, result, 'CAP_SYS_ADMIN');
    id = attr.view.getUint32(4, true);
    yield id;
  }
}
