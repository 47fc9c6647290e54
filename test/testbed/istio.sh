#!/usr/bin/env bash
# Istio's control plane, out of its published Go module, for the cluster of
# kubernetes.sh, and an Envoy as its ingress gateway. Both run beside the
# cluster. The Envoy is the plain one: filters that only Istio's own build has
# (metadata exchange, ALPN) are off, and so is TLS inside the mesh.
# VirtualServices of any namespace bind to `gateways: [default/edge]`.
#   TESTBED_ISTIO_PORT         the Gateway's
#   TESTBED_ISTIO_ADMIN_PORT   of Envoy
#   TESTBED_ISTIO_XDS_PORT     of the control plane; the four after it are used as well
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
: "${TESTBED_ISTIO:=v0.0.0-20260827124520-eed52ebb66ad}"   # 1.31: its tags are no Go versions
: "${TESTBED_ISTIO_PORT:=19701}" "${TESTBED_ISTIO_ADMIN_PORT:=19700}" "${TESTBED_ISTIO_XDS_PORT:=19710}"
: "${TESTBED_KUBE_NAME:=kube}" "${TESTBED_KUBE_DIR:=$TESTBED_DIR/$TESTBED_KUBE_NAME}" "${TESTBED_KUBE_NET:=223}"
D="$TESTBED_DIR/istio" X=$TESTBED_ISTIO_XDS_PORT CRDS="$TESTBED_CACHE/istio-$TESTBED_ISTIO.yaml"

do_install() {
  bash "$HERE/gateways.sh" install envoy
  go_need "istio.io/istio/pilot/cmd/pilot-discovery@$TESTBED_ISTIO" pilot-discovery
  [ -f "$CRDS" ] || cp "$(cd / && go mod download -json "istio.io/istio@$TESTBED_ISTIO" | sed -n 's/.*"Dir": "\(.*\)",*/\1/p')/manifests/charts/base/files/crd-all.gen.yaml" "$CRDS"
}

do_start() {
  local config="$TESTBED_KUBE_DIR/kubeconfig"
  [ -f "$config" ] || die "start kubernetes.sh first"
  local kubectl=("$BIN/kubelab" kubectl --kubeconfig "$config")
  mkdir -p "$D"
  "${kubectl[@]}" apply --server-side --force-conflicts -f "$CRDS" >/dev/null
  "${kubectl[@]}" create namespace istio-system >/dev/null 2>&1 || true
  echo '{enableAutoMtls: false, accessLogFile: ""}' > "$D/mesh.yaml"
  (
    cd "$D"
    export POD_NAME=istiod POD_NAMESPACE=istio-system REVISION=default ENABLE_CA_SERVER=false PILOT_CERT_PROVIDER=none ENABLE_LEADER_ELECTION=false
    export VALIDATION_WEBHOOK_CONFIG_NAME='' INJECTION_WEBHOOK_CONFIG_NAME='' PILOT_ENABLE_GATEWAY_API=false
    export PILOT_ENABLE_METADATA_EXCHANGE=false PILOT_ENABLE_ALPN_FILTER=false PILOT_ENABLE_ANALYSIS=true PILOT_ANALYSIS_INTERVAL=1s
    daemon istio/control "$BIN/pilot-discovery" discovery --kubeconfig "$config" --meshConfig "$D/mesh.yaml" --networksConfig "" \
      --grpcAddr "127.0.0.1:$X" --secureGRPCAddr "" --httpAddr "127.0.0.1:$((X + 1))" --httpsAddr "" --monitoringAddr "127.0.0.1:$((X + 2))" --ctrlz_port "$((X + 3))" --log_output_level default:warn,ads:warn
  )
  LATEST=istio/control wait_for 60 http_ok "http://127.0.0.1:$((X + 1))/ready"
  "${kubectl[@]}" apply --server-side --force-conflicts -f - >/dev/null <<C
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: default}
spec: {selector: {istio: edge}, servers: [{port: {number: $TESTBED_ISTIO_PORT, name: http, protocol: HTTP}, bind: 127.0.0.1, hosts: ["*/*"]}]}
C
  cat > "$D/envoy.yaml" <<C
admin: {address: {socket_address: {address: 127.0.0.1, port_value: $TESTBED_ISTIO_ADMIN_PORT}}}
node:
  id: router~10.$TESTBED_KUBE_NET.0.1~edge.default~default.svc.cluster.local
  cluster: edge.default
  metadata: {NAMESPACE: default, LABELS: {istio: edge}, CLUSTER_ID: Kubernetes, ISTIO_VERSION: 1.31.0}
dynamic_resources:
  lds_config: {ads: {}, resource_api_version: V3}
  cds_config: {ads: {}, resource_api_version: V3}
  ads_config: {api_type: GRPC, transport_api_version: V3, grpc_services: [{envoy_grpc: {cluster_name: xds-grpc}}]}
static_resources:
  clusters:
    - name: xds-grpc
      type: STATIC
      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
          explicit_http_config: {http2_protocol_options: {}}
      load_assignment: {cluster_name: xds-grpc, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: $X}}}}]}]}
C
  daemon istio/gateway "$BIN/envoy" -c "$D/envoy.yaml" --concurrency 1 --disable-hot-restart -l warn
  wait_for 60 http_ok "http://127.0.0.1:$TESTBED_ISTIO_ADMIN_PORT/ready"
}

do_stop() { halt istio/gateway; halt istio/control; }
do_status() { report istio/control istio/gateway; }
main "$@"
