// Mounts that show files under other owners (mount_setattr(2)).
#ifndef CLINUX_MOUNTS_H
#define CLINUX_MOUNTS_H

#include <stdint.h>

/// Clones the mount at `path` so that owners `inner` and the `count` after it are shown as `outer` and those after it
/// (`MOUNT_ATTR_IDMAP`), nosuid and nodev, read-only when `read_only` is not 0. Kernel 5.12.
///
/// The clone is attached nowhere: it lives as long as its descriptor, or as what was made from `/proc/self/fd/…`.
int clinux_mount_clone_mapped(const char *path, uint32_t inner, uint32_t outer, uint32_t count, int read_only);
/// Attaches such a clone at `target`.
int clinux_mount_attach(int mount, const char *target);

/// Whether something is mounted exactly on `path`, which is not followed if it is a link: 1 or 0 (statx(2), kernel 5.8).
int clinux_is_mount_root(const char *path);

#endif
