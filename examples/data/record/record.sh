#!/bin/sh
# Records examples/data/{logs,traces,metrics} and MANIFEST.json anew. Needs python3 (3.11 or later), node (20 or later), npm.
#
#   examples/data/record/record.sh [OUT_DIR]
#
# The packages go to a folder outside the tree. It has a fixed name because the services report it: stack traces and
# process attributes name the files that ran.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$(dirname "$here")}
work=${RECORD_DIR:-/tmp/shop}
port=${RECORD_PORT:-14318} # and the three after it

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

rm -rf "$work/recorded"
run "$work/venv/bin/python" "$here/capture.py" "$work/recorded" "$port"
wait_for "$port"

export OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:$port"
export OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=production,k8s.cluster.name=eu-north-1,k8s.namespace.name=shop,cloud.region=eu-north-1"
catalog=$((port + 1)) checkout=$((port + 2)) payment=$((port + 3))
cd "$work"
# Half of the senders compress, and each of the two SDKs is seen with both temporalities.
run env OTEL_EXPORTER_OTLP_COMPRESSION=gzip OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta \
    venv/bin/python app-python/app.py payment $payment
run venv/bin/python app-python/app.py checkout $checkout $payment
run env OTEL_EXPORTER_OTLP_COMPRESSION=gzip node app-node/app.js catalog $catalog
wait_for $payment && wait_for $checkout && wait_for $catalog
env OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta node app-node/app.js frontend $catalog $checkout $payment

# Only a whole recording replaces the old one.
for signal in logs traces metrics; do
    rm -rf "${out:?}/$signal"
    mkdir -p "$out" && cp -r "$work/recorded/$signal" "$out/"
done
"$work/venv/bin/python" "$here/manifest.py" "$out"
