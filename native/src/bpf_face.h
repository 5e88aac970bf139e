/* SPDX-License-Identifier: Apache-2.0 */
/* The N-API face of bpf.c and ring.c. */
#ifndef WEIR_BPF_FACE_H
#define WEIR_BPF_FACE_H

#include <node_api.h>

/*
 * bpf(netns, command, attr, offsets, buffers) -> what bpf(2) returns
 * netns -1 is the thread's own. The address of buffers[i] is written to attr at offsets[i] first.
 */
napi_value bpf_face_call(napi_env env, napi_callback_info info);

/* perfOpen(type, config, frequency, cpu) -> fd */
napi_value bpf_face_perf_open(napi_env env, napi_callback_info info);

/* fdDup(fd) -> another descriptor of the same, close-on-exec */
napi_value bpf_face_fd_dup(napi_env env, napi_callback_info info);

/* bytesAddress(bytes) -> where they are in memory, for the fields of a struct that is passed on as bytes */
napi_value bpf_face_address(napi_env env, napi_callback_info info);

/*
 * libraryKeep(path): leave a library that is loaded in memory for good. A thread of Node unloads the addons that it
 * required when it ends, and one with threads or thread-local destructors of its own crashes the process by that.
 */
napi_value bpf_face_library_keep(napi_env env, napi_callback_info info);

/* bpfLogFunction() -> address of a libbpf_print_fn_t */
napi_value bpf_face_log_function(napi_env env, napi_callback_info info);

/* bpfLogTake() -> what libbpf printed since the last call */
napi_value bpf_face_log_take(napi_env env, napi_callback_info info);

/* ringOpen(map, size) -> ring */
napi_value bpf_face_ring_open(napi_env env, napi_callback_info info);

/* ringDrain(ring, bytes) -> bytes written */
napi_value bpf_face_ring_drain(napi_env env, napi_callback_info info);

/* ringClose(ring) */
napi_value bpf_face_ring_close(napi_env env, napi_callback_info info);

#endif
