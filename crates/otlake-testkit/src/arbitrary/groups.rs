use opentelemetry_proto::tonic::common::v1::{EntityRef, InstrumentationScope};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::values::{attributes, count, key, string};
use crate::rng::Rng;

/// Returns messages for a repeated field, mostly none or a few.
pub(super) fn some<T>(rng: &mut Rng, end: usize, one: impl Fn(&mut Rng) -> T) -> Vec<T> {
    (0..rng.below(end)).map(|_| one(rng)).collect()
}

pub(super) fn resource(rng: &mut Rng) -> Option<Resource> {
    rng.chance(0.8).then(|| Resource {
        attributes: attributes(rng),
        dropped_attributes_count: count(rng),
        entity_refs: some(rng, 3, entity_ref),
    })
}

fn entity_ref(rng: &mut Rng) -> EntityRef {
    EntityRef {
        schema_url: string(rng),
        r#type: string(rng),
        id_keys: some(rng, 3, key),
        description_keys: some(rng, 3, key),
    }
}

pub(super) fn scope(rng: &mut Rng) -> Option<InstrumentationScope> {
    rng.chance(0.8).then(|| InstrumentationScope {
        name: string(rng),
        version: string(rng),
        attributes: attributes(rng),
        dropped_attributes_count: count(rng),
    })
}
