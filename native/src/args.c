/* SPDX-License-Identifier: Apache-2.0 */
#include "args.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static bool refuse(napi_env env, const char *name, const char *wanted)
{
	char message[128];

	snprintf(message, sizeof(message), "%s must be %s", name, wanted);
	napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
	return false;
}

bool args_get(napi_env env, napi_callback_info info, size_t count, napi_value *values)
{
	size_t given = count;

	if (napi_get_cb_info(env, info, &given, values, NULL, NULL) != napi_ok || given != count)
		return refuse(env, "the number of arguments", "as declared");
	return true;
}

bool args_integer(napi_env env, napi_value value, const char *name, int64_t low, int64_t high, int64_t *out)
{
	char wanted[80];
	double number;

	snprintf(wanted, sizeof(wanted), "an integer from %lld to %lld", (long long)low, (long long)high);
	if (napi_get_value_double(env, value, &number) != napi_ok)
		return refuse(env, name, wanted);
	if (!(number >= (double)low && number <= (double)high) || (double)(int64_t)number != number)
		return refuse(env, name, wanted);
	*out = (int64_t)number;
	return true;
}

bool args_bool(napi_env env, napi_value value, const char *name, bool *out)
{
	return napi_get_value_bool(env, value, out) == napi_ok || refuse(env, name, "true or false");
}

bool args_fd(napi_env env, napi_value value, int *out)
{
	int64_t number;

	if (!args_integer(env, value, "fd", 0, INT_MAX, &number))
		return false;
	*out = (int)number;
	return true;
}

bool args_text(napi_env env, napi_value value, const char *name, char out[WEIR_MAX_TEXT])
{
	size_t length;

	if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok)
		return refuse(env, name, "text");
	if (length >= WEIR_MAX_TEXT)
		return refuse(env, name, "shorter than 4096 bytes");
	if (napi_get_value_string_utf8(env, value, out, WEIR_MAX_TEXT, &length) != napi_ok)
		return refuse(env, name, "text");
	if (memchr(out, '\0', length))
		return refuse(env, name, "text without NUL");
	return true;
}

bool args_array(napi_env env, napi_value value, const char *name, napi_typedarray_type type, void **data,
		size_t *count)
{
	const char *wanted = type == napi_int32_array ? "an Int32Array" : "a Uint8Array";
	napi_typedarray_type actual;
	bool is_array = false;

	if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array ||
	    napi_get_typedarray_info(env, value, &actual, count, data, NULL, NULL) != napi_ok || actual != type)
		return refuse(env, name, wanted);
	return true;
}

bool args_send(napi_env env, napi_callback_info info, napi_value values[4], struct args_netlink *out)
{
	int64_t start, end;
	size_t length;
	void *bytes;

	if (!args_get(env, info, 4, values) || !args_fd(env, values[0], &out->fd) ||
	    !args_array(env, values[1], "bytes", napi_uint8_array, &bytes, &length) ||
	    !args_integer(env, values[2], "start", 0, (int64_t)length, &start) ||
	    !args_integer(env, values[3], "end", start, (int64_t)length, &end))
		return false;
	out->bytes = (char *)bytes + start;
	out->size = (size_t)(end - start);
	out->lengths = NULL;
	out->count = 0;
	return true;
}

bool args_receive(napi_env env, napi_callback_info info, napi_value values[4], struct args_netlink *out)
{
	size_t size, count;
	void *lengths;
	int64_t slot;

	if (!args_get(env, info, 4, values) || !args_fd(env, values[0], &out->fd) ||
	    !args_array(env, values[1], "buffer", napi_uint8_array, &out->bytes, &size) ||
	    !args_integer(env, values[2], "slot", 1, (int64_t)size, &slot) ||
	    !args_array(env, values[3], "lengths", napi_int32_array, &lengths, &count))
		return false;
	if (count == 0 || count > size / (size_t)slot) {
		napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "buffer must hold lengths.length slots");
		return false;
	}
	out->size = (size_t)slot;
	out->lengths = lengths;
	out->count = (unsigned)count;
	return true;
}

napi_value args_number(napi_env env, double number)
{
	napi_value value = NULL;

	napi_create_double(env, number, &value);
	return value;
}
