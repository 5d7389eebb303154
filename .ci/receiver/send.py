"""Sends the records of records.py with the OpenTelemetry SDK for Python.

    python send.py http/protobuf|grpc ENDPOINT COUNT
"""

import os
import sys

protocol, endpoint, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.environ |= {
    "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
    "OTEL_EXPORTER_OTLP_INSECURE": "true",
    "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
    "OTEL_EXPORTER_OTLP_TIMEOUT": "60",  # seconds, for all attempts together
}

from opentelemetry._logs import LogRecord, SeverityNumber  # noqa: E402
from opentelemetry.sdk._logs import LoggerProvider  # noqa: E402
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor  # noqa: E402
from opentelemetry.sdk.metrics import MeterProvider  # noqa: E402
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: E402
from opentelemetry.sdk.resources import Resource  # noqa: E402
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: E402
from opentelemetry.trace import SpanKind, Status, StatusCode  # noqa: E402

if protocol == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

from records import BEGIN, attributes  # noqa: E402

SENDER = f"python {protocol}"
NEVER = 3_600_000  # milliseconds; the shutdown sends what is left
resource = Resource.create({"service.name": SENDER})


def logs():
    provider = LoggerProvider(resource=resource)
    provider.add_log_record_processor(
        BatchLogRecordProcessor(OTLPLogExporter(), schedule_delay_millis=NEVER, max_export_batch_size=20)
    )
    logger = provider.get_logger("receiver", "1")
    severities = [(SeverityNumber.INFO, "INFO"), (SeverityNumber.WARN, "WARN"), (SeverityNumber.ERROR, "ERROR")]
    for i in range(count):
        number, text = severities[i % 3]
        record = LogRecord(
            timestamp=BEGIN + i,
            observed_timestamp=BEGIN + i + 1,
            severity_number=number,
            severity_text=text,
            body=f"message {i}",
            attributes=attributes(SENDER, i),
        )
        logger.emit(record)
    provider.shutdown()


def traces():
    provider = TracerProvider(resource=resource)
    processor = BatchSpanProcessor(OTLPSpanExporter(), schedule_delay_millis=NEVER, max_export_batch_size=20)
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("receiver", "1")
    for i in range(count):
        span = tracer.start_span(
            f"operation {i}", kind=list(SpanKind)[i % 5], attributes=attributes(SENDER, i), start_time=BEGIN + i
        )
        span.add_event("event", {"number": i}, timestamp=BEGIN + i + 1)
        if i % 2:
            span.set_status(Status(StatusCode.ERROR, f"failed {i}"))
        span.end(end_time=BEGIN + 2 * i)
    provider.shutdown()


def metrics():
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(), export_interval_millis=NEVER)
    provider = MeterProvider(resource=resource, metric_readers=[reader])
    meter = provider.get_meter("receiver", "1")
    counter = meter.create_counter("requests", unit="1", description="a counter")
    gauge = meter.create_gauge("temperature", unit="K", description="a gauge")
    histogram = meter.create_histogram("duration", unit="s", description="a histogram")
    for i in range(count):
        counter.add(i, attributes(SENDER, i))
        gauge.set(i / 4, attributes(SENDER, i))
        histogram.record(i, attributes(SENDER, i))
    provider.shutdown()


logs()
traces()
metrics()
