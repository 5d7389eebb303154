use opentelemetry_proto::tonic::common::v1::{EntityRef, InstrumentationScope};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::CanonicalRow;
use super::value::{CanonicalValue, attributes, message, string};

impl CanonicalRow {
    /// Returns the part that all rows of a resource share.
    pub(super) fn of_resource(resource: Option<&Resource>, schema_url: &str) -> CanonicalRow {
        let mut row = CanonicalRow::default();
        if let Some(resource) = resource {
            row.resource = attributes(&resource.attributes);
            let dropped = resource.dropped_attributes_count;
            row.int("resource_dropped_attributes_count", dropped);
            row.messages("resource_entity_refs", &resource.entity_refs, entity_ref);
        }
        row.string("resource_schema_url", schema_url);
        row
    }

    /// Adds the part that all rows of a scope share.
    pub(super) fn with_scope(
        &self,
        scope: Option<&InstrumentationScope>,
        schema_url: &str,
    ) -> CanonicalRow {
        let mut row = self.clone();
        if let Some(scope) = scope {
            row.scope = attributes(&scope.attributes);
            row.string("scope_name", &scope.name);
            row.string("scope_version", &scope.version);
            let dropped = scope.dropped_attributes_count;
            row.int("scope_dropped_attributes_count", dropped);
        }
        row.string("scope_schema_url", schema_url);
        row
    }
}

fn entity_ref(entity: &EntityRef) -> CanonicalValue {
    message([
        ("schema_url", string(&entity.schema_url)),
        ("type", string(&entity.r#type)),
        ("id_keys", strings(&entity.id_keys)),
        ("description_keys", strings(&entity.description_keys)),
    ])
}

fn strings(values: &[String]) -> CanonicalValue {
    CanonicalValue::Array(values.iter().map(|value| string(value)).collect())
}
