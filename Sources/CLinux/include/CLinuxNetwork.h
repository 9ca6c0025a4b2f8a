// Network namespaces.
#ifndef CLINUX_NETWORK_H
#define CLINUX_NETWORK_H

#include <stdint.h>

/// A network namespace that belongs to a user namespace of its own, in which 0 and the `count` after it are `outer` and those
/// after it outside.
///
/// @param owner A descriptor of the user namespace.
/// @return A descriptor; negative, with errno, where there is none.
int clinux_network_make(uint32_t outer, uint32_t count, int *owner);

/// A TCP socket inside a network namespace, on its way to a port of the loopback there; close-on-exec and not blocking.
/// The loopback is brought up first where it is down.
///
/// setns(2) moves one thread: it is done by a thread that lives for this alone, so that none of the program's others
/// can be left behind in the namespace.
///
/// @param space A descriptor of the namespace.
/// @param v6 Whether to `::1` rather than to `127.0.0.1`.
/// @param pending Set to 1 while the connection is still being made: it can be written to, or has failed, once it is.
/// @return The socket; negative, with errno, when the namespace cannot be entered or nobody listens there.
int clinux_connect_inside(int space, unsigned short port, int v6, int *pending);

/// SO_ERROR: how a pending connection came out; 0 for well.
int clinux_socket_error(int socket);

/// Writes a text to a file of `/proc/sys/net` as it is in a network namespace; on a thread of its own, as above.
///
/// @return 0; negative, with errno, where that cannot be.
int clinux_write_inside(int space, const char *path, const char *text);

#endif
