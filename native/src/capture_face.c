/* SPDX-License-Identifier: Apache-2.0 */
#include "capture_face.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "args.h"
#include "core.h"

/* A capture as JavaScript holds it. */
struct held_capture {
	struct weir_capture *capture;
	/* Another thread works with it; what is asked for meanwhile is done when that comes back. */
	bool busy;
	bool close_wanted;
	bool forgotten;
};

/* Guards against an External of another kind. */
static const napi_type_tag CAPTURE_TAG = { 0x7765697263617074ULL, 0x7572652d00000001ULL };

static void close_held(struct held_capture *held)
{
	held->close_wanted = held->busy;
	if (held->busy)
		return;
	if (held->capture)
		weir_capture_close(held->capture);
	held->capture = NULL;
}

static void forget(napi_env env, void *data, void *hint)
{
	struct held_capture *held = data;

	(void)env;
	(void)hint;
	close_held(held);
	held->forgotten = true;
	if (!held->busy)
		free(held);
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

/* What is told to a read and a write, and what they tell behind; a write takes all of it. */
enum { INTERFACE, SNAP_LENGTH, ETHERNET, MOST, NOT_BEFORE, PACKETS, OCTETS, FIRST, LAST, READ_NUMBERS };
enum { AT = READ_NUMBERS, ROOM, WAIT_MS, BYTES, LOST, MORE, WRITE_NUMBERS };

static void read_wanted(const uint64_t *n, struct weir_capture_read *read)
{
	read->interface = (uint32_t)n[INTERFACE];
	read->snap_length = (uint32_t)n[SNAP_LENGTH];
	read->ethernet = n[ETHERNET] != 0;
	read->most = n[MOST];
	read->not_before = n[NOT_BEFORE];
}

static void read_tell(const struct weir_capture_read *read, uint64_t *n)
{
	n[PACKETS] = read->packets;
	n[OCTETS] = read->octets;
	n[FIRST] = read->first;
	n[LAST] = read->last;
}

static int usable(const struct held_capture *held)
{
	if (!held->capture || held->close_wanted)
		return -EBADF;
	return held->busy ? -EBUSY : 0;
}

napi_value capture_face_read(napi_env env, napi_callback_info info)
{
	struct weir_capture_read read = { 0 };
	struct held_capture *held;
	napi_value args[3];
	void *bytes, *numbers;
	size_t room, count, used;

	if (!args_get(env, info, 3, args) || !get_held(env, args[0], &held) ||
	    !args_array(env, args[1], "bytes", napi_uint8_array, &bytes, &room) ||
	    !args_array(env, args[2], "numbers", napi_biguint64_array, &numbers, &count))
		return NULL;
	if (usable(held) || count < READ_NUMBERS)
		return args_number(env, usable(held) ? usable(held) : -EINVAL);
	read_wanted(numbers, &read);
	used = weir_capture_read(held->capture, bytes, room, &read);
	read_tell(&read, numbers);
	return args_number(env, (double)used);
}

struct writing {
	struct held_capture *held;
	struct weir_capture_write write;
	int result;
	uint64_t *numbers;
	/* Keep the capture and the numbers from being collected. */
	napi_ref keep[2];
	napi_deferred deferred;
	napi_threadsafe_function done;
	uv_thread_t thread;
};

/* On a thread of its own, since it waits: the pool's are few. */
static void work(void *data)
{
	struct writing *job = data;

	job->result = weir_capture_write(job->held->capture, &job->write);
	napi_call_threadsafe_function(job->done, NULL, napi_tsfn_blocking);
	napi_release_threadsafe_function(job->done, napi_tsfn_release);
}

static void settle(napi_env env, napi_value function, void *data, void *nothing)
{
	struct writing *job = data;
	uint64_t *n = job->numbers;

	(void)function;
	(void)nothing;
	if (!env)
		return;
	read_tell(&job->write.read, n);
	n[BYTES] = job->write.bytes;
	n[LOST] = job->write.lost;
	n[MORE] = job->write.read.more;
	job->held->busy = false;
	if (job->held->close_wanted)
		close_held(job->held);
	napi_resolve_deferred(env, job->deferred, args_number(env, job->result));
	/* it may be collected from now on */
	job->held = NULL;
	for (int i = 0; i < 2; i++)
		napi_delete_reference(env, job->keep[i]);
}

/* The last of it; also when the environment ends and nobody is told. */
static void finish(napi_env env, void *data, void *hint)
{
	struct writing *job = data;

	(void)env;
	(void)hint;
	uv_thread_join(&job->thread);
	if (job->held) {
		job->held->busy = false;
		if (job->held->forgotten)
			forget(env, job->held, NULL);
	}
	free(job);
}

static napi_value begin(napi_env env, struct writing *job, napi_value capture, napi_value numbers)
{
	napi_value name, promise;

	if (napi_create_string_utf8(env, "weir:capture", NAPI_AUTO_LENGTH, &name) != napi_ok ||
	    napi_create_reference(env, capture, 1, &job->keep[0]) != napi_ok ||
	    napi_create_reference(env, numbers, 1, &job->keep[1]) != napi_ok ||
	    napi_create_promise(env, &job->deferred, &promise) != napi_ok ||
	    napi_create_threadsafe_function(env, NULL, NULL, name, 1, 1, job, finish, job, settle, &job->done) != napi_ok)
		napi_fatal_error("weir:capture", NAPI_AUTO_LENGTH, "out of memory", NAPI_AUTO_LENGTH);
	job->held->busy = true;
	if (uv_thread_create(&job->thread, work, job))
		napi_fatal_error("weir:capture", NAPI_AUTO_LENGTH, "no thread can be made", NAPI_AUTO_LENGTH);
	return promise;
}

napi_value capture_face_write(napi_env env, napi_callback_info info)
{
	struct held_capture *held;
	struct writing *job;
	napi_value args[3];
	void *numbers;
	size_t count;
	int fd, error;

	if (!args_get(env, info, 3, args) || !get_held(env, args[0], &held) || !args_fd(env, args[1], &fd) ||
	    !args_array(env, args[2], "numbers", napi_biguint64_array, &numbers, &count))
		return NULL;
	error = count == WRITE_NUMBERS ? usable(held) : -EINVAL;
	job = error ? NULL : calloc(1, sizeof(*job));
	if (!job)
		return args_number(env, error ? error : -ENOMEM);
	job->held = held;
	job->numbers = numbers;
	job->write.fd = fd;
	job->write.at = job->numbers[AT];
	job->write.room = job->numbers[ROOM];
	job->write.wait_ms = (unsigned)job->numbers[WAIT_MS];
	read_wanted(numbers, &job->write.read);
	return begin(env, job, args[0], args[2]);
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
