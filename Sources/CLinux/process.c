#define _GNU_SOURCE
#include "CLinuxProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clinux_process_descriptor(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }

int clinux_pipe(int ends[2], int ours) {
  if (pipe2(ends, O_CLOEXEC) < 0) return -1;
  // It is never on the other end: there a program may not expect it.
  return fcntl(ends[ours], F_SETFL, O_NONBLOCK);
}

ssize_t clinux_pipe_write(int pipe, const void *bytes, size_t count) {
  sigset_t broken, before, pending;
  sigemptyset(&broken);
  sigaddset(&broken, SIGPIPE);
  sigpending(&pending);
  int was_pending = sigismember(&pending, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken, &before);
  ssize_t written = write(pipe, bytes, count);
  int error = errno;
  if (written < 0 && error == EPIPE && !was_pending) {
    struct timespec none = {0, 0};
    while (sigtimedwait(&broken, NULL, &none) < 0 && errno == EINTR) {
    }
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return written;
}

int clinux_watch(void) { return inotify_init1(IN_CLOEXEC | IN_NONBLOCK); }

int clinux_watch_add(int watch, const char *path) { return inotify_add_watch(watch, path, IN_MODIFY | IN_DONT_FOLLOW); }

int clinux_watch_remove(int watch, int number) { return inotify_rm_watch(watch, number); }

int clinux_poll(void) { return epoll_create1(EPOLL_CLOEXEC); }

int clinux_poll_add(int poll, int fd, int for_writing, unsigned long long key) {
  struct epoll_event event = {.events = (for_writing ? EPOLLOUT : EPOLLIN) | EPOLLONESHOT, .data = {.u64 = key}};
  return epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

int clinux_poll_remove(int poll, int fd) { return epoll_ctl(poll, EPOLL_CTL_DEL, fd, NULL); }

int clinux_poll_wait(int poll, unsigned long long *keys, int count, int milliseconds) {
  struct epoll_event events[64];
  int found = epoll_wait(poll, events, count < 64 ? count : 64, milliseconds);
  for (int each = 0; each < found; each++) keys[each] = events[each].data.u64;
  return found;
}

int clinux_bell(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
