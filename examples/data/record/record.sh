#!/bin/sh
# Records examples/data again. Needs python3 (3.11 or later), node (20 or later), npm.
#
#   examples/data/record/record.sh [OUT_DIR [FORM ...]]
#
# A FORM is protobuf (logs/, traces/, metrics/), json (json/) or collector (collector/, made from the protobuf requests). The default is
# all three. MANIFEST.json is always written.
#
# Packages are installed to a directory outside the tree. Its name is fixed, because it appears in the telemetry: stack traces and
# process attributes contain the paths of the running files.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:-.}"
out=$(cd "${1:-$here/..}" && pwd)
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- protobuf json collector
work=${RECORD_DIR:-/tmp/shop}
port=${RECORD_PORT:-14318} # and the next three

mkdir -p "$work"
cp -r "$here/app-python" "$here/app-node" "$work/"
[ -d "$work/venv" ] || python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q -r "$work/app-python/requirements.txt"
(cd "$work/app-node" && npm ci --no-audit --no-fund --silent)

started=""
trap 'kill $started 2>/dev/null || true' EXIT
run() { "$@" & started="$started $!"; }
wait_for() { # until something listens on the port
    for _ in $(seq 100); do
        "$work/venv/bin/python" -c "import socket; socket.create_connection(('127.0.0.1', $1)).close()" 2>/dev/null && return
        sleep 0.2
    done
    echo "nothing listens on port $1" >&2
    return 1
}

export OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:$port"
export OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=production,k8s.cluster.name=eu-north-1,k8s.namespace.name=shop,cloud.region=eu-north-1"
catalog=$((port + 1)) checkout=$((port + 2)) payment=$((port + 3))
cd "$work"

# Runs the shop once, and records it in a subdirectory of the work directory.
record() {
    rm -rf "${work:?}/$1"
    run venv/bin/python "$here/capture.py" "$work/$1" "$port"
    wait_for "$port"
    # Half of the senders compress, and each of the two SDKs is recorded with both temporalities.
    run env OTEL_EXPORTER_OTLP_COMPRESSION=gzip OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta \
        venv/bin/python app-python/app.py payment $payment
    run venv/bin/python app-python/app.py checkout $checkout $payment
    run env OTEL_EXPORTER_OTLP_COMPRESSION=gzip node app-node/app.js catalog $catalog
    wait_for $payment && wait_for $checkout && wait_for $catalog
    env OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta node app-node/app.js frontend $catalog $checkout $payment
    # The services end by themselves, the endpoint does not.
    kill $started 2>/dev/null || true
    wait
    started=""
}

# Only a complete recording replaces the old one.
replace() { # SUBDIRECTORY NAME ...
    from=$1
    shift
    mkdir -p "$out"
    for name in "$@"; do
        rm -rf "${out:?}/$name"
        cp -r "$work/$from/$name" "$out/"
    done
}

for form in "$@"; do
    case $form in
    protobuf)
        record protobuf
        replace protobuf logs traces metrics
        ;;
    json)
        # Python's SDK has no exporter for OTLP/JSON, so the data of its services is not kept. Few visits, because JSON is long.
        export OTEL_EXPORTER_OTLP_PROTOCOL=http/json SHOP_VISITS=32
        record json
        unset OTEL_EXPORTER_OTLP_PROTOCOL SHOP_VISITS
        replace json json
        ;;
    collector) venv/bin/python "$here/collector.py" "$out" ;;
    *) echo "no such form: $form" >&2 && exit 1 ;;
    esac
done
venv/bin/python "$here/manifest.py" "$out"
