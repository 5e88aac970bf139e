/* SPDX-License-Identifier: Apache-2.0 */
#include "filter_face.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "args.h"
#include "core.h"

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

napi_value filter_face_compile(napi_env env, napi_callback_info info)
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
