//! The decoding of one payload, as far as it is the same for protobuf, JSON and typed messages: groups, limits
//! and rejections.

use std::ops::Range;

use bumpalo::Bump;
use otlake_row::{Bytes, Group, KeyLimits, Keys, Location, Row, RowSink, Signal};

use crate::attributes::Attributes;
use crate::error::{DecodeError, Fault, InvalidPayloadKind, Position, Result};
use crate::names::Names;
use crate::record::{Resource, Scope};
use crate::summary::RejectedValue;
use crate::values::{Noted, Rules, Unknown, Values};
use crate::{Format, Rejection, RejectionReason, Summary};

/// The part of a decoder that lives from payload to payload.
pub(crate) struct State {
    pub(crate) keys: Keys,
    pub(crate) rules: Rules,
    /// Predictions for each signal, because signals have different attributes.
    names: [SignalNames; 3],
    replaced: Option<Replaced>,
    arenas: Arenas,
}

/// The predictions of attribute names in the payloads of a signal.
struct SignalNames {
    resource: Names,
    scope: Names,
    record: Names,
}

impl SignalNames {
    fn new() -> SignalNames {
        SignalNames {
            resource: Names::new(Location::Resource),
            scope: Names::new(Location::Scope),
            record: Names::new(Location::Attribute),
        }
    }
}

/// An interner without room, for names in data that a later member of a oneof replaced. Nobody will see
/// this data, so none of its names is kept.
pub(crate) struct Replaced {
    pub(crate) keys: Keys,
    pub(crate) names: Names,
}

impl Replaced {
    pub(crate) fn new() -> Replaced {
        Replaced {
            keys: Keys::with_limits(KeyLimits::default().with_names(0)),
            names: Names::new(Location::Attribute),
        }
    }
}

/// Scratch for values that do not borrow from the payload. Each arena is reset with its message.
#[derive(Default)]
pub(crate) struct Arenas {
    pub(crate) resource: Bump,
    pub(crate) scope: Bump,
    pub(crate) metric: Bump,
    pub(crate) record: Bump,
}

impl Arenas {
    /// The bytes that an arena may keep for the next payload.
    const KEPT: usize = 1 << 20;

    /// Frees the memory that an unusually large payload needed.
    pub(crate) fn release(&mut self) {
        let Arenas {
            resource,
            scope,
            metric,
            record,
        } = self;
        for arena in [resource, scope, metric, record] {
            if arena.allocated_bytes() > Self::KEPT {
                *arena = Bump::new();
            }
        }
    }
}

impl State {
    pub(crate) fn new(rules: Rules, keys: Keys) -> State {
        State {
            keys,
            rules,
            names: std::array::from_fn(|_| SignalNames::new()),
            replaced: None,
            arenas: Arenas::default(),
        }
    }

    /// Decodes a payload with the `walk` of its format and signal.
    pub(crate) fn decode<S: RowSink>(
        &mut self,
        signal: Signal,
        format: Format,
        payload: &Bytes,
        sink: &mut S,
        walk: impl FnOnce(&mut Run<'_, S>, &[u8], &mut Arenas) -> Walk<S::Error>,
        path_at: impl Fn(&[u8], Range<usize>) -> String,
    ) -> std::result::Result<Summary, DecodeError<S::Error>> {
        let (bytes, limit) = (payload.len(), self.rules.limits.payload_bytes);
        let (mut run, arenas) = self.run(signal, Some(payload), sink);
        let result = if bytes > limit {
            let kind = InvalidPayloadKind::PayloadTooLarge { bytes, limit };
            Err(Stop::Fault(Fault::new(kind, payload)))
        } else {
            walk(&mut run, payload, arenas)
        };
        arenas.release();
        let summary = run.finish(|rest| path_at(payload, rest));
        match result {
            Ok(()) => Ok(summary),
            Err(Stop::Fault(fault)) => Err(DecodeError::Payload {
                error: fault.into_error(payload, format),
                summary,
            }),
            Err(Stop::Sink(error)) => Err(DecodeError::Sink { error, summary }),
        }
    }

    /// Begins a run over `payload`, or over typed messages, which do not borrow from a payload.
    pub(crate) fn run<'d, S: RowSink>(
        &'d mut self,
        signal: Signal,
        payload: Option<&'d Bytes>,
        sink: &'d mut S,
    ) -> (Run<'d, S>, &'d mut Arenas) {
        let names = &mut self.names[signal as usize];
        for names in [&mut names.resource, &mut names.scope, &mut names.record] {
            names.begin_payload();
        }
        let run = Run {
            payload,
            rules: &self.rules,
            keys: &mut self.keys,
            resource_names: &mut names.resource,
            scope_names: &mut names.scope,
            record_names: &mut names.record,
            replaced: &mut self.replaced,
            sink,
            summary: Summary::default(),
            unknown: Unknown::default(),
            first_rejection: None,
            repeated: 0,
        };
        (run, &mut self.arenas)
    }
}

/// The result of a walk over a payload or a part of one.
pub(crate) type Walk<E> = std::result::Result<(), Stop<E>>;

/// The reason why a walk ends early.
pub(crate) enum Stop<E> {
    Fault(Box<Fault>),
    Sink(E),
}

impl<E> From<Box<Fault>> for Stop<E> {
    fn from(fault: Box<Fault>) -> Self {
        Stop::Fault(fault)
    }
}

impl<E> Stop<E> {
    /// Adds the item of a repeated field to the path of a fault.
    pub(crate) fn inside(self, field: &'static str, item: usize) -> Stop<E> {
        match self {
            Stop::Fault(fault) => Stop::Fault(fault.inside(field, Some(item))),
            sink => sink,
        }
    }

    /// Adds a field to the path of a fault.
    pub(crate) fn inside_field(self, field: &'static str) -> Stop<E> {
        match self {
            Stop::Fault(fault) => Stop::Fault(fault.inside(field, None)),
            sink => sink,
        }
    }
}

/// The resource of the next rows.
#[derive(Clone, Copy)]
pub(crate) struct ResourceGroup<'r> {
    group: Group<'r>,
    rejection: Option<&'r Reject>,
}

/// The resource and the scope of the next rows.
#[derive(Clone, Copy)]
pub(crate) struct Groups<'r> {
    resource: Group<'r>,
    scope: Group<'r>,
    rejection: Option<&'r Reject>,
}

/// The reason why a record, or all records of a group, are rejected.
#[derive(Clone, Copy)]
pub(crate) struct Reject {
    reason: RejectionReason,
    /// The position of the value that is the reason, if it is one value.
    at: Option<Position>,
}

impl From<RejectionReason> for Reject {
    fn from(reason: RejectionReason) -> Reject {
        Reject { reason, at: None }
    }
}

/// The decoding of one payload.
pub(crate) struct Run<'d, S> {
    payload: Option<&'d Bytes>,
    pub(crate) rules: &'d Rules,
    keys: &'d mut Keys,
    resource_names: &'d mut Names,
    scope_names: &'d mut Names,
    record_names: &'d mut Names,
    /// Created when it is needed, which is almost never.
    pub(crate) replaced: &'d mut Option<Replaced>,
    sink: &'d mut S,
    summary: Summary,
    pub(crate) unknown: Unknown,
    /// The number of the first rejected record, and the reason.
    first_rejection: Option<(u64, Reject)>,
    /// The bytes that data points have repeated of their metrics.
    repeated: usize,
}

impl<'d, S: RowSink> Run<'d, S> {
    /// Begins a resource. `read` reads its attributes and fields.
    pub(crate) fn resource<'r>(
        &mut self,
        arena: &'r Bump,
        read: impl FnOnce(&mut Attributes<'_, 'r>, &mut Resource<'r>) -> Result<()>,
    ) -> Result<ResourceGroup<'r>>
    where
        'd: 'r,
    {
        let values = Values::new(arena, self.rules);
        let mut attributes = Attributes::new(values, self.keys, self.resource_names);
        let mut resource = Resource::new_in(arena);
        let fault = group_rejection(read(&mut attributes, &mut resource))?;
        let (excess, noted) = attributes.finish();
        self.note(&noted);
        let rejection = fault.or(noted.rejection.map(Reject::from));
        Ok(ResourceGroup {
            group: Group::new(resource.into_cells(excess)),
            rejection: rejection.map(|rejection| &*arena.alloc(rejection)),
        })
    }

    /// Begins a scope of the resource. `read` reads its attributes and fields.
    pub(crate) fn scope<'r>(
        &mut self,
        resource: ResourceGroup<'r>,
        arena: &'r Bump,
        read: impl FnOnce(&mut Attributes<'_, 'r>, &mut Scope<'r>) -> Result<()>,
    ) -> Result<Groups<'r>>
    where
        'd: 'r,
    {
        let values = Values::new(arena, self.rules);
        let mut attributes = Attributes::new(values, self.keys, self.scope_names);
        let mut scope = Scope::new_in(arena);
        let fault = group_rejection(read(&mut attributes, &mut scope))?;
        let (excess, noted) = attributes.finish();
        self.note(&noted);
        let rejection = fault.or(noted.rejection.map(Reject::from));
        let rejection = rejection.map(|rejection| &*arena.alloc(rejection));
        Ok(Groups {
            resource: resource.group,
            scope: Group::new(scope.into_cells(excess)),
            rejection: resource.rejection.or(rejection),
        })
    }

    /// Pushes one record into the sink, or rejects it. `read` reads its attributes and fields. It is not called
    /// for a record that is rejected whatever its content.
    #[inline]
    pub(crate) fn record<'r>(
        &'r mut self,
        signal: Signal,
        groups: Groups<'r>,
        arena: &'r Bump,
        read: impl FnOnce(&mut Attributes<'_, 'r>, &mut Row<'r>) -> Result<()>,
    ) -> Walk<S::Error>
    where
        'd: 'r,
    {
        if groups.rejection.is_some() || self.one_too_many() {
            self.reject_unread(groups.rejection);
            return Ok(());
        }
        let mut row = Row::new(signal, groups.resource, groups.scope);
        let values = Values::new(arena, self.rules);
        let mut attributes = Attributes::new(values, self.keys, self.record_names);
        read(&mut attributes, &mut row)?;
        let (excess, noted) = attributes.finish();
        self.note(&noted);
        if let Some(reason) = noted.rejection {
            self.reject(reason.into());
            return Ok(());
        }
        if let Some(excess) = excess
            && !self.rules.skip_record_attributes
        {
            row.push(excess.key, excess.value);
        }
        row.set_keys(self.keys);
        if let Some(payload) = self.payload {
            row.set_payload(payload);
        }
        self.sink.row(&mut row).map_err(Stop::Sink)?;
        self.summary.accepted += 1;
        Ok(())
    }

    /// Returns the groups of a data point that repeats so many bytes of its metric.
    #[inline]
    pub(crate) fn repeat<'r>(
        &mut self,
        bytes: usize,
        groups: Groups<'r>,
        arena: &'r Bump,
    ) -> Groups<'r> {
        self.repeated = self.repeated.saturating_add(bytes);
        let limits = &self.rules.limits;
        let limit = match self.payload {
            Some(payload) => limits.repeated_bytes(payload.len()),
            None => limits.repeated_bytes(limits.payload_bytes),
        };
        if self.repeated <= limit || groups.rejection.is_some() {
            return groups;
        }
        groups.or_reject(Some(RejectionReason::Repetition { limit }), arena)
    }

    #[inline]
    fn one_too_many(&self) -> bool {
        let records = self.summary.accepted + self.summary.rejected;
        records >= self.rules.limits.records as u64
    }

    /// Adds the notes about the values of a record or a group.
    #[inline]
    pub(crate) fn note(&mut self, noted: &Noted) {
        self.summary.replaced_strings += noted.replaced;
        if noted.unknown.count > 0 {
            self.unknown.merge(noted.unknown);
        }
    }

    /// Rejects a record whatever its content, because of its group or of the limit for records.
    #[cold]
    fn reject_unread(&mut self, rejection: Option<&Reject>) {
        let limit = self.rules.limits.records;
        let too_many = || Reject::from(RejectionReason::Records { limit });
        self.reject(rejection.copied().unwrap_or_else(too_many));
    }

    #[cold]
    fn reject(&mut self, rejection: Reject) {
        self.summary.rejected += 1;
        let number = self.summary.accepted + self.summary.rejected;
        self.first_rejection.get_or_insert((number, rejection));
    }

    /// Returns the number of rejected records so far.
    pub(crate) fn rejected(&self) -> u64 {
        self.summary.rejected
    }

    /// Ends a resource that began when `rejected` records had been rejected.
    pub(crate) fn end_resource(&mut self, resource: ResourceGroup<'_>, rejected: u64) {
        self.end_group(resource.rejection, rejected);
    }

    /// Ends a scope of a resource that began when `rejected` records had been rejected.
    pub(crate) fn end_scope(
        &mut self,
        resource: ResourceGroup<'_>,
        groups: Groups<'_>,
        rejected: u64,
    ) {
        if resource.rejection.is_none() {
            self.end_group(groups.rejection, rejected);
        }
    }

    /// Rejects one record for a fault in a group without records. Otherwise nobody would learn of the fault.
    fn end_group(&mut self, rejection: Option<&Reject>, rejected: u64) {
        if let Some(rejection) = rejection
            && rejection.at.is_some()
            && self.summary.rejected == rejected
        {
            self.reject(*rejection);
        }
    }

    /// Turns a fault that concerns one value into a rejected record. It is the record that has the value, or one
    /// record for a resource or a scope, if the fault hides how many records it has.
    #[cfg(feature = "json")]
    #[inline]
    pub(crate) fn contain(&mut self, result: Walk<S::Error>) -> Walk<S::Error> {
        match result {
            Err(Stop::Fault(fault)) => self.reject_for(fault.rejection(), fault, 1),
            result => result,
        }
    }

    /// Turns a fault that concerns a whole metric into rejected records. `items` returns how many it has.
    #[cfg(feature = "json")]
    #[cold]
    pub(crate) fn contain_items(
        &mut self,
        fault: Box<Fault>,
        items: impl FnOnce() -> u64,
    ) -> Walk<S::Error> {
        self.reject_for(fault.rejection(), fault, items().max(1))
    }

    /// Turns a fault within the message of a record or a metric into a rejected record. The message ends where the
    /// messages around it say, so others can be read.
    #[inline]
    pub(crate) fn contain_message(&mut self, result: Walk<S::Error>) -> Walk<S::Error> {
        match result {
            Err(Stop::Fault(fault)) => self.reject_for(fault.rejection_of_message(), fault, 1),
            result => result,
        }
    }

    /// Turns a fault within the message around a resource, a scope or a metric into rejected records. `items` returns how many
    /// were found in it. If there are none, one is rejected. Otherwise nobody would learn of the fault.
    #[inline]
    pub(crate) fn contain_group(
        &mut self,
        result: Walk<S::Error>,
        items: impl FnOnce() -> u64,
    ) -> Walk<S::Error> {
        match result {
            Err(Stop::Fault(fault)) => {
                self.reject_for(fault.rejection_of_message(), fault, items().max(1))
            }
            result => result,
        }
    }

    /// Rejects this many records for a fault.
    #[cold]
    fn reject_for(
        &mut self,
        reason: Option<RejectionReason>,
        fault: Box<Fault>,
        records: u64,
    ) -> Walk<S::Error> {
        let Some(reason) = reason else {
            return Err(Stop::Fault(fault));
        };
        let at = Some(fault.position());
        self.reject(Reject { reason, at });
        self.summary.rejected += records - 1;
        Ok(())
    }

    /// Returns the summary. `path_at` returns the path of a value, for its offset and the end of the message that
    /// it is in, as far as that is known.
    pub(crate) fn finish(self, path_at: impl Fn(Range<usize>) -> String) -> Summary {
        let start = self.payload.map_or(0, |payload| payload.as_ptr().addr());
        let offset = |address: usize| address.saturating_sub(start);
        let mut summary = self.summary;
        summary.first_rejection = self.first_rejection.map(|(number, rejection)| {
            let value = rejection.at.map(|position| {
                let offset = offset(position.address);
                RejectedValue {
                    offset,
                    path: path_at(offset..offset + position.remaining),
                }
            });
            Rejection::new(number, rejection.reason, value)
        });
        if self.unknown.count > 0 {
            summary.unknown_fields = self.unknown.count;
            let offset = offset(self.unknown.first);
            summary.first_unknown_field = Some(path_at(offset..offset));
        }
        summary
    }
}

/// Returns the rejection for a fault in the message of a resource or a scope.
fn group_rejection(result: Result<()>) -> Result<Option<Reject>> {
    let Err(fault) = result else { return Ok(None) };
    let Some(reason) = fault.rejection_of_message() else {
        return Err(fault);
    };
    let at = Some(fault.position());
    Ok(Some(Reject { reason, at }))
}

impl<'r> Groups<'r> {
    /// Returns the same groups, with rows that are rejected if something is wrong with what they share.
    pub(crate) fn or_reject(mut self, reason: Option<RejectionReason>, arena: &'r Bump) -> Self {
        if let Some(reason) = reason {
            let rejection = &*arena.alloc(Reject::from(reason));
            self.rejection = self.rejection.or(Some(rejection));
        }
        self
    }
}
