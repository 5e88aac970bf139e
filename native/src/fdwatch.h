/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FDWATCH_H
#define WEIR_FDWATCH_H

#include <node_api.h>

/*
 * fdWatchOpen(fd, callback) -> handle, or a negative errno. Watches nothing yet.
 * The descriptor stays the caller's, who closes it after fdWatchClose() and not before.
 */
napi_value fdwatch_open(napi_env env, napi_callback_info info);

/* fdWatchSet(handle, events) -> 0 or a negative errno. Events: 1 readable, 2 writable, 0 stops. */
napi_value fdwatch_set(napi_env env, napi_callback_info info);

/* fdWatchClose(handle): the callback does not run any more. A second call does nothing. */
napi_value fdwatch_close(napi_env env, napi_callback_info info);

#endif
