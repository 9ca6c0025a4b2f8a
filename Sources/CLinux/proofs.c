#define _GNU_SOURCE
#include "CLinuxProofs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// <sys/mount.h> and <linux/mount.h> do not go together everywhere; this is all of the former that is needed.
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
#ifndef MS_REC
#define MS_REC 16384
#define MS_PRIVATE (1 << 18)
#endif

// Runs in a copy of this process that has one thread: system calls alone, nothing that takes a lock.
static int lay(int lower, const char *folder) {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", 0, MS_REC | MS_PRIVATE, 0) != 0) return clinux_overlay_namespace;
  if (mount("tmpfs", folder, "tmpfs", 0, "size=1m,mode=700") != 0 || chdir(folder) != 0 || mkdir("lower", 0700) != 0 ||
      mkdir("upper", 0700) != 0 || mkdir("work", 0700) != 0 || mkdir("root", 0700) != 0)
    return clinux_overlay_memory;
  if (syscall(SYS_move_mount, lower, "", AT_FDCWD, "lower", MOVE_MOUNT_F_EMPTY_PATH) != 0) return clinux_overlay_attach;
  if (mount("overlay", "root", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work") != 0)
    return clinux_overlay_mount;
  if (open("root/written", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) < 0) return clinux_overlay_write;
  return 0;
}

int clinux_prove_mapped_overlay(int lower, const char *folder, int *step) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  // As fork(2) does, but its end is told to nobody who waits for children of ours.
  long child = syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L);
  if (child == 0) {
    int said[2] = {lay(lower, folder), 0};
    said[1] = errno;
    _exit(write(ends[1], said, sizeof said) == (ssize_t)sizeof said ? 0 : 1);
  }
  int reason = errno, result = -1;
  close(ends[1]);
  if (child > 0) {
    int said[2];
    ssize_t count;
    do {
      count = read(ends[0], said, sizeof said);
    } while (count < 0 && errno == EINTR);
    if (count == (ssize_t)sizeof said) {
      *step = said[0];
      reason = said[1];
      result = said[0] == 0 ? 0 : -1;
    } else {
      reason = EPROTO;
    }
    while (waitpid((pid_t)child, 0, __WALL) < 0 && errno == EINTR) {
    }
  }
  close(ends[0]);
  errno = reason;
  return result;
}
