#include "CLinuxBox.h"

#include <asm/unistd.h>
#include <elf.h>
#include <stdint.h>

// Everything here lies in one section, calls nothing outside of it and has no constants in memory: its bytes are a
// program by themselves. Hence no library call, no string, no table, no initialized array, and no optimizer, which
// would make some of those out of ordinary code.
#define BOX_SECTION "leasehold_box"
#if defined(__clang__)
#define PLAIN optnone
#else
#define PLAIN optimize("O0")
#endif
#define BOX                                                                                                            \
  static __attribute__((section(BOX_SECTION), noinline, PLAIN, used, no_instrument_function,                          \
                        no_profile_instrument_function))
#define INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
const unsigned short clinux_box_machine = EM_X86_64;

INLINE long call6(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

// The kernel puts argc and what follows it where the stack pointer is.
__asm__(".pushsection " BOX_SECTION ",\"ax\",@progbits\n"
        ".local leasehold_box_start\n"
        ".type leasehold_box_start,@function\n"
        "leasehold_box_start:\n"
        "  xorl %ebp, %ebp\n"
        "  movq %rsp, %rdi\n"
        "  andq $-16, %rsp\n"
        "  call leasehold_box_main\n"
        "  hlt\n"
        ".popsection\n");
#elif defined(__aarch64__)
const unsigned short clinux_box_machine = EM_AARCH64;

INLINE long call6(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}

__asm__(".pushsection " BOX_SECTION ",\"ax\",@progbits\n"
        ".balign 4\n"
        ".local leasehold_box_start\n"
        ".type leasehold_box_start,@function\n"
        "leasehold_box_start:\n"
        "  mov x29, #0\n"
        "  mov x30, #0\n"
        "  mov x0, sp\n"
        "  bl leasehold_box_main\n"
        "  brk #1\n"
        ".popsection\n");
#else
#error "box.c: say how this machine calls its kernel"
#endif

extern const unsigned char leasehold_box_start[];
extern const unsigned char __start_leasehold_box[] __attribute__((visibility("hidden")));
extern const unsigned char __stop_leasehold_box[] __attribute__((visibility("hidden")));

INLINE long call3(long number, long a, long b, long c) { return call6(number, a, b, c, 0, 0, 0); }
INLINE long call4(long number, long a, long b, long c, long d) { return call6(number, a, b, c, d, 0, 0); }

// The kernel's own numbers; the C library's headers give other types to some.
enum {
  box_at_cwd = -100,
  box_write_only = 1,
  box_append = 02000,
  box_close_on_exec = 02000000,
  box_block = 0,
  box_set_mask = 2,
  box_child = 17,
  box_no_hang = 1,
  box_set_flags = 2,
  box_set_dumpable = 4,
  box_set_subreaper = 36,
  box_status = 3,
  box_missing = 2,
  box_interrupted = 4,
  box_too_long = 36,
  box_refused = 13,
};

BOX void leave(long code) {
  for (;;) call3(__NR_exit_group, code, 0, 0);
}

BOX void report(unsigned char kind, unsigned char value) {
  unsigned char record[2];
  record[0] = kind;
  record[1] = value;
  call3(__NR_write, box_status, (long)record, 2);
}

/// The list that `PATH` is in the environment; 0 when there is none.
BOX const char *search_path(char **environment) {
  for (; *environment; environment++) {
    const char *each = *environment;
    if (each[0] == 'P' && each[1] == 'A' && each[2] == 'T' && each[3] == 'H' && each[4] == '=') return each + 5;
  }
  return 0;
}

/// Becomes the command, or says why not: errno.
BOX long become(char **arguments, char **environment) {
  const char *name = arguments[0];
  int has_slash = 0;
  for (const char *at = name; *at; at++)
    if (*at == '/') has_slash = 1;
  if (has_slash) return -call3(__NR_execve, (long)name, (long)arguments, (long)environment);
  const char *folders = search_path(environment);
  if (!name[0] || !folders) return box_missing;
  long worst = box_missing;
  char path[4096];
  for (;;) {
    unsigned long length = 0;
    while (*folders && *folders != ':' && length < sizeof path - 2) path[length++] = *folders++;
    if (length == 0) path[length++] = '.';
    path[length++] = '/';
    const char *from = name;
    while (*from && length < sizeof path - 1) path[length++] = *from++;
    path[length] = 0;
    long error = *from || (*folders && *folders != ':')
                     ? box_too_long
                     : -call3(__NR_execve, (long)path, (long)arguments, (long)environment);
    // What is there and cannot be run is more worth saying than that the other folders have none.
    if (error != box_missing && error != 20 && worst != box_refused) worst = error;
    while (*folders && *folders != ':') folders++;
    if (!*folders) return worst;
    folders++;
  }
}

/// Waits for whatever ends and hands signals on, until the command has ended.
BOX long attend(long command) {
  unsigned long all = ~0UL;
  for (;;) {
    long signal = call4(__NR_rt_sigtimedwait, (long)&all, 0, 0, sizeof all);
    if (signal > 0 && signal != box_child) call3(__NR_kill, command, signal, 0);
    if (signal != box_child) continue;
    for (;;) {
      int status = 0;
      long ended = call4(__NR_wait4, -1, (long)&status, box_no_hang, 0);
      if (ended <= 0) break;
      if (ended == command) return status & 127 ? 128 + (status & 127) : (status >> 8) & 255;
    }
  }
}

/// Children of one who ignores their end are not waited for: whoever started us may do so.
BOX void heed_children(void) {
  unsigned long standard[4];
  standard[0] = standard[1] = standard[2] = standard[3] = 0;
  call4(__NR_rt_sigaction, box_child, (long)standard, 0, 8);
}

BOX void run(char **arguments, char **environment) {
  unsigned long all = ~0UL, before = 0;
  call4(__NR_rt_sigprocmask, box_block, (long)&all, (long)&before, sizeof all);
  heed_children();
  call3(__NR_fcntl, box_status, box_set_flags, 1);
  // Nobody in the container looks into this process or takes its descriptors.
  call3(__NR_prctl, box_set_dumpable, 0, 0);
  int told[2];
  if (call3(__NR_pipe2, (long)told, box_close_on_exec, 0) < 0) leave(125);
  long command = call6(__NR_clone, box_child, 0, 0, 0, 0, 0);
  if (command == 0) {
    call4(__NR_rt_sigprocmask, box_set_mask, (long)&before, 0, sizeof all);
    unsigned char error = (unsigned char)become(arguments, environment);
    call3(__NR_write, told[1], (long)&error, 1);
    leave(127);
  }
  call3(__NR_close, told[1], 0, 0);
  unsigned char error = 0;
  if (command < 0) {
    error = (unsigned char)-command;
  } else if (call3(__NR_read, told[0], (long)&error, 1) <= 0) {
    error = 0;
  }
  call3(__NR_close, told[0], 0, 0);
  if (error) {
    report('F', error);
    leave(error == box_missing ? 127 : 126);
  }
  report('R', 0);
  long code = attend(command);
  report('E', (unsigned char)code);
  leave(code);
}

/// Moves into the groups, opens the status, and returns the program's arguments.
BOX char **enter(char **arguments) {
  for (;; arguments++) {
    char *name = *arguments;
    if (!name) leave(125);
    if (name[0] == '-' && name[1] == '-' && !name[2]) break;
    long file = call4(__NR_openat, box_at_cwd, (long)name, box_write_only | box_close_on_exec, 0);
    char self = '0';
    if (file < 0 || call3(__NR_write, file, (long)&self, 1) != 1) leave(125);
    call3(__NR_close, file, 0, 0);
  }
  if (!arguments[1] || !arguments[2]) leave(125);
  long status = call4(__NR_openat, box_at_cwd, (long)arguments[1], box_write_only | box_append, 0);
  if (status < 0) leave(125);
  if (status != box_status) {
    if (call3(__NR_dup3, status, box_status, 0) < 0) leave(125);
    call3(__NR_close, status, 0, 0);
  }
  return arguments + 2;
}

BOX void become_program(char **program, char **environment) {
  call3(__NR_execve, (long)program[0], (long)program, (long)environment);
  leave(125);
}

/// Waits until nobody is left of what the program has started.
BOX void stand(char **program, char **environment) {
  heed_children();
  call3(__NR_prctl, box_set_subreaper, 1, 0);
  long child = call6(__NR_clone, box_child, 0, 0, 0, 0, 0);
  if (child == 0) become_program(program, environment);
  if (child < 0) leave(125);
  // They are the program's alone: who reads them learns when those have let go who write.
  for (long each = 0; each <= box_status; each++) call3(__NR_close, each, 0, 0);
  for (;;) {
    int status = 0;
    long ended = call4(__NR_wait4, -1, (long)&status, 0, 0);
    if (ended == child && status) leave(status & 127 ? 128 + (status & 127) : (status >> 8) & 255);
    if (ended < 0 && ended != -box_interrupted) leave(0);
  }
}

__attribute__((section(BOX_SECTION), noinline, PLAIN, used, visibility("hidden"), no_instrument_function,
               no_profile_instrument_function)) void
leasehold_box_main(long *stack) {
  char **arguments = (char **)(stack + 1);
  char **environment = arguments + stack[0] + 1;
  if (stack[0] < 3) leave(125);
  if (arguments[1][0] == 'r') run(arguments + 2, environment);
  if (arguments[1][0] == 'e') become_program(enter(arguments + 2), environment);
  if (arguments[1][0] == 's') stand(enter(arguments + 2), environment);
  leave(125);
}

const void *clinux_box_code(size_t *size, size_t *entry) {
  *size = (size_t)(__stop_leasehold_box - __start_leasehold_box);
  *entry = (size_t)(leasehold_box_start - __start_leasehold_box);
  return __start_leasehold_box;
}
