/* SPDX-License-Identifier: Apache-2.0 */
/* The N-API face of capture.c and capture_write.c. */
#ifndef WEIR_CAPTURE_FACE_H
#define WEIR_CAPTURE_FACE_H

#include <node_api.h>

/*
 * captureOpen(netns, ifindex, numbers, filter) -> capture
 * numbers is an Int32Array: cooked, promiscuous, block size, blocks, milliseconds until a block is retired.
 */
napi_value capture_face_open(napi_env env, napi_callback_info info);

/* captureFd(capture) -> fd, which remains the capture's */
napi_value capture_face_fd(napi_env env, napi_callback_info info);

/* captureDevice(capture) -> ifindex */
napi_value capture_face_device(napi_env env, napi_callback_info info);

/* captureStamp(capture, early) -> 0 */
napi_value capture_face_stamp(napi_env env, napi_callback_info info);

/* captureStatistics(capture, counts) -> 0; counts is a Uint32Array: packets and drops since the last call */
napi_value capture_face_statistics(napi_env env, napi_callback_info info);

/*
 * captureRead(capture, bytes, numbers) -> bytes written
 * numbers is a BigUint64Array. In: interface, snap length, Ethernet or not, most packets, earliest time.
 * Out, behind: packets, bytes on the wire, times of the first and the last packet.
 */
napi_value capture_face_read(napi_env env, napi_callback_info info);

/*
 * captureWriteLater(capture, fd, numbers) -> promise of 0 or a negative errno, or that at once
 * numbers is as for captureRead. In, behind: offset in the file, most bytes, milliseconds to wait for more packets.
 * Out, behind: bytes written, packets that could not be written, whether there is a packet that was not asked for.
 * On a thread of its own. `fd` must stay open until the promise settles; a close of the capture is done then.
 */
napi_value capture_face_write(napi_env env, napi_callback_info info);

/* captureClose(capture) */
napi_value capture_face_close(napi_env env, napi_callback_info info);

#endif
