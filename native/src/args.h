/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of the addon's functions: each is checked, and a wrong one becomes a TypeError that names it. */
#ifndef WEIR_ARGS_H
#define WEIR_ARGS_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WEIR_MAX_ARGS = 6, WEIR_MAX_TEXT = 4096 };

/* Fetch exactly `count` arguments. False: a TypeError is pending, return NULL. The same holds for all below. */
bool args_get(napi_env env, napi_callback_info info, size_t count, napi_value *values);

/* An integer of [low, high]. */
bool args_integer(napi_env env, napi_value value, const char *name, int64_t low, int64_t high, int64_t *out);

/* A descriptor: a non-negative int. */
bool args_fd(napi_env env, napi_value value, int *out);

/* Text without NUL that fits `out` with its terminator. */
bool args_text(napi_env env, napi_value value, const char *name, char out[WEIR_MAX_TEXT]);

/* A typed array of `type`, valid during the call. `count` is in elements. */
bool args_array(napi_env env, napi_value value, const char *name, napi_typedarray_type type, void **data,
		size_t *count);

napi_value args_number(napi_env env, double number);

#endif
