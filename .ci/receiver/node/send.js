// Sends the records of records.py with the OpenTelemetry SDK for JavaScript.
//
//   node send.js http/protobuf|http/json|grpc ENDPOINT COUNT
const [protocol, endpoint, count] = [process.argv[2], process.argv[3], Number(process.argv[4])];
process.env.OTEL_EXPORTER_OTLP_ENDPOINT = endpoint;
process.env.OTEL_EXPORTER_OTLP_INSECURE = 'true';
process.env.OTEL_EXPORTER_OTLP_COMPRESSION = 'gzip';
process.env.OTEL_EXPORTER_OTLP_TIMEOUT = '60000'; // milliseconds, for all attempts together

const { SpanKind, SpanStatusCode } = await import('@opentelemetry/api');
const { resourceFromAttributes } = await import('@opentelemetry/resources');
const { BatchLogRecordProcessor, LoggerProvider } = await import('@opentelemetry/sdk-logs');
const { MeterProvider, PeriodicExportingMetricReader } = await import('@opentelemetry/sdk-metrics');
const { BasicTracerProvider, BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-base');
const format = { 'http/protobuf': 'proto', 'http/json': 'http', grpc: 'grpc' }[protocol];
const { OTLPLogExporter } = await import(`@opentelemetry/exporter-logs-otlp-${format}`);
const { OTLPTraceExporter } = await import(`@opentelemetry/exporter-trace-otlp-${format}`);
const { OTLPMetricExporter } = await import(`@opentelemetry/exporter-metrics-otlp-${format}`);

const SENDER = `node ${protocol}`;
const NEVER = 3_600_000; // milliseconds; the shutdown sends what is left
const BEGIN = 1_764_000_000; // seconds
const resource = resourceFromAttributes({ 'service.name': SENDER });
const time = (nanoseconds) => [BEGIN, nanoseconds];
const attributes = (i) => ({ sender: SENDER, id: `${SENDER} ${i}`, number: i, share: i + 0.25, even: i % 2 === 0 });

async function logs() {
  const processor = new BatchLogRecordProcessor({
    exporter: new OTLPLogExporter(),
    scheduledDelayMillis: NEVER,
    maxExportBatchSize: 50,
    exportTimeoutMillis: 60_000,
  });
  const provider = new LoggerProvider({ resource, processors: [processor] });
  const logger = provider.getLogger('receiver', '1');
  for (let i = 0; i < count; i++) {
    logger.emit({
      timestamp: time(i),
      observedTimestamp: time(i + 1),
      severityNumber: [9, 13, 17][i % 3],
      severityText: ['INFO', 'WARN', 'ERROR'][i % 3],
      body: `message ${i}`,
      attributes: attributes(i),
    });
  }
  await provider.shutdown();
}

async function traces() {
  const processor = new BatchSpanProcessor(new OTLPTraceExporter(), {
    scheduledDelayMillis: NEVER,
    maxExportBatchSize: 50,
    exportTimeoutMillis: 60_000,
  });
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
  const tracer = provider.getTracer('receiver', '1');
  for (let i = 0; i < count; i++) {
    const kinds = [SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER];
    const options = { kind: kinds[i % 5], attributes: attributes(i), startTime: time(i) };
    const span = tracer.startSpan(`operation ${i}`, options);
    span.addEvent('event', { number: i }, time(i + 1));
    if (i % 2) span.setStatus({ code: SpanStatusCode.ERROR, message: `failed ${i}` });
    span.end(time(2 * i));
  }
  await provider.shutdown();
}

async function metrics() {
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis: NEVER,
    exportTimeoutMillis: 60_000,
  });
  const provider = new MeterProvider({ resource, readers: [reader] });
  const meter = provider.getMeter('receiver', '1');
  const counter = meter.createCounter('requests', { unit: '1', description: 'a counter' });
  const gauge = meter.createGauge('temperature', { unit: 'K', description: 'a gauge' });
  const histogram = meter.createHistogram('duration', { unit: 's', description: 'a histogram' });
  for (let i = 0; i < count; i++) {
    counter.add(i, attributes(i));
    gauge.record(i / 4, attributes(i));
    histogram.record(i, attributes(i));
  }
  await provider.shutdown({ timeoutMillis: 60_000 });
}

await logs();
await traces();
await metrics();
