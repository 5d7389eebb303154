// The OpenTelemetry SDK as the Node services use it: providers a service, shared exporters.
import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  defaultResource,
  detectResources,
  envDetector,
  processDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';

// The packages by the name of -http send JSON.
const format = process.env.OTEL_EXPORTER_OTLP_PROTOCOL === 'http/json' ? 'http' : 'proto';
const { OTLPLogExporter } = await import(`@opentelemetry/exporter-logs-otlp-${format}`);
const { OTLPMetricExporter } = await import(`@opentelemetry/exporter-metrics-otlp-${format}`);
const { OTLPTraceExporter } = await import(`@opentelemetry/exporter-trace-otlp-${format}`);

export const SCHEMA = 'https://opentelemetry.io/schemas/1.36.0';
const NEVER = 3_600_000; // milliseconds; requests are cut by count, so that a second recording has the same files

// mulberry32: a small generator with a seed, which Math.random does not take.
export function seeded(text) {
  let state = [...text].reduce((hash, c) => Math.imul(hash ^ c.codePointAt(0), 16777619), 2166136261);
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (n) => Math.floor(next() * n);
  const hex = (n) => Array.from({ length: n }, () => int(16).toString(16)).join('');
  return { next, int, hex, pick: (list) => list[int(list.length)], chance: (p) => next() < p };
}

function resource(service, version) {
  const rng = seeded(`resource of ${service}`);
  const node = `10.32.${rng.int(4)}.${2 + rng.int(240)}`;
  const mine = resourceFromAttributes(
    {
      'service.name': service,
      'service.namespace': 'shop',
      'service.version': version,
      'service.instance.id': `${rng.hex(8)}-${rng.hex(4)}-4${rng.hex(3)}-b${rng.hex(3)}-${rng.hex(12)}`,
      'host.name': `ip-${node.replaceAll('.', '-')}`,
      'host.ip': [node],
      'host.cpu.count': 8,
      'container.id': rng.hex(64),
      'container.image.tags': [version, 'stable'],
      'k8s.pod.name': `${service}-${rng.hex(9)}-x${rng.hex(4)}`,
      'deployment.canary': false,
      'deployment.weight': 1, // JavaScript has one number type: 0.05 goes out as a double, 1 as an integer
    },
    { schemaUrl: SCHEMA },
  );
  return defaultResource()
    .merge(detectResources({ detectors: [envDetector, processDetector] }))
    .merge(mine);
}

const views = [
  { instrumentName: 'frontend.render.duration', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } },
  // An up-down counter seen as a distribution: negative buckets, and no sum, as the specification asks.
  {
    instrumentName: 'catalog.stock.change',
    aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize: 16 } },
  },
  {
    instrumentName: 'catalog.search.results',
    aggregation: {
      type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
      options: { boundaries: [1, 10, 100], recordMinMax: false },
    },
  },
];

// One entry a service of this process: { logs, traces, metrics }, and flush() for all of them.
export function start(services, seed) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const ids = seeded(`ids of ${seed}`);
  const logProcessor = new BatchLogRecordProcessor({
    exporter: new OTLPLogExporter(),
    scheduledDelayMillis: NEVER,
    maxExportBatchSize: 128,
  });
  const spanProcessor = new BatchSpanProcessor(new OTLPTraceExporter(), {
    scheduledDelayMillis: NEVER,
    maxExportBatchSize: 96,
  });
  const started = services.map(([name, version]) => {
    const of = resource(name, version);
    const reader = new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter(),
      exportIntervalMillis: NEVER,
    });
    return {
      logs: new LoggerProvider({
        resource: of,
        processors: [logProcessor],
        logRecordLimits: { attributeCountLimit: 16, attributeValueLengthLimit: 1024 },
      }),
      traces: new BasicTracerProvider({
        resource: of,
        spanProcessors: [spanProcessor],
        sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.7) }),
        spanLimits: { attributeCountLimit: 12, eventCountLimit: 3, linkCountLimit: 2, attributePerEventCountLimit: 3 },
        idGenerator: { generateTraceId: () => ids.hex(32), generateSpanId: () => ids.hex(16) },
      }),
      metrics: new MeterProvider({ resource: of, readers: [reader], views }),
    };
  });
  const flush = async () => {
    await logProcessor.forceFlush();
    await spanProcessor.forceFlush();
    for (const service of started) await service.metrics.forceFlush();
  };
  return [started, flush];
}
