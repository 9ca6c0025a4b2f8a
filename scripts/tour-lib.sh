# What the tour does with its hands: speak HTTP, pay, wait for events, look at the host, tidy up.
# Sourced after lib.sh. Nothing here sleeps: a wait ends with an event, or fails at its deadline.
# shellcheck shell=bash disable=SC2154,SC2034  # what is set here is read there, and the other way round

declare -A streams=()
slowness=${LEASEHOLD_TOUR_SLOWNESS:-1}
unit=${LEASEHOLD_UNIT:-}
current="the start"
status=000
headers=$work/headers
body=$work/body

# walk TITLE COMMAND…: one step. Whatever fails inside ends the tour there.
walk() {
  current=$1
  shift
  local began=$EPOCHREALTIME
  "$@"
  printf '✓ %s (%s s)\n' "$current" "$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')"
}

fail() {
  trap - ERR
  say "✗ $current"
  say "  $*"
  [[ ! -s $body ]] || say "  last answer: $status $(head -c 2000 "$body" | tr -d '\0')"
  [[ -z $unit ]] || journalctl --unit="$unit" --lines=200 --no-pager --output=cat >"$work/daemon.log" 2>/dev/null || true
  [[ ! -s $work/daemon.log ]] || { say "  the daemon's last words:" && tail -n 25 "$work/daemon.log" >&2; }
  exit 1
}

same() { [[ $2 == "$3" ]] || fail "$1: expected $2, found $3"; }

# request METHOD PATH [curl's arguments…]: leaves `status`, and the files $headers and $body.
request() {
  local method=$1 path=$2
  shift 2
  status=$(curl --silent --max-time $((60 * slowness)) --request "$method" --dump-header "$headers" --output "$body" \
    --write-out '%{http_code}' "$@" "$server$path") || fail "$method $path: curl said $?"
}

# expect STATUS METHOD PATH [curl's arguments…]
expect() {
  local wanted=$1
  shift
  request "$@"
  [[ $status == "$wanted" ]] || fail "$1 $2: expected $wanted, found $status"
}

json() { jq --exit-status --raw-output "$1" "$body" || fail "the answer has no $1"; }
problem() { same "the problem's code" "$1" "$(json .type | sed 's|.*[/:]||')"; }
as_json=(--header 'Content-Type: application/json')

# Pays the invoice of the challenge in $headers and sets `authorization` to what it bought.
authorization=
pay_challenge() {
  local challenge macaroon invoice preimage
  challenge=$(tr -d '\r' <"$headers" | sed -n 's/^[Ww][Ww][Ww]-[Aa]uthenticate: L402 //p')
  macaroon=$(sed -n 's/.*macaroon="\([^"]*\)".*/\1/p' <<<"$challenge")
  invoice=$(sed -n 's/.*invoice="\([^"]*\)".*/\1/p' <<<"$challenge")
  [[ -n $macaroon && $invoice == ln* ]] || fail "no challenge in the answer: $challenge"
  expect 200 POST /dev/pay "${as_json[@]}" --data "{\"invoice\":\"$invoice\"}"
  preimage=$(json .preimage)
  authorization="Authorization: L402 $macaroon:$preimage"
}

# buy STATUS METHOD PATH [curl's arguments…]: what any L402 client does. Request, 402, pay, the same request again.
buy() {
  local wanted=$1 again=()
  shift
  expect 402 "$@"
  pay_challenge
  # The credential takes the place of the one that was shown, as a client's one Authorization header.
  while (($#)); do
    if [[ $1 == --header && $2 == Authorization:* ]]; then shift 2; else again+=("$1") && shift; fi
  done
  expect "$wanted" "${again[@]}" --header "$authorization"
}

# follow LEASE AUTHORIZATION: opens the lease's events, from the first.
follow() {
  local stream
  exec {stream}< <(exec curl --silent --no-buffer --header "$2" --header 'Last-Event-ID: 0' \
    "$server/v1/leases/$1/events" 2>/dev/null 9>&-)
  streams[$1]=$stream
}

# await LEASE EVENT [SECONDS]: reads on until the event comes; leaves its data in `event_data`.
event_data=
await() {
  local lease=$1 wanted=$2 until=$((SECONDS + ${3:-30} * slowness)) line name=
  while ((SECONDS < until)) && IFS= read -r -t $((until - SECONDS)) -u "${streams[$lease]}" line; do
    line=${line%$'\r'}
    case $line in
      event:*) name=${line#event:} name=${name# } ;;
      data:*) if [[ $name == "$wanted" ]]; then
        event_data=${line#data:}
        return 0
      fi ;;
    esac
  done
  fail "no event '$wanted' of $lease in time"
}

# run_in LEASE AUTHORIZATION COMMAND…: exec; leaves `output` (standard output and error together) and `exit_code`.
output='' exit_code=''
run_in() {
  local lease=$1 credential=$2
  shift 2
  expect 200 POST "/v1/leases/$lease/exec" --header "$credential" "${as_json[@]}" \
    --data "$(jq --null-input --compact-output '{command: $ARGS.positional}' --args -- "$@")"
  output=$(jq --raw-output 'select(.data_base64) | .data_base64 | @base64d' --join-output "$body")
  exit_code=$(jq --raw-output 'select(has("exit_code")) | .exit_code' "$body")
}

# The control groups of a lease, in every hierarchy.
groups_of() { find /sys/fs/cgroup -mindepth 1 -type d -name "*$1*" 2>/dev/null || true; }
# The same with everything below them, the deepest first.
subgroups_of() { groups_of "$1" | while read -r group; do find "$group" -depth -type d; done; }
# counter LEASE V1-FILE V2-FILE [SUBGROUP]: the first of the two that its groups have.
counter() {
  local group file
  for group in $(groups_of "$1"); do
    group+=${4:+/$4}
    for file in "$group/$2" "$group/$3"; do
      if [[ -r $file ]]; then cat "$file" && return; fi
    done
  done
  fail "no $2 or $3 in the control groups of $1"
}
cpu_used() { counter "$1" cpuacct.usage cpu.stat | awk 'NR == 1 { print $NF }'; }
# A hybrid host has groups of version 2 as well, which freeze nothing there: one that is frozen is enough.
is_frozen() {
  local group file
  for group in $(groups_of "$1"); do
    for file in "$group"{,/run}/{freezer.state,cgroup.freeze}; do
      if [[ -r $file ]] && grep -qxE 'FROZEN|1' "$file"; then return; fi
    done
  done
  return 1
}
# The container's processes and their limits are one level down.
process_of() { counter "$1" cgroup.procs cgroup.procs run | head -n 1; }

# Everything on this host that carries the lease's name: groups, mounts, folders. A driver's receipts and the fences that
# keep a late command from bringing a lease back are meant to stay.
traces_of() {
  groups_of "$1"
  grep -F -- "$1" /proc/self/mountinfo || true
  find "$work/provider" -xdev -name "*$1*" -not -path "*/receipts/*" -not -path "*fences/*" 2>/dev/null || true
  local mount
  while read -r mount; do find "$mount" -xdev -maxdepth 3 -name "*$1*" -not -path "*/receipts/*" -not -path "*fences/*" 2>/dev/null || true; done \
    < <(awk -v below="$work/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo)
}

# Starts the daemon and waits until it says that it serves.
daemon=
start_daemon() {
  local lines line
  if [[ -n $unit ]]; then
    install -D -m 0600 "$configuration" /etc/leasehold/leasehold.yaml
    printf 'LEASEHOLD_DATABASE_URL=%s\n' "$LEASEHOLD_DATABASE_URL" >/etc/leasehold/environment
    # Which returns when the daemon has told systemd that it serves.
    systemctl start "$unit" || fail "systemd could not start it"
    daemon=$(systemctl show --property=MainPID --value "$unit")
    expect 200 GET /readyz
    return
  fi
  : >"$work/daemon.log"
  setpriv --pdeathsig KILL "$leaseholdd" serve --config "$configuration" >>"$work/daemon.log" 2>&1 9>&- &
  daemon=$!
  exec {lines}< <(exec tail -n +1 -f --pid="$daemon" "$work/daemon.log" 9>&-)
  while IFS= read -r -t 30 -u "$lines" line; do
    if [[ $line == *"listening on"* || $line == *serving* ]]; then
      exec {lines}<&-
      expect 200 GET /readyz
      return
    fi
  done
  fail "the daemon did not begin to serve"
}

# Kills it in the middle of whatever it does, and waits until another serves: one of ours, or systemd's.
kill_daemon() {
  local killed=$daemon until=$((SECONDS + 60 * slowness))
  kill -KILL "$killed"
  if [[ -z $unit ]]; then
    wait "$killed" || true
    start_daemon
    return
  fi
  # Asked to start what it is just starting again, systemd waits for that; what it believes to run it leaves alone.
  until systemctl start "$unit" && daemon=$(systemctl show --property=MainPID --value "$unit") &&
    [[ $daemon != 0 && $daemon != "$killed" ]]; do
    ((SECONDS < until)) || fail "systemd did not start it again"
  done
  expect 200 GET /readyz
}

stop_daemon() {
  [[ -n $daemon ]] || return 0
  if [[ -n $unit ]]; then systemctl stop "$unit"; else end_child "$daemon"; fi
  daemon=
}

# Ends what a tour, this one or one that was killed, left running in the control groups of its leases.
end_leases() {
  local lease group
  [[ -f $work/leases ]] || return 0
  while read -r lease; do
    [[ -n $lease ]] || continue
    # Killing does not reach a frozen process of version 1 until it is thawed.
    for group in $(subgroups_of "$lease"); do
      if [[ -w $group/cgroup.procs ]]; then xargs --no-run-if-empty kill -KILL <"$group/cgroup.procs" 2>/dev/null || true; fi
      if [[ -w $group/freezer.state ]]; then echo THAWED >"$group/freezer.state" 2>/dev/null || true; fi
      if [[ -w $group/cgroup.freeze ]]; then echo 0 >"$group/cgroup.freeze" 2>/dev/null || true; fi
    done
    for group in $(subgroups_of "$lease"); do rmdir "$group" 2>/dev/null || true; done
  done <"$work/leases"
}

# Writes the body of each request that comes to a PORT of this machine into FILE, a line each, until it is killed.
receive() {
  : >"$2"
  perl -MIO::Socket::INET -e '
    my ($port, $file) = @ARGV;
    my $server = IO::Socket::INET->new(Listen => 8, LocalAddr => "127.0.0.1", LocalPort => $port, ReuseAddr => 1) or die;
    while (my $client = $server->accept) {
      my $length = 0;
      while (<$client>) { $length = $1 if /^content-length:\s*(\d+)/i; last if /^\r?$/ }
      read($client, my $body, $length);
      open(my $out, ">>", $file) or die;
      print $out "$body\n";
      close $out;
      print $client "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
      close $client;
    }' "$1" "$2" 9>&- &
  receiver=$!
}
