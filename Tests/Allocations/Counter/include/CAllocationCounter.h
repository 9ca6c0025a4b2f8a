// Takes malloc's place in the program it is linked into, and counts what this thread asks for.
#ifndef LEASEHOLD_CALLOCATIONCOUNTER_H
#define LEASEHOLD_CALLOCATIONCOUNTER_H

#include <stdint.h>

/// How often this thread has asked for memory so far.
uint64_t leasehold_allocations(void);

#endif
