"""Starts and stops the receiver."""

import atexit
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

WORK = Path("target/receiver")
HTTP, GRPC = "http://127.0.0.1:24318", "http://127.0.0.1:24317"


class Receiver:
    def __init__(self, lake: Path, *options: str, ca: Path | None = None):
        """Starts a receiver. With TLS, `ca` is the certificate that its own is verified with."""
        self.log = open(WORK / f"{lake.name}.log", "a")
        addresses = ["--listen", HTTP.removeprefix("http://"), "--listen", GRPC.removeprefix("http://")]
        command = [sys.argv[1], "--storage", lake, "--partitioning", "{table}", *addresses, *options]
        self.process = subprocess.Popen(command, stderr=self.log)
        atexit.register(self.process.kill)
        for _ in range(100):
            time.sleep(0.1)
            assert_equal("exit status of the receiver", self.process.poll(), None)
            try:
                return assert_equal("healthz", get("/healthz", ca), "ok\n")
            except OSError:
                pass
        raise AssertionError("the receiver does not start")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert_equal("exit status", self.process.wait(30), 0)

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def peak_bytes(self) -> int:
        """Returns the peak of the memory in use."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024


def get(path: str, ca: Path | None = None) -> str:
    context = ssl.create_default_context(cafile=ca) if ca else None
    with urllib.request.urlopen(secure(HTTP, ca) + path, context=context) as response:
        return response.read().decode()


def secure(endpoint: str, ca: Path | None) -> str:
    return endpoint.replace("http:", "https:") if ca else endpoint


def assert_equal(what, found, expected):
    if found != expected:
        raise AssertionError(f"{what}: expected {expected!r}, found {found!r}")
