use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::text::Text;
use super::values::{Attribute, Values};
use crate::rng::Rng;

/// Attributes of a span, each with the share of spans that have it.
type Attributes = &'static [(&'static str, f64, Values)];

const SERVER: Attributes = &[
    (
        "http.request.method",
        1.0,
        Values::Texts(&["GET", "POST", "GET", "PUT", "DELETE"]),
    ),
    (
        "http.route",
        0.95,
        Values::Texts(&[
            "/api/v1/orders/{id}",
            "/api/v1/cart/items",
            "/api/v1/products/{sku}",
            "/api/v1/users/{id}/addresses",
            "/internal/v2/quotes/{id}",
        ]),
    ),
    (
        "url.path",
        1.0,
        Values::Texts(&[
            "/api/v1/orders/{d8}",
            "/api/v1/cart/items",
            "/api/v1/products/SKU-{d4}",
            "/api/v1/users/{user}/addresses",
            "/internal/v2/quotes/{x8}",
        ]),
    ),
    ("url.scheme", 1.0, Values::Texts(&["https", "http"])),
    (
        "server.address",
        0.9,
        Values::Texts(&["shop.acme.dev", "payment.shop.svc.cluster.local"]),
    ),
    ("server.port", 0.7, Values::Integers(&[443, 8080])),
    (
        "http.response.status_code",
        1.0,
        Values::Integers(&[200, 200, 201, 204, 304, 404]),
    ),
    ("client.address", 0.9, Values::Texts(&["{ip}"])),
    ("network.peer.address", 0.9, Values::Texts(&["{ip}"])),
    ("network.peer.port", 0.9, Values::Below(60_000)),
    (
        "network.protocol.version",
        1.0,
        Values::Texts(&["1.1", "2"]),
    ),
    (
        "user_agent.original",
        0.9,
        Values::Texts(&[
            "okhttp/4.12.0",
            "Java-http-client/21.0.7",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
        ]),
    ),
    ("enduser.id", 0.3, Values::Texts(&["{user}"])),
    ("thread.id", 1.0, Values::Below(200)),
    (
        "thread.name",
        1.0,
        Values::Texts(&["http-nio-8080-exec-{d2}"]),
    ),
];

const CLIENT: Attributes = &[
    ("http.request.method", 1.0, Values::Texts(&["GET", "POST"])),
    (
        "url.full",
        1.0,
        Values::Texts(&[
            "http://inventory.shop.svc.cluster.local:8080/internal/v2/stock/SKU-{d4}",
            "http://payment.shop.svc.cluster.local:8080/v1/charges/{x16}",
            "http://catalog.shop.svc.cluster.local:8080/api/v1/products/SKU-{d4}",
        ]),
    ),
    (
        "server.address",
        1.0,
        Values::Texts(&[
            "inventory.shop.svc.cluster.local",
            "payment.shop.svc.cluster.local",
            "catalog.shop.svc.cluster.local",
        ]),
    ),
    ("server.port", 1.0, Values::Integers(&[8080])),
    (
        "http.response.status_code",
        0.98,
        Values::Integers(&[200, 200, 201, 404, 503]),
    ),
    ("network.protocol.version", 1.0, Values::Texts(&["1.1"])),
    ("http.request.resend_count", 0.05, Values::Below(3)),
    ("thread.id", 1.0, Values::Below(200)),
    (
        "thread.name",
        1.0,
        Values::Texts(&["http-nio-8080-exec-{d2}"]),
    ),
    ("network.peer.address", 0.95, Values::Texts(&["{ip}"])),
    ("network.peer.port", 0.95, Values::Below(60_000)),
    ("url.scheme", 1.0, Values::Texts(&["http"])),
    (
        "peer.service",
        0.9,
        Values::Texts(&["inventory", "payment", "catalog"]),
    ),
];

const DATABASE: Attributes = &[
    ("db.system.name", 1.0, Values::Texts(&["postgresql"])),
    ("db.namespace", 1.0, Values::Texts(&["shop", "stock"])),
    (
        "db.operation.name",
        1.0,
        Values::Texts(&["SELECT", "UPDATE", "INSERT"]),
    ),
    (
        "db.query.text",
        1.0,
        Values::Texts(&[
            "select o.id, o.customer_id, o.state, o.total from orders o where o.customer_id = ? order by o.created_at desc limit ?",
            "update stock set reserved = reserved + ? where sku = ? and warehouse = ?",
            "insert into order_items (order_id, sku, quantity, price) values (?, ?, ?, ?)",
        ]),
    ),
    (
        "server.address",
        1.0,
        Values::Texts(&["postgres-primary.shop.svc.cluster.local"]),
    ),
    ("server.port", 1.0, Values::Integers(&[5432])),
    ("db.response.returned_rows", 0.5, Values::Below(40)),
    ("thread.id", 1.0, Values::Below(200)),
    (
        "thread.name",
        1.0,
        Values::Texts(&["http-nio-8080-exec-{d2}"]),
    ),
    ("network.peer.address", 0.95, Values::Texts(&["{ip}"])),
    ("network.peer.port", 0.95, Values::Below(60_000)),
];

const CACHE: Attributes = &[
    ("db.system.name", 1.0, Values::Texts(&["redis"])),
    (
        "db.query.text",
        1.0,
        Values::Texts(&[
            "GET session:{x16}",
            "HGETALL cart:{x16}",
            "SETEX quote:{x8} 60 ?",
        ]),
    ),
    ("server.address", 1.0, Values::Texts(&["redis-master"])),
    ("server.port", 1.0, Values::Integers(&[6379])),
    ("cache.hit", 0.6, Values::Boolean(0.8)),
    ("thread.id", 1.0, Values::Below(200)),
    ("network.peer.address", 0.95, Values::Texts(&["{ip}"])),
    ("network.peer.port", 0.95, Values::Below(60_000)),
    (
        "db.operation.name",
        1.0,
        Values::Texts(&["GET", "HGETALL", "SETEX"]),
    ),
    (
        "thread.name",
        1.0,
        Values::Texts(&["lettuce-nioEventLoop-{d1}"]),
    ),
];

const INTERNAL: Attributes = &[
    (
        "code.function.name",
        1.0,
        Values::Texts(&[
            "com.acme.shop.OrderService.place",
            "com.acme.shop.CartController.add",
            "com.acme.shop.pricing.Engine.quote",
        ]),
    ),
    ("shop.order.total", 0.4, Values::Double(400.0)),
    ("shop.order.items", 0.4, Values::Below(12)),
    (
        "feature_flag.key",
        0.2,
        Values::Texts(&["new-checkout", "eu-pricing"]),
    ),
    (
        "tenant.id",
        0.8,
        Values::Texts(&["acme-retail", "globex", "initech", "umbrella-eu"]),
    ),
    ("thread.id", 1.0, Values::Below(200)),
    (
        "thread.name",
        1.0,
        Values::Texts(&["http-nio-8080-exec-{d2}"]),
    ),
    (
        "code.file.path",
        0.9,
        Values::Texts(&[
            "com/acme/shop/OrderService.java",
            "com/acme/shop/CartController.java",
        ]),
    ),
    ("code.line.number", 0.9, Values::Integers(&[118, 74, 231])),
    ("enduser.id", 0.6, Values::Texts(&["{user}"])),
    ("session.id", 0.3, Values::Texts(&["{x16}"])),
];

const PRODUCER: Attributes = &[
    ("messaging.system", 1.0, Values::Texts(&["kafka"])),
    ("messaging.operation.type", 1.0, Values::Texts(&["send"])),
    (
        "messaging.destination.name",
        1.0,
        Values::Texts(&["orders.placed", "stock.changed"]),
    ),
    (
        "messaging.client.id",
        1.0,
        Values::Texts(&["producer-{d1}"]),
    ),
    ("messaging.kafka.offset", 0.9, Values::Below(10_000_000)),
    (
        "messaging.destination.partition.id",
        0.9,
        Values::Texts(&["{d1}"]),
    ),
    (
        "messaging.kafka.message.key",
        0.7,
        Values::Texts(&["{uuid}"]),
    ),
    ("thread.id", 1.0, Values::Below(200)),
    ("thread.name", 1.0, Values::Texts(&["kafka-worker-{d1}"])),
    (
        "server.address",
        1.0,
        Values::Texts(&["kafka-0.kafka.svc.cluster.local"]),
    ),
];

const CONSUMER: Attributes = &[
    ("messaging.system", 1.0, Values::Texts(&["kafka"])),
    ("messaging.operation.type", 1.0, Values::Texts(&["process"])),
    (
        "messaging.destination.name",
        1.0,
        Values::Texts(&["orders.placed", "stock.changed"]),
    ),
    (
        "messaging.consumer.group.name",
        1.0,
        Values::Texts(&["order-projector", "mailer"]),
    ),
    ("messaging.kafka.offset", 1.0, Values::Below(10_000_000)),
    ("messaging.message.body.size", 1.0, Values::Below(4_000)),
    (
        "messaging.destination.partition.id",
        1.0,
        Values::Texts(&["{d1}"]),
    ),
    ("thread.id", 1.0, Values::Below(200)),
    ("thread.name", 1.0, Values::Texts(&["kafka-worker-{d1}"])),
    (
        "server.address",
        1.0,
        Values::Texts(&["kafka-0.kafka.svc.cluster.local"]),
    ),
];

/// A kind of work that is recorded as a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// An incoming request.
    Server,
    /// A request to another service.
    Client,
    Database,
    Cache,
    /// Work between the requests.
    Internal,
    /// A message that is sent.
    Producer,
    /// A message that is received.
    Consumer,
}

/// The spans of one step.
pub(super) struct Operation {
    /// Span names as the instrumentation writes them, the more frequent ones first.
    names: Vec<Text>,
    pub(super) kind: SpanKind,
    /// The instrumentation scope and its version.
    pub(super) scope: (&'static str, &'static str),
    pub(super) attributes: Vec<Attribute>,
}

impl Operation {
    pub(super) fn new(step: Step) -> Self {
        let (kind, scope, attributes, names): (_, _, _, &'static [&'static str]) = match step {
            Step::Server => (
                SpanKind::Server,
                ("io.opentelemetry.tomcat-10.0", "2.21.0-alpha"),
                SERVER,
                &[
                    "GET /api/v1/products/:sku",
                    "POST /api/v1/cart/items",
                    "GET /api/v1/orders/:id",
                    "POST /internal/v2/quotes",
                ],
            ),
            Step::Client => (
                SpanKind::Client,
                ("io.opentelemetry.java-http-client", "2.21.0-alpha"),
                CLIENT,
                &["GET", "POST"],
            ),
            Step::Database => (
                SpanKind::Client,
                ("io.opentelemetry.jdbc", "2.21.0-alpha"),
                DATABASE,
                &[
                    "SELECT shop.orders",
                    "UPDATE stock",
                    "INSERT shop.order_items",
                ],
            ),
            Step::Cache => (
                SpanKind::Client,
                ("io.opentelemetry.lettuce-5.1", "2.21.0-alpha"),
                CACHE,
                &["GET", "HGETALL", "SETEX"],
            ),
            Step::Internal => (
                SpanKind::Internal,
                ("com.acme.shop", ""),
                INTERNAL,
                &["OrderService.place", "CartController.add", "Engine.quote"],
            ),
            Step::Producer => (
                SpanKind::Producer,
                ("io.opentelemetry.kafka-clients-2.6", "2.21.0-alpha"),
                PRODUCER,
                &["orders.placed publish", "stock.changed publish"],
            ),
            Step::Consumer => (
                SpanKind::Consumer,
                ("io.opentelemetry.kafka-clients-2.6", "2.21.0-alpha"),
                CONSUMER,
                &["orders.placed process", "stock.changed process"],
            ),
        };
        Self {
            names: names.iter().map(|name| Text::parse(name)).collect(),
            kind,
            scope,
            attributes: attributes
                .iter()
                .map(|(key, share, values)| Attribute::new(key, *share, values))
                .collect(),
        }
    }

    pub(super) fn name(&self, rng: &mut Rng) -> String {
        self.names[rng.skewed(self.names.len())].draw(rng)
    }
}
