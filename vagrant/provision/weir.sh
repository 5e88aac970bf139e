#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs Weir as an operator does: the package, settings, a document. A second run changes nothing.
set -eu
export DEBIAN_FRONTEND=noninteractive
sum=$(sha256sum /tmp/weir.deb | cut -d' ' -f1)
mkdir -p /etc/weir/conf.d
cat > /etc/weir/weir.yaml.new <<EOF
# Prometheus scrapes from another machine; without credentials it gets metrics and nothing else.
listen: 0.0.0.0:9820
metrics: { enable: [qdisc] }
EOF
cmp -s /etc/weir/weir.yaml.new /etc/weir/weir.yaml || { mv /etc/weir/weir.yaml.new /etc/weir/weir.yaml; changed=1; }
rm -f /etc/weir/weir.yaml.new
if [ "$(cat /etc/weir/.package 2> /dev/null)" != "$sum" ]; then
  # a box that has what the package needs needs no network
  dpkg -i /tmp/weir.deb || { apt-get update -q; apt-get install -y -q --no-install-recommends /tmp/weir.deb; }
  echo "$sum" > /etc/weir/.package
elif [ -n "${changed:-}" ]; then
  systemctl restart weir
fi
install -m 0644 /tmp/weir-document.yaml /etc/weir/conf.d/site.yaml
# the unit is ready once the agent is
systemctl is-active -q weir || systemctl start weir
# no probes: what the site is connected to may come up later
weir apply --yes --no-confirm --probe none
weir status
