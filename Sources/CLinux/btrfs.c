#define _GNU_SOURCE
#include "CLinuxBtrfs.h"

#include <errno.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <string.h>
#include <sys/ioctl.h>

int clinux_btrfs_filesystem_uuid(int fd, uint8_t uuid[16]) {
  struct btrfs_ioctl_fs_info_args info;
  memset(&info, 0, sizeof info);
  if (ioctl(fd, BTRFS_IOC_FS_INFO, &info) < 0) return -1;
  memcpy(uuid, info.fsid, 16);
  return 0;
}

int clinux_btrfs_resize_to_device(int fd) {
  struct btrfs_ioctl_vol_args args;
  memset(&args, 0, sizeof args);
  strcpy(args.name, "max");
  return ioctl(fd, BTRFS_IOC_RESIZE, &args);
}

static int named(int dir, const char *name, unsigned long request) {
  struct btrfs_ioctl_vol_args args;
  memset(&args, 0, sizeof args);
  if (strlen(name) > BTRFS_PATH_NAME_MAX) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(args.name, name);
  return ioctl(dir, request, &args);
}

int clinux_btrfs_subvolume_create(int dir, const char *name) { return named(dir, name, BTRFS_IOC_SUBVOL_CREATE); }

int clinux_btrfs_subvolume_delete(int dir, const char *name) { return named(dir, name, BTRFS_IOC_SNAP_DESTROY); }

int clinux_btrfs_subvolume_delete_id(int fd, uint64_t id) {
  struct btrfs_ioctl_vol_args_v2 args;
  memset(&args, 0, sizeof args);
  args.flags = BTRFS_SUBVOL_SPEC_BY_ID;
  args.subvolid = id;
  return ioctl(fd, BTRFS_IOC_SNAP_DESTROY_V2, &args);
}

int clinux_btrfs_subvolume_id(int fd, uint64_t *id) {
  struct btrfs_ioctl_ino_lookup_args args;
  memset(&args, 0, sizeof args);
  args.objectid = BTRFS_FIRST_FREE_OBJECTID;
  if (ioctl(fd, BTRFS_IOC_INO_LOOKUP, &args) < 0) return -1;
  *id = args.treeid;
  return 0;
}

int clinux_btrfs_subvolume_set_readonly(int fd, int readonly) {
  uint64_t flags;
  if (ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) < 0) return -1;
  uint64_t wanted = readonly ? flags | BTRFS_SUBVOL_RDONLY : flags & ~(uint64_t)BTRFS_SUBVOL_RDONLY;
  return wanted == flags ? 0 : ioctl(fd, BTRFS_IOC_SUBVOL_SETFLAGS, &wanted);
}

int clinux_btrfs_subvolume_is_readonly(int fd) {
  uint64_t flags;
  if (ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) < 0) return -1;
  return (flags & BTRFS_SUBVOL_RDONLY) != 0;
}

// The first item of the root tree from (object, type, after + 1) to (object, type, end): its offset, or 0 items.
static int first_root_item(int fd, uint64_t object, uint32_t type, uint64_t from, uint64_t *offset) {
  struct btrfs_ioctl_search_args args;
  memset(&args, 0, sizeof args);
  args.key.tree_id = BTRFS_ROOT_TREE_OBJECTID;
  args.key.min_objectid = args.key.max_objectid = object;
  args.key.min_type = args.key.max_type = type;
  args.key.min_offset = from;
  args.key.max_offset = UINT64_MAX;
  args.key.max_transid = UINT64_MAX;
  args.key.nr_items = 1;
  if (ioctl(fd, BTRFS_IOC_TREE_SEARCH, &args) < 0) return -1;
  if (args.key.nr_items == 0) return 0;
  struct btrfs_ioctl_search_header header;
  memcpy(&header, args.buf, sizeof header);
  if (offset) *offset = header.offset;
  return 1;
}

int clinux_btrfs_subvolume_has_tree(int fd, uint64_t id) {
  return first_root_item(fd, id, BTRFS_ROOT_ITEM_KEY, 0, 0);
}

int clinux_btrfs_subvolume_next_child(int fd, uint64_t parent, uint64_t after, uint64_t *child) {
  return first_root_item(fd, parent, BTRFS_ROOT_REF_KEY, after + 1, child);
}

int clinux_btrfs_commit(int fd) {
  uint64_t transaction = 0;
  if (ioctl(fd, BTRFS_IOC_START_SYNC, &transaction) < 0) return -1;
  return ioctl(fd, BTRFS_IOC_WAIT_SYNC, &transaction);
}

int clinux_btrfs_quota_enable(int fd) {
  struct btrfs_ioctl_quota_ctl_args args;
  memset(&args, 0, sizeof args);
  args.cmd = BTRFS_QUOTA_CTL_ENABLE;
  return ioctl(fd, BTRFS_IOC_QUOTA_CTL, &args);
}

int clinux_btrfs_quota_rescan(int fd) {
  struct btrfs_ioctl_quota_rescan_args args;
  memset(&args, 0, sizeof args);
  // EINPROGRESS: one is running already, and is waited for below.
  if (ioctl(fd, BTRFS_IOC_QUOTA_RESCAN, &args) < 0 && errno != EINPROGRESS) return -1;
  return ioctl(fd, BTRFS_IOC_QUOTA_RESCAN_WAIT);
}

int clinux_btrfs_qgroup_limit(int fd, uint64_t id, uint64_t bytes) {
  struct btrfs_ioctl_qgroup_limit_args args;
  memset(&args, 0, sizeof args);
  args.qgroupid = id;
  args.lim.flags = BTRFS_QGROUP_LIMIT_MAX_RFER | BTRFS_QGROUP_LIMIT_MAX_EXCL;
  args.lim.max_rfer = bytes;
  args.lim.max_excl = bytes;
  return ioctl(fd, BTRFS_IOC_QGROUP_LIMIT, &args);
}

int clinux_btrfs_qgroup_remove(int fd, uint64_t id) {
  struct btrfs_ioctl_qgroup_create_args args;
  memset(&args, 0, sizeof args);
  args.create = 0;
  args.qgroupid = id;
  return ioctl(fd, BTRFS_IOC_QGROUP_CREATE, &args);
}
