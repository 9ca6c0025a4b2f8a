#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CLinuxFiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

const int leasehold_flag_path = O_PATH;

int leasehold_open_beneath(int directory, const char *path, int flags, unsigned mode) {
  struct open_how how = {
      .flags = (unsigned long long)(unsigned)(flags | O_CLOEXEC),
      .mode = (flags & (O_CREAT | __O_TMPFILE)) ? mode : 0,
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
  };
  // EAGAIN: something on the way was renamed meanwhile. A tenant who does nothing else must not keep us here.
  for (int attempt = 0;; attempt++) {
    int file = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (file >= 0 || attempt == 16 || (errno != EAGAIN && errno != EINTR)) return file;
  }
}

int leasehold_open_beneath_cached(int directory, const char *path, int flags) {
  struct open_how how = {
      .flags = (unsigned long long)(unsigned)(flags | O_CLOEXEC),
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV | RESOLVE_CACHED,
  };
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int leasehold_open_cached(const char *path, int flags) {
  struct open_how how = {.flags = (unsigned long long)(unsigned)(flags | O_CLOEXEC), .resolve = RESOLVE_CACHED};
  return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

int leasehold_open_unnamed(int directory, unsigned mode) {
  return leasehold_open_beneath(directory, ".", O_TMPFILE | O_RDWR, mode);
}

int leasehold_link_unnamed(int file, int directory, const char *name) {
  // Allowed with CAP_DAC_READ_SEARCH, else ENOENT.
  int linked = linkat(file, "", directory, name, AT_EMPTY_PATH);
  if (linked == 0 || errno != ENOENT) return linked;
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  return linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW);
}

int leasehold_rename_new(int from, const char *old_name, int to, const char *new_name) {
  return renameat2(from, old_name, to, new_name, RENAME_NOREPLACE);
}

int leasehold_rename_exchange(int from, const char *old_name, int to, const char *new_name) {
  return renameat2(from, old_name, to, new_name, RENAME_EXCHANGE);
}

ssize_t leasehold_read_cached(int file, void *bytes, size_t count, off_t offset) {
  struct iovec piece = {bytes, count};
  return preadv2(file, &piece, 1, offset, RWF_NOWAIT);
}

int leasehold_reserve(int file, off_t length) { return fallocate(file, FALLOC_FL_KEEP_SIZE, 0, length); }

ssize_t leasehold_copy_range(int from, int to, off_t offset, size_t count) {
  off_t source = offset, target = offset;
  return copy_file_range(from, &source, to, &target, count, 0);
}

ssize_t leasehold_read_directory(int directory, void *bytes, size_t count) {
  return getdents64(directory, bytes, count);
}

// The *at forms of the attribute calls are newer than the kernels we run on. The descriptor's entry in /proc leads to
// the very directory that was opened, and the l… forms do not follow the last name.
static void beneath(char *path, size_t size, int directory, const char *name) {
  snprintf(path, size, "/proc/self/fd/%d/%s", directory, name);
}

// getxattrat(2), kernel 6.13: relative to a folder, as one wants it; before, the path leads through /proc.
static ssize_t attribute_get_at(int directory, const char *name, const char *attribute, void *bytes, size_t count) {
  struct {
    uint64_t value;
    uint32_t size;
    uint32_t flags;
  } arguments = {(uint64_t)(uintptr_t)bytes, (uint32_t)count, 0};
  return syscall(464, directory, name, AT_SYMLINK_NOFOLLOW, attribute, &arguments, sizeof arguments);
}

ssize_t leasehold_attribute_get(int directory, const char *name, const char *attribute, void *bytes, size_t count) {
  ssize_t size = attribute_get_at(directory, name, attribute, bytes, count);
  if (size >= 0 || (errno != ENOSYS && errno != EPERM && errno != EINVAL)) return size;
  char path[320];
  beneath(path, sizeof path, directory, name);
  return lgetxattr(path, attribute, bytes, count);
}

int leasehold_attribute_set(int directory, const char *name, const char *attribute, const void *bytes, size_t count) {
  char path[320];
  beneath(path, sizeof path, directory, name);
  return lsetxattr(path, attribute, bytes, count, 0);
}

int leasehold_attribute_set_open(int file, const char *attribute, const void *bytes, size_t count) {
  return fsetxattr(file, attribute, bytes, count, 0);
}

int leasehold_attribute_remove(int directory, const char *name, const char *attribute) {
  char path[320];
  beneath(path, sizeof path, directory, name);
  return lremovexattr(path, attribute);
}
