/* SPDX-License-Identifier: Apache-2.0 */
#include "later.h"

#include <errno.h>
#include <stdlib.h>

#include "args.h"
#include "core.h"

/* A receive when `lengths` is set, else a send. */
struct job {
	struct args_netlink args;
	int64_t result;
	/* Keep the arrays from being collected. */
	napi_ref keep[2];
	napi_deferred deferred;
	napi_async_work work;
};

/* On a thread of the pool. */
static void execute(napi_env env, void *data)
{
	struct job *job = data;
	const struct args_netlink *a = &job->args;

	(void)env;
	job->result = a->lengths ? weir_netlink_receive(a->fd, a->bytes, a->size, a->lengths, a->count)
				 : weir_netlink_send(a->fd, a->bytes, a->size);
}

static void complete(napi_env env, napi_status status, void *data)
{
	struct job *job = data;

	napi_resolve_deferred(env, job->deferred,
			      args_number(env, status == napi_ok ? (double)job->result : -ECANCELED));
	for (int i = 0; i < 2; i++)
		napi_delete_reference(env, job->keep[i]);
	napi_delete_async_work(env, job->work);
	free(job);
}

static napi_value queue(napi_env env, const struct args_netlink *args, napi_value first, napi_value second)
{
	struct job *job = calloc(1, sizeof(*job));
	napi_value name, promise;

	if (!job)
		napi_fatal_error("weir:later", NAPI_AUTO_LENGTH, "out of memory", NAPI_AUTO_LENGTH);
	job->args = *args;
	if (napi_create_string_utf8(env, "weir:netlink", NAPI_AUTO_LENGTH, &name) != napi_ok ||
	    napi_create_reference(env, first, 1, &job->keep[0]) != napi_ok ||
	    napi_create_reference(env, second, 1, &job->keep[1]) != napi_ok ||
	    napi_create_promise(env, &job->deferred, &promise) != napi_ok ||
	    napi_create_async_work(env, NULL, name, execute, complete, job, &job->work) != napi_ok ||
	    napi_queue_async_work(env, job->work) != napi_ok)
		napi_fatal_error("weir:later", NAPI_AUTO_LENGTH, "out of memory", NAPI_AUTO_LENGTH);
	return promise;
}

napi_value later_send(napi_env env, napi_callback_info info)
{
	struct args_netlink args;
	napi_value values[4];

	return args_send(env, info, values, &args) ? queue(env, &args, values[1], values[1]) : NULL;
}

napi_value later_receive(napi_env env, napi_callback_info info)
{
	struct args_netlink args;
	napi_value values[4];

	return args_receive(env, info, values, &args) ? queue(env, &args, values[1], values[3]) : NULL;
}
