// SPDX-License-Identifier: Apache-2.0
// The part of the npm package node-netlink that is used; it comes without types.
declare module 'node-netlink' {
  interface Header {
    readonly nlmsg_type: bigint;
    readonly nlmsg_flags: bigint;
  }

  export interface Packet {
    readonly header: Header & { readonly nlmsg_seq: bigint };
    readonly payload: Buffer;
  }

  export interface Socket {
    tryTalk(
      message: { readonly header: Header; readonly payload: Buffer },
      options: { readonly timeout: number },
    ): Promise<{ readonly errorCode: number; readonly packets: readonly Packet[] }>;
    on(event: 'message', listener: (packet: Packet) => void): void;
    close(): Promise<void>;
  }

  const netlink: { open(options: { readonly family: number; readonly groups?: number }): Promise<Socket> };
  // biome-ignore lint/style/noDefaultExport: this is how the package exports
  export default netlink;
}
