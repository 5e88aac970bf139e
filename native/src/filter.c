/* SPDX-License-Identifier: Apache-2.0 */
/* Filters in the syntax of pcap-filter(7), compiled by the machine's libpcap, which is loaded when it is asked for. */
#include "core.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is used of pcap/pcap.h and pcap/bpf.h: the addon is built without them. */
struct bpf_program {
	unsigned count;
	struct sock_filter *instructions;
};

struct library {
	void *(*create)(const char *device, char *error);
	int (*set_snaplen)(void *handle, int length);
	int (*set_buffer_size)(void *handle, int size);
	int (*activate)(void *handle);
	void *(*open_dead)(int link_type, int snap_length);
	int (*compile)(void *handle, struct bpf_program *out, const char *text, int optimize, uint32_t netmask);
	void (*freecode)(struct bpf_program *program);
	char *(*geterr)(void *handle);
	void (*close)(void *handle);
};

enum {
	DLT_EN10MB = 1,
	/* What LINKTYPE_RAW of files is called here. */
	DLT_RAW = 12,
	LINKTYPE_RAW = 101,
	/* Room for the ring of a handle that receives nothing. */
	SMALL_BUFFER = 1 << 16,
	ERROR_SIZE = 256,
};
#define NETMASK_UNKNOWN 0xffffffffu

static int load(struct library *library)
{
	void *file = dlopen("libpcap.so.0.8", RTLD_NOW | RTLD_LOCAL);
	const struct {
		const char *name;
		void **to;
	} functions[] = {
		{ "pcap_create", (void **)&library->create },
		{ "pcap_set_snaplen", (void **)&library->set_snaplen },
		{ "pcap_set_buffer_size", (void **)&library->set_buffer_size },
		{ "pcap_activate", (void **)&library->activate },
		{ "pcap_open_dead", (void **)&library->open_dead },
		{ "pcap_compile", (void **)&library->compile },
		{ "pcap_freecode", (void **)&library->freecode },
		{ "pcap_geterr", (void **)&library->geterr },
		{ "pcap_close", (void **)&library->close },
	};

	if (!file)
		file = dlopen("libpcap.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!file)
		return -ELIBACC;
	/* never unloaded: it may be in use on another thread */
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		*functions[i].to = dlsym(file, functions[i].name);
		if (!*functions[i].to)
			return -ELIBBAD;
	}
	return 0;
}

/*
 * A handle of a live Ethernet device compiles `vlan` so that it finds the tags that the kernel takes out of frames; a dead
 * one looks for them in the frame. Any device will do; without one (no loopback that is up, no right) it is a dead one.
 */
static void *handle_of(const struct library *library, int link_type, int snap_length)
{
	char error[ERROR_SIZE] = "";
	void *handle = link_type == DLT_EN10MB ? library->create("lo", error) : NULL;

	if (handle) {
		library->set_snaplen(handle, snap_length);
		library->set_buffer_size(handle, SMALL_BUFFER);
		if (library->activate(handle) >= 0)
			return handle;
		library->close(handle);
	}
	return library->open_dead(link_type == LINKTYPE_RAW ? DLT_RAW : link_type, snap_length);
}

int weir_filter_compile(int link_type, int snap_length, const char *text, void **instructions, char error[WEIR_FILTER_ERROR])
{
	struct library library;
	struct bpf_program program = { 0 };
	int result = load(&library);
	void *handle;

	error[0] = '\0';
	if (result)
		return result;
	handle = handle_of(&library, link_type, snap_length);
	if (!handle)
		return -ENOMEM;
	if (library.compile(handle, &program, text, 1, NETMASK_UNKNOWN)) {
		snprintf(error, WEIR_FILTER_ERROR, "%s", library.geterr(handle));
		library.close(handle);
		return -EINVAL;
	}
	result = (int)program.count;
	*instructions = malloc(program.count * sizeof(*program.instructions) + 1);
	if (*instructions)
		memcpy(*instructions, program.instructions, program.count * sizeof(*program.instructions));
	else
		result = -ENOMEM;
	library.freecode(&program);
	library.close(handle);
	return result;
}
