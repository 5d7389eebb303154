use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;

use super::operations::{Operation, Step};
use super::resources::{Instance, Resources, key_value};
use super::shape::TraceShape;
use super::text::Text;
use super::values;
use crate::rng::Rng;

/// The W3C flag "sampled", and the bit that says that the remote flag is meaningful.
const SAMPLED: u32 = 0x101;
/// The flag of a span whose parent is in another process.
const REMOTE: u32 = 0x200;

/// Returns the bytes of the `ExportTraceServiceRequest` from [`traces_request`].
pub fn traces_payload(shape: &TraceShape) -> Vec<u8> {
    traces_request(shape).encode_to_vec()
}

/// Returns a request of spans with the given shape.
///
/// The spans form traces: a request arrives at a service, which works, queries its database and its
/// cache, calls other services and sends messages that others receive. Every parent is in the
/// payload, under the resource of its own service. Children end before their parents do and are
/// sent before them.
pub fn traces_request(shape: &TraceShape) -> ExportTraceServiceRequest {
    let mut rng = Rng::new(shape.seed);
    let resources = Resources::new(shape.resource_attributes);
    let mut system = System {
        operations: Operations::new(),
        batches: Batches::new(&resources, shape.spans_per_resource),
        error_share: shape.error_share,
        left: shape.spans,
    };
    let mut clock = 1_760_000_000_000_000_000 + shape.seed * 3_600_000_000_000;
    while system.left > 0 {
        clock += 1 + rng.skewed(40_000_000) as u64;
        let parent = Parent {
            trace_id: rng.bytes(16),
            span_id: Vec::new(),
            failed: rng.chance(system.error_share),
        };
        let instance = rng.below(resources.len());
        system.span(Step::Server, &parent, instance, clock, 0, &mut rng);
    }
    ExportTraceServiceRequest {
        resource_spans: system.batches.finish(),
    }
}

/// The properties that a span inherits from its parent.
struct Parent {
    trace_id: Vec<u8>,
    span_id: Vec<u8>,
    /// Whether the request fails.
    failed: bool,
}

struct System<'a> {
    operations: Operations,
    batches: Batches<'a>,
    error_share: f64,
    left: usize,
}

impl System<'_> {
    /// Adds a span that starts at `start`, after its children, and returns its end time.
    fn span(
        &mut self,
        step: Step,
        parent: &Parent,
        instance: usize,
        start: u64,
        depth: usize,
        rng: &mut Rng,
    ) -> u64 {
        if self.left == 0 {
            return start;
        }
        self.left -= 1;
        let this = Parent {
            trace_id: parent.trace_id.clone(),
            span_id: rng.bytes(8),
            failed: parent.failed && rng.chance(0.85),
        };
        let mut end = start + 20_000 + rng.skewed(2_000_000) as u64;
        for inside in steps_inside(step, depth, rng) {
            // A client's request and a producer's message go to another service.
            let elsewhere = matches!(inside, Step::Server | Step::Consumer);
            let instance = if elsewhere {
                rng.below(self.batches.instances())
            } else {
                instance
            };
            let start = end;
            end = self.span(inside, &this, instance, start, depth + 1, rng);
            end += rng.skewed(200_000) as u64;
        }
        let span = self.operations.draw(step, parent, this, (start, end), rng);
        self.batches.push(instance, step, span, &self.operations);
        end
    }
}

/// Returns the steps within a span, in order.
fn steps_inside(step: Step, depth: usize, rng: &mut Rng) -> Vec<Step> {
    /// Deeper calls are answered from the cache.
    const DEEPEST: usize = 8;
    let steps: &[Step] = match step {
        _ if depth >= DEEPEST => &[],
        Step::Server | Step::Consumer => &[
            Step::Cache,
            Step::Internal,
            Step::Database,
            Step::Internal,
            Step::Database,
        ],
        Step::Internal => &[Step::Client, Step::Database, Step::Producer],
        Step::Client if rng.chance(0.8) => return vec![Step::Server],
        Step::Producer if rng.chance(0.6) => return vec![Step::Consumer],
        Step::Client | Step::Producer | Step::Database | Step::Cache => &[],
    };
    let chosen = steps.iter().filter(|_| rng.chance(0.45));
    chosen.copied().collect()
}

/// The spans of each step.
struct Operations {
    operations: Vec<(Step, Operation)>,
    exceptions: [Text; 3],
    stack: Text,
}

impl Operations {
    fn new() -> Self {
        let steps = [
            Step::Server,
            Step::Client,
            Step::Database,
            Step::Cache,
            Step::Internal,
            Step::Producer,
            Step::Consumer,
        ];
        Self {
            operations: steps.map(|step| (step, Operation::new(step))).into(),
            exceptions: [
                "Read timed out after {ms} ms",
                "could not serialize access due to concurrent update",
                "Stock of SKU-{d5} is not enough: {d2} wanted",
            ]
            .map(Text::parse),
            stack: Text::parse(
                "java.lang.IllegalStateException: {x8}\n\
                 \tat com.acme.shop.OrderService.place(OrderService.java:118)\n\
                 \tat com.acme.shop.web.OrderController.post(OrderController.java:74)\n\
                 \tat org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:885)\n\
                 \tat java.base/java.lang.Thread.run(Thread.java:1583)\n",
            ),
        }
    }

    /// Returns the operation of a step.
    ///
    /// # Panics
    ///
    /// Never panics: every step has an operation.
    fn of(&self, step: Step) -> &Operation {
        let found = self.operations.iter().find(|(of, _)| *of == step);
        match found {
            Some((_, operation)) => operation,
            None => panic!("no operation for {step:?}"),
        }
    }

    fn draw(
        &self,
        step: Step,
        parent: &Parent,
        this: Parent,
        (start, end): (u64, u64),
        rng: &mut Rng,
    ) -> Span {
        let operation = self.of(step);
        let mut events = Vec::new();
        if this.failed {
            events.push(self.exception(end - 1_000, rng));
        } else if step == Step::Client && rng.chance(0.2) {
            events.push(event("http.request.sent", start + 10_000, Vec::new()));
        }
        let remote = matches!(step, Step::Server | Step::Consumer) && !parent.span_id.is_empty();
        Span {
            trace_id: this.trace_id,
            span_id: this.span_id,
            trace_state: String::new(),
            parent_span_id: parent.span_id.clone(),
            flags: SAMPLED | if remote { REMOTE } else { 0 },
            name: operation.name(rng),
            kind: operation.kind.into(),
            start_time_unix_nano: start,
            end_time_unix_nano: end,
            attributes: values::draw(&operation.attributes, rng),
            dropped_attributes_count: 0,
            events,
            dropped_events_count: 0,
            // One span processes a batch of messages, and links to their senders.
            links: if step == Step::Consumer && rng.chance(0.3) {
                (0..1 + rng.skewed(4)).map(|_| link(rng)).collect()
            } else {
                Vec::new()
            },
            dropped_links_count: 0,
            status: Some(if this.failed {
                Status {
                    message: "java.lang.IllegalStateException".to_owned(),
                    code: StatusCode::Error.into(),
                }
            } else {
                Status::default()
            }),
        }
    }

    fn exception(&self, time: u64, rng: &mut Rng) -> Event {
        let message = rng.pick(&self.exceptions).draw(rng);
        let attributes = [
            (
                "exception.type",
                "java.lang.IllegalStateException".to_owned(),
            ),
            ("exception.message", message),
            ("exception.stacktrace", self.stack.draw(rng)),
        ];
        event("exception", time, attributes.into())
    }
}

fn event(name: &str, time: u64, attributes: Vec<(&str, String)>) -> Event {
    Event {
        time_unix_nano: time,
        name: name.to_owned(),
        attributes: attributes
            .into_iter()
            .map(|(key, text)| key_value(key, Value::StringValue(text)))
            .collect(),
        dropped_attributes_count: 0,
    }
}

fn link(rng: &mut Rng) -> Link {
    let partition = Value::IntValue(rng.below(10) as i64);
    Link {
        trace_id: rng.bytes(16),
        span_id: rng.bytes(8),
        trace_state: String::new(),
        attributes: vec![key_value("messaging.kafka.partition", partition)],
        dropped_attributes_count: 0,
        flags: SAMPLED | REMOTE,
    }
}

/// Spans that wait to be sent: each instance collects its own, and sends them when it has enough.
struct Batches<'a> {
    resources: &'a Resources,
    most: usize,
    waiting: Vec<Vec<ScopeSpans>>,
    sent: Vec<ResourceSpans>,
}

impl<'a> Batches<'a> {
    fn new(resources: &'a Resources, most: usize) -> Self {
        Self {
            resources,
            most: most.max(1),
            waiting: (0..resources.len()).map(|_| Vec::new()).collect(),
            sent: Vec::new(),
        }
    }

    fn instances(&self) -> usize {
        self.waiting.len()
    }

    fn push(&mut self, instance: usize, step: Step, span: Span, operations: &Operations) {
        let (name, version) = operations.of(step).scope;
        let scopes = &mut self.waiting[instance];
        let known = scopes.iter_mut().find(|scope| {
            let known = scope.scope.as_ref();
            known.is_some_and(|scope| scope.name == name)
        });
        match known {
            Some(scope) => scope.spans.push(span),
            None => scopes.push(ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: name.to_owned(),
                    version: version.to_owned(),
                    attributes: Vec::new(),
                    dropped_attributes_count: 0,
                }),
                spans: vec![span],
                schema_url: String::new(),
            }),
        }
        if scopes.iter().map(|scope| scope.spans.len()).sum::<usize>() >= self.most {
            self.send(instance);
        }
    }

    fn send(&mut self, instance: usize) {
        let scope_spans = std::mem::take(&mut self.waiting[instance]);
        if !scope_spans.is_empty() {
            let Instance { resource, .. } = self.resources.get(instance);
            self.sent.push(ResourceSpans {
                resource: Some(resource.clone()),
                scope_spans,
                schema_url: "https://opentelemetry.io/schemas/1.37.0".to_owned(),
            });
        }
    }

    fn finish(mut self) -> Vec<ResourceSpans> {
        (0..self.instances()).for_each(|instance| self.send(instance));
        self.sent
    }
}
