#define _GNU_SOURCE
#include "CLinuxMounts.h"
#include "CLinuxNetwork.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int wait_for_the_end(void *unused) {
  (void)unused;
  for (;;) pause();
  return 0;
}

static int write_map(pid_t pid, const char *name, uint32_t inner, uint32_t outer, uint32_t count) {
  char path[64], line[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  int length = snprintf(line, sizeof line, "%u %u %u\n", inner, outer, count);
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return -errno;
  int result = write(file, line, (size_t)length) == length ? 0 : -errno;
  close(file);
  return result;
}

static int open_space(pid_t pid, const char *name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, name);
  int space = open(path, O_RDONLY | O_CLOEXEC);
  return space < 0 ? -errno : space;
}

// A descriptor of one, or -errno. A user namespace is made by a process in it. This one shares our memory, does nothing, and is gone before we return.
// network: where not NULL, a descriptor of a network namespace that belongs to it.
static int user_namespace(uint32_t inner, uint32_t outer, uint32_t count, int *network) {
  const size_t size = 16384;
  char *stack = malloc(size);
  if (!stack) return -ENOMEM;
  // It must not run our signal handlers on its small stack.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = clone(wait_for_the_end, stack + size, CLONE_VM | CLONE_NEWUSER | (network ? CLONE_NEWNET : 0), NULL);
  int result = pid < 0 ? -errno : 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (pid >= 0) {
    result = write_map(pid, "uid_map", inner, outer, count);
    if (result == 0) result = write_map(pid, "gid_map", inner, outer, count);
    if (result == 0) {
      result = open_space(pid, "user");
      if (result >= 0 && network) {
        *network = open_space(pid, "net");
        if (*network < 0) {
          close(result);
          result = *network;
        }
      }
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR) {
    }
  }
  free(stack);
  return result;
}

int clinux_mount_clone_mapped(const char *path, uint32_t inner, uint32_t outer, uint32_t count, int read_only) {
  int space = user_namespace(inner, outer, count, NULL);
  if (space < 0) {
    errno = -space;
    return -1;
  }
  int tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree >= 0) {
    struct mount_attr attributes = {
      .attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (read_only ? MOUNT_ATTR_RDONLY : 0),
      .userns_fd = (uint64_t)space,
    };
    if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
      int reason = errno;
      close(tree);
      errno = reason;
      tree = -1;
    }
  }
  int reason = errno;
  close(space);
  errno = reason;
  return tree;
}

int clinux_network_make(uint32_t outer, uint32_t count, int *owner) {
  int network = -1;
  *owner = user_namespace(0, outer, count, &network);
  if (*owner < 0) {
    errno = -*owner;
    return -1;
  }
  return network;
}

int clinux_mount_attach(int mount, const char *target) {
  return (int)syscall(SYS_move_mount, mount, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
}

int clinux_is_mount_root(const char *path) {
  struct statx status;
  if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &status) != 0) return -1;
  if (!(status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)) return -1;
  return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}
