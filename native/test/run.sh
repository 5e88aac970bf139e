#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the addon's core with the sanitizers and runs its tests. Needs root. The last line is `N passed`.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build/test
cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -O1 -g -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all \
	-o build/test/core-test test/core-test.c test/capture-test.c src/bpf.c src/capture.c src/capture_write.c src/ethtool.c src/filter.c src/netns.c src/netlink.c src/ring.c src/socket.c src/tun.c src/unix.c
exec build/test/core-test
