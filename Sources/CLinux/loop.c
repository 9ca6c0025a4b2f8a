#define _GNU_SOURCE
#include "CLinuxLoop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

// Of the kernel's fs/ext4/ext4.h; it is in no header for programs.
#define EXT4_IOC_SHUTDOWN _IOR('X', 125, uint32_t)

int clinux_loop_attach(int image, const char *image_name, char path[32]) {
  int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  if (control < 0) return -1;
  // Between "this one is free" and our taking it another may take it: then ask again.
  for (int attempt = 0; attempt < 64; attempt++) {
    int number = ioctl(control, LOOP_CTL_GET_FREE);
    if (number < 0) break;
    snprintf(path, 32, "/dev/loop%d", number);
    int device = open(path, O_RDWR | O_CLOEXEC);
    if (device < 0 && errno == ENOENT && mknod(path, S_IFBLK | 0600, makedev(7, number)) == 0)
      device = open(path, O_RDWR | O_CLOEXEC);
    if (device < 0) break;
    struct loop_config config;
    memset(&config, 0, sizeof config);
    config.fd = (uint32_t)image;
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
    strncpy((char *)config.info.lo_file_name, image_name, LO_NAME_SIZE - 1);
    if (ioctl(device, LOOP_CONFIGURE, &config) == 0) {
      close(control);
      return device;
    }
    int reason = errno;
    close(device);
    errno = reason;
    if (reason != EBUSY) break;
  }
  int reason = errno;
  close(control);
  errno = reason;
  return -1;
}

int clinux_loop_set_capacity(int device) { return ioctl(device, LOOP_SET_CAPACITY, 0); }

int clinux_trim(int fd, uint64_t *bytes) {
  struct fstrim_range range = {.start = 0, .len = UINT64_MAX, .minlen = 0};
  if (ioctl(fd, FITRIM, &range) < 0) return -1;
  *bytes = range.len;
  return 0;
}

int clinux_shutdown_filesystem(int fd) {
  uint32_t flush_then_stop = 0;
  return ioctl(fd, EXT4_IOC_SHUTDOWN, &flush_then_stop);
}

int clinux_punch_hole(int fd, int64_t offset, int64_t length) {
  return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}
