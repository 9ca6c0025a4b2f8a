// Calls on files that Swift cannot make: variadic ones, ones without a wrapper in glibc, and constants that are
// macros too rich for the importer. Each returns what the kernel returned and leaves `errno` as it is.
#ifndef CLINUX_FILES_H
#define CLINUX_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct iovec;

/// Opens `path` without ever leaving the tree below `directory`: no symbolic link is followed in any component, no
/// magic link, no `..` above the start, no crossing into another mount (openat2(2)). Always close-on-exec.
int leasehold_open_beneath(int directory, const char *path, int flags, unsigned mode);

/// The same for what lies in the kernel's caches: EAGAIN when it would have to be looked for on a disk (RESOLVE_CACHED,
/// kernel 5.12), or when somebody renames on the way. Makes nothing.
int leasehold_open_beneath_cached(int directory, const char *path, int flags);

/// A path of our own out of the kernel's caches, whatever it leads through.
int leasehold_open_cached(const char *path, int flags);

/// An unnamed file in a directory (`O_TMPFILE`), for writing; it vanishes when closed unless it is linked.
int leasehold_open_unnamed(int directory, unsigned mode);

/// Gives an unnamed file a name; fails with EEXIST when there is one.
int leasehold_link_unnamed(int file, int directory, const char *name);

/// renameat2(2) with RENAME_NOREPLACE: fails with EEXIST when the new name is taken.
int leasehold_rename_new(int from, const char *old_name, int to, const char *new_name);

/// renameat2(2) with RENAME_EXCHANGE: both names exist before and after.
int leasehold_rename_exchange(int from, const char *old_name, int to, const char *new_name);

/// Reads what is in the page cache and nothing else: EAGAIN when that would mean waiting for the disk.
ssize_t leasehold_read_cached(int file, void *bytes, size_t count, off_t offset);

/// Reserves room for a file without changing its size.
int leasehold_reserve(int file, off_t length);

/// copy_file_range(2): the kernel copies, or shares the extents where the file system can.
ssize_t leasehold_copy_range(int from, int to, off_t offset, size_t count);

/// getdents64(2).
ssize_t leasehold_read_directory(int directory, void *bytes, size_t count);

ssize_t leasehold_attribute_get(int directory, const char *name, const char *attribute, void *bytes, size_t count);
int leasehold_attribute_set(int directory, const char *name, const char *attribute, const void *bytes, size_t count);
/// fsetxattr(2).
int leasehold_attribute_set_open(int file, const char *attribute, const void *bytes, size_t count);
int leasehold_attribute_remove(int directory, const char *name, const char *attribute);

/// Opening for nothing but being a place to start from (`O_PATH`); works on anything and opens no device.
extern const int leasehold_flag_path;

#endif
