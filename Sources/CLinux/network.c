#define _GNU_SOURCE
#include "CLinuxNetwork.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct visit {
  int space;
  unsigned short port;
  int v6;
  int pending;
  int socket;
  int error;
};

static void bring_up_loopback(int socket) {
  struct ifreq request;
  memset(&request, 0, sizeof request);
  strcpy(request.ifr_name, "lo");
  if (ioctl(socket, SIOCGIFFLAGS, &request) < 0 || (request.ifr_flags & IFF_UP)) return;
  request.ifr_flags |= IFF_UP;
  // Where it cannot be, the connection says so.
  ioctl(socket, SIOCSIFFLAGS, &request);
}

static int begin(int socket, struct visit *visit) {
  if (visit->v6) {
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(visit->port)};
    address.sin6_addr = in6addr_loopback;
    return connect(socket, (struct sockaddr *)&address, sizeof address);
  }
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(visit->port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(socket, (struct sockaddr *)&address, sizeof address);
}

static void *go(void *given) {
  struct visit *visit = given;
  visit->socket = -1;
  if (setns(visit->space, CLONE_NEWNET) < 0) {
    visit->error = errno;
    return NULL;
  }
  int made = socket(visit->v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0) {
    visit->error = errno;
    return NULL;
  }
  bring_up_loopback(made);
  int one = 1;
  setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (begin(made, visit) < 0) {
    if (errno != EINPROGRESS) {
      visit->error = errno;
      close(made);
      return NULL;
    }
    visit->pending = 1;
  }
  visit->socket = made;
  return NULL;
}

// On a thread that lives for this alone.
static int run(void *(*body)(void *), void *given) {
  pthread_attr_t small;
  pthread_t thread;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 64 << 10);
  int failed = pthread_create(&thread, &small, body, given);
  pthread_attr_destroy(&small);
  if (failed) {
    errno = failed;
    return -1;
  }
  pthread_join(thread, NULL);
  return 0;
}

int clinux_connect_inside(int space, unsigned short port, int v6, int *pending) {
  struct visit visit = {.space = space, .port = port, .v6 = v6, .socket = -1};
  if (run(go, &visit) < 0) return -1;
  *pending = visit.pending;
  errno = visit.error;
  return visit.socket;
}

struct writing {
  int space;
  const char *path;
  const char *text;
  int error;
};

static void *write_there(void *given) {
  struct writing *writing = given;
  if (setns(writing->space, CLONE_NEWNET) < 0) {
    writing->error = errno;
    return NULL;
  }
  int file = open(writing->path, O_WRONLY | O_CLOEXEC);
  if (file < 0) {
    writing->error = errno;
    return NULL;
  }
  if (write(file, writing->text, strlen(writing->text)) < 0) writing->error = errno;
  close(file);
  return NULL;
}

int clinux_write_inside(int space, const char *path, const char *text) {
  struct writing writing = {.space = space, .path = path, .text = text};
  if (run(write_there, &writing) < 0) return -1;
  errno = writing.error;
  return writing.error ? -1 : 0;
}

int clinux_socket_error(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}
