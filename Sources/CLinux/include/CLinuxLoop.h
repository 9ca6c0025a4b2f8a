// Loop devices (loop(4)) and what is done to the file system on one.
#ifndef CLINUX_LOOP_H
#define CLINUX_LOOP_H

#include <stdint.h>
#include <sys/mount.h>
#include <sys/statfs.h>

/// Backs a free loop device by `image` and opens it. The device frees itself when it is closed and unmounted
/// (`LO_FLAGS_AUTOCLEAR`), so that a killed daemon leaves none behind. Kernel 5.8.
///
/// - Returns: a descriptor of the device; `path` is its name.
int clinux_loop_attach(int image, const char *image_name, char path[32]);
/// The device's size follows its image.
int clinux_loop_set_capacity(int device);

/// lseek(2): the next byte that was written, the next that was not.
static const int clinux_seek_data = 3;
static const int clinux_seek_hole = 4;

/// Discards what the file system does not use; `*bytes` is how much.
int clinux_trim(int fd, uint64_t *bytes);
/// ext4: writes everything out, then refuses every further access, also through descriptors that are open.
int clinux_shutdown_filesystem(int fd);
/// Gives a range of a file back to its file system.
int clinux_punch_hole(int fd, int64_t offset, int64_t length);

#endif
