/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OWN_NETNS "/proc/thread-self/ns/net"

static int same_file(int a, int b, bool *same)
{
	struct stat x, y;

	if (fstat(a, &x) || fstat(b, &y))
		return -errno;
	*same = x.st_dev == y.st_dev && x.st_ino == y.st_ino;
	return 0;
}

static void return_home(int home)
{
	if (!setns(home, CLONE_NEWNET))
		return;
	fprintf(stderr, "weir: cannot return to the own network namespace: %s\n", strerror(errno));
	abort();
}

int weir_in_netns(int netns, int (*op)(void *arg), void *arg)
{
	bool at_home = false;
	int result;
	int home = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);

	if (home < 0)
		return -errno;
	result = same_file(home, netns, &at_home);
	if (!result && !at_home && setns(netns, CLONE_NEWNET))
		result = -errno;
	if (!result) {
		result = op(arg);
		if (!at_home)
			return_home(home);
	}
	close(home);
	return result;
}

static int open_op(void *arg)
{
	int fd = open(arg, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int weir_netns_open(int netns, const char *path)
{
	return weir_in_netns(netns, open_op, (void *)path);
}

struct names {
	const char *path;
	char *text;
	size_t length;
	size_t capacity;
};

static int append_name(struct names *names, const char *name)
{
	size_t size = strlen(name) + 1;

	if (names->length + size > names->capacity) {
		size_t capacity = 2 * names->capacity + size + 1024;
		char *text = realloc(names->text, capacity);

		if (!text)
			return -ENOMEM;
		names->text = text;
		names->capacity = capacity;
	}
	memcpy(names->text + names->length, name, size);
	names->length += size;
	return 0;
}

/* The kernel looks the entries up in the reader's namespace, so the directory is read as well as opened there. */
static int list_op(void *arg)
{
	struct names *names = arg;
	struct dirent *entry;
	int result = 0;
	DIR *dir = opendir(names->path);

	if (!dir)
		return -errno;
	for (;;) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			result = -errno;
		if (!entry || result)
			break;
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			result = append_name(names, entry->d_name);
		if (result)
			break;
	}
	closedir(dir);
	return result;
}

int weir_netns_list(int netns, const char *path, char **list)
{
	struct names names = { .path = path };
	int result = weir_in_netns(netns, list_op, &names);

	if (result < 0) {
		free(names.text);
		return result;
	}
	*list = names.text;
	return (int)names.length;
}

static int sysfs_op(void *arg)
{
	unsigned access = *(const bool *)arg ? 0 : MOUNT_ATTR_RDONLY;
	int mount = -1;
	int result = 0;
	int context = (int)syscall(SYS_fsopen, "sysfs", FSOPEN_CLOEXEC);

	if (context < 0)
		return -errno;
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) ||
	    (mount = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, access | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				  MOUNT_ATTR_NOEXEC)) < 0)
		result = -errno;
	close(context);
	return result ? result : mount;
}

int weir_netns_sysfs(int netns, bool writable)
{
	return weir_in_netns(netns, sysfs_op, &writable);
}

/* A mount point that is not shared would keep the name alive in other mount namespaces after its deletion. */
static int share_directory(const char *path)
{
	char directory[4096];
	char *slash;

	if (strlen(path) >= sizeof(directory))
		return -ENAMETOOLONG;
	strcpy(directory, path);
	slash = strrchr(directory, '/');
	if (!slash || slash == directory)
		return -EINVAL;
	*slash = '\0';
	if (!mount("", directory, "none", MS_SHARED | MS_REC, NULL))
		return 0;
	if (errno != EINVAL)
		return -errno;
	if (mount(directory, directory, "none", MS_BIND | MS_REC, NULL) ||
	    mount("", directory, "none", MS_SHARED | MS_REC, NULL))
		return -errno;
	return 0;
}

/* Unshare, name the new namespace, and come back. The thread has no way to fail in between but to abort. */
static int create_and_name(const char *path)
{
	int result = 0;
	int home = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);

	if (home < 0)
		return -errno;
	if (unshare(CLONE_NEWNET)) {
		result = -errno;
	} else {
		if (mount(OWN_NETNS, path, "none", MS_BIND, NULL))
			result = -errno;
		return_home(home);
	}
	close(home);
	return result;
}

int weir_netns_create(const char *path)
{
	int fd;
	int result = share_directory(path);

	if (result)
		return result;
	fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	close(fd);
	result = create_and_name(path);
	if (result)
		unlink(path);
	return result;
}

int weir_netns_delete(const char *path)
{
	/* EINVAL: a file that is no mount point, left behind by an interrupted creation */
	if (umount2(path, MNT_DETACH) && errno != EINVAL)
		return -errno;
	return unlink(path) ? -errno : 0;
}

int weir_netns_enter(int netns)
{
	return setns(netns, CLONE_NEWNET) ? -errno : 0;
}
