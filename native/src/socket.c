/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

struct target {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address;
	socklen_t length;
	bool echo;
};

static int connect_op(void *arg)
{
	const struct target *target = arg;
	int family = target->address.any.sa_family;
	int type = (target->echo ? SOCK_RAW : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
	int protocol = !target->echo ? IPPROTO_TCP : family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	int fd = socket(family, type, protocol);

	if (fd < 0)
		return -errno;
	if (connect(fd, &target->address.any, target->length) && errno != EINPROGRESS) {
		int result = -errno;

		close(fd);
		return result;
	}
	return fd;
}

int weir_socket_connect(int netns, const uint8_t *address, size_t length, uint16_t port, bool echo)
{
	struct target target = { .echo = echo };

	if (length == 4) {
		target.address.v4.sin_family = AF_INET;
		target.address.v4.sin_port = htons(port);
		memcpy(&target.address.v4.sin_addr, address, length);
		target.length = sizeof(target.address.v4);
	} else if (length == 16) {
		target.address.v6.sin6_family = AF_INET6;
		/* of a raw socket it would be a protocol, and must be 0 */
		target.address.v6.sin6_port = echo ? 0 : htons(port);
		memcpy(&target.address.v6.sin6_addr, address, length);
		target.length = sizeof(target.address.v6);
	} else {
		return -EAFNOSUPPORT;
	}
	return weir_in_netns(netns, connect_op, &target);
}

int weir_socket_status(int fd)
{
	int error = 0;
	socklen_t size = sizeof(error);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) ? -errno : -error;
}

int64_t weir_socket_send(int fd, const void *bytes, size_t length)
{
	ssize_t sent = send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);

	return sent < 0 ? -errno : sent;
}

int64_t weir_socket_receive(int fd, void *bytes, size_t length)
{
	ssize_t received = recv(fd, bytes, length, MSG_DONTWAIT);

	return received < 0 ? -errno : received;
}

int weir_socket_filter(int fd, int program)
{
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)) ? -errno : 0;
}

int64_t weir_socket_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) ? -errno : (int64_t)cookie;
}
