// The blocks of a file: reserving, finding (fallocate(2), lseek(2)), and files that are in memory alone.
#ifndef CLINUX_SPACE_H
#define CLINUX_SPACE_H

#include <stdint.h>

/// Reserves blocks for the first `size` bytes and makes the file so long.
int clinux_reserve(int fd, int64_t size);
/// Where data begins at or after `from`; ENXIO when there is none.
int64_t clinux_next_data(int fd, int64_t from);
/// Where the next hole begins at or after `from`.
int64_t clinux_next_hole(int fd, int64_t from);
/// An empty file that is in no folder (memfd_create(2)).
int clinux_memory_file(const char *name);

#endif
