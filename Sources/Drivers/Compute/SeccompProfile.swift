/// The system calls a container may make; every other fails with `EPERM`.
///
/// An allow-list after the profile that Docker and containerd ship, ``upstream``, without everything that needs a
/// capability: a container here has none. What of it is left out, and why, is held against a kept copy of its names by
/// `SeccompProfileTests`. New namespaces are refused by the argument of `clone`, because a user namespace inside the
/// container would hand out capabilities again; `clone3` hides its arguments behind a pointer and says `ENOSYS`, which
/// makes C libraries fall back to `clone`.
///
/// Sockets are of the families in ``families`` and of no other: each further family is a piece of the host's kernel that
/// few have read and that works on what all containers share (`AF_ALG` writes into page caches, `AF_VSOCK` leads to the
/// machine's own host). Only the machine's own calling convention is served. A 32-bit call would come by other numbers,
/// and its `socketcall` hides the family behind a pointer; who makes one is killed.
enum SeccompProfile {
  /// What ``allowed`` follows: repository, file, commit and its date. To follow a later one, put its names into
  /// `UpstreamSeccomp` and let the test say what is new.
  static let upstream = "moby/profiles seccomp/default.json 3c28324314729dbade8287e868eef6338c42807a 2026-05-06"

  /// `AF_UNIX`, `AF_INET`, `AF_INET6`; `AF_NETLINK` for ``netlinkProtocols``.
  static let families: [UInt64] = [1, 2, 10]
  /// `NETLINK_ROUTE` (addresses and routes, which C libraries read), `NETLINK_SOCK_DIAG` (`ss`),
  /// `NETLINK_KOBJECT_UEVENT` (device libraries open it and hear nothing).
  static let netlinkProtocols: [UInt64] = [0, 4, 15]

  struct Profile: Encodable, Sendable {
    var defaultAction = "SCMP_ACT_ERRNO"
    var defaultErrnoRet: UInt32 = 1
    var architectures: [String]
    var syscalls: [Rule]
  }

  struct Rule: Encodable, Sendable {
    var names: [String]
    var action = "SCMP_ACT_ALLOW"
    var errnoRet: UInt32?
    var args: [Argument]?
  }

  struct Argument: Encodable, Sendable {
    var index: UInt32
    var value: UInt64
    var valueTwo: UInt64?
    var op: String
  }

  static var standard: Profile {
    var rules = [
      Rule(names: allowed),
      // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, all clear.
      Rule(
        names: ["clone"],
        args: [Argument(index: 0, value: 0x7E02_0000, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ")]),
      Rule(names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38),
      Rule(names: ["socketpair"], args: [Argument(index: 0, value: 1, op: "SCMP_CMP_EQ")]),
    ]
    // Equality compares all 64 bits: what a filter sees and what the kernel takes for the family is the same.
    for family in families {
      rules.append(Rule(names: ["socket"], args: [Argument(index: 0, value: family, op: "SCMP_CMP_EQ")]))
    }
    for number in netlinkProtocols {
      rules.append(
        Rule(
          names: ["socket"],
          args: [
            Argument(index: 0, value: 16, op: "SCMP_CMP_EQ"), Argument(index: 2, value: number, op: "SCMP_CMP_EQ"),
          ]))
    }
    // Of btrfs none: with them a renter makes subvolumes on an attached disk, for which its quota does not hold. The
    // request's type is its second byte, btrfs's is 0x94; a rule cannot say "other than", so there is one for each bit
    // in which another differs.
    for bit: UInt64 in 8..<16 {
      let mask: UInt64 = 1 << bit
      rules.append(
        Rule(
          names: ["ioctl"],
          args: [Argument(index: 1, value: mask, valueTwo: ~0x9400 & mask, op: "SCMP_CMP_MASKED_EQ")]))
    }
    // The execution domains that change nothing but how addresses are laid out.
    for domain: UInt64 in [0x0, 0x8, 0x20000, 0x20008, 0xFFFF_FFFF] {
      rules.append(Rule(names: ["personality"], args: [Argument(index: 0, value: domain, op: "SCMP_CMP_EQ")]))
    }
    #if arch(x86_64)
      rules.append(Rule(names: ["arch_prctl", "modify_ldt"]))
      return Profile(architectures: ["SCMP_ARCH_X86_64"], syscalls: rules)
    #elseif arch(arm64)
      return Profile(architectures: ["SCMP_ARCH_AARCH64"], syscalls: rules)
    #elseif arch(arm64)
      rules.append(
        Rule(names: [
          "arm_fadvise64_64", "arm_sync_file_range", "sync_file_range2", "breakpoint", "cacheflush", "set_tls",
        ])
      )
      return Profile(architectures: ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"], syscalls: rules)
    #else
      return Profile(architectures: [], syscalls: rules)
    #endif
  }

  static let allowed: [String] = list.split(whereSeparator: \.isWhitespace).map(String.init)

  private static let list = """
    accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown clock_getres
    clock_gettime clock_nanosleep close close_range connect copy_file_range creat dup dup2 dup3 epoll_create
    epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve
    execveat exit exit_group faccessat faccessat2 fadvise64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2
    fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstatfs fsync
    ftruncate futex futex_requeue futex_wait futex_waitv futex_wake futimesat get_robust_list get_thread_area getcpu
    getcwd getdents getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid
    getpriority getrandom getresgid getresuid getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday
    getuid getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy
    io_getevents io_pgetevents io_setup io_submit ioprio_get ioprio_set kill landlock_add_rule
    landlock_create_ruleset landlock_restrict_self lchown lgetxattr link linkat listen listxattr listxattrat
    llistxattr lremovexattr lseek lsetxattr lstat madvise map_shadow_stack membarrier memfd_create memfd_secret
    mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 mprotect mq_getsetattr mq_notify mq_open
    mq_timedreceive mq_timedsend mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap
    name_to_handle_at nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2
    pkey_alloc pkey_free pkey_mprotect poll ppoll prctl pread64 preadv preadv2 prlimit64 process_mrelease
    process_vm_readv process_vm_writev pselect6 ptrace pwrite64 pwritev pwritev2 read readahead readlink readlinkat
    readv recvfrom recvmmsg recvmsg remap_file_pages removexattr removexattrat rename renameat renameat2
    restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
    rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr
    sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam
    sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop sendfile sendmmsg sendmsg sendto
    set_robust_list set_thread_area set_tid_address setfsgid setfsuid setgid setgroups setitimer setpgid setpriority
    setregid setresgid setresuid setreuid setrlimit setsid setsockopt setuid setxattr setxattrat shmat shmctl shmdt
    shmget shutdown sigaltstack signalfd signalfd4 splice stat statfs statx symlink symlinkat sync sync_file_range
    syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime timer_settime
    timerfd_create timerfd_gettime timerfd_settime times tkill truncate umask uname unlink unlinkat uretprobe utime
    utimensat utimes vfork vmsplice wait4 waitid write writev
    """
}
