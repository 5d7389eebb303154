"""Kills the queue consumer at random moments while its log grows, and checks that every record is in the files once.

    python consumer.py CONSUMER [KILLS]
"""

import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow.dataset
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from receiver import WORK, assert_equal

CONSUMER = sys.argv[1]
KILLS = int(sys.argv[2]) if len(sys.argv) > 2 else 10
LOG, LAKE = WORK / "queue", WORK / "queue-lake"
# Short ranges, so that much happens between two kills.
COMMAND = [CONSUMER, "--messages", "16", "--log", LOG, LAKE]


def payload(partition: int, offset: int) -> bytes:
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    for number in range(5):
        records.add().body.string_value = f"{partition} {offset} {number}"
    return request.SerializeToString()


def append(partition: int, offset: int):
    file = LOG / str(partition) / f"{offset}.logs"
    file.parent.mkdir(parents=True, exist_ok=True)
    # The message appears as a whole, or not at all.
    temporary = LOG / "message.tmp"
    temporary.write_bytes(payload(partition, offset))
    temporary.rename(file)


if __name__ == "__main__":
    for directory in (LOG, LAKE):
        shutil.rmtree(directory, ignore_errors=True)
    rng = random.Random(1)
    ends = [0, 0]
    unfinished = 0
    for _ in range(KILLS):
        for partition in range(2):
            for _ in range(rng.randrange(1, 60)):
                append(partition, ends[partition])
                ends[partition] += 1
        consumer = subprocess.Popen(COMMAND, stdout=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.0, 0.1))
        unfinished += consumer.poll() is None
        consumer.kill()
        consumer.wait()
    assert_equal("exit status", subprocess.run(COMMAND, stdout=subprocess.DEVNULL).returncode, 0)
    expected = Counter(
        f"{partition} {offset} {number}" for partition in range(2) for offset in range(ends[partition]) for number in range(5)
    )
    found = Counter(pyarrow.dataset.dataset(LAKE / "logs", format="parquet").to_table(["body"])["body"].to_pylist())
    assert_equal("lost records", sorted(expected - found), [])
    assert_equal("records twice", sorted(found - expected), [])
    assert unfinished, "no process was killed"
    print(f"queue: {KILLS} kills, {unfinished} of running processes, {found.total()} records")
