#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A machine without Weir: plain.sh GATEWAY DEVICE=ADDRESS/LENGTH... gives it addresses and a route to the site, now and at
# every boot. A second run changes nothing.
set -eu
gateway=$1
shift
{
  printf '[Unit]\nDescription=Addresses of the site\n[Service]\nType=oneshot\nRemainAfterExit=yes\n'
  for pair in "$@"; do
    printf 'ExecStart=/sbin/ip link set dev %s up\n' "${pair%%=*}"
    printf 'ExecStart=/sbin/ip address replace %s dev %s\n' "${pair#*=}" "${pair%%=*}"
  done
  for network in 192.0.2.0/24 203.0.113.0/24 198.51.100.0/24 10.77.0.0/24; do
    # the network that it is in has a route already
    printf 'ExecStart=-/sbin/ip route add %s via %s\n' "$network" "$gateway"
  done
  printf '[Install]\nWantedBy=multi-user.target\n'
} > /etc/systemd/system/site-addresses.service
systemctl daemon-reload
systemctl enable -q site-addresses
systemctl restart site-addresses
