use super::text::Text;
use crate::rng::Rng;

/// The messages of the simulated system.
const MESSAGES: [&str; 60] = [
    "Accepted order {d8} for user {user} with {d1} items",
    "Order {d8} moved from PENDING to CONFIRMED",
    "[{x8}] GET /api/v1/products/SKU-{d5} completed with 200 in {ms} ms",
    "[{x8}] POST /api/v1/orders completed with 201 in {ms} ms",
    "Slow query: SELECT * FROM orders WHERE customer_id = $1 took {ms} ms",
    "Cache miss for key session:{x16}, loading from database",
    "Cache hit for key product:{d8}",
    "Published event OrderPlaced to topic orders.placed partition {d1} offset {d8}",
    "Consumed {d2} records from stock.changed up to offset {d9} in {ms} ms",
    "Payment {uuid} authorized by provider adyen, amount {d3}.{d2} EUR",
    "Payment {uuid} declined: insufficient funds",
    "User {user} logged in from {ip}, session {x16}",
    "User {user} logged out, session {x16}",
    "Failed login attempt for user {name} from {ip}",
    "Token refreshed for session {x16}, expires in {d4} s",
    "Connection to {ip}:{d5} established",
    "Connection to {ip}:6379 refused, retry {d1} of 5",
    "Read timed out after {ms} ms while calling http://payment:8080/v1/charges/{x16}",
    "Circuit breaker 'payment' changed state from CLOSED to OPEN",
    "Circuit breaker 'payment' changed state from OPEN to HALF_OPEN",
    "Reserved {d1} of SKU-{d5} in warehouse FRA{d1}",
    "Stock for SKU-{d5} below threshold: {d2} left",
    "Reindexed {d4} products in {ms} ms",
    "Search for \"{name}\" returned {d3} hits in {ms} ms",
    "Shipment {x16} handed over to carrier dhl",
    "Shipment {x16} delivered after {d2} hours",
    "Sent mail order-confirmation to {name}@example.com",
    "Mail server answered 421, will retry in {d2} s",
    "Starting scheduled job expire-carts",
    "Finished scheduled job expire-carts: {d3} carts removed in {ms} ms",
    "Loaded {d3} feature flags from configuration service",
    "Feature flag new-checkout evaluated to true for tenant acme-retail",
    "Heap usage {d2} % after GC pause of {ms} ms",
    "HikariPool-1 - Pool stats (total={d2}, active={d1}, idle={d1}, waiting={d1})",
    "Health check passed",
    "Readiness probe failed: database not reachable",
    "Deserialization of message at offset {d8} failed, sent to dead letter topic",
    "Rate limit exceeded for client {ip}: {d3} requests in 60 s",
    "Request {x16} rejected: missing header X-Tenant",
    "Validation failed for field 'email': must not be blank",
    "Optimistic lock on order {d8}, attempt {d1}",
    "Quote {x16} calculated: {d3}.{d2} EUR for {d1} parcels",
    "Recommendation model v{d2} scored {d3} candidates for user {user} in {ms} ms",
    "Fraud score {d2} for order {d8}, threshold 80",
    "Order {d8} flagged for manual review by {name}",
    "Refund of {d3}.{d2} EUR for order {d8} issued",
    "Uploaded invoice inv-{d8}.pdf ({d5} bytes) to s3://acme-invoices",
    "Leader election: this instance is now leader for shard {d1}",
    "Rebalancing consumer group order-projector, generation {d3}",
    "Partition stock.changed-{d1} assigned",
    "Closing idle connection {x16} after {d3} s",
    "TLS handshake with {ip} failed: certificate expired",
    "Configuration reloaded from /etc/app/config.yaml, {d1} keys changed",
    "Received SIGTERM, draining {d2} requests",
    "Outbox relay sent {d2} events, {d1} left",
    "Currency rates updated: 1 EUR = 1.{d4} USD",
    "Cart {x16} merged into cart of user {user}",
    "Coupon SUMMER{d2} applied to cart {x16}",
    "Address of user {user} could not be geocoded",
    "Unhandled exception while processing request {x16}",
];

/// Text after a message, in services that write long ones: key=value pairs and stack frames.
const DETAILS: [&str; 14] = [
    " tenant=acme-retail region=eu-central-1",
    " user={user}",
    " duration_ms={ms}",
    " thread=http-nio-8080-exec-{d1}",
    " path=/api/v1/orders status=200",
    " request_id={x8}",
    " upstream={ip}:8080",
    "\n\tat com.acme.shop.OrderService.place(OrderService.java:118)",
    "\n\tat com.acme.shop.web.OrderController.post(OrderController.java:74)",
    "\n\tat java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java:103)",
    "\n\tat org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:885)",
    "\n\tat org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:140)",
    "\n\tat org.apache.tomcat.util.threads.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1190)",
    "\n\tat java.base/java.lang.Thread.run(Thread.java:1583)",
];

/// Number of messages per service. The first ones are the most frequent.
const MESSAGES_PER_SERVICE: usize = 15;

/// The bodies that one service writes.
pub(super) struct Bodies {
    bodies: Vec<Text>,
}

impl Bodies {
    /// Returns the messages of service number `service`, each with enough details that the average
    /// is `bytes` bytes.
    pub(super) fn new(service: usize, bytes: usize) -> Self {
        // Some messages are longer than the requested length, and details are added whole, so the
        // average differs from the length passed on. It grows with that length, so bisection finds
        // the step closest to the wanted average.
        let (mut low, mut high) = (0.0, 4.0 * bytes as f64);
        for _ in 0..24 {
            let middle = (low + high) / 2.0;
            if expected_len(&bodies(service, middle)) < bytes as f64 {
                low = middle;
            } else {
                high = middle;
            }
        }
        let off = |length| (expected_len(&bodies(service, length)) - bytes as f64).abs();
        Self {
            bodies: bodies(service, if off(low) < off(high) { low } else { high }),
        }
    }

    /// Draws the body of one record.
    pub(super) fn draw(&self, rng: &mut Rng) -> String {
        self.bodies[rng.skewed(self.bodies.len())].draw(rng)
    }
}

/// Returns the messages of a service, each about `bytes` long unless it is longer to begin with.
fn bodies(service: usize, bytes: f64) -> Vec<Text> {
    /// Relative lengths: long stack traces next to short lines.
    const LENGTHS: [f64; 5] = [1.0, 1.3, 0.55, 0.75, 1.4];
    (0..MESSAGES_PER_SERVICE)
        .map(|rank| {
            let number = (service * 5 + rank * 7) % MESSAGES.len();
            let mut body = Text::parse(MESSAGES[number]);
            // Details belong to the message and not to the record: a call site always writes the
            // same ones.
            for step in 0.. {
                let detail = Text::parse(DETAILS[(number + step) % DETAILS.len()]);
                if body.expected_len() + detail.expected_len() / 2.0
                    > bytes * LENGTHS[rank % LENGTHS.len()]
                {
                    break;
                }
                body.extend(&detail);
            }
            body
        })
        .collect()
}

/// Returns the average over the records. [`Rng::skewed`] draws from the first `share` of the
/// messages with probability √`share`.
fn expected_len(bodies: &[Text]) -> f64 {
    let drawn = |count: usize| (count as f64 / bodies.len() as f64).sqrt();
    bodies
        .iter()
        .enumerate()
        .map(|(rank, body)| body.expected_len() * (drawn(rank + 1) - drawn(rank)))
        .sum()
}
