//! The nesting that the requests of all signals share: resources contain scopes, and scopes contain items. The
//! field numbers are the same for all signals.

use std::ops::Range;

use bumpalo::Bump;
use otlake_row::{RowSink, Signal};

use super::common;
use super::wire::{Reader, delimited, fields};
use crate::error::{Result, Within};
use crate::run::{Arenas, Groups, ResourceGroup, Run, Stop, Walk};
use crate::values::Unknown;

/// The names of a signal's fields, and the reader of the items of a scope.
pub(crate) trait Export {
    /// The signal of the items.
    const SIGNAL: Signal;
    /// The field of the request, such as `resource_logs`.
    const RESOURCES: &'static str;
    /// The field of the resource's message, such as `scope_logs`.
    const SCOPES: &'static str;
    /// The field of the scope's message, such as `log_records`.
    const ITEMS: &'static str;

    /// Reads an item: a record, or a metric with many.
    fn item<S: RowSink>(
        run: &mut Run<'_, S>,
        bytes: &[u8],
        groups: Groups<'_>,
        metric: &mut Bump,
        record: &mut Bump,
    ) -> Walk<S::Error>;
}

/// Decodes an export request, or the data message of the signal, which is the same on the wire.
pub(crate) fn request<E: Export, S: RowSink>(
    run: &mut Run<'_, S>,
    payload: &[u8],
    arenas: &mut Arenas,
) -> Walk<S::Error> {
    fields! {
        RESOURCES = delimited(1),
    }
    let mut reader = Reader::new(payload);
    let mut index = 0;
    let mut rest_is_intact = false;
    while !reader.is_empty() {
        let tag = reader.tag()?;
        if tag != RESOURCES {
            let at = reader.rest();
            reader.skip(tag, KNOWN)?;
            run.unknown.add(at);
            continue;
        }
        let bytes = reader.delimited().within_item(E::RESOURCES, index)?;
        let result = resource::<E, S>(run, bytes, arenas);
        if matches!(result, Err(Stop::Fault(_))) && !rest_is_intact {
            rest_is_intact = is_intact(reader, RESOURCES);
        }
        let contained = match rest_is_intact {
            true => run.contain_group(result, || Envelope::items(bytes).map(items_of_scope).sum()),
            // The fault may be in the length of the message, so nobody knows where the next one begins.
            false => result,
        };
        contained.map_err(|stop| stop.inside(E::RESOURCES, index))?;
        index += 1;
    }
    Ok(())
}

/// Returns whether the rest of a message, whose only known field has the tag `known`, can be read to its end.
#[cold]
fn is_intact(mut rest: Reader<'_>, known: u32) -> bool {
    while !rest.is_empty() {
        let skipped = rest.tag().and_then(|tag| match tag == known {
            true => rest.delimited().map(drop),
            false => rest.skip(tag, &[known]),
        });
        if skipped.is_err() {
            return false;
        }
    }
    true
}

/// Returns the number of items in the message of a scope. If it is malformed, those after the fault are not counted.
fn items_of_scope(bytes: &[u8]) -> u64 {
    Envelope::items(bytes).count() as u64
}

/// Returns the path of the value that begins at `rest.start`. The message that holds it ends at `rest.end` or later.
/// The path has names down to the item, and field numbers below.
#[cold]
pub(crate) fn path_at<E: Export>(payload: &[u8], rest: Range<usize>) -> String {
    let start = payload.as_ptr().addr();
    let (at, end) = (start + rest.start, start + rest.end);
    let holds = |bytes: &[u8]| {
        let range = bytes.as_ptr_range();
        range.start.addr() <= at && end <= range.end.addr()
    };
    let mut path = String::new();
    let mut message = payload;
    for (name, field) in [(E::RESOURCES, 1), (E::SCOPES, 2), (E::ITEMS, 2)] {
        let mut inside = items(message, delimited(field)).enumerate();
        let Some((index, bytes)) = inside.find(|(_, bytes)| holds(bytes)) else {
            break;
        };
        let dot = if path.is_empty() { "" } else { "." };
        path.push_str(&format!("{dot}{name}[{index}]"));
        message = bytes;
    }
    let mut reader = Reader::new(message);
    while let Ok(tag) = reader.tag() {
        let field = tag >> 3;
        let begins = reader.rest().as_ptr().addr() == at;
        let mut value = reader;
        let content = (tag == delimited(field)).then(|| value.delimited().ok());
        let inside = content.flatten().filter(|content| holds(content));
        if begins || inside.is_some() {
            let dot = if path.is_empty() { "" } else { "." };
            path.push_str(&format!("{dot}{field}"));
        }
        match inside {
            _ if begins => break,
            Some(content) => reader = Reader::new(content),
            None if reader.skip(tag, &[]).is_err() => break,
            None => {}
        }
    }
    path
}

fn resource<E: Export, S: RowSink>(
    run: &mut Run<'_, S>,
    bytes: &[u8],
    arenas: &mut Arenas,
) -> Walk<S::Error> {
    let Arenas {
        resource: arena,
        scope: scope_arena,
        metric,
        record,
    } = arenas;
    arena.reset();
    let arena = &*arena;
    let envelope = Envelope::read(bytes)?;
    run.unknown.merge(envelope.unknown);
    let rejected = run.rejected();
    let group = run.resource(arena, |attributes, resource| {
        common::resource(envelope.group(), attributes, resource).within("resource")?;
        resource.schema_url = attributes.values.string(envelope.schema_url);
        envelope.fault()
    })?;
    for (number, bytes) in Envelope::items(bytes).enumerate() {
        scope_arena.reset();
        let result = scope::<E, S>(run, bytes, group, scope_arena, metric, record);
        run.contain_group(result, || items_of_scope(bytes))
            .map_err(|stop| stop.inside(E::SCOPES, number))?;
    }
    run.end_resource(group, rejected);
    Ok(())
}

fn scope<E: Export, S: RowSink>(
    run: &mut Run<'_, S>,
    bytes: &[u8],
    resource: ResourceGroup<'_>,
    arena: &Bump,
    metric: &mut Bump,
    record: &mut Bump,
) -> Walk<S::Error> {
    let envelope = Envelope::read(bytes)?;
    run.unknown.merge(envelope.unknown);
    let rejected = run.rejected();
    let groups = run.scope(resource, arena, |attributes, scope| {
        common::scope(envelope.group(), attributes, scope).within("scope")?;
        scope.schema_url = attributes.values.string(envelope.schema_url);
        envelope.fault()
    })?;
    for (index, bytes) in Envelope::items(bytes).enumerate() {
        let result = E::item(run, bytes, groups, metric, record);
        run.contain_message(result)
            .map_err(|stop| stop.inside(E::ITEMS, index))?;
    }
    run.end_scope(resource, groups, rejected);
    Ok(())
}

/// The fields of `ResourceLogs`, `ScopeLogs` or their siblings other than the items. They are read first, because
/// all rows need them, and on the wire they may come after the items.
struct Envelope<'r> {
    bytes: &'r [u8],
    /// The message of the resource or the scope.
    group: Option<&'r [u8]>,
    /// Whether the message occurs more than once, and its occurrences merge. They are not kept here, because
    /// there can be nearly as many as the payload has bytes.
    is_split: bool,
    schema_url: &'r [u8],
    /// The tag and the position of the first field with a wrong wire type.
    wrong: Option<(u32, Reader<'r>)>,
    unknown: Unknown,
}

/// The fields of `ResourceLogs`, `ScopeLogs` and their siblings.
mod envelope {
    super::fields! {
        GROUP = delimited(1),
        ITEMS = delimited(2),
        SCHEMA_URL = delimited(3),
    }
}

impl<'r> Envelope<'r> {
    fn read(bytes: &'r [u8]) -> Result<Envelope<'r>> {
        prefetch(bytes);
        let mut envelope = Envelope {
            bytes,
            group: None,
            is_split: false,
            schema_url: &[],
            wrong: None,
            unknown: Unknown::default(),
        };
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            match tag {
                envelope::ITEMS => drop(reader.delimited()?),
                envelope::GROUP => {
                    envelope.is_split = envelope.group.is_some();
                    envelope.group = Some(reader.delimited()?);
                }
                envelope::SCHEMA_URL => {
                    envelope.schema_url = reader.delimited().within("schema_url")?
                }
                _ if envelope::KNOWN.iter().any(|known| known >> 3 == tag >> 3) => {
                    envelope.wrong.get_or_insert((tag, reader));
                    reader.skip(tag, &[])?;
                }
                _ => {
                    envelope.unknown.add(reader.rest());
                    reader.skip(tag, &[])?;
                }
            }
        }
        Ok(envelope)
    }

    /// Returns the fault of the first field with a wrong wire type.
    fn fault(&self) -> Result<()> {
        match self.wrong {
            Some((tag, mut reader)) => reader.skip(tag, envelope::KNOWN),
            None => Ok(()),
        }
    }

    /// Returns every occurrence of the resource's or the scope's message.
    fn group(&self) -> impl Iterator<Item = &'r [u8]> {
        let pieces = self.is_split.then(|| items(self.bytes, envelope::GROUP));
        let whole = self.group.filter(|_| !self.is_split);
        whole.into_iter().chain(pieces.into_iter().flatten())
    }

    fn items(bytes: &'r [u8]) -> impl Iterator<Item = &'r [u8]> {
        items(bytes, envelope::ITEMS)
    }
}

/// Returns the items with a tag in a message, up to the first malformed field. There is none if all fields were skipped
/// before.
pub(crate) fn items(bytes: &[u8], item: u32) -> impl Iterator<Item = &[u8]> {
    let mut reader = Reader::new(bytes);
    std::iter::from_fn(move || {
        while !reader.is_empty() {
            match reader.tag().ok()? {
                tag if tag == item => return reader.delimited().ok(),
                tag => reader.skip(tag, &[]).ok()?,
            }
        }
        None
    })
}

/// Loads the bytes into the cache before the items in them are skipped. To skip an item takes its length, so the
/// processor cannot load the next one early. Here it can, because it knows the address of every cache line. The
/// items are then in the cache when they are skipped and when they are read.
pub(crate) fn prefetch(bytes: &[u8]) {
    const LINE: usize = 64;
    /// The size that fits into a second-level cache together with other data.
    const MOST: usize = 256 << 10;
    if bytes.len() <= MOST {
        let lines = bytes.iter().step_by(LINE);
        std::hint::black_box(lines.fold(0, |bits, byte| bits | byte));
    }
}
