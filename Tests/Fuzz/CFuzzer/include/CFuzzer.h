// libFuzzer's door for programs that have a main of their own.
#ifndef LEASEHOLD_CFUZZER_H
#define LEASEHOLD_CFUZZER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *bytes, size_t count));

#endif
