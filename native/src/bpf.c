/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct bpf_call {
	unsigned command;
	void *attr;
	unsigned size;
};

static int bpf_call(void *arg)
{
	const struct bpf_call *call = arg;
	long result = syscall(SYS_bpf, call->command, call->attr, call->size);

	return result < 0 ? -errno : (int)result;
}

int weir_bpf(int netns, unsigned command, void *attr, unsigned size)
{
	struct bpf_call call = { command, attr, size };

	return netns < 0 ? bpf_call(&call) : weir_in_netns(netns, bpf_call, &call);
}

int weir_perf_open(uint32_t type, uint64_t config, uint64_t frequency, int cpu)
{
	struct perf_event_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = type;
	attr.config = config;
	attr.freq = 1;
	attr.sample_freq = frequency;
	fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

/* What libbpf printed since it was taken last; of several threads that load at once the texts are mixed. */
static struct {
	pthread_mutex_t lock;
	size_t length;
	char text[WEIR_BPF_LOG_SIZE];
} printed = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* libbpf_print_fn_t; level 0 is a warning, 1 information, 2 for debugging. */
static int print(int level, const char *format, va_list args)
{
	size_t room;
	int length;

	if (level > 0)
		return 0;
	pthread_mutex_lock(&printed.lock);
	room = sizeof(printed.text) - printed.length;
	length = vsnprintf(printed.text + printed.length, room, format, args);
	if (length > 0)
		printed.length += (size_t)length < room ? (size_t)length : room - 1;
	pthread_mutex_unlock(&printed.lock);
	return length;
}

uint64_t weir_bpf_log_function(void)
{
	return (uint64_t)(uintptr_t)print;
}

size_t weir_bpf_log_take(char text[WEIR_BPF_LOG_SIZE])
{
	size_t length;

	pthread_mutex_lock(&printed.lock);
	length = printed.length;
	memcpy(text, printed.text, length);
	printed.length = 0;
	pthread_mutex_unlock(&printed.lock);
	return length;
}
