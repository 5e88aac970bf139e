/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf_face.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "core.h"

/* Write the address of each buffer to its place in attr. False: a TypeError is pending. */
static bool place_pointers(napi_env env, uint8_t *attr, size_t size, napi_value offsets, napi_value buffers)
{
	size_t count, length;
	uint32_t given;
	int32_t *at;

	if (!args_array(env, offsets, "offsets", napi_int32_array, (void **)&at, &count))
		return false;
	if (napi_get_array_length(env, buffers, &given) != napi_ok || given != count) {
		napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "buffers must be as many as offsets");
		return false;
	}
	for (uint32_t i = 0; i < given; i++) {
		napi_value buffer;
		uint64_t address;
		void *bytes;

		if (napi_get_element(env, buffers, i, &buffer) != napi_ok ||
		    !args_array(env, buffer, "buffer", napi_uint8_array, &bytes, &length))
			return false;
		if (at[i] < 0 || (size_t)at[i] + sizeof(address) > size) {
			napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "an offset is outside of attr");
			return false;
		}
		address = (uint64_t)(uintptr_t)bytes;
		memcpy(attr + at[i], &address, sizeof(address));
	}
	return true;
}

napi_value bpf_face_call(napi_env env, napi_callback_info info)
{
	int64_t netns, command;
	napi_value args[5];
	uint8_t *attr;
	size_t size;

	if (!args_get(env, info, 5, args) || !args_integer(env, args[0], "netns", -1, INT_MAX, &netns) ||
	    !args_integer(env, args[1], "command", 0, 255, &command) ||
	    !args_array(env, args[2], "attr", napi_uint8_array, (void **)&attr, &size) ||
	    !place_pointers(env, attr, size, args[3], args[4]))
		return NULL;
	return args_number(env, weir_bpf((int)netns, (unsigned)command, attr, (unsigned)size));
}

napi_value bpf_face_perf_open(napi_env env, napi_callback_info info)
{
	int64_t type, config, frequency, cpu;
	napi_value args[4];

	if (!args_get(env, info, 4, args) || !args_integer(env, args[0], "type", 0, UINT32_MAX, &type) ||
	    !args_integer(env, args[1], "config", 0, UINT32_MAX, &config) ||
	    !args_integer(env, args[2], "frequency", 1, 100000, &frequency) ||
	    !args_integer(env, args[3], "cpu", 0, INT_MAX, &cpu))
		return NULL;
	return args_number(env, weir_perf_open((uint32_t)type, (uint64_t)config, (uint64_t)frequency, (int)cpu));
}

napi_value bpf_face_fd_dup(napi_env env, napi_callback_info info)
{
	napi_value args[1];
	int fd;

	if (!args_get(env, info, 1, args) || !args_fd(env, args[0], &fd))
		return NULL;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return args_number(env, fd < 0 ? -errno : fd);
}

napi_value bpf_face_address(napi_env env, napi_callback_info info)
{
	napi_value args[1];
	size_t length;
	void *bytes;

	if (!args_get(env, info, 1, args) || !args_array(env, args[0], "bytes", napi_uint8_array, &bytes, &length))
		return NULL;
	/* user addresses are below 2^47: a double holds them */
	return args_number(env, (double)(uintptr_t)bytes);
}

napi_value bpf_face_library_keep(napi_env env, napi_callback_info info)
{
	char path[WEIR_MAX_TEXT];
	napi_value args[1];

	if (!args_get(env, info, 1, args) || !args_text(env, args[0], "path", path))
		return NULL;
	return args_number(env, dlopen(path, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) ? 0 : -ENOENT);
}

napi_value bpf_face_log_function(napi_env env, napi_callback_info info)
{
	(void)info;
	return args_number(env, (double)weir_bpf_log_function());
}

napi_value bpf_face_log_take(napi_env env, napi_callback_info info)
{
	char *text = malloc(WEIR_BPF_LOG_SIZE);
	napi_value out = NULL;

	(void)info;
	if (!text)
		return args_number(env, -ENOMEM);
	napi_create_string_utf8(env, text, weir_bpf_log_take(text), &out);
	free(text);
	return out;
}

/* A ring as JavaScript holds it. */
struct held_ring {
	struct weir_ring *ring;
};

static void close_held(struct held_ring *held)
{
	if (held->ring)
		weir_ring_close(held->ring);
	held->ring = NULL;
}

static void forget_ring(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	close_held(data);
	free(data);
}

static bool get_ring(napi_env env, napi_value value, struct held_ring **out)
{
	napi_valuetype type;

	if (napi_typeof(env, value, &type) == napi_ok && type == napi_external &&
	    napi_get_value_external(env, value, (void **)out) == napi_ok)
		return true;
	napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "ring must be what ringOpen returned");
	return false;
}

napi_value bpf_face_ring_open(napi_env env, napi_callback_info info)
{
	struct held_ring *held;
	napi_value args[2], out;
	int64_t size;
	int map, error;

	if (!args_get(env, info, 2, args) || !args_fd(env, args[0], &map) ||
	    !args_integer(env, args[1], "size", 1, INT_MAX, &size))
		return NULL;
	held = calloc(1, sizeof(*held));
	if (!held)
		return args_number(env, -ENOMEM);
	error = weir_ring_open(map, (size_t)size, &held->ring);
	if (error < 0) {
		free(held);
		return args_number(env, error);
	}
	if (napi_create_external(env, held, forget_ring, NULL, &out) == napi_ok)
		return out;
	forget_ring(env, held, NULL);
	return args_number(env, -ENOMEM);
}

napi_value bpf_face_ring_drain(napi_env env, napi_callback_info info)
{
	struct held_ring *held;
	napi_value args[2];
	size_t room;
	void *out;

	if (!args_get(env, info, 2, args) || !get_ring(env, args[0], &held) ||
	    !args_array(env, args[1], "bytes", napi_uint8_array, &out, &room))
		return NULL;
	return args_number(env, held->ring ? (double)weir_ring_drain(held->ring, out, room) : -EBADF);
}

napi_value bpf_face_ring_close(napi_env env, napi_callback_info info)
{
	struct held_ring *held;
	napi_value args[1];

	if (!args_get(env, info, 1, args) || !get_ring(env, args[0], &held))
		return NULL;
	close_held(held);
	return NULL;
}
