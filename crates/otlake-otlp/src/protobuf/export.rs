//! The nesting that the requests of all signals share: resources with scopes with records, each
//! level with the same field numbers.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use otlake_row::{
    Bytes, DecodeFailure, Group, Keys, Location, Row, RowSink, Signal, Summary, fields,
};

use super::common::{self, Attributes, GroupCells, Values};
use super::wire::{Reader, delimited};
use crate::error::{DecodeError, DecodeErrorKind, Fault, Result, Within};
use crate::limits::{Exceeded, Limits};
use crate::names::Names;

/// What the records of a signal are called, and how one is read.
pub(crate) trait Record {
    const SIGNAL: Signal;
    /// The field of the request, such as `resource_logs`.
    const RESOURCES: &'static str;
    /// The field of the resource's message, such as `scope_logs`.
    const SCOPES: &'static str;
    /// The field of the scope's message, such as `log_records`.
    const RECORDS: &'static str;

    /// Reads a record's message into the cells of a row.
    fn read<'r>(
        bytes: &'r [u8],
        attributes: Attributes<'_, 'r>,
        row: &mut Row<'r>,
    ) -> Result<Option<Exceeded>>;
}

/// What a decoder keeps from payload to payload.
pub(crate) struct State {
    pub(crate) keys: Keys,
    pub(crate) limits: Limits,
    pub(crate) resource_names: Names,
    pub(crate) scope_names: Names,
    pub(crate) record_names: Names,
    pub(crate) arenas: Arenas,
}

/// Scratch for what does not borrow from the payload, each reset with its message.
#[derive(Default)]
pub(crate) struct Arenas {
    pub(crate) resource: Bump,
    pub(crate) scope: Bump,
    pub(crate) record: Bump,
}

impl State {
    pub(crate) fn new(limits: Limits, keys: Keys) -> State {
        State {
            keys,
            limits,
            resource_names: Names::new(Location::Resource),
            scope_names: Names::new(Location::Scope),
            record_names: Names::new(Location::Attribute),
            arenas: Arenas::default(),
        }
    }

    pub(crate) fn decode<R: Record, S: RowSink>(
        &mut self,
        payload: &Bytes,
        sink: &mut S,
    ) -> std::result::Result<Summary, DecodeFailure<DecodeError, S::Error>> {
        let State {
            keys,
            limits,
            resource_names,
            scope_names,
            record_names,
            arenas,
        } = self;
        let summary = Summary::default();
        let mut run = Run::<R, S> {
            payload,
            keys,
            limits: *limits,
            resource_names,
            scope_names,
            record_names,
            sink,
            summary,
            records: std::marker::PhantomData,
        };
        let (bytes, limit) = (payload.len(), run.limits.payload_bytes);
        let result = if bytes > limit {
            let kind = DecodeErrorKind::PayloadTooLarge { bytes, limit };
            Err(Stop::Fault(Fault::new(kind, payload)))
        } else {
            run.request(arenas)
        };
        let summary = run.summary;
        let accepted = summary.accepted;
        result.map(|()| summary).map_err(|stop| match stop {
            Stop::Fault(fault) => DecodeFailure::Payload {
                error: fault.into_error(payload),
                accepted,
            },
            Stop::Sink(error) => DecodeFailure::Sink { error, accepted },
        })
    }
}

/// Why a run ends early.
enum Stop<E> {
    Fault(Box<Fault>),
    Sink(E),
}

impl<E> From<Box<Fault>> for Stop<E> {
    fn from(fault: Box<Fault>) -> Self {
        Stop::Fault(fault)
    }
}

impl<E> Stop<E> {
    fn inside(self, field: &'static str, item: usize) -> Stop<E> {
        match self {
            Stop::Fault(fault) => Stop::Fault(fault.inside(field, Some(item))),
            sink => sink,
        }
    }
}

/// One payload on its way through the decoder.
struct Run<'d, R, S> {
    payload: &'d Bytes,
    keys: &'d mut Keys,
    limits: Limits,
    resource_names: &'d mut Names,
    scope_names: &'d mut Names,
    record_names: &'d mut Names,
    sink: &'d mut S,
    summary: Summary,
    records: std::marker::PhantomData<R>,
}

/// `ResourceLogs` or `ScopeLogs`, or those of another signal, before their items are read: the
/// group's own fields may stand behind its items, and all rows need them.
struct Envelope<'r> {
    /// Every occurrence of the group's message.
    group: BumpVec<'r, &'r [u8]>,
    schema_url: &'r str,
}

impl<'r> Envelope<'r> {
    const GROUP: u32 = delimited(1);
    const ITEMS: u32 = delimited(2);
    const SCHEMA_URL: u32 = delimited(3);

    fn read(bytes: &'r [u8], arena: &'r Bump) -> Result<Envelope<'r>> {
        touch(bytes);
        let mut envelope = Envelope {
            group: BumpVec::new_in(arena),
            schema_url: "",
        };
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            match tag {
                Self::ITEMS => drop(reader.delimited()?),
                Self::GROUP => envelope.group.push(reader.delimited()?),
                Self::SCHEMA_URL => envelope.schema_url = reader.string().within("schema_url")?,
                _ => reader.skip(tag, &[1, 2, 3])?,
            }
        }
        Ok(envelope)
    }

    /// The items of an envelope that was read before, so that nothing in it can be malformed.
    fn items(bytes: &'r [u8]) -> impl Iterator<Item = &'r [u8]> {
        let mut reader = Reader::new(bytes);
        std::iter::from_fn(move || {
            while !reader.is_empty() {
                match reader.tag().ok()? {
                    Self::ITEMS => return reader.delimited().ok(),
                    tag => reader.skip(tag, &[]).ok()?,
                }
            }
            None
        })
    }
}

/// Loads the bytes into the cache before they are hopped over. A hop from item to item waits for
/// the length of each before it can ask for the next, which the processor cannot foresee; a load
/// per cache line it can, so the items are there when they are hopped over and when they are read.
fn touch(bytes: &[u8]) {
    const LINE: usize = 64;
    /// What fits a second-level cache beside other data.
    const MOST: usize = 256 << 10;
    if bytes.len() <= MOST {
        let lines = bytes.iter().step_by(LINE);
        std::hint::black_box(lines.fold(0, |bits, byte| bits | byte));
    }
}

impl<R: Record, S: RowSink> Run<'_, R, S> {
    fn request(&mut self, arenas: &mut Arenas) -> std::result::Result<(), Stop<S::Error>> {
        const RESOURCES: u32 = delimited(1);
        let Arenas {
            resource,
            scope,
            record,
        } = arenas;
        let mut reader = Reader::new(self.payload);
        let mut index = 0;
        while !reader.is_empty() {
            let tag = reader.tag()?;
            if tag != RESOURCES {
                reader.skip(tag, &[1])?;
                continue;
            }
            let bytes = reader.delimited().within_item(R::RESOURCES, index)?;
            resource.reset();
            self.resource(bytes, resource, scope, record)
                .map_err(|stop| stop.inside(R::RESOURCES, index))?;
            index += 1;
        }
        Ok(())
    }

    fn resource(
        &mut self,
        bytes: &[u8],
        arena: &Bump,
        scope_arena: &mut Bump,
        record_arena: &mut Bump,
    ) -> std::result::Result<(), Stop<S::Error>> {
        let envelope = Envelope::read(bytes, arena)?;
        let values = Values::new(arena, self.limits);
        let attributes = Attributes::new(values, self.keys, self.resource_names);
        let mut resource = common::resource(&envelope.group, attributes).within("resource")?;
        resource.push_schema_url(fields::RESOURCE_SCHEMA_URL, envelope.schema_url);
        let exceeded = resource.exceeded;
        let resource = Group::new(resource.cells.into_bump_slice());
        for (index, bytes) in Envelope::items(bytes).enumerate() {
            scope_arena.reset();
            self.scope(bytes, resource, exceeded, scope_arena, record_arena)
                .map_err(|stop| stop.inside(R::SCOPES, index))?;
        }
        Ok(())
    }

    fn scope(
        &mut self,
        bytes: &[u8],
        resource: Group<'_>,
        exceeded: Option<Exceeded>,
        arena: &Bump,
        record_arena: &mut Bump,
    ) -> std::result::Result<(), Stop<S::Error>> {
        let envelope = Envelope::read(bytes, arena)?;
        let values = Values::new(arena, self.limits);
        let attributes = Attributes::new(values, self.keys, self.scope_names);
        let mut scope: GroupCells<'_> =
            common::scope(&envelope.group, attributes).within("scope")?;
        scope.push_schema_url(fields::SCOPE_SCHEMA_URL, envelope.schema_url);
        let group_exceeded = exceeded.or(scope.exceeded);
        let scope = Group::new(scope.cells.into_bump_slice());
        for (index, bytes) in Envelope::items(bytes).enumerate() {
            let exceeded = match group_exceeded {
                Some(exceeded) => Some(exceeded),
                None => self
                    .record(bytes, resource, scope, record_arena)
                    .map_err(|stop| stop.inside(R::RECORDS, index))?,
            };
            match exceeded {
                None => self.summary.accepted += 1,
                Some(exceeded) => reject(&mut self.summary, exceeded),
            }
            record_arena.reset();
        }
        Ok(())
    }

    #[inline]
    fn record(
        &mut self,
        bytes: &[u8],
        resource: Group<'_>,
        scope: Group<'_>,
        arena: &Bump,
    ) -> std::result::Result<Option<Exceeded>, Stop<S::Error>> {
        let mut row = Row::new(R::SIGNAL, resource, scope);
        let values = Values::new(arena, self.limits);
        let attributes = Attributes::new(values, self.keys, self.record_names);
        let exceeded = R::read(bytes, attributes, &mut row)?;
        if exceeded.is_none() {
            row.set_keys(self.keys);
            row.set_payload(self.payload);
            self.sink.row(&mut row).map_err(Stop::Sink)?;
        }
        Ok(exceeded)
    }
}

/// Counts a record that went over a limit.
#[cold]
pub(crate) fn reject(summary: &mut Summary, exceeded: Exceeded) {
    let number = summary.accepted + summary.rejected;
    summary.rejected += 1;
    summary
        .first_rejection
        .get_or_insert_with(|| format!("record {number} of the payload: {exceeded}"));
}
