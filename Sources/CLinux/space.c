#define _GNU_SOURCE
#include "CLinuxSpace.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int clinux_reserve(int fd, int64_t size) { return fallocate(fd, 0, 0, size); }

int64_t clinux_next_data(int fd, int64_t from) { return lseek(fd, from, SEEK_DATA); }

int64_t clinux_next_hole(int fd, int64_t from) { return lseek(fd, from, SEEK_HOLE); }

int clinux_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }
