//! The nesting that the requests of all signals share: resources contain scopes, and scopes contain items.

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
use crate::values::Unknown;

/// The names of a signal's members, and the reader of the items of a scope.
pub(crate) trait Export {
    /// The signal of the items.
    const SIGNAL: Signal;
    /// The names of the member that has the scopes of a resource: first the name in JSON, then the name in the
    /// proto, then both as they were before OTLP 0.16.
    const SCOPES: &'static [&'static str];
    /// The names of the member that has the items of a scope, in the same order.
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

/// Decodes an export request, or the data message of the signal, which has the same members.
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
    let start = scanner;
    scanner.take();
    let mut more = scanner.first(b'}');
    let mut index = 0;
    let mut seen = Seen::default();
    while more {
        scanner.peek();
        let at = scanner.position();
        let name = scanner.name()?;
        let contents = Contents::of(name.text(json, &arenas.resource));
        match contents {
            Contents::Resources(signal) if signal == E::SIGNAL => {
                seen.resources = true;
                index = resources::<E, S>(run, &mut scanner, arenas, tape, index)?;
            }
            // A `null` is a member that is not set.
            contents if contents.is_of_requests() && scanner.peek() == Some(b'n') => {
                tape.read(&mut scanner, &arenas.resource)?;
            }
            Contents::Resources(signal) if is_empty_array(scanner) => {
                tape.read(&mut scanner, &arenas.resource)?;
                seen.empty_of_another.get_or_insert((signal, at));
            }
            Contents::Resources(signal) | Contents::Scopes(signal) if signal != E::SIGNAL => {
                let kind = InvalidPayloadKind::OtherSignal { signal };
                return Err(Fault::new(kind, &json[at..]).into());
            }
            Contents::Profiles => {
                return Err(Fault::new(InvalidPayloadKind::Profiles, &json[at..]).into());
            }
            contents => {
                let node = tape.read(&mut scanner, &arenas.resource)?;
                seen.other(contents, name.of(json), node);
            }
        }
        more = scanner.another(b'}')?;
    }
    if scanner.peek().is_some() {
        return Err(scanner.expected("the end of the payload").into());
    }
    if seen.resources {
        run.unknown.merge(seen.unknown);
        return Ok(());
    }
    if let Some((signal, at)) = seen.empty_of_another {
        let kind = InvalidPayloadKind::OtherSignal { signal };
        return Err(Fault::new(kind, &json[at..]).into());
    }
    if seen.parts_of_resource {
        // This is the message of one resource without a request around it. Its own fields may come after its
        // records, so it is read from the beginning again.
        scanner = start;
        let result = resource::<E, S>(run, &mut scanner, arenas, tape);
        return run.contain(result);
    }
    if seen.members.is_empty() {
        return Ok(());
    }
    let kind = InvalidPayloadKind::NotARequest {
        members: seen.members,
        found: seen.looks_like,
    };
    Err(Fault::new(kind, json).into())
}

/// The members of the payload other than the resources of the signal.
#[derive(Default)]
struct Seen {
    resources: bool,
    /// The signal and the position of the first empty list of resources of another signal.
    empty_of_another: Option<(Signal, usize)>,
    /// Whether there was a member of the message of a resource.
    parts_of_resource: bool,
    unknown: Unknown,
    /// The names of the first members, shortened.
    members: Vec<String>,
    looks_like: Option<&'static str>,
    /// Whether there was a text named `log`, as in a line of a Docker log file.
    has_log: bool,
}

impl Seen {
    /// The maximum number of members that an error names.
    const NAMES: usize = 8;

    /// The number of bytes of each name that an error shows.
    const NAME_BYTES: usize = 64;

    #[cold]
    fn other(&mut self, contents: Contents, name: &[u8], node: Node<'_>) {
        if node.is_null() {
            return;
        }
        self.parts_of_resource |= !matches!(contents, Contents::Unknown);
        self.unknown.add(node.text_from_here());
        if self.members.len() < Self::NAMES {
            let shown = &name[..name.len().min(Self::NAME_BYTES)];
            self.members
                .push(String::from_utf8_lossy(shown).into_owned());
        }
        if is_around_request(node) {
            self.looks_like = Some("a wrapper around a request: decode the content of the wrapper");
        }
        self.has_log |= name == b"log" && node.text().is_ok();
        if self.has_log && name == b"stream" {
            self.looks_like = Some("a line of a Docker log file: decode the text in its `log`");
        }
    }
}

/// Returns whether a value is a request, or an array of requests.
fn is_around_request(node: Node<'_>) -> bool {
    let is_request = |node: Node<'_>| {
        node.members()
            .is_ok_and(|mut members| members.any(|(name, _)| Contents::of(name).is_known()))
    };
    is_request(node) || node.items().is_ok_and(|mut items| items.any(is_request))
}

/// The content of a member of the payload.
enum Contents {
    Resources(Signal),
    /// The scopes of a resource, so the payload is the message of that resource.
    Scopes(Signal),
    /// Another member of the message of a resource.
    OfResource,
    Profiles,
    Unknown,
}

impl Contents {
    fn of(name: &[u8]) -> Contents {
        match name {
            b"resourceLogs" | b"resource_logs" => Contents::Resources(Signal::Logs),
            b"resourceSpans" | b"resource_spans" => Contents::Resources(Signal::Traces),
            b"resourceMetrics" | b"resource_metrics" => Contents::Resources(Signal::Metrics),
            b"scopeLogs" | b"scope_logs" => Contents::Scopes(Signal::Logs),
            b"scopeSpans" | b"scope_spans" => Contents::Scopes(Signal::Traces),
            b"scopeMetrics" | b"scope_metrics" => Contents::Scopes(Signal::Metrics),
            b"resource" => Contents::OfResource,
            b"resourceProfiles" | b"resource_profiles" => Contents::Profiles,
            _ => Contents::Unknown,
        }
    }

    /// Returns whether requests, of any signal, have such a member.
    fn is_of_requests(&self) -> bool {
        self.is_known() || matches!(self, Contents::Profiles)
    }

    fn is_known(&self) -> bool {
        matches!(self, Contents::Resources(_) | Contents::Scopes(_))
    }
}

/// Returns whether the next value is an empty array.
fn is_empty_array(mut rest: Scanner<'_>) -> bool {
    if rest.peek() != Some(b'[') {
        return false;
    }
    rest.take();
    rest.peek() == Some(b']')
}

/// Returns the name of the request's member, as in paths.
const fn resources_name(signal: Signal) -> &'static str {
    match signal {
        Signal::Logs => "resourceLogs",
        Signal::Traces => "resourceSpans",
        Signal::Metrics => "resourceMetrics",
    }
}

/// Reads resources of the request, after `index` earlier ones. Returns the number of all of them.
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
        let result = resource::<E, S>(run, scanner, arenas, tape);
        run.contain(result)
            .map_err(|stop| stop.inside(name, index))?;
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
    let mut envelope = Envelope::read(node, &["resource"], E::SCOPES)?;
    run.unknown.merge(envelope.unknown);
    let rejected = run.rejected();
    let group = run.resource(arena, |attributes, resource| {
        for node in &envelope.groups {
            common::resource(*node, attributes, resource).within("resource")?;
        }
        resource.schema_url = attributes.values.string(envelope.schema_url);
        envelope.fault()
    })?;
    for (number, node) in envelope.items().enumerate() {
        scope_arena.reset();
        let result = scope::<E, S>(run, node, group, scope_arena, metric, record);
        run.contain(result)
            .map_err(|stop| stop.inside(E::SCOPES[0], number))?;
    }
    run.end_resource(group, rejected);
    Ok(())
}

/// The names of the member with the scope itself, in the order of [`Export::SCOPES`].
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
    let mut envelope = Envelope::read(node, SCOPE, E::ITEMS)?;
    run.unknown.merge(envelope.unknown);
    let rejected = run.rejected();
    let groups = run.scope(resource, arena, |attributes, scope| {
        for node in &envelope.groups {
            common::scope(*node, attributes, scope).within("scope")?;
        }
        scope.schema_url = attributes.values.string(envelope.schema_url);
        envelope.fault()
    })?;
    for (index, node) in envelope.items().enumerate() {
        let result = E::item(run, node, groups, metric, record);
        run.contain(result)
            .map_err(|stop| stop.inside(E::ITEMS[0], index))?;
    }
    run.end_scope(resource, groups, rejected);
    Ok(())
}

/// The members of `ResourceLogs`, `ScopeLogs` or their siblings. All of them are found before items are read,
/// because all rows need the group's own fields, which may come after the items.
struct Envelope<'r> {
    /// Every occurrence of the resource's or the scope's message.
    groups: BumpVec<'r, Node<'r>>,
    schema_url: &'r [u8],
    /// Every occurrence of the list of items.
    items: BumpVec<'r, Items<'r>>,
    unknown: Unknown,
    /// The fault of a member that concerns all items.
    fault: Option<Box<Fault>>,
}

impl<'r> Envelope<'r> {
    /// Reads the members. `group` and `items` are the names of two of them.
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
            unknown: Unknown::default(),
            fault: None,
        };
        for (name, node) in node.members()? {
            if known(items, name) {
                envelope.items.push(node.items().within(items[0])?);
            } else if known(group, name) {
                envelope.groups.push(node);
            } else if matches!(name, b"schemaUrl" | b"schema_url") {
                match node.text().within("schemaUrl") {
                    Ok(url) => envelope.schema_url = url,
                    Err(fault) => drop(envelope.fault.get_or_insert(fault)),
                }
            } else {
                envelope.unknown.add(node.text_from_here());
            }
        }
        Ok(envelope)
    }

    /// Returns the fault, once.
    fn fault(&mut self) -> Result<()> {
        self.fault.take().map_or(Ok(()), Err)
    }

    fn items(&self) -> impl Iterator<Item = Node<'r>> {
        self.items.iter().cloned().flatten()
    }
}
