import Engine
import Foundation
import Glibc
import Ledger
import TestKit
import Testing

@testable import Drivers

/// The profile of system calls, tried by a program inside a container.
@Suite(.serialized, .containerHost()) struct ComputeCallsTests {
  /// Prints which families of sockets there are, and what becomes of one who calls in another machine's convention.
  static let program = """
    #include <stdio.h>
    #include <string.h>
    #include <sys/mman.h>
    #include <sys/socket.h>
    #include <sys/syscall.h>
    #include <sys/wait.h>
    #include <unistd.h>

    static long opens(long family, long type, long protocol) { return syscall(SYS_socket, family, type, protocol) >= 0; }

    #ifdef __x86_64__
    static long call32(long number, long a, long b) {
      long result;
      asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(0) : "memory", "r8", "r9", "r10", "r11");
      return result;
    }
    static void socketcall(void) {
      unsigned *words = mmap((void *)0x10000000, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
      words[0] = 1, words[1] = 1, words[2] = 0;
      _exit(call32(102, 1, (long)words) >= 0 ? 1 : 2);
    }
    static void x32(void) { _exit(syscall(0x40000000 | 41, 1, 1, 0) >= 0 ? 1 : 2); }

    static void try_it(const char *name, void (*body)(void)) {
      int status = 0;
      pid_t child = fork();
      if (child == 0) body();
      waitpid(child, &status, 0);
      printf("%s %s\\n", name, WIFEXITED(status) && WEXITSTATUS(status) == 1 ? "works" : "does not work");
    }
    #endif

    int main(void) {
      printf("families");
      for (long family = 0; family < 64; family++)
        for (long type = 1; type <= 5; type++)
          if (opens(family, type, 0)) { printf(" %ld", family); break; }
      printf("\\naudit %ld high %ld\\n", opens(16, 3, 9), opens(1L << 32 | 38, 5, 0));
    #ifdef __x86_64__
      try_it("socketcall", socketcall);
      try_it("x32", x32);
    #endif
      return 0;
    }
    """

  @Test func socketsAreOfFourFamiliesAndCallsOfOneMachine() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      let source = host.folder + "/calls.c"
      try Data(Self.program.utf8).write(to: URL(fileURLWithPath: source))
      let program = host.driver.bundle(lease).root + "/calls"
      try await Tool("gcc").run(["-static", "-O1", "-o", program, source], timeout: .seconds(120))
      #expect(chmod(program, 0o755) == 0)
      let said = try await host.run("/calls", in: lease).out
      #expect(said.contains("families 1 2 10 16\n"))
      #expect(said.contains("audit 0 high 0\n"))
      #if arch(x86_64)
        #expect(said.contains("socketcall does not work\nx32 does not work\n"))
      #endif
    }
  }
}
