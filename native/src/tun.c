/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int configure(int fd, const struct weir_tun *tun)
{
	struct ifreq request = { .ifr_flags = (short)tun->flags };
	size_t size = strlen(tun->ifname);

	if (size == 0 || size >= IFNAMSIZ)
		return -EINVAL;
	memcpy(request.ifr_name, tun->ifname, size);
	if (ioctl(fd, TUNSETIFF, &request) ||
	    (tun->owner >= 0 && ioctl(fd, TUNSETOWNER, (unsigned long)tun->owner)) ||
	    (tun->group >= 0 && ioctl(fd, TUNSETGROUP, (unsigned long)tun->group)) ||
	    ioctl(fd, TUNSETPERSIST, tun->persist ? 1UL : 0UL))
		return -errno;
	return 0;
}

/* The device belongs to the namespace in which /dev/net/tun was opened. */
static int tun_op(void *arg)
{
	int result;
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	result = configure(fd, arg);
	close(fd);
	return result;
}

int weir_tun_set(int netns, const struct weir_tun *tun)
{
	return weir_in_netns(netns, tun_op, (void *)tun);
}
