#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prometheus that scrapes the site's nodes: the binary of the checkout's cache, or Debian's package.
set -eu
if [ -f /tmp/prometheus ]; then
  install -m 0755 /tmp/prometheus /usr/local/bin/prometheus
elif ! command -v prometheus > /dev/null; then
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends prometheus
  systemctl disable -q --now prometheus
fi
mkdir -p /etc/weir-site /var/lib/weir-site
cat > /etc/weir-site/prometheus.yml <<EOF
global: { scrape_interval: 5s }
scrape_configs:
  - job_name: weir
    static_configs:
      - targets: [10.77.0.1:9820, 10.77.0.11:9820, 10.77.0.12:9820]
EOF
cat > /etc/systemd/system/site-prometheus.service <<EOF
[Unit]
Description=Prometheus of the site
After=site-addresses.service
[Service]
ExecStart=/usr/bin/env prometheus --config.file=/etc/weir-site/prometheus.yml --storage.tsdb.path=/var/lib/weir-site
Restart=on-failure
[Install]
WantedBy=multi-user.target
EOF
systemctl daemon-reload
systemctl enable -q site-prometheus
systemctl restart site-prometheus
