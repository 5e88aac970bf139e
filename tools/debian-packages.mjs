// SPDX-License-Identifier: Apache-2.0
// The Debian packages that Weir needs, by purpose. The README lists them from here.

/** To build and run the agent. */
export const RUN = ['g++', 'make', 'python3', 'clang', 'llvm', 'libbpf-dev', 'libpcap-dev', 'linux-libc-dev'];

/** To run the tests: oracles and a terminal. */
export const TEST = [
  'iproute2',
  'iputils-ping',
  'ethtool',
  'nftables',
  'procps',
  'openssl',
  'tmux',
  'bpftool',
  'tcpdump',
  'tshark',
  'iperf3',
];

/**
 * Unpacked into .cache/debian, never installed: peers to measure against and the kernel's netlink specifications, these
 * in the version that the committed codecs were made from (the newest where the archive has it no more).
 */
export const UNPACKED = [
  'linux-doc-6.12=6.12.117-1~deb12u1',
  'prometheus',
  'prometheus-node-exporter',
  'python3-pyroute2',
];

/** To run the tests in virtual machines: QEMU with guest kernels, and Vagrant with libvirt (`npm run setup:vm`). */
export const VM = [
  'busybox-static',
  'cpio',
  'xz-utils',
  'kmod',
  'mmdebstrap',
  'fdisk',
  'e2fsprogs',
  'grub-pc-bin',
  'grub-common',
  'qemu-system-x86',
  'qemu-utils',
  'vagrant',
  'vagrant-libvirt',
  'libvirt-daemon-system',
  'libvirt-clients',
  'libvirt-daemon-driver-qemu',
  'dnsmasq-base',
  'iptables',
  'openssh-client',
  'rsync',
];
