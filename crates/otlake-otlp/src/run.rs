//! One payload on its way through a decoder: what all forms of OTLP have in common, whether bytes,
//! text or messages are walked over.

use bumpalo::Bump;
use otlake_row::{Bytes, Group, KeyLimits, Keys, Location, Row, RowSink, Signal};

use crate::attributes::Attributes;
use crate::error::{DecodeError, Fault, InvalidPayloadKind, Result};
use crate::names::Names;
use crate::record::{Resource, Scope};
use crate::values::{Rules, Values};
use crate::{Rejection, RejectionReason, Summary};

/// What a decoder keeps from payload to payload.
pub(crate) struct State {
    pub(crate) keys: Keys,
    pub(crate) rules: Rules,
    /// For each signal, because what follows a name depends on it.
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

/// Takes the names in data that nobody will see, and keeps none.
pub(crate) struct Replaced {
    pub(crate) keys: Keys,
    pub(crate) names: Names,
}

impl Replaced {
    pub(crate) fn new() -> Replaced {
        Replaced {
            keys: Keys::with_limits(KeyLimits { names: 0, bytes: 0 }),
            names: Names::new(Location::Attribute),
        }
    }
}

/// Scratch for what does not borrow from the payload, each reset with its message.
#[derive(Default)]
pub(crate) struct Arenas {
    pub(crate) resource: Bump,
    pub(crate) scope: Bump,
    pub(crate) metric: Bump,
    pub(crate) record: Bump,
}

impl Arenas {
    /// What an arena may keep for the next payload.
    const KEPT: usize = 1 << 20;

    /// Gives back what an unusual payload needed.
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

    /// Decodes a payload with the `walk` of its form and signal.
    pub(crate) fn decode<S: RowSink>(
        &mut self,
        signal: Signal,
        payload: &Bytes,
        sink: &mut S,
        walk: impl FnOnce(&mut Run<'_, S>, &[u8], &mut Arenas) -> Walk<S::Error>,
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
        let summary = run.summary;
        match result {
            Ok(()) => Ok(summary),
            Err(Stop::Fault(fault)) => Err(DecodeError::Payload {
                error: fault.into_error(payload),
                summary,
            }),
            Err(Stop::Sink(error)) => Err(DecodeError::Sink { error, summary }),
        }
    }

    /// A run over `payload`, or over messages that borrow from no payload.
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
        };
        (run, &mut self.arenas)
    }
}

/// How a walk over a payload, or a part of one, ends.
pub(crate) type Walk<E> = std::result::Result<(), Stop<E>>;

/// Why a walk ends early.
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
    /// Says in which item of a repeated field a fault lies.
    pub(crate) fn inside(self, field: &'static str, item: usize) -> Stop<E> {
        match self {
            Stop::Fault(fault) => Stop::Fault(fault.inside(field, Some(item))),
            sink => sink,
        }
    }

    /// Says in which field a fault lies.
    pub(crate) fn inside_field(self, field: &'static str) -> Stop<E> {
        match self {
            Stop::Fault(fault) => Stop::Fault(fault.inside(field, None)),
            sink => sink,
        }
    }
}

/// The resource of the rows to come.
#[derive(Clone, Copy)]
pub(crate) struct ResourceGroup<'r> {
    group: Group<'r>,
    rejection: Option<RejectionReason>,
}

/// The resource and the scope of the rows to come.
#[derive(Clone, Copy)]
pub(crate) struct Groups<'r> {
    resource: Group<'r>,
    scope: Group<'r>,
    rejection: Option<RejectionReason>,
}

/// See the module.
pub(crate) struct Run<'d, S> {
    payload: Option<&'d Bytes>,
    pub(crate) rules: &'d Rules,
    keys: &'d mut Keys,
    resource_names: &'d mut Names,
    scope_names: &'d mut Names,
    record_names: &'d mut Names,
    /// Made when it is needed, which is next to never.
    pub(crate) replaced: &'d mut Option<Replaced>,
    sink: &'d mut S,
    pub(crate) summary: Summary,
}

impl<'d, S: RowSink> Run<'d, S> {
    /// Begins a resource; `read` reads its attributes and fields.
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
        read(&mut attributes, &mut resource)?;
        let (excess, noted) = attributes.finish();
        self.summary.replaced_strings += noted.replaced;
        Ok(ResourceGroup {
            group: Group::new(resource.into_cells(excess)),
            rejection: noted.rejection,
        })
    }

    /// Begins a scope of the resource; `read` reads its attributes and fields.
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
        read(&mut attributes, &mut scope)?;
        let (excess, noted) = attributes.finish();
        self.summary.replaced_strings += noted.replaced;
        Ok(Groups {
            resource: resource.group,
            scope: Group::new(scope.into_cells(excess)),
            rejection: resource.rejection.or(noted.rejection),
        })
    }

    /// Hands one record to the sink, or rejects it; `read` reads its attributes and fields. A record
    /// that is to be rejected whatever is in it is not read.
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
        if let Some(rejection) = groups.rejection.or_else(|| self.one_too_many()) {
            self.reject(rejection);
            return Ok(());
        }
        let mut row = Row::new(signal, groups.resource, groups.scope);
        let values = Values::new(arena, self.rules);
        let mut attributes = Attributes::new(values, self.keys, self.record_names);
        read(&mut attributes, &mut row)?;
        let (excess, noted) = attributes.finish();
        self.summary.replaced_strings += noted.replaced;
        if let Some(rejection) = noted.rejection {
            self.reject(rejection);
            return Ok(());
        }
        if let Some(excess) = excess {
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

    #[inline]
    fn one_too_many(&self) -> Option<RejectionReason> {
        let limit = self.rules.limits.records;
        let records = self.summary.accepted + self.summary.rejected;
        (records >= limit as u64).then_some(RejectionReason::Records { limit })
    }

    #[cold]
    fn reject(&mut self, reason: RejectionReason) {
        self.summary.rejected += 1;
        let number = self.summary.accepted + self.summary.rejected;
        self.summary
            .first_rejection
            .get_or_insert_with(|| Rejection::new(number, reason));
    }
}

impl Groups<'_> {
    /// The same groups, with rows that are rejected if something is wrong with what they share.
    pub(crate) fn or_reject(mut self, rejection: Option<RejectionReason>) -> Self {
        self.rejection = self.rejection.or(rejection);
        self
    }
}
