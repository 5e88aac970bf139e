/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The N-API face of core.h and fdwatch.h. Functions return a value >= 0 or a negative errno; only a wrong argument
 * throws. Descriptors, integers and bytes cross this border, nothing else.
 */
#include <limits.h>
#include <node_api.h>
#include <stdlib.h>

#include "args.h"
#include "bpf_face.h"
#include "capture_face.h"
#include "core.h"
#include "fdwatch.h"
#include "filter_face.h"
#include "later.h"

/* netlinkOpen(netns, protocol, receiveBuffer, sendBuffer) -> fd */
static napi_value netlink_open(napi_env env, napi_callback_info info)
{
	napi_value args[4];
	int64_t protocol, receive, send;
	int netns;

	if (!args_get(env, info, 4, args) || !args_fd(env, args[0], &netns) ||
	    !args_integer(env, args[1], "protocol", 0, 31, &protocol) ||
	    !args_integer(env, args[2], "receiveBuffer", 0, INT_MAX / 2, &receive) ||
	    !args_integer(env, args[3], "sendBuffer", 0, INT_MAX / 2, &send))
		return NULL;
	return args_number(env, weir_netlink_open(netns, (int)protocol, (int)receive, (int)send));
}

/* netlinkPort(fd) -> port id */
static napi_value netlink_port(napi_env env, napi_callback_info info)
{
	napi_value args[1];
	int fd;

	if (!args_get(env, info, 1, args) || !args_fd(env, args[0], &fd))
		return NULL;
	return args_number(env, (double)weir_netlink_port(fd));
}

/* netlinkJoin(fd, group) */
static napi_value netlink_join(napi_env env, napi_callback_info info)
{
	napi_value args[2];
	int64_t group;
	int fd;

	if (!args_get(env, info, 2, args) || !args_fd(env, args[0], &fd) ||
	    !args_integer(env, args[1], "group", 1, UINT32_MAX, &group))
		return NULL;
	return args_number(env, weir_netlink_join(fd, (uint32_t)group));
}

/* netlinkSend(fd, bytes, start, end) -> bytes sent */
static napi_value netlink_send(napi_env env, napi_callback_info info)
{
	struct args_netlink args;
	napi_value values[4];

	if (!args_send(env, info, values, &args))
		return NULL;
	return args_number(env, (double)weir_netlink_send(args.fd, args.bytes, args.size));
}

/* netlinkReceive(fd, buffer, slot, lengths) -> datagrams; lengths.length is how many at most */
static napi_value netlink_receive(napi_env env, napi_callback_info info)
{
	struct args_netlink args;
	napi_value values[4];

	if (!args_receive(env, info, values, &args))
		return NULL;
	return args_number(env, weir_netlink_receive(args.fd, args.bytes, args.size, args.lengths, args.count));
}

typedef int path_function(const char *path);

static napi_value call_with_path(napi_env env, napi_callback_info info, path_function *function)
{
	napi_value args[1];
	char path[WEIR_MAX_TEXT];

	if (!args_get(env, info, 1, args) || !args_text(env, args[0], "path", path))
		return NULL;
	return args_number(env, function(path));
}

typedef int netns_function(int netns);

static napi_value call_with_netns(napi_env env, napi_callback_info info, netns_function *function)
{
	napi_value args[1];
	int netns;

	if (!args_get(env, info, 1, args) || !args_fd(env, args[0], &netns))
		return NULL;
	return args_number(env, function(netns));
}

/* netnsCreate(path) */
static napi_value netns_create(napi_env env, napi_callback_info info)
{
	return call_with_path(env, info, weir_netns_create);
}

/* netnsDelete(path) */
static napi_value netns_delete(napi_env env, napi_callback_info info)
{
	return call_with_path(env, info, weir_netns_delete);
}

/* netnsEnter(netns) */
static napi_value netns_enter(napi_env env, napi_callback_info info)
{
	return call_with_netns(env, info, weir_netns_enter);
}

/* netnsSysfs(netns, writable) -> directory fd */
static napi_value netns_sysfs(napi_env env, napi_callback_info info)
{
	napi_value args[2];
	bool writable;
	int netns;

	if (!args_get(env, info, 2, args) || !args_fd(env, args[0], &netns) ||
	    !args_bool(env, args[1], "writable", &writable))
		return NULL;
	return args_number(env, weir_netns_sysfs(netns, writable));
}

/* netnsOpen(netns, path) -> fd */
static napi_value netns_open(napi_env env, napi_callback_info info)
{
	napi_value args[2];
	char path[WEIR_MAX_TEXT];
	int netns;

	if (!args_get(env, info, 2, args) || !args_fd(env, args[0], &netns) ||
	    !args_text(env, args[1], "path", path))
		return NULL;
	return args_number(env, weir_netns_open(netns, path));
}

/* netnsList(netns, path) -> Buffer of names, each followed by a NUL */
static napi_value netns_list(napi_env env, napi_callback_info info)
{
	napi_value args[2], result = NULL;
	char path[WEIR_MAX_TEXT];
	char *names = NULL;
	int netns, length;

	if (!args_get(env, info, 2, args) || !args_fd(env, args[0], &netns) ||
	    !args_text(env, args[1], "path", path))
		return NULL;
	length = weir_netns_list(netns, path, &names);
	if (length < 0)
		return args_number(env, length);
	napi_create_buffer_copy(env, (size_t)length, names, NULL, &result);
	free(names);
	return result;
}

/* ethtoolRead(netns, ifname) -> Buffer laid out as weir_ethtool_read says */
static napi_value ethtool_read(napi_env env, napi_callback_info info)
{
	napi_value args[2], result = NULL;
	char ifname[WEIR_MAX_TEXT];
	uint8_t *bytes = NULL;
	int netns, length;

	if (!args_get(env, info, 2, args) || !args_fd(env, args[0], &netns) ||
	    !args_text(env, args[1], "ifname", ifname))
		return NULL;
	length = weir_ethtool_read(netns, ifname, &bytes);
	if (length < 0)
		return args_number(env, length);
	napi_create_buffer_copy(env, (size_t)length, bytes, NULL, &result);
	free(bytes);
	return result;
}

/* unixPeer(fd) -> [pid, uid, gid] */
static napi_value unix_peer(napi_env env, napi_callback_info info)
{
	napi_value args[1], result = NULL;
	struct ucred peer;
	int fd, error;

	if (!args_get(env, info, 1, args) || !args_fd(env, args[0], &fd))
		return NULL;
	error = weir_unix_peer(fd, &peer);
	if (error)
		return args_number(env, error);
	if (napi_create_array_with_length(env, 3, &result) == napi_ok) {
		napi_set_element(env, result, 0, args_number(env, peer.pid));
		napi_set_element(env, result, 1, args_number(env, peer.uid));
		napi_set_element(env, result, 2, args_number(env, peer.gid));
	}
	return result;
}

/* unixSend(path, bytes) -> bytes sent */
static napi_value unix_send(napi_env env, napi_callback_info info)
{
	napi_value args[2];
	char path[WEIR_MAX_TEXT];
	size_t length;
	void *bytes;

	if (!args_get(env, info, 2, args) || !args_text(env, args[0], "path", path) ||
	    !args_array(env, args[1], "bytes", napi_uint8_array, &bytes, &length))
		return NULL;
	return args_number(env, weir_unix_send(path, bytes, length));
}

/* tunSet(netns, ifname, flags, persist, owner, group) -> 0 */
static napi_value tun_set(napi_env env, napi_callback_info info)
{
	struct weir_tun tun;
	char ifname[WEIR_MAX_TEXT];
	napi_value args[6];
	int64_t flags;
	int netns;

	if (!args_get(env, info, 6, args) || !args_fd(env, args[0], &netns) ||
	    !args_text(env, args[1], "ifname", ifname) || !args_integer(env, args[2], "flags", 0, 0xffff, &flags) ||
	    !args_bool(env, args[3], "persist", &tun.persist) ||
	    !args_integer(env, args[4], "owner", -1, UINT32_MAX, &tun.owner) ||
	    !args_integer(env, args[5], "group", -1, UINT32_MAX, &tun.group))
		return NULL;
	tun.ifname = ifname;
	tun.flags = (uint32_t)flags;
	return args_number(env, weir_tun_set(netns, &tun));
}

/* socketConnect(netns, address, port, echo) -> fd */
static napi_value socket_connect(napi_env env, napi_callback_info info)
{
	napi_value args[4];
	int64_t port;
	size_t length;
	void *address;
	bool echo;
	int netns;

	if (!args_get(env, info, 4, args) || !args_fd(env, args[0], &netns) ||
	    !args_array(env, args[1], "address", napi_uint8_array, &address, &length) ||
	    !args_integer(env, args[2], "port", 0, UINT16_MAX, &port) || !args_bool(env, args[3], "echo", &echo))
		return NULL;
	return args_number(env, weir_socket_connect(netns, address, length, (uint16_t)port, echo));
}

/* socketStatus(fd) -> 0 */
static napi_value socket_status(napi_env env, napi_callback_info info)
{
	napi_value args[1];
	int fd;

	if (!args_get(env, info, 1, args) || !args_fd(env, args[0], &fd))
		return NULL;
	return args_number(env, weir_socket_status(fd));
}

/* socketFilter(fd, program) -> 0 */
static napi_value socket_filter(napi_env env, napi_callback_info info)
{
	napi_value args[2];
	int fd, program;

	if (!args_get(env, info, 2, args) || !args_fd(env, args[0], &fd) || !args_fd(env, args[1], &program))
		return NULL;
	return args_number(env, weir_socket_filter(fd, program));
}

/* socketCookie(fd) -> a number */
static napi_value socket_cookie(napi_env env, napi_callback_info info)
{
	napi_value args[1];
	int fd;

	if (!args_get(env, info, 1, args) || !args_fd(env, args[0], &fd))
		return NULL;
	return args_number(env, (double)weir_socket_cookie(fd));
}

static napi_value socket_io(napi_env env, napi_callback_info info, bool send)
{
	napi_value args[2];
	size_t length;
	void *bytes;
	int fd;

	if (!args_get(env, info, 2, args) || !args_fd(env, args[0], &fd) ||
	    !args_array(env, args[1], "bytes", napi_uint8_array, &bytes, &length))
		return NULL;
	return args_number(env, (double)(send ? weir_socket_send(fd, bytes, length)
					      : weir_socket_receive(fd, bytes, length)));
}

/* socketSend(fd, bytes) -> bytes sent */
static napi_value socket_send(napi_env env, napi_callback_info info)
{
	return socket_io(env, info, true);
}

/* socketReceive(fd, bytes) -> bytes received */
static napi_value socket_receive(napi_env env, napi_callback_info info)
{
	return socket_io(env, info, false);
}

#define EXPORT(name, function) { name, NULL, function, NULL, NULL, NULL, napi_enumerable, NULL }

NAPI_MODULE_INIT()
{
	const napi_property_descriptor properties[] = {
		EXPORT("netlinkOpen", netlink_open),
		EXPORT("netlinkPort", netlink_port),
		EXPORT("netlinkJoin", netlink_join),
		EXPORT("netlinkSend", netlink_send),
		EXPORT("netlinkSendLater", later_send),
		EXPORT("netlinkReceiveLater", later_receive),
		EXPORT("netlinkReceive", netlink_receive),
		EXPORT("netnsOpen", netns_open),
		EXPORT("netnsList", netns_list),
		EXPORT("netnsSysfs", netns_sysfs),
		EXPORT("netnsCreate", netns_create),
		EXPORT("netnsDelete", netns_delete),
		EXPORT("netnsEnter", netns_enter),
		EXPORT("fdWatchOpen", fdwatch_open),
		EXPORT("fdWatchSet", fdwatch_set),
		EXPORT("fdWatchClose", fdwatch_close),
		EXPORT("ethtoolRead", ethtool_read),
		EXPORT("tunSet", tun_set),
		EXPORT("socketConnect", socket_connect),
		EXPORT("socketStatus", socket_status),
		EXPORT("socketFilter", socket_filter),
		EXPORT("socketCookie", socket_cookie),
		EXPORT("socketSend", socket_send),
		EXPORT("socketReceive", socket_receive),
		EXPORT("bpf", bpf_face_call),
		EXPORT("perfOpen", bpf_face_perf_open),
		EXPORT("fdDup", bpf_face_fd_dup),
		EXPORT("bytesAddress", bpf_face_address),
		EXPORT("libraryKeep", bpf_face_library_keep),
		EXPORT("bpfLogFunction", bpf_face_log_function),
		EXPORT("bpfLogTake", bpf_face_log_take),
		EXPORT("ringOpen", bpf_face_ring_open),
		EXPORT("ringDrain", bpf_face_ring_drain),
		EXPORT("ringClose", bpf_face_ring_close),
		EXPORT("captureOpen", capture_face_open),
		EXPORT("captureFd", capture_face_fd),
		EXPORT("captureDevice", capture_face_device),
		EXPORT("captureStamp", capture_face_stamp),
		EXPORT("captureStatistics", capture_face_statistics),
		EXPORT("captureRead", capture_face_read),
		EXPORT("captureWriteLater", capture_face_write),
		EXPORT("captureClose", capture_face_close),
		EXPORT("filterCompileLater", filter_face_compile),
		EXPORT("unixPeer", unix_peer),
		EXPORT("unixSend", unix_send),
	};

	napi_define_properties(env, exports, sizeof(properties) / sizeof(properties[0]), properties);
	return exports;
}
