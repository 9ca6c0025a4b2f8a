// Trying what a kernel may not have, without leaving a trace of it on the host.
#ifndef CLINUX_PROOFS_H
#define CLINUX_PROOFS_H

#include <stdint.h>

/// What was being tried when it failed.
enum clinux_overlay_step {
  clinux_overlay_namespace = 1,
  clinux_overlay_memory,
  clinux_overlay_attach,
  clinux_overlay_mount,
  clinux_overlay_write,
};

/// Attaches a clone of the mount at `folder` whose owners are mapped, lays an overlay over it and writes a file there, all
/// in a process with a mount namespace of its own: when it ends, or is killed, nothing is left.
///
/// `mount` is a result of `clinux_mount_clone_mapped(folder, …)`. -1 and errno on failure, and the step in `*step`.
int clinux_prove_mapped_overlay(int mount, const char *folder, int *step);

#endif
