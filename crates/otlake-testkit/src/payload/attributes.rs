use opentelemetry_proto::tonic::common::v1::KeyValue;

use super::shape::Shape;
use super::values::{self, Attribute, Values};
use crate::rng::Rng;

/// Names and values of record attributes, in the order in which a record carries them. The second
/// column is how often a record has the attribute, before scaling to the average that the shape
/// asks for.
///
/// A shape uses the first n names, so the most common attributes come first.
const CATALOGUE: [(&str, f64, Values); 57] = [
    (
        "thread.name",
        0.95,
        Values::Texts(&[
            "http-nio-8080-exec-{d1}",
            "scheduling-1",
            "kafka-consumer-{d1}",
            "ForkJoinPool-worker-{d1}",
        ]),
    ),
    (
        "logger.name",
        0.9,
        Values::Texts(&[
            "com.acme.shop.web.RequestLog",
            "com.acme.shop.OrderService",
            "com.acme.shop.http.Client",
            "org.hibernate.SQL",
            "com.acme.shop.StockRepository",
            "com.acme.shop.events.Publisher",
            "org.apache.kafka.clients.NetworkClient",
        ]),
    ),
    (
        "http.request.method",
        0.55,
        Values::Texts(&["GET", "POST", "GET", "PUT", "DELETE", "PATCH"]),
    ),
    (
        "http.route",
        0.5,
        Values::Texts(&[
            "/api/v1/orders/{id}",
            "/api/v1/cart/items",
            "/api/v1/products/{sku}",
            "/api/v1/search",
            "/api/v1/users/{id}/addresses",
            "/healthz",
            "/api/v1/checkout",
            "/internal/v2/quotes/{id}",
        ]),
    ),
    (
        "url.path",
        0.45,
        Values::Texts(&[
            "/api/v1/orders/{d8}",
            "/api/v1/cart/items",
            "/api/v1/products/SKU-{d4}",
            "/api/v1/search",
            "/api/v1/users/{user}/addresses",
            "/healthz",
            "/api/v1/checkout",
        ]),
    ),
    (
        "server.address",
        0.5,
        Values::Texts(&[
            "shop.acme.dev",
            "payment.shop.svc.cluster.local",
            "catalog.shop.svc.cluster.local",
            "inventory.shop.svc.cluster.local",
        ]),
    ),
    (
        "http.response.status_code",
        0.4,
        Values::Integers(&[200, 200, 200, 201, 204, 304, 404, 400, 500, 503]),
    ),
    ("client.address", 0.35, Values::Texts(&["{ip}:{d5}"])),
    ("enduser.id", 0.4, Values::Texts(&["{user}"])),
    (
        "code.function.name",
        0.45,
        Values::Texts(&[
            "com.acme.shop.OrderService.place",
            "com.acme.shop.CartController.add",
            "com.acme.shop.http.Client.send",
            "com.acme.shop.StockRepository.reserve",
            "com.acme.shop.events.Publisher.publish",
            "com.acme.shop.pricing.Engine.quote",
        ]),
    ),
    (
        "code.file.path",
        0.3,
        Values::Texts(&[
            "OrderService.java",
            "CartController.java",
            "Client.java",
            "StockRepository.java",
            "Publisher.java",
        ]),
    ),
    (
        "code.line.number",
        0.25,
        Values::Integers(&[118, 74, 231, 59, 402, 87, 145, 33]),
    ),
    ("request.id", 0.35, Values::Texts(&["{uuid}"])),
    ("session.id", 0.25, Values::Texts(&["{x16}"])),
    (
        "tenant.id",
        0.45,
        Values::Texts(&[
            "acme-retail",
            "globex",
            "initech",
            "umbrella-eu",
            "hooli",
            "stark-ind",
        ]),
    ),
    ("messaging.message.id", 0.3, Values::Texts(&["{uuid}"])),
    (
        "log.iostream",
        0.5,
        Values::Texts(&["stdout", "stdout", "stdout", "stderr"]),
    ),
    (
        "user_agent.original",
        0.2,
        Values::Texts(&[
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
            "okhttp/4.12.0",
            "kube-probe/1.31",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)",
            "python-requests/2.32.3",
        ]),
    ),
    ("event.duration_ms", 0.3, Values::Double(900.0)),
    (
        "db.system.name",
        0.25,
        Values::Texts(&["postgresql", "redis", "postgresql"]),
    ),
    (
        "db.operation.name",
        0.25,
        Values::Texts(&["SELECT", "UPDATE", "INSERT", "GET", "HSET"]),
    ),
    ("cache.hit", 0.15, Values::Boolean(0.8)),
    (
        "messaging.destination.name",
        0.25,
        Values::Texts(&["orders.placed", "stock.changed", "payments.settled"]),
    ),
    (
        "feature_flag.key",
        0.15,
        Values::Texts(&["new-checkout", "fast-search", "eu-pricing"]),
    ),
    ("order.id", 0.25, Values::Texts(&["ord-{d8}"])),
    (
        "error.type",
        0.12,
        Values::Texts(&[
            "java.net.SocketTimeoutException",
            "com.acme.shop.StockException",
            "java.lang.IllegalStateException",
        ]),
    ),
    ("retry.count", 0.15, Values::Below(6)),
    (
        "network.protocol.version",
        0.3,
        Values::Texts(&["1.1", "2", "1.1"]),
    ),
    (
        "component",
        0.4,
        Values::Texts(&[
            "web",
            "repository",
            "client",
            "events",
            "pricing",
            "scheduler",
        ]),
    ),
    // The rest is for shapes with more names.
    ("thread.id", 0.5, Values::Below(64)),
    (
        "server.port",
        0.5,
        Values::Integers(&[8080, 443, 5432, 9092]),
    ),
    (
        "http.response.body.size",
        0.45,
        Values::Integers(&[2, 512, 1_480, 96, 8_192]),
    ),
    (
        "network.peer.port",
        0.4,
        Values::Integers(&[8080, 443, 6379]),
    ),
    ("db.response.returned_rows", 0.4, Values::Below(12)),
    ("messaging.kafka.partition", 0.4, Values::Below(12)),
    ("http.request.resend_count", 0.4, Values::Below(4)),
    ("enduser.authenticated", 0.5, Values::Boolean(0.9)),
    ("session.is_new", 0.4, Values::Boolean(0.1)),
    ("queue.depth", 0.4, Values::Below(9)),
    (
        "url.full",
        0.9,
        Values::Texts(&[
            "https://shop.acme.dev/api/v1/orders?expand=items,customer,payments&page=1&per_page=50",
            "https://shop.acme.dev/api/v1/search?sort=relevance&currency=EUR&language=de",
            "http://inventory.shop.svc.cluster.local:8080/internal/v2/stock?warehouse=FRA1",
            "http://payment.shop.svc.cluster.local:8080/v1/charges",
        ]),
    ),
    (
        "process.command_line",
        0.9,
        Values::Texts(&[
            "java -XX:MaxRAMPercentage=75 -jar /opt/app/app.jar --spring.profiles.active=production",
        ]),
    ),
    ("url.scheme", 0.5, Values::Texts(&["https", "http"])),
    (
        "log.file.name",
        0.5,
        Values::Texts(&["app.log", "access.log", "audit.log"]),
    ),
    ("k8s.container.restart_count", 0.3, Values::Below(3)),
    (
        "http.request.header.x_forwarded_for",
        0.25,
        Values::Texts(&["{ip}, {ip}"]),
    ),
    (
        "exception.type",
        0.2,
        Values::Texts(&[
            "java.net.SocketTimeoutException",
            "org.postgresql.util.PSQLException",
            "java.io.IOException",
        ]),
    ),
    (
        "exception.message",
        0.15,
        Values::Texts(&[
            "Read timed out after {d4} ms",
            "could not serialize access due to concurrent update",
            "Connection reset",
        ]),
    ),
    ("messaging.kafka.offset", 0.2, Values::Below(10_000_000)),
    (
        "messaging.consumer.group.name",
        0.25,
        Values::Texts(&["order-projector", "stock-sync", "mailer"]),
    ),
    (
        "geo.country.iso_code",
        0.35,
        Values::Texts(&["DE", "FR", "NL", "AT", "PL", "ES", "IT", "CZ"]),
    ),
    (
        "payment.provider",
        0.2,
        Values::Texts(&["stripe", "adyen", "paypal"]),
    ),
    (
        "job.name",
        0.2,
        Values::Texts(&[
            "reindex-catalog",
            "expire-carts",
            "settle-payments",
            "rotate-keys",
        ]),
    ),
    ("http.request.body.size", 0.3, Values::Below(40_000)),
    (
        "db.query.summary",
        0.25,
        Values::Texts(&[
            "SELECT orders",
            "UPDATE stock",
            "INSERT order_items",
            "SELECT products JOIN prices",
        ]),
    ),
    ("cart.total", 0.2, Values::Double(400.0)),
    ("sampled", 0.3, Values::Boolean(0.1)),
    (
        "build.commit",
        0.4,
        Values::Texts(&["8d1f0a6c", "5be07712", "f09a3c44"]),
    ),
];

/// The attributes that records of one service can have.
pub(super) struct Attributes {
    attributes: Vec<Attribute>,
}

impl Attributes {
    /// Returns the attributes of service number `service`.
    pub(super) fn new(service: usize, shape: &Shape) -> Self {
        // Independent of the payload's seed: the code of a service determines its attributes.
        let mut rng = Rng::new(0xa77 + service as u64);
        let mut attributes: Vec<Attribute> = CATALOGUE
            .iter()
            .take(shape.attribute_names)
            // A service uses only some of the system's names, so that names change with the
            // resource, too.
            .filter(|(_, share, _)| *share >= 0.4 || rng.chance(0.7))
            .map(|(key, share, values)| {
                let mut attribute = Attribute::new(key, *share, values);
                if attribute.hardly_repeats() {
                    attribute.share *= shape.high_cardinality;
                }
                attribute
            })
            .collect();
        scale(
            &mut attributes,
            true,
            shape.log_attributes * shape.string_share,
        );
        scale(
            &mut attributes,
            false,
            shape.log_attributes * (1.0 - shape.string_share),
        );
        Self { attributes }
    }

    /// Draws the attributes of one record.
    pub(super) fn draw(&self, rng: &mut Rng) -> Vec<KeyValue> {
        values::draw(&self.attributes, rng)
    }
}

/// Scales the shares of the strings, or of all others, so that a record has `wanted` of them on
/// average.
fn scale(attributes: &mut [Attribute], strings: bool, wanted: f64) {
    /// Even attributes that every record should have are missing in some.
    const MOST: f64 = 0.98;
    let expected = |attributes: &[Attribute], factor: f64| -> f64 {
        attributes
            .iter()
            .filter(|attribute| attribute.is_string() == strings)
            .map(|attribute| (attribute.share * factor).min(MOST))
            .sum()
    };
    // The sum grows with the factor, so bisection finds it. Sixty halvings exhaust the precision of
    // a double.
    let (mut low, mut high) = (0.0, 1_000.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if expected(attributes, middle) < wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    for attribute in attributes
        .iter_mut()
        .filter(|attribute| attribute.is_string() == strings)
    {
        attribute.share = (attribute.share * high).min(MOST);
    }
}
