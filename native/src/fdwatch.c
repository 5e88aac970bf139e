/* SPDX-License-Identifier: Apache-2.0 */
#include "fdwatch.h"

#include <stdlib.h>
#include <uv.h>

#include "args.h"

/*
 * One watched descriptor. Two parties hold it: the JavaScript handle, which its finalizer lets go, and libuv, which
 * lets go when the poll handle is closed. The second to leave frees it.
 */
struct watch {
	uv_poll_t poll;
	napi_env env;
	napi_ref callback;
	napi_async_context context;
	napi_async_cleanup_hook_handle hook;
	bool closing;
	int holders;
};

/* Guards against an External of another addon. */
static const napi_type_tag WATCH_TAG = { 0x7765697266647761ULL, 0x7463682d76310001ULL };

static void release(struct watch *watch)
{
	if (--watch->holders == 0)
		free(watch);
}

static void on_closed(uv_handle_t *handle)
{
	struct watch *watch = handle->data;
	napi_handle_scope scope;

	if (napi_open_handle_scope(watch->env, &scope) == napi_ok) {
		napi_async_destroy(watch->env, watch->context);
		napi_delete_reference(watch->env, watch->callback);
		napi_close_handle_scope(watch->env, scope);
	}
	napi_remove_async_cleanup_hook(watch->hook);
	release(watch);
}

static void begin_close(struct watch *watch)
{
	if (watch->closing)
		return;
	watch->closing = true;
	uv_close((uv_handle_t *)&watch->poll, on_closed);
}

/* The environment ends while the watch is open. */
static void on_environment_end(napi_async_cleanup_hook_handle hook, void *arg)
{
	(void)hook;
	begin_close(arg);
}

static void on_collected(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	begin_close(data);
	release(data);
}

static void call_back(struct watch *watch, int status, int events)
{
	napi_env env = watch->env;
	napi_value receiver, callback, args[2], error;

	if (napi_get_reference_value(env, watch->callback, &callback) != napi_ok ||
	    napi_get_global(env, &receiver) != napi_ok)
		return;
	args[0] = args_number(env, status);
	args[1] = args_number(env, events);
	if (napi_make_callback(env, watch->context, receiver, callback, 2, args, NULL) == napi_pending_exception &&
	    napi_get_and_clear_last_exception(env, &error) == napi_ok)
		napi_fatal_exception(env, error);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = poll->data;
	napi_handle_scope scope;

	if (napi_open_handle_scope(watch->env, &scope) != napi_ok)
		return;
	call_back(watch, status, events);
	napi_close_handle_scope(watch->env, scope);
}

static int start(struct watch *watch, int fd)
{
	uv_loop_t *loop;
	int result;

	if (napi_get_uv_event_loop(watch->env, &loop) != napi_ok)
		return UV_ENOSYS;
	result = uv_poll_init(loop, &watch->poll, fd);
	watch->poll.data = watch;
	return result;
}

/* Node's half of the watch; false leaves an exception pending or the watch without it. */
static bool attach(struct watch *watch, napi_value callback)
{
	napi_value name;

	return napi_create_string_utf8(watch->env, "weir:fdwatch", NAPI_AUTO_LENGTH, &name) == napi_ok &&
	       napi_async_init(watch->env, NULL, name, &watch->context) == napi_ok &&
	       napi_create_reference(watch->env, callback, 1, &watch->callback) == napi_ok &&
	       napi_add_async_cleanup_hook(watch->env, on_environment_end, watch, &watch->hook) == napi_ok;
}

napi_value fdwatch_open(napi_env env, napi_callback_info info)
{
	napi_value args[2], handle;
	napi_valuetype type;
	struct watch *watch;
	int fd, result;

	if (!args_get(env, info, 2, args) || !args_fd(env, args[0], &fd))
		return NULL;
	if (napi_typeof(env, args[1], &type) != napi_ok || type != napi_function) {
		napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "callback must be a function");
		return NULL;
	}
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return args_number(env, UV_ENOMEM);
	watch->env = env;
	result = start(watch, fd);
	if (result) {
		free(watch);
		return args_number(env, result);
	}
	watch->holders = 2;
	if (!attach(watch, args[1]) || napi_create_external(env, watch, on_collected, NULL, &handle) != napi_ok)
		napi_fatal_error("weir:fdwatch", NAPI_AUTO_LENGTH, "out of memory", NAPI_AUTO_LENGTH);
	napi_type_tag_object(env, handle, &WATCH_TAG);
	return handle;
}

static struct watch *watch_of(napi_env env, napi_value value)
{
	void *data = NULL;
	bool ours = false;

	if (napi_check_object_type_tag(env, value, &WATCH_TAG, &ours) != napi_ok || !ours ||
	    napi_get_value_external(env, value, &data) != napi_ok) {
		napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "handle must come from fdWatchOpen");
		return NULL;
	}
	return data;
}

napi_value fdwatch_set(napi_env env, napi_callback_info info)
{
	napi_value args[2];
	struct watch *watch;
	int64_t events;

	if (!args_get(env, info, 2, args) || !(watch = watch_of(env, args[0])) ||
	    !args_integer(env, args[1], "events", 0, UV_READABLE | UV_WRITABLE, &events))
		return NULL;
	if (watch->closing)
		return args_number(env, UV_EBADF);
	return args_number(env, events == 0 ? uv_poll_stop(&watch->poll)
					    : uv_poll_start(&watch->poll, (int)events, on_poll));
}

napi_value fdwatch_close(napi_env env, napi_callback_info info)
{
	napi_value args[1];
	struct watch *watch;

	if (args_get(env, info, 1, args) && (watch = watch_of(env, args[0])))
		begin_close(watch);
	return NULL;
}
