//! Reads the pages of a chunk one after another.

use crate::decode::byte_reader::ByteReader;
use crate::decode::error::{ChunkDecodeError, damaged};
use crate::decode::thrift::FieldHeader;
use crate::page::encoding::Encoding;
use crate::page::page_header::{DATA_PAGE, DICTIONARY_PAGE};

/// A page as it is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoredPage<'a> {
    pub(crate) kind: PageKind,
    pub(crate) encoding: Encoding,
    /// The number of values, including nulls.
    pub(crate) values: usize,
    /// The number of bytes after decompression.
    pub(crate) len: usize,
    pub(crate) bytes: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageKind {
    Data,
    Dictionary,
    /// A page that is not read here.
    Other,
}

/// Reads the next page.
pub(crate) fn next_page<'a>(
    bytes: &mut ByteReader<'a>,
) -> Result<StoredPage<'a>, ChunkDecodeError> {
    let (mut kind, mut len, mut stored) = (-1, -1, -1);
    let (mut values, mut encoding, mut levels) = (-1, -1, i64::from(Encoding::RLE.0));
    bytes.fields(|bytes, field| {
        match field.id {
            1 => kind = bytes.integer(field)?,
            2 => len = bytes.integer(field)?,
            3 => stored = bytes.integer(field)?,
            5 | 7 => bytes.structure(field, |bytes, inner: FieldHeader| {
                match (field.id, inner.id) {
                    (_, 1) => values = bytes.integer(inner)?,
                    (_, 2) => encoding = bytes.integer(inner)?,
                    (5, 3) => levels = bytes.integer(inner)?,
                    _ => bytes.skip(inner)?,
                }
                Ok(())
            })?,
            _ => bytes.skip(field)?,
        }
        Ok(())
    })?;
    let size = |size: i64| usize::try_from(size).map_err(|_| damaged("a page has no size"));
    let kind = match i32::try_from(kind) {
        Ok(DATA_PAGE) if levels == i64::from(Encoding::RLE.0) => PageKind::Data,
        Ok(DICTIONARY_PAGE) => PageKind::Dictionary,
        _ => PageKind::Other,
    };
    let is_read = kind != PageKind::Other;
    Ok(StoredPage {
        kind,
        encoding: Encoding(i32::try_from(encoding).unwrap_or(-1)),
        values: if is_read { size(values)? } else { 0 },
        len: size(len)?,
        bytes: bytes.take(size(stored)?)?,
    })
}
