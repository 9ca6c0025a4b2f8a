// Calls of the Linux kernel that Swift cannot make by itself: variadic ones, and ones whose numbers are macros with
// casts. Each wrapper does one call and keeps its convention: a negative result and errno on failure.
#ifndef CLINUX_H
#define CLINUX_H

#include "CLinuxBtrfs.h"
#include "CLinuxFiles.h"
#include "CLinuxLoop.h"
#include "CLinuxMounts.h"
#include "CLinuxSpace.h"

#endif
