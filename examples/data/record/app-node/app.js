// Services of a small web shop, instrumented with OpenTelemetry:
//
//   node app.js catalog PORT                                      serves the catalogue and recommendations
//   node app.js frontend CATALOG_PORT CHECKOUT_PORT PAYMENT_PORT  plays the visits, then ends the other services
//
// Random values come from a generator with a fixed seed, the times are those of the clock.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { SpanKind, SpanStatusCode, ValueType, context, propagation, trace } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { PromClientBridge } from '@platformatic/promotel';
import { Counter, Registry, Summary } from 'prom-client';
import { SCHEMA, seeded, start } from './telemetry.js';

const [, , role, ...ports] = process.argv;
const rng = seeded(`values of ${role}`);
const PRODUCTS = [
  'Emaille-Becher',
  'T-Shirt schwarz',
  'Lampe „Nordlicht“',
  '抹茶ラテ',
  'USB-C cable',
  'Chaussettes à rayures',
];
const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0',
  'curl/8.16.0',
  'ShopApp/7.2 (iOS 19.1; iPhone17,2)',
];
const LOCALES = ['de-DE', 'en-GB', 'fr-FR', 'ja-JP'];
const ip = () => `${rng.pick([10, 85, 203])}.${rng.int(256)}.${rng.int(256)}.${1 + rng.int(254)}`;
const ms = (mean) => Math.round(-Math.log(1 - rng.next()) * mean * 10) / 10;

// Loggers as an application wraps them: trace() … fatal(), a text, attributes, an error.
function levels(logger) {
  const at = (severityNumber, severityText) => (body, attributes, exception) =>
    logger.emit({ severityNumber, severityText, body, attributes, exception, context: context.active() });
  return {
    trace: at(SeverityNumber.TRACE, 'trace'),
    debug: at(SeverityNumber.DEBUG, 'debug'),
    info: at(SeverityNumber.INFO, 'info'),
    warn: at(SeverityNumber.WARN, 'warn'),
    error: at(SeverityNumber.ERROR, 'error'),
    fatal: at(SeverityNumber.FATAL, 'fatal'),
    raw: (record) => logger.emit(record),
  };
}

// Runs `work` in a span; an error ends the span as failed and goes on to the caller.
function inSpan(tracer, name, options, work, parent = context.active()) {
  return tracer.startActiveSpan(name, options, parent, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      throw error;
    } finally {
      span.end();
    }
  });
}

async function post(port, path, body = {}) {
  const headers = { 'content-type': 'application/json' };
  propagation.inject(context.active(), headers);
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  return response.json();
}

function catalog() {
  const [[shop, advice], flushAll] = start(
    [
      ['catalog', '5.0.3'],
      ['recommendation', '0.8.0'],
    ],
    role,
  );
  const log = levels(
    shop.logs.getLogger('catalog/http', '5.0.3', {
      schemaUrl: SCHEMA,
      attributes: { component: 'router', workers: 4 },
    }),
  );
  const jobs = levels(shop.logs.getLogger('catalog/jobs', '5.0.3'));
  const model = levels(advice.logs.getLogger('recommendation.model'));
  const tracer = shop.traces.getTracer('catalog/http', '5.0.3', { schemaUrl: SCHEMA });
  const adviser = advice.traces.getTracer('recommendation.model');
  const meter = shop.metrics.getMeter('catalog', '5.0.3', { schemaUrl: SCHEMA });
  const requests = meter.createCounter('catalog.requests', {
    unit: '{request}',
    description: 'Requests by route',
    valueType: ValueType.INT,
  });
  const bytes = meter.createCounter('catalog.bytes', { unit: 'By', valueType: ValueType.DOUBLE });
  const stock = meter.createUpDownCounter('catalog.stock.change', { unit: '{item}', valueType: ValueType.INT });
  const results = meter.createHistogram('catalog.search.results', { unit: '{product}', valueType: ValueType.INT });
  meter
    .createObservableUpDownCounter('catalog.products', { valueType: ValueType.INT })
    .addCallback((r) => r.observe(4200 + rng.int(9), { active: true }));
  meter.createObservableGauge('catalog.index.age', { unit: 's' }).addCallback((r) => {
    r.observe(ms(60), { shard: 0 });
    r.observe(ms(60), { shard: 1, tags: ['hot', 'ssd'] });
  });
  advice.metrics
    .getMeter('recommendation')
    .createObservableCounter('recommendation.scored', { valueType: ValueType.INT })
    .addCallback((r) => r.observe(scored));
  let scored = 0;
  let turn = 0;

  // The part of the service that is older than OpenTelemetry counts with a Prometheus client; a bridge turns that into
  // OTLP. No OTel API makes a summary, so this is where summaries come from in practice.
  const registry = new Registry();
  const queries = new Summary({
    name: 'catalog_query_duration_seconds',
    help: 'Duration of catalogue queries',
    labelNames: ['query'],
    percentiles: [0.5, 0.9, 0.99],
    registers: [registry],
  });
  const upstream = new Counter({
    name: 'catalog_upstream_requests_total',
    help: 'Requests to the suppliers',
    labelNames: ['supplier'],
    registers: [registry],
  });
  const bridge = new PromClientBridge({
    registry,
    otlpEndpoint: `${process.env.OTEL_EXPORTER_OTLP_ENDPOINT}/v1/metrics`,
    conversionOptions: { serviceName: 'catalog', serviceVersion: '5.0.3' },
  });

  const routes = {
    async '/product'({ id, locale }) {
      const took = ms(12);
      log.trace(`router: matched /product/:id in ${(took / 100).toFixed(3)} ms`);
      await inSpan(
        tracer,
        'GET product',
        { kind: SpanKind.CLIENT, attributes: { 'db.system.name': 'redis', 'server.port': 6379 } },
        async (span) => {
          const hit = rng.chance(0.7);
          span.addEvent('cache', { hit, key: `product:${id}:${locale}`, shard: rng.int(4), weight: rng.next() }); // one attribute over the limit
          log.debug(`Cache ${hit ? 'hit' : 'miss'} for key product:${id}:${locale}`, {
            'cache.hit': hit,
            'cache.ttl': hit ? rng.int(3600) : null,
          });
          queries.observe({ query: hit ? 'cache' : 'table' }, took / 1000);
        },
      );
      if (rng.chance(0.15))
        log.warn(`Price for product ${id} is older than ${24 + rng.int(100)} hours`, {
          'product.id': id,
          'price.age': ms(40),
        });
      if (rng.chance(0.12)) {
        try {
          readFileSync(`/srv/images/${locale}/${id}.webp`);
        } catch (error) {
          log.error(
            `Failed to load image /srv/images/${locale}/${id}.webp: ${error.code}`,
            { 'product.id': id, 'image.fallback': true },
            error,
          );
          trace.getActiveSpan()?.recordException(error);
        }
      }
      const size = 800 + rng.int(9000);
      log.info(`GET /products/${id} 200 ${took}ms ${size}B`, {
        'http.response.status_code': 200,
        duration_ms: took,
        'http.response.size': size,
      });
      requests.add(1, { 'http.route': '/products/:id', 'http.response.status_code': 200 });
      bytes.add(size + 0.5, { compressed: true });
      stock.add(rng.int(9) - 4, { warehouse: rng.pick(['ham', 'osl']) });
      return inSpan(
        adviser,
        'score',
        { attributes: { 'model.name': 'als', 'model.version': 12, 'model.weights': [0.25, 0.5, 0.25] } },
        async () => {
          const n = 20 + rng.int(200);
          scored += n;
          model.debug(`Model als v12 scored ${n} candidates in ${ms(8)} ms, top=${rng.pick(PRODUCTS)}`, {
            'model.candidates': n,
            'model.top': { name: rng.pick(PRODUCTS), score: rng.next() },
          });
          return { id, name: rng.pick(PRODUCTS) };
        },
      );
    },
    async '/search'({ q }) {
      const n = rng.pick([0, 3, 12, 250]);
      results.record(n, { locale: 'any' });
      log.info(`Search for "${q}" returned ${n} results in ${ms(30)} ms`, {
        'search.query': q,
        'search.results': n,
        'search.terms': q.split(' '),
      });
      requests.add(1, { 'http.route': '/search', 'http.response.status_code': 200 });
      return { n };
    },
  };

  async function tick() {
    const shard = rng.int(12);
    jobs.info(`Reindexed ${rng.int(5000)} products in shard ${shard} (${rng.int(101)}%)`, {
      shard,
      'index.segments': [rng.int(9), rng.int(9)],
    });
    const took = ms(200);
    jobs.debug(`Fetched feed https://supplier-${rng.int(5)}.example/feed.xml in ${took} ms, etag W/"${rng.hex(16)}"`, {
      duration_ms: took,
    });
    upstream.inc({ supplier: `supplier-${rng.int(3)}` });
    if (rng.chance(0.3))
      jobs.warn(
        `Rate limit for API key ak_${rng.hex(12)}: ${rng.int(100)} requests left until ${new Date(Date.now() + rng.int(3_600_000)).toISOString()}`,
        { 'ratelimit.remaining': `${rng.int(100)}` },
      );
    if (rng.chance(0.15))
      jobs.error(`Replica ${ip()}:6379 unreachable: connect ECONNREFUSED`, {
        'error.type': 'ECONNREFUSED',
        retryable: true,
      });
    if (rng.chance(0.2)) {
      const odd = [
        // records that the data model allows and that few senders write, in turn
        () =>
          jobs.raw({
            body: {
              action: 'swap',
              shards: [1, 2, { from: 3, to: null }],
              ratio: 0.5,
              forced: false,
              checksum: new Uint8Array([0, 255, 16]),
            },
            eventName: 'index.swapped',
          }),
        () =>
          jobs.raw({ body: null, severityText: 'info', attributes: { nothing: null, blank: '', list: [], map: {} } }),
        () => jobs.raw({ severityNumber: SeverityNumber.INFO3, attributes: { reason: 'no body at all' } }),
        () => jobs.raw({ body: [1, 2.5, 'three', [true, null]], severityNumber: SeverityNumber.DEBUG2 }),
        () =>
          jobs.raw({
            body: new Uint8Array([222, 173, 190, 239]),
            severityNumber: SeverityNumber.ERROR4,
            severityText: 'critical',
          }),
        () => jobs.raw({ body: rng.int(1000) - 500 + 0.5, severityNumber: SeverityNumber.TRACE4 }),
      ];
      odd[turn++ % odd.length]();
    }
  }

  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    let reply = {};
    if (request.url === '/tick') await tick();
    else if (request.url === '/flush' || request.url === '/quit') {
      await flushAll();
      await bridge.collectAndPush();
      if (request.url === '/quit') setTimeout(() => process.exit(0), 50);
    } else {
      const parent = propagation.extract(context.active(), request.headers);
      const attributes = {
        'http.request.method': 'POST',
        'http.route': request.url,
        'user_agent.original': request.headers['user-agent'],
      };
      reply = await inSpan(
        tracer,
        `POST ${request.url}`,
        { kind: SpanKind.SERVER, attributes },
        () => routes[request.url](JSON.parse(body)),
        parent,
      );
    }
    response.end(JSON.stringify(reply));
  });
  server.listen(Number(ports[0]), '127.0.0.1');
}

async function frontend() {
  const [catalogPort, checkoutPort, paymentPort] = ports.map(Number);
  const [[web], flushAll] = start([['frontend', '12.1.0']], role);
  const log = levels(web.logs.getLogger('frontend.web', '12.1.0', { schemaUrl: SCHEMA }));
  const sys = levels(web.logs.getLogger('frontend.runtime'));
  const rum = levels(
    web.logs.getLogger('frontend.rum', '3.0.0', {
      attributes: { 'rum.sampled': true, 'rum.rate': 0.25, 'rum.apps': ['web', 'ios'] },
    }),
  );
  const tracer = web.traces.getTracer('frontend.web', '12.1.0', { schemaUrl: SCHEMA });
  const meter = web.metrics.getMeter('frontend', '12.1.0');
  const visits = meter.createCounter('frontend.visits', {
    unit: '{visit}',
    description: 'Visits by locale',
    valueType: ValueType.INT,
  });
  const sessions = meter.createUpDownCounter('frontend.sessions', { unit: '{session}', valueType: ValueType.INT });
  const render = meter.createHistogram('frontend.render.duration', {
    unit: 'ms',
    description: 'Time to render a page',
  });
  const requests = meter.createHistogram('http.client.request.duration', {
    unit: 's',
    advice: { explicitBucketBoundaries: [0.005, 0.01, 0.05, 0.1, 0.5, 1] },
  });
  const lag = meter.createGauge('nodejs.eventloop.lag', { unit: 'ms' });
  meter
    .createObservableGauge('nodejs.heap.used', { unit: 'By', valueType: ValueType.INT })
    .addCallback((r) => r.observe(40_000_000 + rng.int(9_000_000), { space: 'old' }));
  let earlier; // a span context of the visit before, to link to

  async function visit(n) {
    const locale = rng.pick(LOCALES);
    const user = rng.chance(0.6) ? `${1000 + rng.int(9000)}` : ''; // a string here, an integer in checkout
    // A third of the visits come with a trace that a browser began, with a vendor's trace state.
    const incoming =
      n % 3
        ? {}
        : {
            traceparent: `00-${rng.hex(32)}-${rng.hex(16)}-01`,
            tracestate: `rum=s:${rng.int(3)};p:${rng.hex(8)},vendor=t61rcWkgMzE`,
          };
    const links =
      earlier && n % 5 === 0
        ? [
            { context: earlier, attributes: { reason: 'same session', visits: n } },
            { context: earlier },
            { context: earlier },
          ]
        : [];
    const id = 100 + rng.int(900);
    const options = {
      kind: SpanKind.SERVER,
      links,
      attributes: {
        'http.request.method': 'GET',
        'url.path': `/product/${id}`,
        'user.id': user,
        'client.address': ip(),
      },
    };
    await inSpan(
      tracer,
      'GET /product/:id',
      options,
      async (span) => {
        earlier = span.spanContext();
        log.info(`→ GET /product/${id} from ${ip()} "${rng.pick(AGENTS)}"`, {
          'http.request.method': 'GET',
          'url.path': `/product/${id}`,
          'user.id': user,
        });
        if (user)
          log.info(`Session ${rng.hex(16)} started for user ${user}, locale ${locale}`, {
            'session.new': true,
            locale,
          });
        sessions.add(1, { locale });
        const flags = { darkMode: rng.chance(0.5), checkoutV2: rng.chance(0.5), limit: rng.int(10) };
        log.debug(`Feature flags for ${user || 'anonymous'}: ${JSON.stringify(flags)}`, { 'feature.flags': flags });
        const took = ms(20) / 1000;
        await inSpan(
          tracer,
          'POST catalog',
          { kind: SpanKind.CLIENT, attributes: { 'server.address': 'catalog', 'server.port': 8080 } },
          () => post(catalogPort, '/product', { id, locale }),
        );
        requests.record(took, { 'server.address': 'catalog' });
        if (rng.chance(0.3))
          await post(catalogPort, '/search', { q: rng.pick(['blue mug', 'socken größe 42', '抹茶', 'usb c 2m']) });
        const page = ms(35);
        render.record(rng.chance(0.05) ? 0 : page, { locale });
        log.debug(
          `Rendered template ${rng.pick(['product', 'home', 'cart'])}.html in ${page} ms (${rng.int(90000)} bytes)`,
          { duration_ms: page },
        );
        for (let event = 0; event < 4 && n % 7 === 0; event++) span.addEvent(`paint ${event}`, { ms: page * event }); // one over the limit
        if (n % 11 === 0)
          for (let header = 0; header < 14; header++)
            span.setAttribute(`http.request.header.x-${header}`, [`${header}`]); // over the limit
        if (rng.chance(0.2))
          log.warn(
            `Retrying http://checkout:8080/orders after ${2 ** rng.int(6) * 100} ms (attempt ${1 + rng.int(3)})`,
            { 'retry.attempt': 1 + rng.int(3) },
          );
        if (rng.chance(0.5)) {
          const order = await inSpan(
            tracer,
            'POST checkout',
            { kind: SpanKind.CLIENT, attributes: { 'server.address': 'checkout', 'server.port': 8080, items: [id] } },
            () => post(checkoutPort, '/orders', { id }),
          );
          rum.raw({
            severityNumber: SeverityNumber.INFO,
            eventName: 'purchase',
            context: context.active(),
            body: { order: order.order, status: order.status, elapsed: ms(900) },
            attributes: { 'page.url': `https://shop.example/cart?step=${rng.int(4)}`, screen: [1920, 1080] },
          });
        }
        if (rng.chance(0.1)) {
          try {
            null.price; // a fault as they happen
          } catch (error) {
            log.error(
              `Unhandled error in route /product/:id: ${error.message}`,
              { 'http.route': '/product/:id' },
              error,
            );
            span.recordException(error);
            span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
          }
        } else if (rng.chance(0.2)) span.setStatus({ code: SpanStatusCode.OK });
        visits.add(1, { locale, returning: Boolean(user) });
        sessions.add(-1, { locale });
      },
      propagation.extract(context.active(), incoming),
    );
  }

  function background(n) {
    const late = ms(30);
    lag.record(late, { phase: 'timers' });
    sys.debug(`Client metrics flush: ${rng.int(40)} events, ${rng.pick([0, 0, 0, 2])} dropped`, {
      'buffer.size': rng.int(512),
      'buffer.load': rng.next(),
    });
    if (late > 40) sys.warn(`Event loop lag ${late} ms exceeded 40 ms`, { lag: late });
    if (rng.chance(0.5))
      sys.info(`WebSocket ws-${rng.hex(8)} closed with code ${rng.pick([1000, 1001, 1006])} after ${rng.int(600)} s`, {
        'ws.clean': rng.chance(0.8),
      });
    if (rng.chance(0.4))
      rum.raw({
        severityText: 'log',
        body: `page_view path=/home referrer="" width=${320 + rng.int(1600)} dnt=${rng.chance(0.2)}`,
        eventName: 'page_view',
        attributes: { 'browser.brands': ['Firefox', ''], 'browser.mobile': rng.chance(0.4) },
      });
    if (rng.chance(0.3))
      sys.raw({
        body: `level=${rng.pick(['info', 'warn'])} ts=${Math.floor(Date.now() / 1000)} component=ssr msg="hydration mismatch" node=#app-${rng.int(50)}`,
      });
    if (rng.chance(0.04))
      sys.fatal(`Out of memory: heap used ${900 + rng.int(124)} MB of 1024 MB`, {
        'heap.used': 2 ** 30 - rng.int(10 ** 6),
      });
    if (rng.chance(0.06)) {
      const headers = Object.fromEntries(
        Array.from({ length: 20 }, (_, i) => [`http.request.header.x-${i}`, [`${i}`]]),
      ); // four over the limit
      sys.raw({
        severityNumber: SeverityNumber.WARN2,
        body: `Refused request with 20 headers, cookie too long`,
        attributes: { cookie: 'sid='.padEnd(1500, rng.hex(8)), ...headers },
      });
    }
  }

  for (let n = 0; n < VISITS; n++) {
    await visit(n);
    background(n);
    for (const port of [catalogPort, checkoutPort, paymentPort]) await post(port, '/tick');
    if ((n + 1) % (VISITS / 4) === 0) {
      await flushAll();
      for (const port of [catalogPort, checkoutPort, paymentPort])
        await post(port, n < VISITS - 1 ? '/flush' : '/quit');
    }
  }
  process.exit(0);
}

const VISITS = Number(process.env.SHOP_VISITS ?? 100); // a multiple of 4: so often all export what they have
await { catalog, frontend }[role]();
