# SPDX-License-Identifier: Apache-2.0
{
  "targets": [
    {
      "target_name": "weir",
      "sources": [
        "src/addon.c",
        "src/args.c",
        "src/bpf.c",
        "src/bpf_face.c",
        "src/capture.c",
        "src/capture_face.c",
        "src/capture_write.c",
        "src/ethtool.c",
        "src/fdwatch.c",
        "src/filter.c",
        "src/filter_face.c",
        "src/later.c",
        "src/netlink.c",
        "src/netns.c",
        "src/ring.c",
        "src/socket.c",
        "src/tun.c",
        "src/unix.c"
      ],
      "defines": ["_GNU_SOURCE", "NAPI_VERSION=8"],
      "cflags": ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"]
    }
  ]
}
