#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What makes a Debian root file system ($1) a Vagrant box: the user vagrant with Vagrant's public key ($VAGRANT_KEY), DHCP
# on the first device, a small initramfs, and nothing that slows a boot on an emulated processor.
set -eu
root=$1
in_root() { chroot "$root" "$@"; }

echo weir > "$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 weir\n' > "$root/etc/hosts"
echo '/dev/vda1 / ext4 noatime,errors=remount-ro 0 1' > "$root/etc/fstab"
: > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id"

in_root useradd -m -s /bin/bash vagrant
echo 'vagrant ALL=(ALL) NOPASSWD: ALL' > "$root/etc/sudoers.d/vagrant"
chmod 0440 "$root/etc/sudoers.d/vagrant"
install -d -m 0700 "$root/home/vagrant/.ssh"
install -m 0600 "$VAGRANT_KEY" "$root/home/vagrant/.ssh/authorized_keys"
in_root chown -R vagrant:vagrant /home/vagrant/.ssh

cat > "$root/etc/ssh/sshd_config.d/vagrant.conf" <<EOF
UseDNS no
PasswordAuthentication no
EOF
# one key is enough, and its making takes a second on an emulated processor
rm -f "$root"/etc/ssh/ssh_host_*
in_root ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key

cat > "$root/etc/systemd/network/10-eth0.network" <<EOF
[Match]
Name=eth0
[Network]
DHCP=ipv4
LinkLocalAddressing=no
IPv6AcceptRA=no
EOF
in_root systemctl -q enable systemd-networkd ssh
in_root systemctl -q mask \
  apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer dpkg-db-backup.timer systemd-logind.service \
  systemd-networkd-wait-online.service e2scrub_reap.service systemd-timesyncd.service getty@tty1.service \
  systemd-binfmt.service systemd-pstore.service man-db.timer

cat > "$root/etc/initramfs-tools/initramfs.conf" <<EOF
MODULES=list
BUSYBOX=y
COMPRESS=gzip
EOF
printf 'virtio_pci\nvirtio_blk\nvirtio_net\next4\n' > "$root/etc/initramfs-tools/modules"
in_root update-initramfs -u -k all
ln -sf "$(basename "$(ls "$root"/boot/vmlinuz-*)")" "$root/boot/vmlinuz"
ln -sf "$(basename "$(ls "$root"/boot/initrd.img-*)")" "$root/boot/initrd.img"
mkdir -p "$root/boot/grub"
cat > "$root/boot/grub/grub.cfg" <<EOF
set timeout=0
linux /boot/vmlinuz root=/dev/vda1 ro net.ifnames=0 console=ttyS0 quiet mitigations=off
initrd /boot/initrd.img
boot
EOF
rm -rf "$root"/var/cache/apt/*.bin "$root"/var/lib/apt/lists/* "$root"/usr/share/man "$root"/usr/share/locale
