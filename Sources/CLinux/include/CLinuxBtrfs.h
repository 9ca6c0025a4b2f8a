// btrfs, by ioctl on any descriptor of the file system (btrfs-ioctl(2)).
#ifndef CLINUX_BTRFS_H
#define CLINUX_BTRFS_H

#include <stdint.h>

/// `f_type` of statfs(2).
static const int64_t clinux_btrfs_magic = 0x9123683E;

int clinux_btrfs_filesystem_uuid(int fd, uint8_t uuid[16]);
/// Grows the file system to the size of its device.
int clinux_btrfs_resize_to_device(int fd);

/// Makes a subvolume called `name` in the folder `dir`.
int clinux_btrfs_subvolume_create(int dir, const char *name);
/// Unlinks a subvolume; its blocks are freed later, by the cleaner.
int clinux_btrfs_subvolume_delete(int dir, const char *name);
/// The same for a subvolume known by its id, wherever it is linked (kernel 5.7).
int clinux_btrfs_subvolume_delete_id(int fd, uint64_t id);
/// The id of the subvolume that `fd` lies in.
int clinux_btrfs_subvolume_id(int fd, uint64_t *id);
int clinux_btrfs_subvolume_set_readonly(int fd, int readonly);
/// 1 or 0.
int clinux_btrfs_subvolume_is_readonly(int fd);
/// 1 while the subvolume's tree is on disk (linked, or waiting for the cleaner), else 0.
int clinux_btrfs_subvolume_has_tree(int fd, uint64_t id);
/// The first subvolume directly below `parent` with an id over `after`: 1 and `*child`, or 0.
int clinux_btrfs_subvolume_next_child(int fd, uint64_t parent, uint64_t after, uint64_t *child);

/// Begins a commit and waits for it. Does not write back cached file data.
int clinux_btrfs_commit(int fd);

int clinux_btrfs_quota_enable(int fd);
/// Counts everything anew and waits.
int clinux_btrfs_quota_rescan(int fd);
/// Limits what the qgroup 0/`id` refers to and what it holds exclusively, in bytes.
int clinux_btrfs_qgroup_limit(int fd, uint64_t id, uint64_t bytes);
int clinux_btrfs_qgroup_remove(int fd, uint64_t id);

#endif
