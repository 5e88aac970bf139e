/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of the addon's functions: each is checked, and a wrong one becomes a TypeError that names it. */
#ifndef WEIR_ARGS_H
#define WEIR_ARGS_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WEIR_MAX_TEXT = 4096 };

/* Fetch exactly `count` arguments. False: a TypeError is pending, return NULL. The same holds for all below. */
bool args_get(napi_env env, napi_callback_info info, size_t count, napi_value *values);

/* An integer of [low, high]. */
bool args_integer(napi_env env, napi_value value, const char *name, int64_t low, int64_t high, int64_t *out);

/* true or false. */
bool args_bool(napi_env env, napi_value value, const char *name, bool *out);

/* A descriptor: a non-negative int. */
bool args_fd(napi_env env, napi_value value, int *out);

/* Text without NUL that fits `out` with its terminator. */
bool args_text(napi_env env, napi_value value, const char *name, char out[WEIR_MAX_TEXT]);

/* A typed array of `type`, valid during the call. `count` is in elements. */
bool args_array(napi_env env, napi_value value, const char *name, napi_typedarray_type type, void **data,
		size_t *count);

/* The arguments of netlinkSend() and netlinkReceive(), and of their later forms. */
struct args_netlink {
	int fd;
	void *bytes;
	/* Bytes to send, or of one slot. */
	size_t size;
	/* Only of a receive. */
	int32_t *lengths;
	unsigned count;
};

/* (fd, bytes, start, end) */
bool args_send(napi_env env, napi_callback_info info, napi_value values[4], struct args_netlink *out);

/* (fd, buffer, slot, lengths) */
bool args_receive(napi_env env, napi_callback_info info, napi_value values[4], struct args_netlink *out);

napi_value args_number(napi_env env, double number);

#endif
