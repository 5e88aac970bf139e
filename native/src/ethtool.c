/* SPDX-License-Identifier: Apache-2.0 */
/* Driver information and `ethtool -S`: the ethtool netlink family has neither, only the ioctl does. */
#include "core.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The kernel writes as many values as the driver has at that moment: room for some that appear in between. */
enum { TEXT = 32, TEXTS = 5, SPARE = 256, MOST = 1 << 16 };

_Static_assert(TEXT == ETH_GSTRING_LEN, "names of statistics");
_Static_assert(TEXT == ETHTOOL_FWVERS_LEN && TEXT == ETHTOOL_BUSINFO_LEN && TEXT == ETHTOOL_EROMVERS_LEN, "texts");

static int open_op(void *arg)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)arg;
	return fd < 0 ? -errno : fd;
}

static int ask(int fd, const char *ifname, void *data)
{
	struct ifreq request = { .ifr_data = data };

	strncpy(request.ifr_name, ifname, IFNAMSIZ - 1);
	return ioctl(fd, SIOCETHTOOL, &request) ? -errno : 0;
}

/* Names, then values, appended to `out`. Returns how many; none when the driver does not answer. */
static uint32_t read_statistics(int fd, const char *ifname, uint32_t count, uint8_t *out)
{
	size_t room = (size_t)count + SPARE;
	struct ethtool_gstrings *names = calloc(1, sizeof(*names) + room * TEXT);
	struct ethtool_stats *values = calloc(1, sizeof(*values) + room * sizeof(uint64_t));
	bool good = names && values;

	if (good) {
		names->cmd = ETHTOOL_GSTRINGS;
		names->string_set = ETH_SS_STATS;
		names->len = count;
		values->cmd = ETHTOOL_GSTATS;
		values->n_stats = count;
		good = !ask(fd, ifname, names) && !ask(fd, ifname, values) && names->len == count &&
		       values->n_stats == count;
	}
	if (good) {
		memcpy(out, names->data, (size_t)count * TEXT);
		memcpy(out + (size_t)count * TEXT, values->data, (size_t)count * sizeof(uint64_t));
	}
	free(names);
	free(values);
	return good ? count : 0;
}

static int read_device(int fd, const char *ifname, uint8_t **bytes)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	int error = ask(fd, ifname, &info);
	uint32_t count = info.n_stats < MOST ? info.n_stats : 0;

	if (error)
		return error;
	*bytes = calloc(1, TEXTS * TEXT + (size_t)count * (TEXT + sizeof(uint64_t)));
	if (!*bytes)
		return -ENOMEM;
	memcpy(*bytes, info.driver, TEXT);
	memcpy(*bytes + TEXT, info.version, TEXT);
	memcpy(*bytes + 2 * TEXT, info.fw_version, TEXT);
	memcpy(*bytes + 3 * TEXT, info.bus_info, TEXT);
	memcpy(*bytes + 4 * TEXT, info.erom_version, TEXT);
	if (count > 0)
		count = read_statistics(fd, ifname, count, *bytes + TEXTS * TEXT);
	return (int)(TEXTS * TEXT + count * (TEXT + sizeof(uint64_t)));
}

int weir_ethtool_read(int netns, const char *ifname, uint8_t **bytes)
{
	int length, fd;

	if (strlen(ifname) >= IFNAMSIZ)
		return -ENODEV;
	fd = weir_in_netns(netns, open_op, NULL);
	if (fd < 0)
		return fd;
	length = read_device(fd, ifname, bytes);
	close(fd);
	return length;
}
