#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Keep the request that a program of iproute2 sends: record.sh FOLDER...
# FOLDER/command is one line for sh; FOLDER/setup (optional) runs before it. Both run in a network namespace that
# ends with them. The kernel may refuse the command: its request was sent all the same. Needs root and strace.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for folder in "$@"; do
  trace=$(mktemp)
  unshare -n sh -c '
    ip link set lo up
    [ ! -f "$1/setup" ] || . "$1/setup"
    strace -f -qq -e trace=sendmsg,sendto -e signal=none -e write=all -o "$2" sh "$1/command" || true
  ' sh "$(cd "$folder" && pwd)" "$trace" >/dev/null 2>&1
  python3 "$here/last-request.py" "$trace" "$folder/request.bin"
  rm -f "$trace"
done
