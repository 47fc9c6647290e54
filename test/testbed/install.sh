#!/usr/bin/env bash
# Gets every real component that the tests start, two at a time, so that no test waits for an installation.
# What is there already costs nothing. The first build of Kubernetes takes some minutes on two cores.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
export TESTBED_KUBE_NODES=both HERE
LOGS=$(mktemp -d); export LOGS
trap 'rm -rf "$LOGS"' EXIT

# one WORDS: `NAME [ARGUMENT...]` of NAME.sh install.
one() {
  local words=$1 name=${1%% *} started=$SECONDS
  # shellcheck disable=SC2086 — the words are the script's arguments
  set -- $words; shift
  if bash "$HERE/$name.sh" install "$@" >"$LOGS/$name" 2>&1; then
    echo "$name: installed in $((SECONDS - started)) s"
  else
    echo "$name: NOT installed"; tail -20 "$LOGS/$name"; return 1
  fi
}
export -f one
printf '%s\n' kubernetes istio docker gateways ssh git prometheus faults mail 'tools ansible tofu' | xargs -P 2 -d '\n' -I{} bash -c 'one "$1"' _ {}
