// A program of ours that runs where none of our files are: in a container of any image, and in front of the container
// runtime. It is a part of this library, compiled with it, that needs nothing but the kernel.
#ifndef CLINUX_BOX_H
#define CLINUX_BOX_H

#include <stddef.h>

/// The machine code of the program: position-independent, without data. `*entry` is where it begins, counted from the
/// first byte. Valid for as long as the process lives.
///
/// What it does is said by its arguments:
///
///     box run COMMAND [ARGUMENT…]
///
/// is process 1 of a container, or stands over one command in it. It starts the command (looked up in `PATH`), reaps
/// every child, hands every signal on, and ends with the command's code, 128 + signal for one that was killed. On
/// descriptor 3, which the command does not get, it reports in records of two bytes: `R 0` when the command runs,
/// `F errno` when it could not be started, `E code` when it has ended.
///
///     box enter FILE… -- STATUS PROGRAM [ARGUMENT…]
///
/// moves itself into control groups (each FILE is a `cgroup.procs`), opens STATUS as descriptor 3 for appending, and
/// becomes PROGRAM, which is a path. 125 when it cannot.
///
///     box stand FILE… -- STATUS PROGRAM [ARGUMENT…]
///
/// does the same, but starts PROGRAM beside itself and stays until all of its children are gone that PROGRAM leaves
/// behind, so that each is reaped at once, whoever is process 1 of the host. It ends with PROGRAM's code if that is not 0.
const void *clinux_box_code(size_t *size, size_t *entry);

/// The `e_machine` of an ELF header for it.
extern const unsigned short clinux_box_machine;

#endif
