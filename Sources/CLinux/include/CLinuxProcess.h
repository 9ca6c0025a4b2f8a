// Processes, and the pipes that lead to them.
#ifndef CLINUX_PROCESS_H
#define CLINUX_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

/// pidfd_open(2), close-on-exec: readable once the process has ended. Kernel 5.3.
int clinux_process_descriptor(pid_t process);

/// A pipe, close-on-exec; our end does not block. `ends[0]` is read from.
int clinux_pipe(int ends[2], int ours);

/// write(2) to a pipe without the signal that a pipe nobody reads sends: EPIPE is all. Other threads and the programs
/// that are started keep their handling of that signal.
ssize_t clinux_pipe_write(int pipe, const void *bytes, size_t count);

/// A watch for changes of files (inotify(7)), close-on-exec and not blocking.
int clinux_watch(void);
/// Told of every write to the file and of its shortening. The file is not opened, and so its leases are left alone.
int clinux_watch_add(int watch, const char *path);
int clinux_watch_remove(int watch, int number);

/// epoll(7), reduced to what is waited for here: one event for each registration.
int clinux_poll(void);
int clinux_poll_add(int poll, int fd, int for_writing, unsigned long long key);
int clinux_poll_remove(int poll, int fd);
/// Up to `count` keys of what is ready; -1 for no limit in `milliseconds`.
int clinux_poll_wait(int poll, unsigned long long *keys, int count, int milliseconds);
/// eventfd(2), not blocking.
int clinux_bell(void);

#endif
