/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LATER_H
#define WEIR_LATER_H

#include <node_api.h>

/*
 * Netlink calls on a thread of libuv's pool. The kernel handles a message before send() returns, and fills the next
 * part of a dump before recvmsg() returns; both may wait for locks and for RCU, or walk a million routes.
 * Arrays must not change, and `fd` must stay open, until the promise settles.
 */

/* netlinkSendLater(fd, bytes, start, end) -> promise of what netlinkSend() returns */
napi_value later_send(napi_env env, napi_callback_info info);

/* netlinkReceiveLater(fd, buffer, slot, lengths) -> promise of what netlinkReceive() returns */
napi_value later_receive(napi_env env, napi_callback_info info);

#endif
