//! The nesting that the requests of all signals share: resources with scopes with items.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use otlake_row::{RowSink, Signal};

use super::common;
use super::node::{Items, Node};
use super::scanner::Scanner;
use super::tape::Tape;
use super::token::LONGEST;
use crate::error::{Fault, InvalidPayloadKind, Result, Within};
use crate::run::{Arenas, Groups, ResourceGroup, Run, Stop, Walk};

/// What the messages of a signal are called, and how the items of a scope are read.
pub(crate) trait Export {
    /// What the items are.
    const SIGNAL: Signal;
    /// How the member of a resource's message that has those of the scopes is called: first as the
    /// JSON encoding has it, then as the proto does, then as they did before OTLP 0.16.
    const SCOPES: &'static [&'static str];
    /// The same for the member of a scope's message that has the items.
    const ITEMS: &'static [&'static str];

    /// Reads an item: a record, or a metric with many.
    fn item<S: RowSink>(
        run: &mut Run<'_, S>,
        node: Node<'_>,
        groups: Groups<'_>,
        metric: &mut Bump,
        record: &mut Bump,
    ) -> Walk<S::Error>;
}

/// Walks over an export request, or the data message of the signal, which has the same members.
///
/// The tape holds one resource at a time, so that memory does not grow with their number.
pub(crate) fn request<E: Export, S: RowSink>(
    run: &mut Run<'_, S>,
    json: &[u8],
    arenas: &mut Arenas,
    tape: &mut Tape,
) -> Walk<S::Error> {
    if json.len() > LONGEST {
        let (bytes, limit) = (json.len(), LONGEST);
        return Err(Fault::new(InvalidPayloadKind::PayloadTooLarge { bytes, limit }, json).into());
    }
    let mut scanner = Scanner::new(json);
    if scanner.peek() != Some(b'{') {
        return Err(scanner.expected("the `{` of an export request").into());
    }
    scanner.take();
    let mut more = scanner.first(b'}');
    let mut index = 0;
    while more {
        let at = scanner.position();
        let name = scanner.name()?;
        match Contents::of(name.text(json, &arenas.resource)) {
            Contents::Resources(signal) if signal == E::SIGNAL => {
                index = resources::<E, S>(run, &mut scanner, arenas, tape, index)?;
            }
            contents => {
                if let Some(kind) = contents.refusal() {
                    return Err(Fault::new(kind, &json[at..]).into());
                }
                tape.read(&mut scanner, &arenas.resource)?;
            }
        }
        more = scanner.another(b'}')?;
    }
    match scanner.peek() {
        None => Ok(()),
        Some(_) => Err(scanner.expected("the end of the payload").into()),
    }
}

/// What a member of the request has in it.
enum Contents {
    Resources(Signal),
    Profiles,
    Unknown,
}

impl Contents {
    fn of(name: &[u8]) -> Contents {
        match name {
            b"resourceLogs" | b"resource_logs" => Contents::Resources(Signal::Logs),
            b"resourceSpans" | b"resource_spans" => Contents::Resources(Signal::Traces),
            b"resourceMetrics" | b"resource_metrics" => Contents::Resources(Signal::Metrics),
            b"resourceProfiles" | b"resource_profiles" => Contents::Profiles,
            _ => Contents::Unknown,
        }
    }

    /// Why it cannot be decoded here: what was sent as something else must not get lost as an unknown
    /// member.
    fn refusal(&self) -> Option<InvalidPayloadKind> {
        match self {
            Contents::Resources(signal) => {
                Some(InvalidPayloadKind::OtherSignal { signal: *signal })
            }
            Contents::Profiles => Some(InvalidPayloadKind::Profiles),
            Contents::Unknown => None,
        }
    }
}

/// The member of the request, as paths have it.
const fn resources_name(signal: Signal) -> &'static str {
    match signal {
        Signal::Logs => "resourceLogs",
        Signal::Traces => "resourceSpans",
        Signal::Metrics => "resourceMetrics",
    }
}

/// Reads the resources of the request; `index` of them were read before. How many there are with them.
fn resources<E: Export, S: RowSink>(
    run: &mut Run<'_, S>,
    scanner: &mut Scanner<'_>,
    arenas: &mut Arenas,
    tape: &mut Tape,
    mut index: usize,
) -> std::result::Result<usize, Stop<S::Error>> {
    let name = resources_name(E::SIGNAL);
    if scanner.peek() != Some(b'[') {
        let node = tape.read(scanner, &arenas.resource)?;
        if !node.is_null() {
            node.items().map(drop).within(name)?;
        }
        return Ok(index);
    }
    scanner.take();
    let mut more = scanner.first(b']');
    while more {
        arenas.resource.reset();
        resource::<E, S>(run, scanner, arenas, tape).map_err(|stop| stop.inside(name, index))?;
        index += 1;
        more = scanner.another(b']')?;
    }
    Ok(index)
}

fn resource<E: Export, S: RowSink>(
    run: &mut Run<'_, S>,
    scanner: &mut Scanner<'_>,
    arenas: &mut Arenas,
    tape: &mut Tape,
) -> Walk<S::Error> {
    let Arenas {
        resource: arena,
        scope: scope_arena,
        metric,
        record,
    } = arenas;
    let node = tape.read(scanner, arena)?;
    let envelope = Envelope::read(node, &["resource"], E::SCOPES)?;
    let group = run.resource(arena, |attributes, resource| {
        for node in &envelope.groups {
            common::resource(*node, attributes, resource).within("resource")?;
        }
        resource.schema_url = attributes.values.string(envelope.schema_url);
        Ok(())
    })?;
    for (number, node) in envelope.items().enumerate() {
        scope_arena.reset();
        scope::<E, S>(run, node, group, scope_arena, metric, record)
            .map_err(|stop| stop.inside(E::SCOPES[0], number))?;
    }
    Ok(())
}

/// What the scope of a scope's message is called, as in [`Export::SCOPES`].
const SCOPE: &[&str] = &["scope", "instrumentationLibrary", "instrumentation_library"];

fn scope<E: Export, S: RowSink>(
    run: &mut Run<'_, S>,
    node: Node<'_>,
    resource: ResourceGroup<'_>,
    arena: &Bump,
    metric: &mut Bump,
    record: &mut Bump,
) -> Walk<S::Error> {
    let node = node.with_arena(arena);
    let envelope = Envelope::read(node, SCOPE, E::ITEMS)?;
    let groups = run.scope(resource, arena, |attributes, scope| {
        for node in &envelope.groups {
            common::scope(*node, attributes, scope).within("scope")?;
        }
        scope.schema_url = attributes.values.string(envelope.schema_url);
        Ok(())
    })?;
    for (index, node) in envelope.items().enumerate() {
        E::item(run, node, groups, metric, record)
            .map_err(|stop| stop.inside(E::ITEMS[0], index))?;
    }
    Ok(())
}

/// `ResourceLogs` or `ScopeLogs`, or those of another signal, before their items are read: the
/// group's own fields may stand behind its items, and all rows need them.
struct Envelope<'r> {
    /// Every occurrence of the group's message.
    groups: BumpVec<'r, Node<'r>>,
    schema_url: &'r [u8],
    /// Every occurrence of the items.
    items: BumpVec<'r, Items<'r>>,
}

impl<'r> Envelope<'r> {
    /// `group` and `items` are what those two members are called.
    fn read(
        node: Node<'r>,
        group: &[&'static str],
        items: &[&'static str],
    ) -> Result<Envelope<'r>> {
        let known = |names: &[&str], name| names.iter().any(|known| known.as_bytes() == name);
        let mut envelope = Envelope {
            groups: BumpVec::new_in(node.arena),
            schema_url: &[],
            items: BumpVec::new_in(node.arena),
        };
        for (name, node) in node.members()? {
            if known(items, name) {
                envelope.items.push(node.items().within(items[0])?);
            } else if known(group, name) {
                envelope.groups.push(node);
            } else if matches!(name, b"schemaUrl" | b"schema_url") {
                envelope.schema_url = node.text().within("schemaUrl")?;
            }
        }
        Ok(envelope)
    }

    fn items(&self) -> impl Iterator<Item = Node<'r>> {
        self.items.iter().cloned().flatten()
    }
}
