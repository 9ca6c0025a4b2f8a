/// The system calls a container may make; every other fails with `EPERM`.
///
/// An allow-list after the profile that Docker and containerd ship, without everything that needs a capability: a
/// container here has none. New namespaces are refused by the argument of `clone`, because a user namespace inside the
/// container would hand out capabilities again; `clone3` hides its arguments behind a pointer and says `ENOSYS`, which
/// makes C libraries fall back to `clone`. Left out beside: `bpf`, `io_uring_*`, `keyctl` and its kin, `perf_event_open`,
/// `userfaultfd`, `mount` and its kin, modules, clocks, `AF_VSOCK` (the way to the machine's own host).
enum SeccompProfile {
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
      Rule(names: ["socket"], args: [Argument(index: 0, value: 40, op: "SCMP_CMP_NE")]),
    ]
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
      return Profile(architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"], syscalls: rules)
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
    accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown chown32 clock_getres
    clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 close close_range connect
    copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2
    epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64
    fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64
    fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync
    ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake futimesat getcpu getcwd
    getdents getdents64 getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername
    getpgid getpgrp getpid getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit
    get_robust_list getrusage getsid getsockname getsockopt get_thread_area gettid gettimeofday getuid getuid32 getxattr
    inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents
    io_pgetevents_time64 ioprio_get ioprio_set io_setup io_submit ipc kill landlock_add_rule landlock_create_ruleset
    landlock_restrict_self lchown lchown32 lgetxattr link linkat listen listxattr llistxattr _llseek lremovexattr lseek
    lsetxattr lstat lstat64 madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod
    mknodat mlock mlock2 mlockall mmap mmap2 mprotect mq_getsetattr mq_notify mq_open mq_timedreceive
    mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink mremap msgctl msgget msgrcv msgsnd msync munlock
    munlockall munmap name_to_handle_at nanosleep newfstatat _newselect open openat openat2 pause pidfd_getfd pidfd_open
    pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 prctl pread64 preadv preadv2
    prlimit64 process_mrelease process_vm_readv process_vm_writev pselect6 pselect6_time64 ptrace pwrite64 pwritev
    pwritev2 read readahead readlink readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages
    removexattr rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask
    rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo
    sched_getaffinity sched_getattr sched_getparam sched_get_priority_max sched_get_priority_min sched_getscheduler
    sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler
    sched_yield seccomp select semctl semget semop semtimedop semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg
    sendto setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority
    setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit set_robust_list setsid
    setsockopt set_thread_area set_tid_address setuid setuid32 setxattr shmat shmctl shmdt shmget shutdown sigaltstack
    signalfd signalfd4 sigprocmask sigreturn socketcall socketpair splice stat stat64 statfs statfs64 statx symlink
    symlinkat sync sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun
    timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64
    timerfd_settime timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname unlink unlinkat utime
    utimensat utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid write writev
    """
}
