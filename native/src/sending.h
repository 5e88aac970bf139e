/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SENDING_H
#define WEIR_SENDING_H

#include <node_api.h>

/*
 * netlinkSendLater(fd, bytes, start, end) -> promise of the bytes sent or a negative errno.
 *
 * The kernel handles a netlink message before send() returns, and that can take long: deleting a device waits for
 * RCU, and others may hold the lock. So the call is made on a thread of libuv's pool. `bytes` must not change and
 * `fd` must stay open until the promise settles.
 */
napi_value sending_later(napi_env env, napi_callback_info info);

#endif
