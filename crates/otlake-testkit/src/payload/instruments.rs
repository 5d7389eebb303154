use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;

use super::resources::key_value;

/// The kind of points of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Points {
    /// Doubles, unchanged.
    Gauge,
    /// Integers that only grow.
    Counter,
    /// Integers that rise and fall.
    UpDownCounter,
    /// Histogram with the bounds that the semantic conventions give for durations.
    Histogram,
    ExponentialHistogram,
    Summary,
}

/// A value of an attribute.
#[derive(Clone, Copy, Debug)]
enum Choices {
    Texts(&'static [&'static str]),
    Integers(&'static [i64]),
}
use Choices::{Integers, Texts};

/// Something that a service measures.
#[derive(Debug)]
pub(super) struct Instrument {
    pub(super) scope: (&'static str, &'static str),
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) unit: &'static str,
    pub(super) points: Points,
    /// The number of attribute combinations in use, out of all possible ones.
    pub(super) series: usize,
    attributes: &'static [(&'static str, Choices)],
}

impl Instrument {
    /// Returns the attributes of series number `series`. No two series have the same.
    pub(super) fn attributes(&self, mut series: usize) -> Vec<KeyValue> {
        let mut attributes = Vec::with_capacity(self.attributes.len());
        for (key, choices) in self.attributes {
            let (value, len) = match choices {
                Texts(texts) => (
                    Value::StringValue(texts[series % texts.len()].to_owned()),
                    texts.len(),
                ),
                Integers(integers) => (
                    Value::IntValue(integers[series % integers.len()]),
                    integers.len(),
                ),
            };
            series /= len;
            attributes.push(key_value(key, value));
        }
        attributes
    }
}

const RUNTIME: (&str, &str) = ("io.opentelemetry.runtime-telemetry-java17", "2.21.0-alpha");
const TOMCAT: (&str, &str) = ("io.opentelemetry.tomcat-10.0", "2.21.0-alpha");
const HIKARI: (&str, &str) = ("io.opentelemetry.hikaricp-3.0", "2.21.0-alpha");
const KAFKA: (&str, &str) = ("io.opentelemetry.kafka-clients-2.6", "2.21.0-alpha");
const SHOP: (&str, &str) = ("com.acme.shop", "");

const POOLS: Choices = Texts(&[
    "G1 Eden Space",
    "G1 Old Gen",
    "G1 Survivor Space",
    "Metaspace",
    "Compressed Class Space",
    "CodeHeap 'profiled nmethods'",
]);
const MEMORY: Choices = Texts(&["heap", "non_heap"]);
const ROUTES: Choices = Texts(&[
    "/api/v1/orders/{id}",
    "/api/v1/cart/items",
    "/api/v1/products/{sku}",
    "/api/v1/search",
    "/api/v1/checkout",
]);
const METHODS: Choices = Texts(&["GET", "POST", "PUT"]);
const STATUSES: Choices = Integers(&[200, 404, 500]);
const TENANTS: Choices = Texts(&["acme-retail", "globex", "initech", "umbrella-eu"]);
const TOPICS: Choices = Texts(&["orders.placed", "stock.changed", "payments.settled"]);

/// All instruments, in the order in which a service exports them, scope by scope.
pub(super) const INSTRUMENTS: [Instrument; 23] = [
    Instrument {
        scope: RUNTIME,
        name: "jvm.memory.used",
        description: "Measure of memory used.",
        unit: "By",
        points: Points::UpDownCounter,
        series: 7,
        attributes: &[
            ("jvm.memory.pool.name", POOLS),
            ("jvm.memory.type", MEMORY),
            ("jvm.gc.name", Texts(&["G1"])),
        ],
    },
    Instrument {
        scope: RUNTIME,
        name: "jvm.memory.committed",
        description: "Measure of memory committed.",
        unit: "By",
        points: Points::UpDownCounter,
        series: 7,
        attributes: &[
            ("jvm.memory.pool.name", POOLS),
            ("jvm.memory.type", MEMORY),
            ("jvm.gc.name", Texts(&["G1"])),
        ],
    },
    Instrument {
        scope: RUNTIME,
        name: "jvm.memory.used_after_last_gc",
        description: "Measure of memory used after the most recent garbage collection event on this pool.",
        unit: "By",
        points: Points::UpDownCounter,
        series: 4,
        attributes: &[
            ("jvm.memory.pool.name", POOLS),
            ("jvm.memory.type", MEMORY),
            ("jvm.gc.name", Texts(&["G1"])),
        ],
    },
    Instrument {
        scope: RUNTIME,
        name: "jvm.gc.duration",
        description: "Duration of JVM garbage collection actions.",
        unit: "s",
        points: Points::ExponentialHistogram,
        series: 4,
        attributes: &[
            (
                "jvm.gc.action",
                Texts(&["end of minor GC", "end of major GC"]),
            ),
            (
                "jvm.gc.name",
                Texts(&["G1 Young Generation", "G1 Old Generation"]),
            ),
        ],
    },
    Instrument {
        scope: RUNTIME,
        name: "jvm.thread.count",
        description: "Number of executing platform threads.",
        unit: "{thread}",
        points: Points::UpDownCounter,
        series: 6,
        attributes: &[
            (
                "jvm.thread.state",
                Texts(&["runnable", "waiting", "timed_waiting", "blocked"]),
            ),
            ("jvm.thread.daemon", Texts(&["true", "false"])),
        ],
    },
    Instrument {
        scope: RUNTIME,
        name: "jvm.class.count",
        description: "Number of classes currently loaded.",
        unit: "{class}",
        points: Points::UpDownCounter,
        series: 1,
        attributes: &[],
    },
    Instrument {
        scope: RUNTIME,
        name: "jvm.cpu.recent_utilization",
        description: "Recent CPU utilization for the process as reported by the JVM.",
        unit: "1",
        points: Points::Gauge,
        series: 1,
        attributes: &[],
    },
    Instrument {
        scope: RUNTIME,
        name: "system.cpu.utilization",
        description: "Share of the time that each logical CPU spent in a mode.",
        unit: "1",
        points: Points::Gauge,
        series: 16,
        attributes: &[
            ("cpu.mode", Texts(&["user", "system", "idle", "iowait"])),
            ("cpu.logical_number", Integers(&[0, 1, 2, 3])),
        ],
    },
    Instrument {
        scope: RUNTIME,
        name: "system.filesystem.utilization",
        description: "Fraction of filesystem bytes used.",
        unit: "1",
        points: Points::Gauge,
        series: 6,
        attributes: &[
            (
                "system.filesystem.mountpoint",
                Texts(&["/", "/tmp", "/var/lib/data"]),
            ),
            ("system.filesystem.type", Texts(&["ext4", "tmpfs"])),
            ("system.device", Texts(&["/dev/nvme0n1p1"])),
            ("system.filesystem.mode", Texts(&["rw"])),
            ("system.filesystem.state", Texts(&["used", "free"])),
        ],
    },
    Instrument {
        scope: TOMCAT,
        name: "http.server.request.duration",
        description: "Duration of HTTP server requests.",
        unit: "s",
        points: Points::Histogram,
        series: 25,
        attributes: &[
            ("http.route", ROUTES),
            ("http.request.method", METHODS),
            ("http.response.status_code", STATUSES),
            ("network.protocol.version", Texts(&["1.1"])),
            ("url.scheme", Texts(&["https"])),
            ("server.address", Texts(&["shop.acme.dev"])),
        ],
    },
    Instrument {
        scope: TOMCAT,
        name: "http.server.active_requests",
        description: "Number of active HTTP server requests.",
        unit: "{request}",
        points: Points::UpDownCounter,
        series: 3,
        attributes: &[
            ("http.request.method", METHODS),
            ("url.scheme", Texts(&["https"])),
        ],
    },
    Instrument {
        scope: TOMCAT,
        name: "http.server.response.body.size",
        description: "Size of HTTP server response bodies.",
        unit: "By",
        points: Points::ExponentialHistogram,
        series: 11,
        attributes: &[
            ("http.route", ROUTES),
            ("http.request.method", METHODS),
            ("http.response.status_code", STATUSES),
        ],
    },
    Instrument {
        scope: HIKARI,
        name: "db.client.connection.count",
        description: "The number of connections that are currently in state described by the state attribute.",
        unit: "{connection}",
        points: Points::UpDownCounter,
        series: 4,
        attributes: &[
            ("db.client.connection.state", Texts(&["idle", "used"])),
            (
                "db.client.connection.pool.name",
                Texts(&["HikariPool-1", "HikariPool-2"]),
            ),
        ],
    },
    Instrument {
        scope: HIKARI,
        name: "db.client.operation.duration",
        description: "Duration of database client operations.",
        unit: "s",
        points: Points::Histogram,
        series: 11,
        attributes: &[
            (
                "db.operation.name",
                Texts(&["SELECT", "UPDATE", "INSERT", "DELETE"]),
            ),
            (
                "db.collection.name",
                Texts(&["orders", "order_items", "stock"]),
            ),
            ("db.system.name", Texts(&["postgresql"])),
            ("db.namespace", Texts(&["shop"])),
            (
                "server.address",
                Texts(&["postgres-primary.shop.svc.cluster.local"]),
            ),
        ],
    },
    Instrument {
        scope: HIKARI,
        name: "db.client.connection.timeouts",
        description: "The number of connection timeouts that have occurred trying to obtain a connection from the pool.",
        unit: "{timeout}",
        points: Points::Counter,
        series: 2,
        attributes: &[(
            "db.client.connection.pool.name",
            Texts(&["HikariPool-1", "HikariPool-2"]),
        )],
    },
    Instrument {
        scope: HIKARI,
        name: "db.client.connection.wait_time",
        description: "The time it took to obtain an open connection from the pool.",
        unit: "s",
        points: Points::Histogram,
        series: 2,
        attributes: &[(
            "db.client.connection.pool.name",
            Texts(&["HikariPool-1", "HikariPool-2"]),
        )],
    },
    Instrument {
        scope: KAFKA,
        name: "kafka.consumer.records_consumed_total",
        description: "The total number of records consumed.",
        unit: "1",
        points: Points::Counter,
        series: 9,
        attributes: &[
            ("topic", TOPICS),
            (
                "client-id",
                Texts(&["consumer-order-projector-1", "consumer-stock-sync-2"]),
            ),
            ("partition", Integers(&[0, 1, 2, 3])),
            ("kafka-version", Texts(&["3.9.1"])),
            ("group", Texts(&["order-projector"])),
        ],
    },
    Instrument {
        scope: KAFKA,
        name: "kafka.consumer.records_lag",
        description: "The latest lag of the partition.",
        unit: "1",
        points: Points::Gauge,
        series: 12,
        attributes: &[
            ("topic", TOPICS),
            ("partition", Integers(&[0, 1, 2, 3])),
            ("client-id", Texts(&["consumer-order-projector-1"])),
            ("kafka-version", Texts(&["3.9.1"])),
            ("group", Texts(&["order-projector"])),
        ],
    },
    Instrument {
        scope: SHOP,
        name: "shop.orders.placed",
        description: "Orders that were placed.",
        unit: "{order}",
        points: Points::Counter,
        series: 8,
        attributes: &[
            ("tenant.id", TENANTS),
            ("payment.provider", Texts(&["stripe", "adyen", "paypal"])),
            ("geo.country.iso_code", Texts(&["DE", "FR", "NL", "AT"])),
            ("shop.currency", Texts(&["EUR"])),
            ("shop.channel", Texts(&["web", "app"])),
        ],
    },
    Instrument {
        scope: SHOP,
        name: "shop.cart.items",
        description: "Items that were put into carts.",
        unit: "{item}",
        points: Points::Counter,
        series: 8,
        attributes: &[
            ("tenant.id", TENANTS),
            ("feature_flag.key", Texts(&["new-checkout", "eu-pricing"])),
            ("shop.channel", Texts(&["web", "app"])),
            ("cloud.region", Texts(&["eu-central-1"])),
        ],
    },
    Instrument {
        scope: SHOP,
        name: "shop.price.margin",
        description: "",
        unit: "1",
        points: Points::Gauge,
        series: 4,
        attributes: &[("tenant.id", TENANTS)],
    },
    Instrument {
        scope: SHOP,
        name: "shop.pricing.duration",
        description: "How long a quote takes.",
        unit: "ms",
        points: Points::Summary,
        series: 3,
        attributes: &[
            ("tenant.id", TENANTS),
            ("pricing.rule", Texts(&["list", "contract"])),
        ],
    },
    Instrument {
        scope: SHOP,
        name: "shop.events.published",
        description: "Events that were published.",
        unit: "{event}",
        points: Points::Counter,
        series: 9,
        attributes: &[
            ("messaging.destination.name", TOPICS),
            ("outcome", Texts(&["ok", "retried", "failed"])),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_series_of_an_instrument_are_the_same() {
        for instrument in &INSTRUMENTS {
            let series: Vec<_> = (0..instrument.series)
                .map(|number| instrument.attributes(number))
                .collect();
            for (number, one) in series.iter().enumerate() {
                assert!(!series[..number].contains(one), "{}", instrument.name);
            }
        }
    }
}
