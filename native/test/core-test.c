/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of native/src/core.h on the real kernel, in namespaces of their own: see run.sh. */
#include "../src/core.h"
#include "capture-test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define DIRECTORY "/run/netns"
#define NAMED DIRECTORY "/weir-core-test"

static int passed, failed;

void check_that(bool good, const char *what, int line)
{
	if (good) {
		passed++;
		return;
	}
	failed++;
	fprintf(stderr, "core-test.c:%d: failed: %s\n", line, what);
}

struct link_request {
	struct nlmsghdr header;
	struct ifinfomsg link;
};

static struct link_request get_link(uint16_t flags, uint32_t sequence, int index)
{
	return (struct link_request){
		.header = { sizeof(struct link_request), RTM_GETLINK, (uint16_t)(NLM_F_REQUEST | flags), sequence, 0 },
		.link = { .ifi_family = AF_UNSPEC, .ifi_index = index },
	};
}

static ino_t own_inode(void)
{
	struct stat s = { 0 };

	stat("/proc/thread-self/ns/net", &s);
	return s.st_ino;
}

static int own_netns(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* First datagram of a dump in `netns`, and how many devices it lists. */
static int count_links(int netns)
{
	static _Alignas(struct nlmsghdr) uint8_t buffer[4][65536];
	struct link_request request = get_link(NLM_F_DUMP, 1, 0);
	int32_t lengths[4] = { 0 };
	int count = 0;
	int fd = weir_netlink_open(netns, NETLINK_ROUTE, 1 << 20, 1 << 18);

	CHECK(fd >= 0);
	CHECK(weir_netlink_send(fd, &request, sizeof(request)) == sizeof(request));
	CHECK(weir_netlink_receive(fd, buffer[0], sizeof(buffer[0]), lengths, 4) >= 1);
	long left = lengths[0];

	for (struct nlmsghdr *h = (void *)buffer[0]; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
		count += h->nlmsg_type == RTM_NEWLINK;
	close(fd);
	return count;
}

static void netns_is_created_and_reached(void)
{
	ino_t home = own_inode();
	struct stat named = { 0 };
	int netns;

	CHECK(weir_netns_create(NAMED) == 0);
	CHECK(own_inode() == home);
	CHECK(weir_netns_create(NAMED) == -EEXIST);
	netns = open(NAMED, O_RDONLY | O_CLOEXEC);
	CHECK(netns >= 0 && fstat(netns, &named) == 0 && named.st_ino != home);
	CHECK(count_links(netns) == 1);
	CHECK(own_inode() == home);
	CHECK(weir_netns_delete(NAMED) == 0);
	CHECK(weir_netns_delete(NAMED) == -ENOENT);
	CHECK(access(NAMED, F_OK) != 0);
	close(netns);
}

static void netns_leftover_is_deleted(void)
{
	close(open(NAMED, O_CREAT | O_RDONLY | O_CLOEXEC, 0));
	CHECK(weir_netns_delete(NAMED) == 0);
	CHECK(weir_netns_create("nowhere") == -EINVAL);
	CHECK(weir_netns_create("/no/such/directory/name") < 0);
}

static int say_inode(void *arg)
{
	*(ino_t *)arg = own_inode();
	return 42;
}

static void in_netns_runs_there_and_returns(void)
{
	ino_t home = own_inode(), there = 0;
	struct stat named = { 0 };
	int netns, own = own_netns(), file = open("/dev/null", O_RDONLY | O_CLOEXEC);

	CHECK(weir_netns_create(NAMED) == 0);
	netns = open(NAMED, O_RDONLY | O_CLOEXEC);
	fstat(netns, &named);
	CHECK(weir_in_netns(netns, say_inode, &there) == 42 && there == named.st_ino);
	CHECK(own_inode() == home);
	CHECK(weir_in_netns(own, say_inode, &there) == 42 && there == home);
	CHECK(weir_in_netns(file, say_inode, &there) == -EINVAL);
	CHECK(weir_in_netns(-1, say_inode, &there) == -EBADF);
	close(file);
	close(own);
	close(netns);
	weir_netns_delete(NAMED);
}

static void files_are_those_of_the_namespace(void)
{
	char text[4096] = { 0 };
	char *names = NULL;
	int fd, length, netns;

	CHECK(weir_netns_create(NAMED) == 0);
	netns = open(NAMED, O_RDONLY | O_CLOEXEC);
	fd = weir_netns_open(netns, "/proc/thread-self/net/dev");
	CHECK(fd >= 0 && pread(fd, text, sizeof(text) - 1, 0) > 0);
	CHECK(strstr(text, "lo:") && !strstr(text, "home0"));
	CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	close(fd);
	CHECK(weir_netns_open(netns, "/proc/thread-self/net/none") == -ENOENT);
	length = weir_netns_list(netns, "/proc/thread-self/net/dev_snmp6", &names);
	CHECK(length == 3 && !memcmp(names, "lo", 3));
	free(names);
	CHECK(weir_netns_list(netns, "/proc/none", &names) == -ENOENT);
	close(netns);
	weir_netns_delete(NAMED);
}

static bool directory_has(int directory, const char *path)
{
	return faccessat(directory, path, F_OK, 0) == 0;
}

static void sysfs_shows_the_namespace(void)
{
	int netns, own = own_netns(), home, there;

	CHECK(weir_netns_create(NAMED) == 0);
	netns = open(NAMED, O_RDONLY | O_CLOEXEC);
	home = weir_netns_sysfs(own, false);
	there = weir_netns_sysfs(netns, false);
	CHECK(home >= 0 && there >= 0);
	CHECK(directory_has(home, "class/net/home0") && !directory_has(there, "class/net/home0"));
	CHECK(directory_has(there, "class/net/lo"));
	close(home);
	close(there);
	close(netns);
	close(own);
	weir_netns_delete(NAMED);
}

static void netlink_socket_is_configured(void)
{
	int value = 0, own = own_netns();
	socklen_t size = sizeof(value);
	int fd = weir_netlink_open(own, NETLINK_ROUTE, 1 << 20, 1 << 18);

	CHECK(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) && (fcntl(fd, F_GETFL) & O_NONBLOCK));
	CHECK(weir_netlink_port(fd) > 0);
	CHECK(!getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, &size) && value == 2 << 20);
	CHECK(!getsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &value, &size) && value == 1);
	CHECK(!getsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &value, &size) && value == 1);
	CHECK(!getsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &value, &size) && value == 0);
	CHECK(weir_netlink_join(fd, RTNLGRP_LINK) == 0);
	CHECK(weir_netlink_join(fd, 100000) == -EINVAL);
	close(fd);
	CHECK(weir_netlink_open(own, 31, 4096, 4096) == -EPROTONOSUPPORT);
	CHECK(weir_netlink_port(own) == -ENOTSOCK);
	CHECK(weir_netlink_join(own, 1) == -ENOTSOCK);
	CHECK(weir_netlink_send(own, "", 0) == -ENOTSOCK);
	close(own);
}

static void netlink_errors_are_received(void)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[8192];
	int32_t lengths[2];
	struct link_request request = get_link(NLM_F_ACK, 7, 9999);
	struct nlmsghdr *header = (void *)buffer;
	struct nlmsgerr *error = NLMSG_DATA(header);
	int own = own_netns();
	int fd = weir_netlink_open(own, NETLINK_ROUTE, 1 << 20, 1 << 18);

	CHECK(weir_netlink_receive(fd, buffer, 4096, lengths, 2) == -EAGAIN);
	CHECK(weir_netlink_send(fd, &request, sizeof(request)) == sizeof(request));
	CHECK(weir_netlink_receive(fd, buffer, 4096, lengths, 2) == 1 && lengths[0] > 16);
	CHECK(header->nlmsg_type == NLMSG_ERROR && header->nlmsg_seq == 7 && error->error == -ENODEV);
	CHECK(weir_netlink_receive(fd, buffer, 4096, lengths, 0) == -EINVAL);
	CHECK(weir_netlink_receive(fd, buffer, 4096, lengths, WEIR_RECEIVE_MAX + 1) == -EINVAL);
	close(fd);
	close(own);
}

static void netlink_truncation_is_seen(void)
{
	uint8_t buffer[64];
	int32_t length;
	struct link_request request = get_link(NLM_F_DUMP, 1, 0);
	int own = own_netns();
	int fd = weir_netlink_open(own, NETLINK_ROUTE, 1 << 20, 1 << 18);

	CHECK(weir_netlink_send(fd, &request, sizeof(request)) == sizeof(request));
	CHECK(weir_netlink_receive(fd, buffer, sizeof(buffer), &length, 1) == 1 && length < -(int)sizeof(buffer));
	close(fd);
	close(own);
}

/* Another process may send to our port: its messages must not pass for the kernel's. */
static void netlink_strangers_are_ignored(void)
{
	uint8_t buffer[4096];
	int32_t length = -1;
	struct nlmsghdr forged = { sizeof(forged), NLMSG_DONE, 0, 1, 0 };
	int own = own_netns();
	int fd = weir_netlink_open(own, NETLINK_USERSOCK, 1 << 20, 1 << 18);
	int stranger = weir_netlink_open(own, NETLINK_USERSOCK, 1 << 20, 1 << 18);
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = (uint32_t)weir_netlink_port(fd) };

	CHECK(sendto(stranger, &forged, sizeof(forged), 0, (void *)&to, sizeof(to)) == sizeof(forged));
	CHECK(weir_netlink_receive(fd, buffer, sizeof(buffer), &length, 1) == 1 && length == 0);
	close(stranger);
	close(fd);
	close(own);
}

static void ethtool_reads_a_driver(void)
{
	uint8_t *bytes = NULL;
	int netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	CHECK(weir_ethtool_read(netns, "none", &bytes) == -ENODEV);
	CHECK(weir_ethtool_read(netns, "a name far too long for a device", &bytes) == -ENODEV);
	CHECK(weir_ethtool_read(0x7fffffff, "lo", &bytes) == -EBADF);
	CHECK(!system("ip link add weth type veth peer name weph"));
	CHECK(weir_ethtool_read(netns, "weth", &bytes) >= 160 && !strcmp((char *)bytes, "veth"));
	CHECK(!strcmp((char *)bytes + 160, "peer_ifindex"));
	free(bytes);
	close(netns);
}

static void tun_is_made_in_the_namespace(void)
{
	struct weir_tun tun = { "tun-core", 1 /* IFF_TUN */ | 0x1000 /* IFF_NO_PI */, true, 7, -1 };
	int netns;

	CHECK(weir_netns_create(NAMED) == 0);
	netns = open(NAMED, O_RDONLY | O_CLOEXEC);
	CHECK(weir_tun_set(netns, &tun) == 0);
	CHECK(count_links(netns) == 2 && if_nametoindex("tun-core") == 0);
	tun.persist = false;
	CHECK(weir_tun_set(netns, &tun) == 0 && count_links(netns) == 1);
	tun.ifname = "a name far too long for a device";
	CHECK(weir_tun_set(netns, &tun) == -EINVAL);
	tun.ifname = "";
	CHECK(weir_tun_set(netns, &tun) == -EINVAL);
	close(netns);
	weir_netns_delete(NAMED);
}

static void sockets_are_connected_in_the_namespace(void)
{
	static const uint8_t loopback[16] = { [15] = 1 }, v4[4] = { 127, 0, 0, 1 };
	int own = own_netns(), fd;

	CHECK(!system("ip link set lo up"));
	fd = weir_socket_connect(own, v4, 4, 9, false);
	CHECK(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) && (fcntl(fd, F_GETFL) & O_NONBLOCK));
	CHECK(weir_socket_status(fd) == -ECONNREFUSED);
	CHECK(weir_socket_cookie(fd) > 0 && weir_socket_filter(fd, fd) == -EINVAL);
	close(fd);
	fd = weir_socket_connect(own, loopback, 16, 0, true);
	CHECK(fd >= 0 && weir_socket_send(fd, "\200\0\0\0\0\1\0\1", 8) == 8);
	close(fd);
	CHECK(weir_socket_connect(own, v4, 3, 9, false) == -EAFNOSUPPORT);
	CHECK(weir_socket_connect(-1, v4, 4, 9, false) == -EBADF);
	CHECK(weir_socket_status(own) == -ENOTSOCK);
	CHECK(weir_socket_filter(own, own) == -ENOTSOCK);
	CHECK(weir_socket_cookie(own) == -ENOTSOCK);
	close(own);
}

enum { RING_SIZE = 4096 };

/* Two records in a ring buffer, put there by a program that the kernel runs once. */
static void ring_gives_whole_records(void)
{
	static char log[4096];
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_RINGBUF, .max_entries = RING_SIZE };
	uint8_t out[64], packet[64] = { 0 };
	struct weir_ring *ring = NULL;
	int map = weir_bpf(-1, BPF_MAP_CREATE, &attr, sizeof(attr)), program;

	CHECK(map >= 0);
	const struct bpf_insn code[] = {
		/* *(u64 *)(fp - 8) = 7; ringbuf_output(map, fp - 8, 8, 0), and the same with 4 bytes; return 0 */
		{ BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -8, 7 },
		{ BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map }, { 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0 },
		{ BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -8 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, 8 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_4, 0, 0, 0 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ringbuf_output },
		{ BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map }, { 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0 },
		{ BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -8 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, 4 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_4, 0, 0, 0 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ringbuf_output },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0 },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uint64_t)(uintptr_t)code;
	attr.insn_cnt = sizeof(code) / sizeof(code[0]);
	attr.license = (uint64_t)(uintptr_t)"Apache-2.0";
	attr.log_buf = (uint64_t)(uintptr_t)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	program = weir_bpf(-1, BPF_PROG_LOAD, &attr, sizeof(attr));
	CHECK(program >= 0);
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)program;
	attr.test.data_in = (uint64_t)(uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	CHECK(weir_bpf(-1, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) == 0);

	CHECK(weir_ring_open(map, 1000, &ring) == -EINVAL);
	CHECK(weir_ring_open(map, RING_SIZE, &ring) == 0);
	/* one fits, the other stays */
	CHECK(weir_ring_drain(ring, out, 24) == 16 && out[0] == 8 && out[8] == 7);
	CHECK(weir_ring_drain(ring, out, 8) == 0);
	CHECK(weir_ring_drain(ring, out, sizeof(out)) == 16 && out[0] == 4 && out[8] == 7);
	CHECK(weir_ring_drain(ring, out, sizeof(out)) == 0);
	weir_ring_close(ring);
	close(program);
	close(map);
	CHECK(weir_bpf(-1, BPF_OBJ_GET, &attr, sizeof(attr)) < 0);
}

static void unix_peer_is_this_process(void)
{
	struct ucred peer = { 0 };
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK(weir_unix_peer(pair[0], &peer) == 0 && peer.pid == getpid() && peer.uid == getuid());
	close(pair[0]);
	close(pair[1]);
	CHECK(weir_unix_peer(0x7fffffff, &peer) == -EBADF);
}

static void unix_datagram_arrives(void)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX, .sun_path = "\0weir-core-test" };
	char text[32] = { 0 }, path[200];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(bind(fd, (void *)&local, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 15)) == 0);
	CHECK(weir_unix_send("@weir-core-test", "READY=1", 7) == 7);
	CHECK(recv(fd, text, sizeof(text), MSG_DONTWAIT) == 7 && !strcmp(text, "READY=1"));
	close(fd);
	CHECK(weir_unix_send("@weir-core-test", "x", 1) == -ECONNREFUSED);
	CHECK(weir_unix_send("/run/netns/none", "x", 1) == -ENOENT);
	CHECK(weir_unix_send("", "x", 1) == -ENAMETOOLONG);
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	CHECK(weir_unix_send(path, "x", 1) == -ENAMETOOLONG);
}

static int open_descriptors(void)
{
	int count = 0;
	DIR *dir = opendir("/proc/self/fd");

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void test_captures_here(void)
{
	int netns = own_netns();

	test_captures(netns);
	close(netns);
}

/* Own network and mount namespaces: nothing that happens here is seen outside. */
static void isolate(void)
{
	int set_up = unshare(CLONE_NEWNET | CLONE_NEWNS) ||
		     mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		     mount("none", "/run", "tmpfs", 0, NULL) || mkdir(DIRECTORY, 0755) ||
		     system("ip link add home0 type veth peer name home1");

	if (!set_up)
		return;
	perror("core-test: cannot set up (needs root)");
	exit(1);
}

int main(void)
{
	int before;

	isolate();
	before = open_descriptors();
	netns_is_created_and_reached();
	netns_leftover_is_deleted();
	in_netns_runs_there_and_returns();
	files_are_those_of_the_namespace();
	sysfs_shows_the_namespace();
	netlink_socket_is_configured();
	netlink_errors_are_received();
	netlink_truncation_is_seen();
	netlink_strangers_are_ignored();
	ethtool_reads_a_driver();
	tun_is_made_in_the_namespace();
	sockets_are_connected_in_the_namespace();
	ring_gives_whole_records();
	unix_peer_is_this_process();
	unix_datagram_arrives();
	test_captures_here();
	CHECK(open_descriptors() == before);
	if (failed)
		printf("%d failed\n", failed);
	printf("%d passed\n", passed);
	return failed != 0;
}
