/* SPDX-License-Identifier: Apache-2.0 */
#include "sending.h"

#include <errno.h>
#include <stdlib.h>

#include "args.h"
#include "core.h"

struct job {
	int fd;
	const char *bytes;
	size_t length;
	int64_t result;
	/* Keeps `bytes` from being collected. */
	napi_ref keep;
	napi_deferred deferred;
	napi_async_work work;
};

/* On a thread of the pool. */
static void execute(napi_env env, void *data)
{
	struct job *job = data;

	(void)env;
	job->result = weir_netlink_send(job->fd, job->bytes, job->length);
}

static void complete(napi_env env, napi_status status, void *data)
{
	struct job *job = data;

	napi_resolve_deferred(env, job->deferred,
			      args_number(env, status == napi_ok ? (double)job->result : -ECANCELED));
	napi_delete_reference(env, job->keep);
	napi_delete_async_work(env, job->work);
	free(job);
}

static napi_value queue(napi_env env, struct job *job, napi_value bytes)
{
	napi_value name, promise;

	if (napi_create_string_utf8(env, "weir:send", NAPI_AUTO_LENGTH, &name) != napi_ok ||
	    napi_create_reference(env, bytes, 1, &job->keep) != napi_ok ||
	    napi_create_promise(env, &job->deferred, &promise) != napi_ok ||
	    napi_create_async_work(env, NULL, name, execute, complete, job, &job->work) != napi_ok ||
	    napi_queue_async_work(env, job->work) != napi_ok)
		napi_fatal_error("weir:send", NAPI_AUTO_LENGTH, "out of memory", NAPI_AUTO_LENGTH);
	return promise;
}

napi_value sending_later(napi_env env, napi_callback_info info)
{
	napi_value args[4];
	struct job *job;
	int64_t start, end;
	size_t length;
	void *bytes;
	int fd;

	if (!args_get(env, info, 4, args) || !args_fd(env, args[0], &fd) ||
	    !args_array(env, args[1], "bytes", napi_uint8_array, &bytes, &length) ||
	    !args_integer(env, args[2], "start", 0, (int64_t)length, &start) ||
	    !args_integer(env, args[3], "end", start, (int64_t)length, &end))
		return NULL;
	job = calloc(1, sizeof(*job));
	if (!job) {
		napi_throw_error(env, "ENOMEM", "out of memory");
		return NULL;
	}
	job->fd = fd;
	job->bytes = (const char *)bytes + start;
	job->length = (size_t)(end - start);
	return queue(env, job, args[1]);
}
