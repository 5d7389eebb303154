//! Counts of what prost's messages contain.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, Metric};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use otlake_benches::floors::Counts;
use otlake_testkit::Request;

pub trait Expected: Request {
    fn expected(&self) -> Counts;
}

impl Expected for ExportLogsServiceRequest {
    fn expected(&self) -> Counts {
        let mut counts = Counter::default();
        for resource in &self.resource_logs {
            counts.resource(resource.resource.as_ref(), &resource.schema_url);
            for scope in &resource.scope_logs {
                counts.scope(scope.scope.as_ref(), &scope.schema_url);
                scope
                    .log_records
                    .iter()
                    .for_each(|one| counts.log_record(one));
            }
        }
        counts.0
    }
}

impl Expected for ExportTraceServiceRequest {
    fn expected(&self) -> Counts {
        let mut counts = Counter::default();
        for resource in &self.resource_spans {
            counts.resource(resource.resource.as_ref(), &resource.schema_url);
            for scope in &resource.scope_spans {
                counts.scope(scope.scope.as_ref(), &scope.schema_url);
                scope.spans.iter().for_each(|span| counts.span(span));
            }
        }
        counts.0
    }
}

impl Expected for ExportMetricsServiceRequest {
    fn expected(&self) -> Counts {
        let mut counts = Counter::default();
        for resource in &self.resource_metrics {
            counts.resource(resource.resource.as_ref(), &resource.schema_url);
            for scope in &resource.scope_metrics {
                counts.scope(scope.scope.as_ref(), &scope.schema_url);
                scope
                    .metrics
                    .iter()
                    .for_each(|metric| counts.metric(metric));
            }
        }
        counts.0
    }
}

#[derive(Default)]
struct Counter(Counts);

impl Counter {
    fn resource(&mut self, resource: Option<&Resource>, schema_url: &str) {
        self.string(schema_url);
        if let Some(resource) = resource {
            self.attributes(&resource.attributes);
            for entity in &resource.entity_refs {
                let keys = entity.id_keys.iter().chain(&entity.description_keys);
                keys.chain([&entity.schema_url, &entity.r#type])
                    .for_each(|text| self.string(text));
            }
        }
    }

    fn scope(&mut self, scope: Option<&InstrumentationScope>, schema_url: &str) {
        self.string(schema_url);
        if let Some(scope) = scope {
            self.string(&scope.name);
            self.string(&scope.version);
            self.attributes(&scope.attributes);
        }
    }

    fn log_record(&mut self, record: &LogRecord) {
        self.record(&record.attributes);
        self.string(&record.severity_text);
        self.string(&record.event_name);
        self.any_value(record.body.as_ref());
    }

    fn span(&mut self, span: &Span) {
        self.record(&span.attributes);
        self.string(&span.name);
        self.string(&span.trace_state);
        for event in &span.events {
            self.string(&event.name);
            self.attributes(&event.attributes);
        }
        for link in &span.links {
            self.string(&link.trace_state);
            self.attributes(&link.attributes);
        }
        if let Some(status) = &span.status {
            self.string(&status.message);
        }
    }

    fn metric(&mut self, metric: &Metric) {
        self.string(&metric.name);
        self.string(&metric.description);
        self.string(&metric.unit);
        self.attributes(&metric.metadata);
        let none: &[Exemplar] = &[];
        let points: Vec<(&[KeyValue], &[Exemplar])> = match &metric.data {
            None => Vec::new(),
            Some(Data::Gauge(gauge)) => {
                let points = gauge.data_points.iter();
                points
                    .map(|p| (&p.attributes[..], &p.exemplars[..]))
                    .collect()
            }
            Some(Data::Sum(sum)) => {
                let points = sum.data_points.iter();
                points
                    .map(|p| (&p.attributes[..], &p.exemplars[..]))
                    .collect()
            }
            Some(Data::Histogram(histogram)) => {
                let points = histogram.data_points.iter();
                points
                    .map(|p| (&p.attributes[..], &p.exemplars[..]))
                    .collect()
            }
            Some(Data::ExponentialHistogram(histogram)) => {
                let points = histogram.data_points.iter();
                points
                    .map(|p| (&p.attributes[..], &p.exemplars[..]))
                    .collect()
            }
            Some(Data::Summary(summary)) => {
                let points = summary.data_points.iter();
                points.map(|p| (&p.attributes[..], none)).collect()
            }
        };
        for (attributes, exemplars) in points {
            self.record(attributes);
            for exemplar in exemplars {
                self.attributes(&exemplar.filtered_attributes);
            }
        }
    }

    fn record(&mut self, attributes: &[KeyValue]) {
        self.0.records += 1;
        self.attributes(attributes);
    }

    fn attributes(&mut self, attributes: &[KeyValue]) {
        for attribute in attributes {
            self.0.attributes += 1;
            self.string(&attribute.key);
            self.any_value(attribute.value.as_ref());
        }
    }

    fn any_value(&mut self, value: Option<&AnyValue>) {
        match value.and_then(|value| value.value.as_ref()) {
            Some(Value::StringValue(text)) => self.string(text),
            Some(Value::ArrayValue(array)) => {
                let values = array.values.iter();
                values.for_each(|value| self.any_value(Some(value)));
            }
            Some(Value::KvlistValue(list)) => self.attributes(&list.values),
            _ => {}
        }
    }

    fn string(&mut self, text: &str) {
        self.0.strings += usize::from(!text.is_empty());
        self.0.string_bytes += text.len();
    }
}
