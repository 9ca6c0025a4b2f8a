# Sourced by the scripts beside it: where we are, how we build, what we say, and how we leave.
# shellcheck shell=bash

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
# Everything that a run keeps lies under here.
# shellcheck disable=SC2034  # used by those who source this
HOME_DIR=${LEASEHOLD_HOME:-$ROOT/.leasehold}

# The same for every build: other flags would build everything again. No debug information saves a sixth of the time.
SWIFT_FLAGS=(-Xswiftc -gnone -Xcc -g0)

say() { printf '%s\n' "$*" >&2; }
die() {
  say "${0##*/}: $*"
  exit 1
}

# Eight hex digits that name this folder, for paths that must be short.
short_name() { printf '%s' "$1" | sha256sum | cut -c1-8; }

# Asks the kernel for a port of the loopback that nobody has.
free_port() {
  perl -MIO::Socket::INET -e \
    'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", LocalPort => 0)->sockport'
}

# Takes the lock FILE on descriptor 9 until this process ends, or says who has it and fails.
# Children that outlive us must be started with 9>&-.
take_lock() {
  exec 9>>"$1"
  flock --nonblock 9
}

# quietly WHAT COMMAND…: runs it silently and shows what it said only if it failed.
quietly() {
  local what=$1 log
  shift
  log=$(mktemp)
  if "$@" >"$log" 2>&1; then
    rm -f "$log"
  else
    cat "$log" >&2
    rm -f "$log"
    die "$what failed"
  fi
}

# Builds PRODUCT in release (or as LEASEHOLD_CONFIGURATION says) and prints the path of the program.
build_product() {
  local product=$1 configuration=${LEASEHOLD_CONFIGURATION:-release}
  swift build --package-path "$ROOT" -c "$configuration" "${SWIFT_FLAGS[@]}" --product "$product" >&2 9>&-
  printf '%s/%s\n' \
    "$(swift build --package-path "$ROOT" -c "$configuration" "${SWIFT_FLAGS[@]}" --show-bin-path 9>&-)" "$product"
}

# Ends a child of ours: asks, waits up to 15 s, then insists.
end_child() {
  local pid=$1
  kill -TERM "$pid" 2>/dev/null || return 0
  timeout 15 tail --pid="$pid" -s 0.05 -f /dev/null || kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

# Takes away what a killed process may have left under FOLDER: mounts, loop devices, then the folder itself.
sweep() {
  local folder=$1 mount device
  [[ -n $folder && $folder == /*/* ]] || die "will not sweep '$folder'"
  awk -v below="$folder/" 'index($5 "/", below) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
    while read -r mount; do umount --lazy "$(printf '%b' "$mount")" 2>/dev/null || true; done
  if command -v losetup >/dev/null; then
    losetup --list --noheadings --output NAME,BACK-FILE 2>/dev/null |
      awk -v below="$folder/" 'index($2, below) == 1 { print $1 }' |
      while read -r device; do losetup --detach "$device" 2>/dev/null || true; done
  fi
  rm -rf --one-file-system "$folder"
}

# What apt on this machine knows of Debian's RELEASE (bookworm): the lines of a sources.list, with every suite beside it.
debian_sources() {
  apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
    awk -v release="^$1" '$1 == "Debian" && $4 ~ release { print "deb", $2, $3, $5 }' | sort -u
}
# Where of these the release itself is; nothing when there is none.
debian_mirror() { awk -v release="$2" '$3 == release { print $2; exit }' <<<"$1"; }

# dress_root ROOT SOURCES: gives the root of another system this machine's ways to packages.
dress_root() {
  local root=$1 file
  [[ -z $2 ]] || printf '%s\n' "$2" >"$root/etc/apt/sources.list"
  apt-config dump | grep -i '^Acquire::.*Proxy' >"$root/etc/apt/apt.conf.d/90machine" || true
  for file in /etc/gitconfig /etc/pip.conf /etc/resolv.conf /etc/hosts; do
    [[ ! -f $file ]] || cp -L "$file" "$root$file"
  done
  # Authorities that this machine trusts besides Debian's, a proxy's for one.
  for file in /usr/local/share/ca-certificates/*.crt; do
    [[ ! -f $file ]] || install -D -m 0644 "$file" "$root/usr/local/share/ca-certificates/${file##*/}"
  done
}

# A line that a logger wrote; one line of it may be several of the file, which are then indented.
LOG_LINE='^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[^ ]* (trace|debug|info|notice|warning|error|critical) '

# Of what `swift test` says: failures with their reasons, and the sums. What loggers say is for the file.
only_what_matters() {
  awk -v log_line="$LOG_LINE" '
    $0 ~ log_line { logging = 1; next }
    logging && /^[ \t]/ { next }
    { logging = 0 }
    /\) started\.$/ { next }
    /^✔ Test run with / || !/^(◇|✔ Test |✔ Suite |↳ Testing Library |↳ Target Platform|\[[0-9]+\/[0-9]+\] )/ { print; fflush() }'
}

# failures_of FILE: from all that `swift test` said, each issue with its reason, what ended the process, and at the very
# end which tests failed and the sums. Short enough to be seen whole.
failures_of() {
  awk -v log_line="$LOG_LINE" '
    function keep(line) { if (++kept <= 36) print substr(line, 1, 400) }
    $0 ~ log_line || /^(◇|✔|\[)/ { in_issue = 0; next }
    /^✘ Test run with / { sums = $0; next }
    /^✘ Test .* failed after / { in_issue = 0; if (++failed <= 16) names[failed] = $0; next }
    /^✘ Suite / { in_issue = 0; next }
    /^✘ / { in_issue = 1; keep($0); next }
    /Fatal error:|Precondition failed|unexpected signal|^error: |: error: / { in_issue = 0; keep($0); next }
    in_issue { keep($0) }
    END {
      if (kept > 36) print "… and " kept - 36 " lines more"
      for (i = 1; i <= failed && i <= 16; i++) print names[i]
      if (failed > 16) print "… and " failed - 16 " more"
      if (sums) print sums
    }' "$1"
}
