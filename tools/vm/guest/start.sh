#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs in a guest as its first process after init: file systems as systemd mounts them, then /results/job.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mount -t sysfs sysfs /sys
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
for folder in /dev/shm /run; do mount -t tmpfs tmpfs $folder; done
# a checkout below /tmp is the host's, and must stay in sight
grep -q '^cd /tmp/' /results/job || mount -t tmpfs tmpfs /tmp
chmod 1777 /tmp /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
mount --make-rshared /
hostname guest
ip link set lo up
# what the host's kernel command line or sysctl.d would do
echo 1 > /proc/sys/kernel/sysrq
modprobe -a virtio_net virtio_blk
# static nodes, as systemd-tmpfiles makes them: opening one loads its module
mkdir -p /dev/net
mknod /dev/net/tun c 10 200
dmesg -n 4
if grep -q vda /proc/partitions; then
  # a disk that outlives the guest, with what Node has compiled before
  mount -t ext4 /dev/vda /mnt
  mkdir -p /mnt/compiled
  ln -s /mnt/compiled /tmp/compiled
fi
sh /results/job > /results/log 2>&1
echo $? > /results/status.part
mv /results/status.part /results/status
dmesg > /results/dmesg 2>/dev/null
sync
echo o > /proc/sysrq-trigger
sleep 60
