"""An OTLP/HTTP endpoint that saves every request body to a file, byte for byte.

    python capture.py OUT_DIR [PORT]

A body becomes OUT_DIR/<signal>/<service>-<sender>-<nnn>.binpb or, for JSON, OUT_DIR/json/<signal>/….json. If the sender compressed
it, the name ends in .gz: the bytes on disk are the bytes received. The name comes from the first resource of the request,
so any SDK can be recorded by setting nothing but its endpoint.
"""

import gzip
import signal
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from forms import PROTOBUF, JSON, RESPONSES, SIGNALS, decode

PATHS = {f"/v1/{name}": name for name in SIGNALS}


def name_of(message, groups: str) -> str:
    resource = getattr(message, groups)[0].resource
    attributes = {a.key: a.value.string_value for a in resource.attributes}
    # Without a language it is not an SDK, but a bridge that converts the metrics of another library.
    return f"{attributes['service.name']}-{attributes.get('telemetry.sdk.language', 'bridge')}"


class Capture(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # the SDKs reuse their connections
    files: Counter = Counter()
    lock = threading.Lock()  # there is one thread per connection, and the SDKs keep theirs open
    out = Path()

    def do_POST(self):
        body = self.body()
        encoding = self.headers.get("Content-Encoding", "identity")
        form = self.headers.get("Content-Type", PROTOBUF).partition(";")[0]
        try:
            signal = PATHS[self.path]
            plain = {"identity": bytes, "gzip": gzip.decompress}[encoding](body)
            name = name_of(decode(signal, form, plain), SIGNALS[signal].groups)
            folder, suffix = {PROTOBUF: (signal, ".binpb"), JSON: (f"json/{signal}", ".json")}[form]
        except Exception as error:  # the sender gets an error, and the recording continues
            print(f"rejected {self.path}: {error!r}", file=sys.stderr)
            return self.answer(400, form, b"")
        with self.lock:
            self.files[folder, name] += 1
            number = self.files[folder, name]
        file = self.out / folder / f"{name}-{number:03}{suffix}{'.gz' if encoding == 'gzip' else ''}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
        self.answer(200, form, RESPONSES[form])

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        chunks = []  # JavaScript's exporter compresses while sending, so it does not know the length
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def answer(self, status: int, form: str, body: bytes):
        self.send_response(status)
        self.send_header("Content-Type", form)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    Capture.out = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 4318), Capture)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()
