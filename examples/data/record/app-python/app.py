"""Two services of a small web shop, checkout and payment, instrumented with OpenTelemetry.

    python app.py checkout|payment PORT [PAYMENT_PORT]

POST /orders and /charge do the work, /tick runs the background jobs once, /flush exports, /quit exports and ends. Random
values come from a generator with a fixed seed, the times are those of the clock.
"""

import itertools
import json
import random
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import telemetry
from opentelemetry import propagate, trace
from opentelemetry.metrics import Observation
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from telemetry import SCHEMA, TRACE, SeverityNumber

USERS = ["alice", "bob", "çelik", "dmitri", "erin", "françoise", "李雷", "نور", "zoë"]
SKUS = ["MUG-0042", "TEE-BLK-L", "BOOK-9783", "CABLE-USB4", "LAMP-07", "SOCKS-🧦-M"]
CURRENCIES = ["EUR", "USD", "SEK", "JPY"]


class OutOfStock(Exception):
    pass


class GatewayTimeout(TimeoutError):
    pass


def reserve(stock: dict, sku: str, quantity: int):
    try:
        stock[sku] -= quantity
    except KeyError as missing:  # an exception with a cause makes the longer stack traces
        raise OutOfStock(f"{sku}: {quantity} wanted, {quantity - 1} left") from missing


def authorize(gateway: str, took: float):
    try:
        read_answer(timeout=took + 500)
    except TimeoutError as error:
        raise GatewayTimeout(f"no answer from {gateway} within {int(took) + 500} ms") from error


def read_answer(timeout: float):
    raise TimeoutError(110, f"Connection timed out after {timeout:.0f} ms")


class Service:
    def __init__(self, name: str, version: str, replicas: int):
        self.name = name
        self.rng = random.Random(f"values of {name}")
        self.replicas = telemetry.start(name, version, replicas)

    def ms(self, mean: float) -> float:
        return round(self.rng.expovariate(1 / mean), 2)

    def ip(self) -> str:
        return f"{self.rng.choice([10, 172, 192])}.{self.rng.randrange(256)}.{self.rng.randrange(256)}.{self.rng.randrange(1, 255)}"

    def uuid(self) -> str:
        h = f"{self.rng.getrandbits(128):032x}"
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"

    def flush(self):
        for replica in self.replicas:
            replica.flush()


class Checkout(Service):
    def __init__(self, payment_port: int):
        super().__init__("checkout", "2.4.1", 1)
        t = self.replicas[0]
        self.payment = f"http://127.0.0.1:{payment_port}/charge"
        self.log = t.logger("shop.checkout.orders", where=True)
        self.db = t.logger("shop.checkout.db")
        self.jobs = t.logger("shop.checkout.jobs")
        self.events = t.logs.get_logger("shop.events", "1.3.0", SCHEMA, {"team": "orders", "on.call": True, "tier": 1})
        self.odd = t.logs.get_logger("shop.legacy")
        self.tracer = t.traces.get_tracer("shop.checkout", "2.4.1", SCHEMA, {"lang": "python"})
        meter = t.metrics.get_meter("shop.checkout", "2.4.1", SCHEMA, {"team": "orders"})
        self.orders = meter.create_counter("checkout.orders", "{order}", "Orders by outcome")
        self.revenue = meter.create_counter("checkout.revenue", "EUR", "Revenue of confirmed orders")
        self.open = meter.create_up_down_counter("checkout.orders.open", "{order}", "Orders being worked on")
        self.value = meter.create_histogram("checkout.order.value", "EUR", "Value of an order")
        self.latency = meter.create_histogram(
            "http.server.request.duration",
            "s",
            "Duration of HTTP server requests",
            explicit_bucket_boundaries_advisory=[0.005, 0.025, 0.05, 0.1, 0.25, 1],
        )
        self.cart = meter.create_gauge("checkout.cart.size", "{item}", "Items in the cart seen last")
        meter.create_observable_gauge("process.cpu.utilization", [self.cpu], "1", "CPU use by state")
        meter.create_observable_counter("process.cpu.time", [self.cpu], "s", "CPU seconds by state")
        meter.create_observable_up_down_counter("messaging.queue.depth", [self.depth], "{message}", "Messages waiting")
        self.published = []
        self.turn = itertools.count()

    def cpu(self, _):
        return [Observation(round(self.rng.random(), 4), {"cpu.mode": mode}) for mode in ("user", "system")]

    def depth(self, _):
        return [Observation(self.rng.randrange(-3, 40), {"messaging.partition": p, "empty": ""}) for p in (0, 1)]

    def handle(self, path: str, order: dict) -> dict:
        rng, log = self.rng, self.log
        order_id = f"ORD-{rng.randrange(10**7):07}"
        user, user_id = rng.choice(USERS), rng.randrange(1, 10**6)
        currency = rng.choice(CURRENCIES)
        items = [
            (rng.choice(SKUS), rng.randrange(1, 5), round(rng.uniform(3, 180), 2)) for _ in range(rng.randrange(1, 4))
        ]
        total = round(sum(q * p for _, q, p in items), 2)
        started = time.perf_counter()
        self.open.add(1, {"currency": currency})
        self.cart.set(len(items), {"user.tier": rng.choice(["gold", "none"])})
        span = trace.get_current_span()
        span.set_attributes(
            {"order.id": order_id, "order.total": total, "order.skus": [s for s, _, _ in items], "user.id": user_id}
        )
        log.info(
            "Received order %s for user %s with %d items from %s",
            order_id,
            user,
            len(items),
            self.ip(),
            extra={
                "order.id": order_id,
                "user.id": user_id,
                "user.name": user,
                "order.items": len(items),
                "order.total": total,
            },
        )
        try:
            with self.tracer.start_as_current_span(
                "validate cart", attributes={"cart.items": len(items)}
            ) as validation:
                log.log(TRACE, "enter validate_cart cart_id=%s depth=%d", self.uuid(), rng.randrange(4))
                for sku, quantity, price in items:
                    validation.add_event(
                        "item.checked", {"sku": sku, "quantity": quantity, "price": price, "in.stock": True}
                    )
                    log.debug(
                        "Cart item sku=%s qty=%d unit_price=%.2f currency=%s",
                        sku,
                        quantity,
                        price,
                        currency,
                        extra={"sku": sku, "quantity": quantity, "price": price, "gift": rng.random() < 0.2},
                    )
                if rng.random() < 0.2:
                    log.warning(
                        "Coupon %s rejected for user %s: expired on 2026-%02d-%02d",
                        f"SAVE{rng.randrange(5, 50)}",
                        user,
                        rng.randrange(1, 12),
                        rng.randrange(1, 28),
                        extra={"user.id": user_id, "coupon.value": -rng.randrange(1, 50)},
                    )
                if rng.random() < 0.15:
                    reserve({}, items[0][0], items[0][1])
            self.insert(order_id, total)
            log.info(
                'Order priced: {"order_id": "%s", "total": %.2f, "tax": %.2f, "currency": "%s", "coupons": []}',
                order_id,
                total,
                total * 0.19,
                currency,
            )
            charge = self.charge(order_id, total, currency, user)
            self.publish(order_id)
            took = round((time.perf_counter() - started) * 1e3, 3)
            log.info(
                "Order %s confirmed in %.3f ms, payment reference %s",
                order_id,
                took,
                charge["reference"],
                extra={"took.ms": took},
            )
            # An event: a name, a body with structure, attributes of every type.
            self.events.emit(
                timestamp=time.time_ns(),
                severity_number=SeverityNumber.INFO,
                event_name="order.placed",
                body={
                    "order": {"id": order_id, "total": total, "currency": currency},
                    "items": [{"sku": s, "quantity": q, "price": p} for s, q, p in items],
                    "gift": False,
                    "notes": "",
                    "voucher": None,
                    "checksum": rng.randbytes(4),
                },
                attributes={
                    "order.id": order_id,
                    "order.total": total,
                    "order.express": rng.random() < 0.3,
                    "user.id": user_id,
                    "ledger.sequence": 2**60 + rng.getrandbits(50),  # beyond what a double holds exactly
                    "order.skus": [s for s, _, _ in items],
                    "order.quantities": [q for _, q, _ in items],
                    "customer": {"name": user, "tier": {"name": "gold", "since": 2019}, "tags": ["b2c", 7, True]},
                    "signature": rng.randbytes(8),
                    "promo": "",
                    "referrer": None,
                },
            )
            self.orders.add(1, {"outcome": "placed", "currency": currency})
            self.revenue.add(total, {"currency": currency})
            self.value.record(total, {"currency": currency})
            return {"order": order_id, "status": "placed"}
        except OutOfStock as error:
            log.error("Failed to place order %s: %s", order_id, error, exc_info=True, extra={"order.id": order_id})
            span.record_exception(error)
            span.set_status(Status(StatusCode.ERROR, str(error)))
            self.orders.add(1, {"outcome": "out_of_stock", "currency": currency})
            return {"order": order_id, "status": "out of stock"}
        finally:
            self.open.add(-1, {"currency": currency})
            self.latency.record(
                self.ms(80) / 1e3, {"http.route": "/orders", "http.response.status_code": 200, "user.id": user_id}
            )

    def insert(self, order_id: str, total: float):
        took = self.ms(60)
        attributes = {
            "db.system.name": "postgresql",
            "db.operation.name": "INSERT",
            "db.collection.name": "orders",
            "server.port": 5432,
        }
        with self.tracer.start_as_current_span("INSERT orders", kind=SpanKind.CLIENT, attributes=attributes):
            self.db.debug(
                "SQL INSERT INTO orders (id, user_id, total) VALUES ('%s', ?, %.2f) took %.2f ms, 1 rows affected",
                order_id,
                total,
                took,
                extra={"db.system.name": "postgresql", "duration_ms": took},
            )
            if took > 120:
                self.db.warning(
                    "Slow query on shard %d: %.2f ms exceeds threshold of 120 ms",
                    self.rng.randrange(8),
                    took,
                    extra={"db.shard": self.rng.randrange(8), "duration_ms": took},
                )

    def charge(self, order_id: str, total: float, currency: str, user: str) -> dict:
        with self.tracer.start_as_current_span(
            "POST",
            kind=SpanKind.CLIENT,
            attributes={"http.request.method": "POST", "url.full": "http://payment:8080/charge"},
        ) as span:
            headers = {"Content-Type": "application/json"}
            propagate.inject(headers)
            body = json.dumps({"order": order_id, "amount": total, "currency": currency, "user": user}).encode()
            with urllib.request.urlopen(urllib.request.Request(self.payment, body, headers)) as response:
                span.set_attribute("http.response.status_code", response.status)
                return json.load(response)

    def publish(self, order_id: str):
        attributes = {"messaging.system": "kafka", "messaging.destination.name": "orders.v1"}
        with self.tracer.start_as_current_span(
            "publish orders.v1", kind=SpanKind.PRODUCER, attributes=attributes
        ) as span:
            self.published.append(span.get_span_context())

    def tick(self):
        rng, jobs = self.rng, self.jobs
        hits, misses = rng.randrange(5000), rng.choice([0, rng.randrange(300)])
        # 0/0 when nothing was asked for: services do send NaN.
        ratio = hits / (hits + misses) if misses else float("nan")
        jobs.debug(
            "Cache stats: hits=%d misses=%d ratio=%.3f evictions=%d",
            hits,
            misses,
            ratio,
            rng.randrange(9),
            extra={"cache.hits": hits, "cache.ratio": ratio},
        )
        jobs.info(
            "Connection pool: %d active, %d idle, %d waiting", rng.randrange(20), rng.randrange(20), rng.randrange(3)
        )
        if rng.random() < 0.4:
            jobs.warning(
                "Heartbeat to broker-%d.kafka.internal:%d late by %d ms",
                rng.randrange(3),
                9092,
                rng.randrange(100, 9000),
            )
        if rng.random() < 0.3:
            jobs.debug(
                "GC pause %.2f ms (generation %d, %d objects collected)",
                self.ms(4),
                rng.randrange(3),
                rng.randrange(90000),
            )
        if rng.random() < 0.05:
            jobs.critical(
                "Database connection to %s:%d lost, restarting worker %d",
                self.ip(),
                5432,
                rng.randrange(16),
                extra={"worker.restart": True},
            )
        if rng.random() < 0.25:
            self.unusual()
        if len(self.published) >= 5:
            self.consume()

    def consume(self):
        links = [Link(context, {"messaging.message.index": n}) for n, context in enumerate(self.published)]
        offset = self.rng.getrandbits(40)
        with self.tracer.start_as_current_span(
            "process orders.v1",
            kind=SpanKind.CONSUMER,
            links=links,
            attributes={"messaging.batch.message_count": len(links)},
        ) as span:
            for n in range(6):  # more than the limit of four
                span.add_event("message.received", {"messaging.offset": offset + n})
            self.jobs.info(
                "Consumed %d messages of topic orders.v1 partition %d up to offset %d",
                len(links),
                self.rng.randrange(12),
                offset,
            )
            span.set_status(StatusCode.OK)
        self.published.clear()

    def unusual(self):
        """Records that the data model allows and that few senders write, in turn. Without a timestamp, only the observed time is set."""
        rng = self.rng
        emit = self.odd.emit
        odd = [
            lambda: emit(
                body=["checkout", rng.randrange(9), 0.5, True, None, ["nested", {"deep": [1, 2]}]],
                severity_number=SeverityNumber.DEBUG3,
            ),
            lambda: emit(body=rng.randrange(-100, 100), severity_number=SeverityNumber.INFO2),
            lambda: emit(body=rng.random() * 1e6, severity_text="Notice"),
            lambda: emit(body=rng.random() < 0.5, severity_number=SeverityNumber.TRACE),
            lambda: emit(body=rng.randbytes(12), severity_number=SeverityNumber.WARN4, severity_text="warn"),
            lambda: emit(body=None, attributes={"reason": "no body", "nothing": None}),
            lambda: emit(body="", severity_number=SeverityNumber.INFO, attributes={"blank": "", "list": [], "map": {}}),
            # Keys that meet once they are column names, keys in upper case, with an underscore first, not ASCII.
            lambda: emit(
                body=f"Imported legacy order {rng.randrange(10**6)} from /var/spool/legacy/{rng.randrange(99)}.csv",
                severity_number=SeverityNumber.INFO,
                attributes={
                    "request.id": self.uuid(),
                    "request_id": rng.randrange(10**6),
                    "X-Request-Id": self.uuid(),
                    "_tenant": "north",
                    "größe": "L",
                    "order.total": rng.randrange(900),
                },
            ),
            # More attributes than the limit of twenty.
            lambda: emit(
                body="Headers of a refused request",
                severity_number=SeverityNumber.WARN,
                severity_text="WARN",
                attributes={f"http.request.header.x-{n}": [f"value {n}"] for n in range(26)},
            ),
        ]
        odd[next(self.turn) % len(odd)]()


class Payment(Service):
    def __init__(self):
        super().__init__("payment", "1.19.0-rc.2", 3)
        self.parts = [self.part(t) for t in self.replicas]

    def part(self, t):
        meter = t.metrics.get_meter("shop.payment", "1.19.0")
        return {
            "log": t.logger("shop.payment.gateway"),
            "ledger": t.logger("shop.payment.ledger", where=True),
            "stdout": t.logs.get_logger("stdout", attributes={"log.iostream": "stdout"}),
            "tracer": t.traces.get_tracer("shop.payment", "1.19.0"),
            "charges": meter.create_counter("payment.charges", "{charge}", "Charges by result"),
            "duration": meter.create_histogram("payment.gateway.duration", "ms", "Time the gateway took"),
            "balance": meter.create_up_down_counter("payment.balance.change", "EUR", "Change of the merchant balance"),
            "rate": meter.create_gauge("payment.exchange_rate", "1", "Exchange rate used last"),
        }

    def handle(self, path: str, charge: dict) -> dict:
        rng, part = self.rng, self.rng.choice(self.parts)
        log, tracer = part["log"], part["tracer"]
        reference, user, amount = f"tx_{rng.getrandbits(48):012x}", charge["user"], charge["amount"]
        gateway = rng.choice(["adyen", "stripe", "klarna"])
        log.info(
            "Charging card ****%04d amount %.2f %s via %s",
            rng.randrange(10**4),
            amount,
            charge["currency"],
            gateway,
            extra={
                "payment.amount": amount,
                "payment.currency": charge["currency"],
                "payment.gateway": gateway,
                "user.name": user,
            },
        )
        with tracer.start_as_current_span("fraud check") as span:
            score = rng.random()
            span.set_attributes(
                {"fraud.score": score, "fraud.rules": ["velocity", "geo"], "fraud.flagged": score > 0.9}
            )
            log.debug(
                "Fraud score %.4f for user %s (rules: velocity,geo)",
                score,
                user,
                extra={"fraud.score": score, "fraud.flagged": score > 0.9},
            )
            if score > 0.9:
                log.warning(
                    "3-D Secure challenge required for transaction %s", reference, extra={"transaction": reference}
                )
        for attempt in (1, 2, 3):
            with tracer.start_as_current_span(
                f"{gateway} authorize",
                kind=SpanKind.CLIENT,
                record_exception=False,
                set_status_on_exception=False,
                attributes={"server.address": f"api.{gateway}.example", "server.port": 443, "retry": attempt},
            ) as span:
                took = self.ms(90)
                part["duration"].record(0 if attempt == 3 else took, {"payment.gateway": gateway})
                try:
                    if rng.random() < 0.2:
                        authorize(gateway, took)
                    break
                except GatewayTimeout as error:
                    span.record_exception(error, {"exception.retryable": attempt < 3})
                    span.set_status(Status(StatusCode.ERROR, "gateway timeout"))
                    log.error(
                        "Gateway %s timed out after %d ms (attempt %d/3)",
                        gateway,
                        took + 500,
                        attempt,
                        exc_info=True,
                        extra={"retry.attempt": attempt, "payment.gateway": gateway},
                    )
        if rng.random() < 0.12:
            log.warning(
                "Card declined for user %s: %s",
                user,
                rng.choice(["insufficient funds", "expired card", "do not honor"]),
                extra={"declined": True},
            )
            part["charges"].add(1, {"result": "declined"})
        else:
            log.info(
                "Transaction %s authorized, auth code %06d",
                reference,
                rng.randrange(10**6),
                extra={"transaction": reference},
            )
            part["charges"].add(1, {"result": "authorized"})
            part["balance"].add(amount if rng.random() < 0.7 else -amount, {"payment.gateway": gateway})
        part["rate"].set(round(rng.uniform(0.8, 1.3), 5), {"pair": f"{charge['currency']}/EUR"})
        part["ledger"].info(
            'level=info caller=ledger.py:%d msg="ledger entry written" account=%d amount=%.2f duration=%.1fms',
            rng.randrange(90, 200),
            rng.randrange(10**9),
            -amount,
            self.ms(3),
        )
        return {"reference": reference}

    def tick(self):
        """Lines another program wrote, relayed as they are: no severity, no time of their own, the level inside the text."""
        rng, part = self.rng, self.rng.choice(self.parts)
        emit, batch = part["stdout"].emit, rng.randrange(10**5)
        now = time.gmtime()
        at = time.strftime("%Y-%m-%d %H:%M:%S", now) + f",{rng.randrange(1000):03}"
        emit(
            body=f"\x1b[32mINFO\x1b[0m settlement batch {batch} finished in {rng.randrange(1, 90)}s",
            attributes={"log.line": rng.randrange(10**6)},
        )
        emit(
            body=f'{self.ip()} - - [{time.strftime("%d/%b/%Y:%H:%M:%S", now)} +0000] "GET /healthz HTTP/1.1" 200 {rng.randrange(20, 90)} "-" "kube-probe/1.33"',
            attributes={"status": "200", "log.line": rng.randrange(10**6)},
        )
        if rng.random() < 0.4:
            emit(
                body=json.dumps(
                    {
                        "level": "warn",
                        "msg": "exchange rate stale",
                        "pair": rng.choice(["EUR/USD", "EUR/SEK"]),
                        "age_s": rng.randrange(900),
                    }
                )
            )
        if rng.random() < 0.3:
            emit(
                body=f"{at} WARN  [pool-{rng.randrange(4)}] com.example.pay.Ledger - Ledger lag is {rng.randrange(2000)} entries",
                attributes={"status": "lagging"},
            )
        if rng.random() < 0.12:
            emit(
                body=f"{at} ERROR [worker-{rng.randrange(8)}] com.example.pay.Settlement - Settlement batch {batch} failed\n"
                "java.net.SocketTimeoutException: Read timed out\n\tat java.base/java.net.SocketInputStream.read(SocketInputStream.java:168)\n"
                f"\tat com.example.pay.Bank.send(Bank.java:{rng.randrange(40, 400)})\n\tat com.example.pay.Settlement.run(Settlement.java:71)"
            )


def serve(service: Service, port: int):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path == "/tick":
                reply = service.tick()
            elif self.path in ("/flush", "/quit"):
                reply = service.flush()
                if self.path == "/quit":
                    threading.Thread(target=server.shutdown).start()
            else:
                attributes = {
                    "http.request.method": "POST",
                    "http.route": self.path,
                    "url.path": self.path,
                    "client.address": "10.32.0.9",
                }
                tracer = service.replicas[0].traces.get_tracer("http.server")
                with tracer.start_as_current_span(
                    f"POST {self.path}", propagate.extract(self.headers), SpanKind.SERVER, attributes
                ) as span:
                    reply = service.handle(self.path, json.loads(body))
                    span.set_attribute("http.response.status_code", 200)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(reply).encode())

        def log_message(self, *_):
            pass

    # One request at a time: the order of the random values, and so the recording, stays the same.
    server = HTTPServer(("127.0.0.1", port), Handler)
    server.serve_forever()


if __name__ == "__main__":
    serve(Payment() if sys.argv[1] == "payment" else Checkout(int(sys.argv[3])), int(sys.argv[2]))
