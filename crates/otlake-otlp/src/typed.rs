//! Rows from the message types of the opentelemetry-proto crate: the same rows that the bytes of
//! the message decode to.

use bumpalo::collections::Vec as BumpVec;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Typed;
use opentelemetry_proto::tonic::common::v1::{AnyValue, EntityRef, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use otlake_row::{Cell, Group, Key, Row, RowSink, Signal, Summary, Value, fields};

use crate::LogsDecoder;
use crate::limits::Exceeded;
use crate::protobuf::common::{Attributes, Values};
use crate::protobuf::export::{Arenas, State, reject};
use crate::protobuf::logs::push_sent;

impl LogsDecoder {
    /// Turns a request that was decoded already, by a gRPC server say, into rows.
    ///
    /// # Errors
    ///
    /// The sink's; the rows before are delivered.
    pub fn decode_request<S: RowSink>(
        &mut self,
        request: &ExportLogsServiceRequest,
        sink: &mut S,
    ) -> Result<Summary, S::Error> {
        let State {
            keys,
            limits,
            resource_names,
            scope_names,
            record_names,
            arenas,
        } = &mut self.state;
        let Arenas {
            resource: resource_arena,
            scope: scope_arena,
            record: record_arena,
        } = arenas;
        let mut summary = Summary::default();
        for resource_logs in &request.resource_logs {
            resource_arena.reset();
            let values = Values::new(resource_arena, *limits);
            let attributes = Attributes::new(values, keys, resource_names);
            let resource = resource_logs.resource.as_ref();
            let (cells, resource_exceeded) =
                resource_cells(resource, &resource_logs.schema_url, attributes);
            let resource = Group::new(&cells);
            for scope_logs in &resource_logs.scope_logs {
                scope_arena.reset();
                let values = Values::new(scope_arena, *limits);
                let attributes = Attributes::new(values, keys, scope_names);
                let scope = scope_logs.scope.as_ref();
                let (cells, scope_exceeded) =
                    scope_cells(scope, &scope_logs.schema_url, attributes);
                let scope = Group::new(&cells);
                for log_record in &scope_logs.log_records {
                    record_arena.reset();
                    let mut row = Row::new(Signal::Logs, resource, scope);
                    let values = Values::new(record_arena, *limits);
                    let attributes = Attributes::new(values, keys, record_names);
                    let exceeded = push_log_record(log_record, attributes, &mut row);
                    match resource_exceeded.or(scope_exceeded).or(exceeded) {
                        Some(exceeded) => reject(&mut summary, exceeded),
                        None => {
                            row.set_keys(keys);
                            sink.row(&mut row)?;
                            summary.accepted += 1;
                        }
                    }
                }
            }
        }
        Ok(summary)
    }
}

type GroupCells<'r> = (BumpVec<'r, Cell<'r>>, Option<Exceeded>);

fn resource_cells<'r>(
    resource: Option<&'r Resource>,
    schema_url: &'r str,
    mut attributes: Attributes<'_, 'r>,
) -> GroupCells<'r> {
    let arena = attributes.values.arena;
    let mut cells = BumpVec::new_in(arena);
    if let Some(resource) = resource {
        push_attributes(&resource.attributes, &mut attributes, |cell| {
            cells.push(cell)
        });
        if !resource.entity_refs.is_empty() {
            let refs = resource
                .entity_refs
                .iter()
                .map(|entity| entity_ref(entity, &attributes));
            let value = Value::Array(BumpVec::from_iter_in(refs, arena).into_bump_slice());
            cells.push(Cell {
                key: fields::RESOURCE_ENTITY_REFS,
                value,
            });
        }
        let dropped = Value::Int(resource.dropped_attributes_count.into());
        push_cell_sent(
            &mut cells,
            fields::RESOURCE_DROPPED_ATTRIBUTES_COUNT,
            dropped,
        );
    }
    let (excess, exceeded) = attributes.finish();
    cells.extend(excess);
    push_cell_sent(
        &mut cells,
        fields::RESOURCE_SCHEMA_URL,
        Value::String(schema_url),
    );
    (cells, exceeded)
}

fn scope_cells<'r>(
    scope: Option<&'r InstrumentationScope>,
    schema_url: &'r str,
    mut attributes: Attributes<'_, 'r>,
) -> GroupCells<'r> {
    let mut cells = BumpVec::new_in(attributes.values.arena);
    if let Some(scope) = scope {
        push_attributes(&scope.attributes, &mut attributes, |cell| cells.push(cell));
        push_cell_sent(&mut cells, fields::SCOPE_NAME, Value::String(&scope.name));
        push_cell_sent(
            &mut cells,
            fields::SCOPE_VERSION,
            Value::String(&scope.version),
        );
        let dropped = Value::Int(scope.dropped_attributes_count.into());
        push_cell_sent(&mut cells, fields::SCOPE_DROPPED_ATTRIBUTES_COUNT, dropped);
    }
    let (excess, exceeded) = attributes.finish();
    cells.extend(excess);
    push_cell_sent(
        &mut cells,
        fields::SCOPE_SCHEMA_URL,
        Value::String(schema_url),
    );
    (cells, exceeded)
}

fn push_log_record<'r>(
    record: &'r LogRecord,
    mut attributes: Attributes<'_, 'r>,
    row: &mut Row<'r>,
) -> Option<Exceeded> {
    push_attributes(&record.attributes, &mut attributes, |cell| {
        row.push(cell.key, cell.value)
    });
    for (key, time) in [
        (fields::TIME_UNIX_NANO, record.time_unix_nano),
        (
            fields::OBSERVED_TIME_UNIX_NANO,
            record.observed_time_unix_nano,
        ),
    ] {
        push_sent(row, key, attributes.values.unsigned(time));
    }
    push_sent(
        row,
        fields::SEVERITY_NUMBER,
        Value::Int(record.severity_number.into()),
    );
    push_sent(
        row,
        fields::SEVERITY_TEXT,
        Value::String(&record.severity_text),
    );
    if let Some(body) = &record.body {
        row.push(fields::BODY, any_value(body, &mut attributes.values, 0));
    }
    push_sent(row, fields::EVENT_NAME, Value::String(&record.event_name));
    push_sent(row, fields::TRACE_ID, Value::Bytes(&record.trace_id));
    push_sent(row, fields::SPAN_ID, Value::Bytes(&record.span_id));
    push_sent(row, fields::FLAGS, Value::Int(record.flags.into()));
    let dropped = Value::Int(record.dropped_attributes_count.into());
    push_sent(row, fields::DROPPED_ATTRIBUTES_COUNT, dropped);
    let (excess, exceeded) = attributes.finish();
    if let Some(excess) = excess {
        row.push(excess.key, excess.value);
    }
    exceeded
}

fn push_attributes<'r>(
    typed: &'r [KeyValue],
    attributes: &mut Attributes<'_, 'r>,
    mut push: impl FnMut(Cell<'r>),
) {
    for KeyValue { key, value, .. } in typed {
        let value = value
            .as_ref()
            .map(|value| any_value(value, &mut attributes.values, 0));
        if let Some(cell) = attributes.take(key, value.unwrap_or_default()) {
            push(cell);
        }
    }
}

fn push_cell_sent<'r>(cells: &mut BumpVec<'r, Cell<'r>>, key: Key, value: Value<'r>) {
    if !matches!(value, Value::Int(0) | Value::String("")) {
        cells.push(Cell { key, value });
    }
}

fn any_value<'r>(value: &'r AnyValue, values: &mut Values<'r>, depth: usize) -> Value<'r> {
    match &value.value {
        None | Some(Typed::StringValueStrindex(_)) => Value::Empty,
        Some(Typed::StringValue(string)) => Value::String(string),
        Some(Typed::BoolValue(bool)) => Value::Bool(*bool),
        Some(Typed::IntValue(int)) => Value::Int(*int),
        Some(Typed::DoubleValue(double)) => Value::Double(*double),
        Some(Typed::BytesValue(bytes)) => Value::Bytes(bytes),
        Some(Typed::ArrayValue(_) | Typed::KvlistValue(_)) if values.too_deep(depth + 1) => {
            Value::Empty
        }
        Some(Typed::ArrayValue(array)) => {
            let mut items = BumpVec::new_in(values.arena);
            for item in &array.values {
                let item = any_value(item, values, depth + 1);
                if values.room() {
                    items.push(item);
                }
            }
            Value::Array(items.into_bump_slice())
        }
        Some(Typed::KvlistValue(kvlist)) => {
            let mut entries = BumpVec::new_in(values.arena);
            for KeyValue { key, value, .. } in &kvlist.values {
                let value = value
                    .as_ref()
                    .map(|value| any_value(value, values, depth + 1));
                if values.room() {
                    entries.push((key.as_str(), value.unwrap_or_default()));
                }
            }
            Value::KvList(entries.into_bump_slice())
        }
    }
}

fn entity_ref<'r>(entity: &'r EntityRef, attributes: &Attributes<'_, 'r>) -> Value<'r> {
    let arena = attributes.values.arena;
    let strings = |strings: &'r [String]| {
        let strings = strings.iter().map(|string| Value::String(string));
        Value::Array(BumpVec::from_iter_in(strings, arena).into_bump_slice())
    };
    Value::KvList(arena.alloc_slice_copy(&[
        ("schema_url", Value::String(&entity.schema_url)),
        ("type", Value::String(&entity.r#type)),
        ("id_keys", strings(&entity.id_keys)),
        ("description_keys", strings(&entity.description_keys)),
    ]))
}
