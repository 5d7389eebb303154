"""Floods, starves and kills the receiver, and checks each answer.

    python faults.py RECEIVER LOAD [KILLS]

RECEIVER is the program of examples/receiver, and LOAD its load generator.
"""

import gzip
import http.client
import itertools
import json
import random
import shutil
import socket
import subprocess
import sys
import threading
import time

import pyarrow.dataset

from receiver import HTTP, WORK, Receiver, assert_equal

LOAD = sys.argv[2]
KILLS = int(sys.argv[3]) if len(sys.argv) > 3 else 5
ADDRESS = HTTP.removeprefix("http://")
HOST, PORT = ADDRESS.split(":")
MIB = 1 << 20


def request(identity: str) -> bytes:
    record = {"body": {"stringValue": "hi"}, "attributes": [{"key": "id", "value": {"stringValue": identity}}]}
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()


def post(body, path="/v1/logs", timeout=30, **headers) -> int:
    connection = http.client.HTTPConnection(HOST, int(PORT), timeout=timeout)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"} | headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def raw(text: bytes, half_close=False) -> bytes:
    """Sends bytes, and returns everything that is answered until the connection ends."""
    with socket.create_connection((HOST, int(PORT)), timeout=20) as connection:
        connection.sendall(text)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(1 << 16):
            answer += piece
            if half_close is False and b"\r\n\r\n" in answer:
                break
        return answer


def head(length: int) -> bytes:
    return f"POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode()


def status(answer: bytes) -> str:
    return answer.split(b" ", 2)[1].decode() if answer else "closed"


def answers() -> str:
    """Each faulty request gets the specified answer, while slow senders are connected."""
    lake = WORK / "answers"
    receiver = Receiver(lake, "--group-time", "20", "--body-bytes", str(MIB), "--body-time", "3000", "--idle-time", "4000")
    # Senders that begin a head, a body or the preface of HTTP/2 and never end it, or that send nothing.
    slow = [socket.create_connection((HOST, int(PORT)), timeout=20) for _ in range(200)]
    beginnings = (("head", b"POST /v1/lo", "closed"), ("body", head(1000) + b"{", "408"), ("preface", b"PRI * HT", "closed"), ("nothing", b"", "closed"))
    for connection, (_, beginning, _) in zip(slow, itertools.cycle(beginnings)):
        connection.sendall(beginning)

    ok = request("answers")
    assert_equal("a request among slow ones", post(ok), 200)
    assert_equal("half-closed", status(raw(head(len(ok)) + ok, half_close=True)), "200")
    assert_equal("too short a length", status(raw(head(len(ok) - 1) + ok)), "400")
    assert_equal("a body that is cut off", status(raw(head(len(ok) + 1) + ok, half_close=True)) in ("400", "closed"), True)
    assert_equal("not HTTP", status(raw(b"\x16\x03\x01 this is not HTTP\r\n\r\n")), "400")
    assert_equal("oversized", post(b" " * (MIB + 1)), 413)
    assert_equal("oversized, chunked", post(iter([b" " * 1000] * 2000)), 413)
    bomb = gzip.compress(b" " * (200 * MIB))
    assert_equal("bomb", post(bomb, **{"Content-Encoding": "gzip"}), 413)
    assert_equal("damaged gzip", post(gzip.compress(ok)[:-9], **{"Content-Encoding": "gzip"}), 400)
    assert_equal("media type", post(ok, **{"Content-Type": "text/plain"}), 415)
    assert_equal("compression", post(ok, **{"Content-Encoding": "br"}), 415)
    assert_equal("unknown path", post(ok, "/v1/unknown"), 404)
    assert_equal("malformed", post(ok[:-3]), 400)
    # The same over HTTP/2.
    curl = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", "--http2-prior-knowledge", "--data-binary", "@-"]
    for expected, path, kind, body in (
        ("2 200", "/v1/logs", "application/json", ok),
        ("2 413", "/v1/logs", "application/json", b" " * (MIB + 1)),
        ("2 415", "/v1/logs", "text/plain", ok),
        ("2 404", "/v1/unknown", "application/json", ok),
        ("2 400", "/v1/logs", "application/json", ok[:-3]),
    ):
        command = [*curl, "-H", f"content-type: {kind}", HTTP + path]
        assert_equal("HTTP/2", subprocess.run(command, input=body, stdout=subprocess.PIPE, timeout=30).stdout.decode(), expected)

    for connection, (name, _, expected) in zip(slow, itertools.cycle(beginnings)):
        assert_equal(f"slow {name}", status(connection.recv(1 << 16)), expected)
    peak = receiver.peak_bytes()
    assert peak < 160 * MIB, f"{peak} bytes of memory"
    receiver.stop()
    # Three requests, and the record before the fault of the one whose length was too short.
    assert_equal("rows", pyarrow.dataset.dataset(lake / "logs", format="parquet").count_rows(), 4)
    return f"peak of {peak // MIB} MiB"


def large_bodies() -> str:
    """The memory is bounded with 64 connections that send bodies of 4 MiB."""
    lake = WORK / "large_bodies"
    queue, memory = 64 * MIB, 128 * MIB
    receiver = Receiver(lake, "--queue-bytes", str(queue), "--memory-bytes", str(memory), "--group-time", "200")
    output = subprocess.run([LOAD, ADDRESS, "64", "128", "500", str(4 * MIB)], check=True, stdout=subprocess.PIPE, timeout=240)
    peak = receiver.peak_bytes()
    receiver.stop()
    assert_equal("rows", pyarrow.dataset.dataset(lake / "logs", format="parquet").count_rows(), 128 * 500)
    # The queue and the dataset, and 1 MiB for each connection, 64 MiB for the process and its allocator.
    budget = queue + memory + 64 * MIB + 64 * MIB
    assert peak < budget, f"{peak} bytes of memory"
    return f"peak of {peak // MIB} MiB of {budget // MIB} MiB; {output.stdout.decode().strip()}"


def kills() -> str:
    """After a SIGKILL at a random moment, every record whose request was acknowledged is in the files, once."""
    lake = WORK / "kills"
    rng = random.Random(1)
    acknowledged, sent = set(), 0
    for number in range(KILLS):
        receiver = Receiver(lake, "--group-time", "20", "--workers", "2")
        stop = threading.Event()
        done: list[set] = [set() for _ in range(8)]

        def send(sender: int):
            i = 0
            connection = http.client.HTTPConnection(HOST, int(PORT), timeout=10)
            while not stop.is_set():
                identity = f"{number} {sender} {i}"
                try:
                    connection.request("POST", "/v1/logs", request(identity), {"Content-Type": "application/json"})
                    response = connection.getresponse()
                    response.read()
                except (OSError, http.client.HTTPException):
                    return
                if response.status == 200:
                    done[sender].add(identity)
                i += 1

        threads = [threading.Thread(target=send, args=(sender,)) for sender in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(rng.uniform(0.0, 0.6))
        receiver.kill()
        stop.set()
        for thread in threads:
            thread.join()
        acknowledged |= set().union(*done)
    # The next start removes what the killed processes have left.
    receiver = Receiver(lake)
    receiver.stop()
    found = pyarrow.dataset.dataset(lake / "logs", format="parquet").to_table(["attr_id"])["attr_id"].to_pylist()
    assert_equal("records twice", len(found) - len(set(found)), 0)
    assert_equal("acknowledged records that are lost", sorted(acknowledged - set(found)), [])
    assert_equal("temporary files", [file.name for file in lake.rglob(".*tmp-*")], [])
    assert acknowledged
    return f"{KILLS} kills, {len(acknowledged)} acknowledged records, {len(found) - len(acknowledged)} others"


if __name__ == "__main__":
    WORK.mkdir(parents=True, exist_ok=True)
    for round in (answers, large_bodies, kills):
        started = time.monotonic()
        shutil.rmtree(WORK / round.__name__, ignore_errors=True)
        print(f"{round.__name__}: {round()}, {time.monotonic() - started:.0f} s", flush=True)
