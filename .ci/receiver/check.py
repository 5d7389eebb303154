"""Starts the receiver, lets the OpenTelemetry SDKs send to it, and compares the files with what they sent, field by field.

    python check.py RECEIVER RUST_SENDER

RECEIVER is the program of examples/receiver, and RUST_SENDER its sender, or `-`. Four rounds: undisturbed, with TLS, with a queue
that is full for a while, so that the receiver answers 429, and with a storage that fails for a while, so that it answers 503. The senders then retry by
themselves, and each record is in the files once.
"""

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
from collections import Counter
from pathlib import Path

import grpc
import pyarrow.dataset
import trustme

import records
from receiver import GRPC, HTTP, WORK, Receiver, assert_equal, get, secure

HERE = Path(__file__).parent
COUNT = 100
RUST = sys.argv[2]

PYTHON = [sys.executable, HERE / "send.py"]
NODE = ["node", "target/receiver-node/send.js"]
SENDERS = {
    **{f"python {protocol}": [*PYTHON, protocol] for protocol in ("http/protobuf", "grpc")},
    **{f"node {protocol}": [*NODE, protocol] for protocol in ("http/protobuf", "http/json", "grpc")},
    **({} if RUST == "-" else {f"rust {protocol}": [RUST, protocol] for protocol in ("http/protobuf", "http/json", "grpc")}),
}
# This exporter gives up at the first UNAVAILABLE, in the version that we use.
NO_RETRY = {"node grpc"}


def requests() -> Counter:
    """Returns how many requests of each protocol were answered with each status."""
    found = Counter()
    for line in get("/metrics").splitlines():
        if line.startswith("otlake_requests_total{"):
            labels, count = line.removeprefix("otlake_requests_total{").split("} ")
            labels = dict(label.split("=") for label in labels.replace('"', "").split(","))
            found[labels["protocol"], labels["status"]] += int(count)
    return found


def start(name: str, ca: Path | None = None) -> subprocess.Popen:
    endpoint = secure(GRPC if name.endswith("grpc") else HTTP, ca)
    # A machine may have a bundle of its own, which the HTTP exporters for Python would use instead.
    environment = {name: value for name, value in os.environ.items() if name not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
    if ca:
        # The HTTP exporters for JavaScript only know the variable of Node.js.
        environment |= {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(ca), "NODE_EXTRA_CA_CERTS": str(ca)}
    return subprocess.Popen([*SENDERS[name], endpoint, str(COUNT)], env=environment)


def rows(lake: Path, table: str) -> list[dict]:
    return pyarrow.dataset.dataset(lake / table, format="parquet").to_table().to_pylist()


def simplified(row: dict) -> dict:
    """Returns a row whose parts can be compared: one value per point, and events as tuples."""
    row = dict(row)
    if row.get("events") is not None:
        row["events"] = [(e["name"], e["time_unix_nano"], dict(e["attributes"])) for e in row["events"]]
    row["value"] = row.get("as_int") if row.get("as_int") is not None else row.get("as_double")
    return row


def check(lake: Path, senders):
    expected = {"logs": Counter(), "traces": Counter(), "metrics": Counter()}
    found = {table: {} for table in expected}
    for table in expected:
        for row in map(simplified, rows(lake, table)):
            found[table].setdefault((row["attr_id"], row.get("name") if table == "metrics" else None), []).append(row)
    for sender in senders:
        for i in range(COUNT):
            wanted = [("logs", records.log(sender, i)), ("traces", records.span(sender, i))]
            wanted += [("metrics", point) for point in records.points(sender, i)]
            for table, record in wanted:
                key = (f"{sender} {i}", record["name"] if table == "metrics" else None)
                same = found[table].pop(key, [])
                assert_equal(f"{table}, rows of {key}", len(same), 1)
                for column, value in record.items():
                    assert_equal(f"{table}, {key}, {column}", same[0].get(column), value)
    for table, others in found.items():
        assert_equal(f"{table}, rows that were not sent", list(others), [])


def undisturbed():
    lake = WORK / "undisturbed"
    receiver = Receiver(lake, "--group-time", "100")
    for name in SENDERS:
        assert_equal(name, start(name).wait(60), 0)
    assert_equal("answers", {status for _, status in requests()}, {"200"})
    receiver.stop()
    check(lake, SENDERS)
    return f"{len(SENDERS)} senders"


def tls():
    directory, lake = WORK / "certificates", WORK / "tls"
    directory.mkdir()
    ca, other_ca = directory / "ca.pem", directory / "other-ca.pem"
    certificate, key, other_key = directory / "server.pem", directory / "server.key", directory / "other.key"
    authority, other = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(ca)
    other.cert_pem.write_to_path(other_ca)
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    other.issue_cert("127.0.0.1").private_key_pem.write_to_path(other_key)

    # Files that don't work are an error that names them.
    for files, message in [
        ((certificate, other_key), "the key is not that of the certificate"),
        ((key, key), "the first file has no certificate"),
        ((certificate, certificate), "the key can't be read"),
        ((directory / "missing.pem", key), "the certificates can't be read"),
    ]:
        command = [sys.argv[1], "--storage", lake, "--listen", "127.0.0.1:0", "--tls", *files]
        refused = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert_equal("exit status", refused.returncode, 1)
        assert f"--tls {files[0]} {files[1]}: {message}" in refused.stderr, refused.stderr

    receiver = Receiver(lake, "--group-time", "100", "--tls", certificate, key, ca=ca)
    # The sender for Rust is built without TLS.
    senders = [name for name in SENDERS if not name.startswith("rust")]
    for name in senders:
        assert_equal(name, start(name, ca).wait(60), 0)

    # Senders that trust another authority, and one without TLS.
    try:
        get("/healthz", other_ca)
        raise AssertionError("the certificate is trusted")
    except urllib.error.URLError as error:
        assert isinstance(error.reason, ssl.SSLCertVerificationError), error
    credentials = grpc.ssl_channel_credentials(other_ca.read_bytes())
    with grpc.secure_channel(GRPC.removeprefix("http://"), credentials) as channel:
        try:
            channel.unary_unary("/opentelemetry.proto.collector.logs.v1.LogsService/Export")(b"", timeout=30)
            raise AssertionError("the certificate is trusted")
        except grpc.RpcError as error:
            assert_equal("gRPC", error.code(), grpc.StatusCode.UNAVAILABLE)
            assert "CERTIFICATE_VERIFY_FAILED" in error.details(), error.details()
    try:
        get("/healthz")
        raise AssertionError("HTTP is answered on a port with TLS")
    except (OSError, http.client.HTTPException):
        pass
    receiver.stop()
    log = (WORK / "tls.log").read_text()
    for message in ("UnknownCA", "InvalidContentType"):
        failed = [line for line in log.splitlines() if "a TLS handshake has failed" in line and message in line]
        assert failed, f"{message} is not in {log}"
    check(lake, senders)
    return f"{len(senders)} senders"


def wait_until(what, happened):
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.05)


def recovers(status: str, recover):
    """Starts the senders, lets the receiver recover once it has answered both protocols with a status, and waits for the senders."""
    senders = [name for name in SENDERS if name not in NO_RETRY]
    # The one of gRPC first: it tries again for longer than others do.
    running = {"python grpc": start("python grpc")}
    wait_until(f"{status} over gRPC", lambda: requests()["grpc", status])
    running |= {name: start(name) for name in senders if name not in running}
    wait_until(f"{status} over HTTP", lambda: requests()["http", status])
    recover()
    for name, sender in running.items():
        assert_equal(name, sender.wait(120), 0)
    found = requests()
    return senders, f"{found['http', status] + found['grpc', status]} times {status}"


def full_queue():
    lake, queue = WORK / "full-queue", 1 << 20
    receiver = Receiver(lake, "--group-time", "100", "--queue-bytes", str(queue), "--body-time", "100000")
    # A body that has filled the queue and does not end.
    host, port = HTTP.removeprefix("http://").split(":")
    endless = socket.create_connection((host, int(port)))
    head = f"POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {2 * queue}\r\n\r\n"
    endless.sendall(head.encode() + b" " * (queue - 1))
    wait_until("the queue is full", lambda: f"otlake_queued_bytes {queue}" in get("/metrics"))
    senders, found = recovers("429", endless.close)
    receiver.stop()
    check(lake, senders)
    return found


def failing_storage():
    lake = WORK / "failing-storage"
    receiver = Receiver(lake, "--group-time", "50")
    # A file takes the place of the directory.
    lake.touch()
    senders, found = recovers("503", lake.unlink)
    receiver.stop()
    check(lake, senders)
    return found


if __name__ == "__main__":
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    for round in (undisturbed, tls, full_queue, failing_storage):
        started = time.monotonic()
        print(f"{round.__name__}: {round()}, {time.monotonic() - started:.0f} s", flush=True)
