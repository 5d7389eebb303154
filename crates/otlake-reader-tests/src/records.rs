use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::resource::v1::Resource;

use crate::attributes::Attributes;

/// The parts of a record that change from day to day.
pub(crate) struct Record<'a> {
    pub(crate) attributes: Attributes<'a>,
    /// The time of the event.
    pub(crate) time: &'a mut u64,
    /// The time at which it was observed or ended, or at which its series began.
    pub(crate) other_time: &'a mut u64,
}

/// A request of any signal.
pub(crate) trait Records {
    /// Visits every record, in the order of the request.
    fn each_record(&mut self, visit: &mut dyn FnMut(Record<'_>));

    /// Visits the attributes of every resource.
    fn each_resource(&mut self, visit: &mut dyn FnMut(Attributes<'_>));
}

fn attributes_of(resource: &mut Option<Resource>) -> Attributes<'_> {
    Attributes(&mut resource.get_or_insert_default().attributes)
}

impl Records for ExportLogsServiceRequest {
    fn each_record(&mut self, visit: &mut dyn FnMut(Record<'_>)) {
        let scopes = self
            .resource_logs
            .iter_mut()
            .flat_map(|of| &mut of.scope_logs);
        for record in scopes.flat_map(|scope| &mut scope.log_records) {
            visit(Record {
                attributes: Attributes(&mut record.attributes),
                time: &mut record.time_unix_nano,
                other_time: &mut record.observed_time_unix_nano,
            });
        }
    }

    fn each_resource(&mut self, visit: &mut dyn FnMut(Attributes<'_>)) {
        for of in &mut self.resource_logs {
            visit(attributes_of(&mut of.resource));
        }
    }
}

impl Records for ExportTraceServiceRequest {
    fn each_record(&mut self, visit: &mut dyn FnMut(Record<'_>)) {
        let scopes = self
            .resource_spans
            .iter_mut()
            .flat_map(|of| &mut of.scope_spans);
        for span in scopes.flat_map(|scope| &mut scope.spans) {
            visit(Record {
                attributes: Attributes(&mut span.attributes),
                time: &mut span.start_time_unix_nano,
                other_time: &mut span.end_time_unix_nano,
            });
        }
    }

    fn each_resource(&mut self, visit: &mut dyn FnMut(Attributes<'_>)) {
        for of in &mut self.resource_spans {
            visit(attributes_of(&mut of.resource));
        }
    }
}

macro_rules! visit_points {
    ($data:expr, $visit:expr) => {
        for point in &mut $data.data_points {
            $visit(Record {
                attributes: Attributes(&mut point.attributes),
                time: &mut point.time_unix_nano,
                other_time: &mut point.start_time_unix_nano,
            });
        }
    };
}

impl Records for ExportMetricsServiceRequest {
    fn each_record(&mut self, visit: &mut dyn FnMut(Record<'_>)) {
        let scopes = self
            .resource_metrics
            .iter_mut()
            .flat_map(|of| &mut of.scope_metrics);
        for metric in scopes.flat_map(|scope| &mut scope.metrics) {
            match &mut metric.data {
                Some(Data::Gauge(gauge)) => visit_points!(gauge, visit),
                Some(Data::Sum(sum)) => visit_points!(sum, visit),
                Some(Data::Histogram(histogram)) => visit_points!(histogram, visit),
                Some(Data::ExponentialHistogram(histogram)) => visit_points!(histogram, visit),
                Some(Data::Summary(summary)) => visit_points!(summary, visit),
                None => {}
            }
        }
    }

    fn each_resource(&mut self, visit: &mut dyn FnMut(Attributes<'_>)) {
        for of in &mut self.resource_metrics {
            visit(attributes_of(&mut of.resource));
        }
    }
}
