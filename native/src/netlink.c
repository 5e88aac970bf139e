/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <unistd.h>

struct open_request {
	int protocol;
	int receive_buffer;
	int send_buffer;
};

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) ? -errno : 0;
}

/* FORCE ignores net.core.[rw]mem_max and needs CAP_NET_ADMIN; without it the kernel caps the size. */
static int set_buffer(int fd, int forced, int plain, int bytes)
{
	return set_int(fd, SOL_SOCKET, forced, bytes) ? set_int(fd, SOL_SOCKET, plain, bytes) : 0;
}

static int configure(int fd, const struct open_request *request)
{
	struct sockaddr_nl local = { .nl_family = AF_NETLINK };
	int result = set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, request->receive_buffer);

	if (!result)
		result = set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, request->send_buffer);
	if (!result)
		result = set_int(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
	if (!result)
		result = set_int(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
	/* Linux 4.20; before it dumps are merely unfiltered */
	if (!result)
		(void)set_int(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
	if (!result && bind(fd, (struct sockaddr *)&local, sizeof(local)))
		result = -errno;
	return result;
}

static int open_op(void *arg)
{
	const struct open_request *request = arg;
	int result;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, request->protocol);

	if (fd < 0)
		return -errno;
	result = configure(fd, request);
	if (!result)
		return fd;
	close(fd);
	return result;
}

int weir_netlink_open(int netns, int protocol, int receive_buffer, int send_buffer)
{
	struct open_request request = { protocol, receive_buffer, send_buffer };

	return weir_in_netns(netns, open_op, &request);
}

int64_t weir_netlink_port(int fd)
{
	struct sockaddr_nl local = { 0 };
	socklen_t size = sizeof(local);

	if (getsockname(fd, (struct sockaddr *)&local, &size))
		return -errno;
	return local.nl_family == AF_NETLINK ? (int64_t)local.nl_pid : -EPROTOTYPE;
}

int weir_netlink_join(int fd, uint32_t group)
{
	return setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) ? -errno : 0;
}

int64_t weir_netlink_send(int fd, const void *bytes, size_t length)
{
	ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

	return sent < 0 ? -errno : sent;
}

static int32_t accepted_length(const struct mmsghdr *message, const struct sockaddr_nl *from)
{
	if (message->msg_hdr.msg_namelen != sizeof(*from) || from->nl_family != AF_NETLINK || from->nl_pid != 0)
		return 0;
	return message->msg_hdr.msg_flags & MSG_TRUNC ? -(int32_t)message->msg_len : (int32_t)message->msg_len;
}

int weir_netlink_receive(int fd, uint8_t *buffer, size_t slot, int32_t *lengths, unsigned count)
{
	struct mmsghdr messages[WEIR_RECEIVE_MAX];
	struct iovec parts[WEIR_RECEIVE_MAX];
	struct sockaddr_nl from[WEIR_RECEIVE_MAX];
	int received;

	if (count == 0 || count > WEIR_RECEIVE_MAX)
		return -EINVAL;
	memset(messages, 0, count * sizeof(messages[0]));
	for (unsigned i = 0; i < count; i++) {
		parts[i] = (struct iovec){ .iov_base = buffer + i * slot, .iov_len = slot };
		messages[i].msg_hdr = (struct msghdr){
			.msg_name = &from[i],
			.msg_namelen = sizeof(from[i]),
			.msg_iov = &parts[i],
			.msg_iovlen = 1,
		};
	}
	/* MSG_TRUNC makes the kernel report the true length of a datagram that was cut off */
	received = recvmmsg(fd, messages, count, MSG_DONTWAIT | MSG_TRUNC, NULL);
	if (received < 0)
		return -errno;
	for (int i = 0; i < received; i++)
		lengths[i] = accepted_length(&messages[i], &from[i]);
	return received;
}
