/* SPDX-License-Identifier: Apache-2.0 */
#include "capture_face.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "core.h"

/* A capture as JavaScript holds it. */
struct held_capture {
	struct weir_capture *capture;
};

/* Guards against an External of another kind. */
static const napi_type_tag CAPTURE_TAG = { 0x7765697263617074ULL, 0x7572652d00000001ULL };

static void close_held(struct held_capture *held)
{
	if (held->capture)
		weir_capture_close(held->capture);
	held->capture = NULL;
}

static void forget(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	close_held(data);
	free(data);
}

static bool get_held(napi_env env, napi_value value, struct held_capture **out)
{
	bool ours = false;

	if (napi_check_object_type_tag(env, value, &CAPTURE_TAG, &ours) == napi_ok && ours &&
	    napi_get_value_external(env, value, (void **)out) == napi_ok)
		return true;
	napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "capture must be what captureOpen returned");
	return false;
}

enum { COOKED, PROMISCUOUS, BLOCK_SIZE, BLOCKS, RETIRE_MS, OPEN_NUMBERS };

static bool get_options(napi_env env, napi_value *args, struct weir_capture_options *options)
{
	int64_t ifindex;
	void *numbers, *filter;
	size_t count, bytes;

	if (!args_fd(env, args[0], &options->netns) || !args_integer(env, args[1], "ifindex", 1, INT_MAX, &ifindex) ||
	    !args_array(env, args[2], "numbers", napi_int32_array, &numbers, &count) ||
	    !args_array(env, args[3], "filter", napi_uint8_array, &filter, &bytes))
		return false;
	if (count != OPEN_NUMBERS || bytes % 8 != 0) {
		napi_throw_type_error(env, "ERR_INVALID_ARG_VALUE", "numbers or filter has a wrong length");
		return false;
	}
	const int32_t *n = numbers;

	options->ifindex = (int)ifindex;
	options->cooked = n[COOKED] != 0;
	options->promiscuous = n[PROMISCUOUS] != 0;
	options->block_size = (uint32_t)n[BLOCK_SIZE];
	options->block_count = (uint32_t)n[BLOCKS];
	options->retire_ms = (uint32_t)n[RETIRE_MS];
	options->filter = filter;
	options->filter_count = bytes / 8;
	return true;
}

napi_value capture_face_open(napi_env env, napi_callback_info info)
{
	struct weir_capture_options options;
	struct held_capture *held;
	napi_value args[4], out;
	int error;

	if (!args_get(env, info, 4, args) || !get_options(env, args, &options))
		return NULL;
	held = calloc(1, sizeof(*held));
	if (!held)
		return args_number(env, -ENOMEM);
	error = weir_capture_open(&options, &held->capture);
	if (error < 0) {
		free(held);
		return args_number(env, error);
	}
	if (napi_create_external(env, held, forget, NULL, &out) == napi_ok) {
		napi_type_tag_object(env, out, &CAPTURE_TAG);
		return out;
	}
	forget(env, held, NULL);
	return args_number(env, -ENOMEM);
}

typedef int capture_function(const struct weir_capture *capture);

static napi_value call(napi_env env, napi_callback_info info, capture_function *function)
{
	struct held_capture *held;
	napi_value args[1];

	if (!args_get(env, info, 1, args) || !get_held(env, args[0], &held))
		return NULL;
	return args_number(env, held->capture ? function(held->capture) : -EBADF);
}

napi_value capture_face_fd(napi_env env, napi_callback_info info)
{
	return call(env, info, weir_capture_fd);
}

napi_value capture_face_device(napi_env env, napi_callback_info info)
{
	return call(env, info, weir_capture_device);
}

napi_value capture_face_stamp(napi_env env, napi_callback_info info)
{
	struct held_capture *held;
	napi_value args[2];
	bool early;

	if (!args_get(env, info, 2, args) || !get_held(env, args[0], &held) ||
	    !args_bool(env, args[1], "early", &early))
		return NULL;
	return args_number(env, held->capture ? weir_capture_stamp(held->capture, early) : -EBADF);
}

napi_value capture_face_statistics(napi_env env, napi_callback_info info)
{
	struct held_capture *held;
	napi_value args[2];
	void *counts;
	size_t count;

	if (!args_get(env, info, 2, args) || !get_held(env, args[0], &held) ||
	    !args_array(env, args[1], "counts", napi_uint32_array, &counts, &count))
		return NULL;
	if (!held->capture || count < 2)
		return args_number(env, held->capture ? -EINVAL : -EBADF);
	return args_number(env, weir_capture_statistics(held->capture, counts, (uint32_t *)counts + 1));
}

enum { INTERFACE, SNAP_LENGTH, ETHERNET, MOST, NOT_BEFORE, PACKETS, OCTETS, FIRST, LAST, READ_NUMBERS };

napi_value capture_face_read(napi_env env, napi_callback_info info)
{
	struct weir_capture_read read = { 0 };
	struct held_capture *held;
	napi_value args[3];
	void *bytes, *numbers;
	size_t room, count, used;
	uint64_t *n;

	if (!args_get(env, info, 3, args) || !get_held(env, args[0], &held) ||
	    !args_array(env, args[1], "bytes", napi_uint8_array, &bytes, &room) ||
	    !args_array(env, args[2], "numbers", napi_biguint64_array, &numbers, &count))
		return NULL;
	if (!held->capture || count != READ_NUMBERS)
		return args_number(env, held->capture ? -EINVAL : -EBADF);
	n = numbers;
	read.interface = (uint32_t)n[INTERFACE];
	read.snap_length = (uint32_t)n[SNAP_LENGTH];
	read.ethernet = n[ETHERNET] != 0;
	read.most = n[MOST];
	read.not_before = n[NOT_BEFORE];
	used = weir_capture_read(held->capture, bytes, room, &read);
	n[PACKETS] = read.packets;
	n[OCTETS] = read.octets;
	n[FIRST] = read.first;
	n[LAST] = read.last;
	return args_number(env, (double)used);
}

napi_value capture_face_close(napi_env env, napi_callback_info info)
{
	struct held_capture *held;
	napi_value args[1];

	if (!args_get(env, info, 1, args) || !get_held(env, args[0], &held))
		return NULL;
	close_held(held);
	return NULL;
}

struct compilation {
	int link_type;
	int snap_length;
	char text[WEIR_MAX_TEXT];
	int result;
	void *instructions;
	char error[WEIR_FILTER_ERROR];
	napi_deferred deferred;
	napi_async_work work;
};

/* On a thread of the pool: names of hosts are looked up. */
static void execute(napi_env env, void *data)
{
	struct compilation *job = data;

	(void)env;
	job->result =
		weir_filter_compile(job->link_type, job->snap_length, job->text, &job->instructions, job->error);
}

static napi_value outcome(napi_env env, const struct compilation *job)
{
	napi_value out = NULL;

	if (job->result >= 0)
		napi_create_buffer_copy(env, (size_t)job->result * 8, job->instructions, NULL, &out);
	else if (job->result == -EINVAL)
		napi_create_string_utf8(env, job->error, NAPI_AUTO_LENGTH, &out);
	else
		out = args_number(env, job->result);
	return out;
}

static void complete(napi_env env, napi_status status, void *data)
{
	struct compilation *job = data;

	napi_resolve_deferred(env, job->deferred,
			      status == napi_ok ? outcome(env, job) : args_number(env, -ECANCELED));
	napi_delete_async_work(env, job->work);
	free(job->instructions);
	free(job);
}

napi_value capture_face_compile(napi_env env, napi_callback_info info)
{
	struct compilation *job = calloc(1, sizeof(*job));
	napi_value args[3], name, promise;
	int64_t link_type, snap_length;

	if (!job)
		napi_fatal_error("weir:filter", NAPI_AUTO_LENGTH, "out of memory", NAPI_AUTO_LENGTH);
	if (!args_get(env, info, 3, args) || !args_integer(env, args[0], "linkType", 0, UINT16_MAX, &link_type) ||
	    !args_integer(env, args[1], "snapLength", 1, INT_MAX, &snap_length) ||
	    !args_text(env, args[2], "text", job->text)) {
		free(job);
		return NULL;
	}
	job->link_type = (int)link_type;
	job->snap_length = (int)snap_length;
	if (napi_create_string_utf8(env, "weir:filter", NAPI_AUTO_LENGTH, &name) != napi_ok ||
	    napi_create_promise(env, &job->deferred, &promise) != napi_ok ||
	    napi_create_async_work(env, NULL, name, execute, complete, job, &job->work) != napi_ok ||
	    napi_queue_async_work(env, job->work) != napi_ok)
		napi_fatal_error("weir:filter", NAPI_AUTO_LENGTH, "out of memory", NAPI_AUTO_LENGTH);
	return promise;
}
