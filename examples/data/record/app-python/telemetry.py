"""The OpenTelemetry SDK as the Python services use it: one set of providers a replica, shared exporters."""

import logging
import math
import random

from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk._logs import LoggerProvider, LogRecordLimits
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import (
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
    View,
)
from opentelemetry.sdk.resources import ProcessResourceDetector, Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

SCHEMA = "https://opentelemetry.io/schemas/1.37.0"
TRACE = 5  # a level that Python's logging does not have and OTel's mapping does not know: a text without a number
NEVER = 3_600_000  # milliseconds; requests are cut by count, so that a second recording has the same files

VIEWS = [
    # No buckets and no minimum or maximum asked for: a histogram that is a count and a sum.
    View(
        instrument_name="checkout.order.value", aggregation=ExplicitBucketHistogramAggregation([], record_min_max=False)
    ),
    # The dropped attribute comes back as a filtered attribute of the exemplars.
    View(instrument_name="http.server.request.duration", attribute_keys={"http.route", "http.response.status_code"}),
    View(instrument_name="payment.gateway.duration", aggregation=ExponentialBucketHistogramAggregation()),
]


def resource(service: str, version: str, replica: int) -> Resource:
    rng = random.Random(f"{service}/{replica}")
    pod = f"{service}-{rng.getrandbits(36):09x}-{rng.choice('bcdfg')}{rng.randrange(10)}xk{replica}"
    node = f"10.32.{rng.randrange(4)}.{rng.randrange(2, 250)}"
    mine = {
        "service.name": service,
        "service.namespace": "shop",
        "service.version": version,
        "service.instance.id": pod,
        "host.name": f"ip-{node.replace('.', '-')}",
        "host.arch": "amd64",
        "host.ip": [node, f"fe80::{rng.getrandbits(16):x}"],
        "host.cpu.count": 8,
        "os.type": "linux",
        "container.id": f"{rng.getrandbits(256):064x}",
        "container.image.name": f"registry.example.com/shop/{service}",
        "container.image.tags": [version, "stable"],
        "k8s.pod.name": pod,
        "k8s.pod.labels": {"app": service, "tier": "backend", "replica": replica},
        "deployment.canary": replica == 2,
        "deployment.weight": [0.9, 0.05, 0.05][replica],
        "deployment.comment": "",
    }
    detected = ProcessResourceDetector(include_command_args=True).detect()
    return Resource.create().merge(detected).merge(Resource(mine, SCHEMA))


class Telemetry:
    """What one replica logs, traces and measures with."""

    def __init__(self, of: Resource, log_processor, span_processor):
        self.resource = of
        self.logs = LoggerProvider(of, shutdown_on_exit=False, log_record_limits=LogRecordLimits(max_attributes=20))
        self.logs.add_log_record_processor(log_processor)
        self.traces = TracerProvider(
            resource=of,
            shutdown_on_exit=False,
            span_limits=SpanLimits(max_events=4, max_links=3, max_span_attributes=20),
        )
        self.traces.add_span_processor(span_processor)
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(), export_interval_millis=math.inf)
        self.metrics = MeterProvider([reader], of, views=VIEWS, shutdown_on_exit=False)

    def logger(self, name: str, where: bool = False) -> logging.Logger:
        """A logger of the standard library, as nearly all Python code has one. `where` adds the line that logged."""
        # Not getLogger: every replica needs a logger of this name, with its own resource behind it.
        logger = logging.Logger(name, level=1)
        logger.addHandler(LoggingHandler(logger_provider=self.logs, log_code_attributes=where))
        return logger

    def flush(self):
        self.logs.force_flush()
        self.traces.force_flush()
        self.metrics.force_flush()


def start(service: str, version: str, replicas: int = 1) -> list[Telemetry]:
    logging.addLevelName(TRACE, "TRACE")
    random.seed(f"ids of {service}")  # the SDK's id generator draws from the module's generator
    # Replicas share the processors, so a request has several resources: what a collector in between would send.
    logs = BatchLogRecordProcessor(OTLPLogExporter(), schedule_delay_millis=NEVER, max_export_batch_size=128)
    spans = BatchSpanProcessor(OTLPSpanExporter(), schedule_delay_millis=NEVER, max_export_batch_size=96)
    return [Telemetry(resource(service, version, n), logs, spans) for n in range(replicas)]


__all__ = ["SCHEMA", "TRACE", "SeverityNumber", "Telemetry", "start"]
