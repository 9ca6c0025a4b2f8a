// libpq, the client library of PostgreSQL: everything that room Postgres says to a server goes through it.
#pragma once
#include <libpq-fe.h>
// Not part of libpq: what wakes a thread that waits for its sockets. The C library's own module leaves it out.
#include <sys/eventfd.h>
