# What a suite may need of a machine, and whether this one has it. A suite that is skipped appends a line
#
#   SKIPPED <suite>: needs <need>
#
# to the file named by LEASEHOLD_SKIP_LOG. A need that is not in this list does not excuse anything.
# shellcheck shell=bash

# why_not LINE: prints why the suite named there cannot run here; fails if it can.
why_not() {
  local need=${1##*: needs }
  case $need in
    root) ((EUID != 0)) && echo "not root" ;;
    btrfs) kernel_has btrfs || echo "no btrfs in this kernel" ;;
    overlay) kernel_has overlay || echo "no overlay in this kernel" ;;
    loop) losetup --find >/dev/null 2>&1 || echo "no loop device to be had" ;;
    containers) unshare --mount --pid --fork --user true 2>/dev/null || echo "no user namespaces here" ;;
    networks) networks_work || echo "no network namespaces, nftables or token buckets here" ;;
    cgroup-v1) [[ -d /sys/fs/cgroup/memory ]] || echo "no cgroup v1 here" ;;
    cgroup-v2) grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null || echo "no pure cgroup v2 here" ;;
    macaroon-peers) python_has pymacaroons || echo "pymacaroons could not be installed" ;;
    nostr) [[ -n ${LEASEHOLD_TEST_NOSTR-} ]] || echo "nostr-relay and nostr-sdk could not be installed" ;;
    lnbits) "$ROOT/scripts/lnbits" python >/dev/null || echo "no Python that LNbits takes" ;;
    *) ;;
  esac | grep .
}

kernel_has() {
  modprobe "$1" 2>/dev/null || true
  grep -qw "$1" /proc/filesystems
}

networks_work() {
  unshare --net sh -c 'nft add table inet need && ip link add need type veth peer name peer &&
    tc qdisc add dev need root tbf rate 1mbit burst 16384 latency 100ms' 2>/dev/null
}

# Whether the Python that tests get (`scripts/python`) has a module.
python_has() {
  [[ -n ${LEASEHOLD_TEST_PYTHON-} ]] && "$LEASEHOLD_TEST_PYTHON" -c "import $1" 2>/dev/null
}
