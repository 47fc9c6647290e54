#!/usr/bin/env bash
# The Argo Rollouts controller, built out of its published Go module, on the
# cluster of $KUBECONFIG. It runs beside the cluster, not in it.
#   TESTBED_ARGO_METRICS_PORT, TESTBED_ARGO_HEALTH_PORT   where it listens
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
: "${TESTBED_ARGO:=1.8.3}" "${TESTBED_ARGO_METRICS_PORT:=18090}" "${TESTBED_ARGO_HEALTH_PORT:=18091}"
PATH="$PATH:$BIN"   # a kubectl of this machine, else the testbed's
CONTROLLER="$BIN/rollouts-controller-$TESTBED_ARGO" CRDS="$TESTBED_CACHE/argo-rollouts-$TESTBED_ARGO"

# Its go.mod has replacements, so `go install …@version` refuses: it is built where it lies.
do_install() {
  [ ! -x "$CONTROLLER" ] || [ ! -d "$CRDS" ] || return 0
  local dir src; src=$(mktemp -d)
  say "building Argo Rollouts $TESTBED_ARGO (some minutes the first time)"
  dir=$(cd / && go mod download -json "github.com/argoproj/argo-rollouts@v$TESTBED_ARGO" | sed -n 's/.*"Dir": "\(.*\)",*/\1/p')
  cp -r "$dir/." "$src"; chmod -R u+w "$src"
  (cd "$src" && CGO_ENABLED=0 go build -mod=mod -trimpath -buildvcs=false -gcflags=all=-dwarf=false -ldflags "-s -w" -o "$CONTROLLER.new" ./cmd/rollouts-controller)
  mkdir -p "$CRDS"; cp "$src"/manifests/crds/*-crd.yaml "$CRDS/"
  mv "$CONTROLLER.new" "$CONTROLLER"; rm -rf "$src"
}

do_start() {
  kubectl apply --server-side -f "$CRDS" >/dev/null
  wait_for 30 kubectl get rollouts.argoproj.io --all-namespaces >/dev/null
  kubectl create namespace argo-rollouts >/dev/null 2>&1 || true
  daemon argo "$CONTROLLER" --kubeconfig "$KUBECONFIG" --loglevel warn --leader-elect=false --metricsport "$TESTBED_ARGO_METRICS_PORT" --healthzPort "$TESTBED_ARGO_HEALTH_PORT"
  wait_for 60 http_ok "http://127.0.0.1:$TESTBED_ARGO_HEALTH_PORT/healthz"
}

do_stop() { halt argo; }
do_status() { report argo; }

main "$@"
