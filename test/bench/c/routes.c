/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor that bench:netlink compares with: what one thread of C does over rtnetlink.
 *
 *   routes add|delete COUNT via OIF GATEWAY   /32 routes 16.0.0.0, 16.0.0.1 ... via GATEWAY dev OIF, protocol 99,
 *                                             256 messages per send, the last of each acknowledged
 *   routes add|delete COUNT nhid ID           the same through nexthop object ID
 *   routes dump                               all IPv4 routes, attributes parsed; those of protocol 99 are summed
 *
 * Prints one JSON object. The time is that of the work alone, without process start.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 256, PROTOCOL = 99, FIRST = 16 << 24 };

struct route_message {
	struct nlmsghdr header;
	struct rtmsg route;
	struct rtattr dst_header;
	uint32_t dst;
};

struct attribute {
	struct rtattr header;
	uint32_t value;
};

/* How the routes lead on: one or two attributes that are the same for all. */
struct hop {
	struct attribute attributes[2];
	uint32_t size;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int open_socket(void)
{
	struct sockaddr_nl local = { .nl_family = AF_NETLINK };
	int one = 1, size = 8 << 20;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof(local)))
		die("netlink socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	return fd;
}

/* Write message `index` and return its size. */
static size_t fill(char *at, int type, uint32_t index, const struct hop *hop, int last)
{
	int create = type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_EXCL : 0;
	struct route_message *m = (void *)at;

	*m = (struct route_message){
		.header = { (uint32_t)sizeof(*m) + hop->size, (uint16_t)type,
			    (uint16_t)(NLM_F_REQUEST | create | (last ? NLM_F_ACK : 0)), index + 1, 0 },
		.route = { .rtm_family = AF_INET, .rtm_dst_len = 32, .rtm_table = RT_TABLE_MAIN,
			   .rtm_protocol = PROTOCOL, .rtm_scope = RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNICAST },
		.dst_header = { 8, RTA_DST },
		.dst = htonl(FIRST + index),
	};
	memcpy(at + sizeof(*m), hop->attributes, hop->size);
	return sizeof(*m) + hop->size;
}

/* Read until the message with `sequence` is acknowledged; any refusal ends the program. */
static void wait_for(int fd, uint32_t sequence)
{
	static char buffer[65536];

	for (;;) {
		int length = (int)recv(fd, buffer, sizeof(buffer), 0);

		if (length < 0)
			die("recv");
		for (struct nlmsghdr *h = (void *)buffer; NLMSG_OK(h, length); h = NLMSG_NEXT(h, length)) {
			struct nlmsgerr *error = NLMSG_DATA(h);

			if (h->nlmsg_type != NLMSG_ERROR)
				continue;
			if (error->error) {
				errno = -error->error;
				die("route");
			}
			if (h->nlmsg_seq == sequence)
				return;
		}
	}
}

static void change(int type, uint32_t count, const struct hop *hop)
{
	static _Alignas(struct nlmsghdr) char batch[BATCH * 64];
	int fd = open_socket();
	double start = now();

	for (uint32_t done = 0; done < count;) {
		uint32_t n = count - done < BATCH ? count - done : BATCH;
		size_t size = 0;

		for (uint32_t i = 0; i < n; i++)
			size += fill(batch + size, type, done + i, hop, i == n - 1);
		if (send(fd, batch, size, 0) < 0)
			die("send");
		done += n;
		wait_for(fd, done);
	}
	printf("{\"seconds\":%.6f,\"count\":%" PRIu32 "}\n", now() - start, count);
}

struct sums {
	uint64_t count, dst, oif;
};

static void add_route(struct sums *sums, const struct nlmsghdr *h)
{
	const struct rtmsg *route = NLMSG_DATA(h);
	const struct rtattr *table[RTA_MAX + 1] = { 0 };
	int length = (int)RTM_PAYLOAD(h);

	for (const struct rtattr *a = RTM_RTA(route); RTA_OK(a, length); a = RTA_NEXT(a, length))
		if (a->rta_type <= RTA_MAX)
			table[a->rta_type] = a;
	if (route->rtm_protocol != PROTOCOL || !table[RTA_DST] || !table[RTA_OIF])
		return;
	sums->count++;
	sums->dst += ntohl(*(uint32_t *)RTA_DATA(table[RTA_DST]));
	sums->oif += *(uint32_t *)RTA_DATA(table[RTA_OIF]);
}

static void dump(void)
{
	static char buffer[32768];
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
	} request = {
		.header = { sizeof(request), RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
		.route = { .rtm_family = AF_INET },
	};
	struct sums sums = { 0 };
	int fd = open_socket(), done = 0;
	double start = now();

	if (send(fd, &request, sizeof(request), 0) < 0)
		die("send");
	while (!done) {
		int length = (int)recv(fd, buffer, sizeof(buffer), 0);

		if (length < 0)
			die("recv");
		for (struct nlmsghdr *h = (void *)buffer; NLMSG_OK(h, length); h = NLMSG_NEXT(h, length)) {
			if (h->nlmsg_type == NLMSG_ERROR)
				die("dump");
			if (h->nlmsg_type == NLMSG_DONE)
				done = 1;
			else
				add_route(&sums, h);
		}
	}
	printf("{\"seconds\":%.6f,\"count\":%" PRIu64 ",\"dst\":%" PRIu64 ",\"oif\":%" PRIu64 "}\n", now() - start,
	       sums.count, sums.dst, sums.oif);
}

int main(int argc, char **argv)
{
	struct hop hop = { 0 };

	if (argc == 2 && !strcmp(argv[1], "dump")) {
		dump();
		return 0;
	}
	if (argc == 6 && !strcmp(argv[3], "via")) {
		hop.attributes[0] = (struct attribute){ { 8, RTA_GATEWAY }, inet_addr(argv[5]) };
		hop.attributes[1] = (struct attribute){ { 8, RTA_OIF }, (uint32_t)atol(argv[4]) };
		hop.size = 16;
	} else if (argc == 5 && !strcmp(argv[3], "nhid")) {
		hop.attributes[0] = (struct attribute){ { 8, RTA_NH_ID }, (uint32_t)atol(argv[4]) };
		hop.size = 8;
	} else {
		fprintf(stderr, "usage: %s add|delete COUNT via OIF GATEWAY | ... nhid ID | dump\n", argv[0]);
		return 2;
	}
	change(!strcmp(argv[1], "add") ? RTM_NEWROUTE : RTM_DELROUTE, (uint32_t)atol(argv[2]), &hop);
	return 0;
}
