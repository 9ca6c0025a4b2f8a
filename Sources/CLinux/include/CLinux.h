// Calls of the Linux kernel that Swift cannot make by itself: variadic ones, and ones whose numbers are macros with
// casts. Each wrapper does one call and keeps its convention: a negative result and errno on failure.
#ifndef CLINUX_H
#define CLINUX_H

#include "CLinuxBox.h"
#include "CLinuxBtrfs.h"
#include "CLinuxFiles.h"
#include "CLinuxLoop.h"
#include "CLinuxMounts.h"
#include "CLinuxNetwork.h"
#include "CLinuxProcess.h"
#include "CLinuxProofs.h"
#include "CLinuxSpace.h"

#endif
