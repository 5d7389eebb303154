use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int32Array};
use arrow_buffer::NullBuffer;

use super::Extent;
use super::strings::{StringKind, Strings};

/// A sequence of texts in which some texts occur again and again. Each use of a text is stored as an id.
///
/// As long as no text is used twice, no ids are stored: use `n` is the use of text `n`.
#[derive(Default)]
pub(crate) struct Pool {
    texts: Strings,
    /// The id of the text of each use; `None` as long as the ids are 0, 1, 2, ….
    ids: Option<Vec<i32>>,
}

impl Pool {
    /// Returns the number of uses.
    pub(crate) fn len(&self) -> usize {
        self.ids.as_ref().map_or(self.texts.len(), Vec::len)
    }

    /// Appends a use of a text, and stores the text without looking for an equal one.
    pub(crate) fn push(&mut self, text: &str) {
        let id = self.texts.len() as i32;
        self.texts.push(text.as_bytes());
        if let Some(ids) = &mut self.ids {
            ids.push(id);
        }
    }

    /// Appends another use of the text of an earlier use.
    pub(crate) fn repeat(&mut self, earlier: usize) {
        let ids = self.number();
        ids.push(ids[earlier]);
    }

    /// Stores a text without using it, and returns its id.
    pub(crate) fn add(&mut self, text: &str) -> i32 {
        self.number();
        let id = self.texts.len() as i32;
        self.texts.push(text.as_bytes());
        id
    }

    /// Returns the id of the text of a use.
    pub(crate) fn id(&self, used: usize) -> i32 {
        self.ids.as_ref().map_or(used as i32, |ids| ids[used])
    }

    /// Replaces all uses with uses of the texts with these ids.
    pub(crate) fn replace(&mut self, ids: Vec<i32>) {
        self.ids = Some(ids);
    }

    /// Returns the text with this id.
    pub(crate) fn text(&self, id: i32) -> &[u8] {
        self.texts.get(id as usize)
    }

    /// Returns the text of a use.
    pub(crate) fn get(&self, used: usize) -> &[u8] {
        self.text(self.id(used))
    }

    pub(crate) fn size(&self, extent: Extent) -> usize {
        let ids = self.ids.as_ref().map_or(0, |ids| extent.of(ids));
        self.texts.size(extent) + ids
    }

    /// Removes the uses and returns an array of their texts, or a dictionary if that is much smaller and
    /// `plain` is false.
    pub(crate) fn finish(&mut self, nulls: Option<NullBuffer>, plain: bool) -> ArrayRef {
        let Pool { mut texts, ids } = std::mem::take(self);
        let Some(ids) = ids else {
            return texts.finish(StringKind::Utf8, nulls);
        };
        let is_null = |used| nulls.as_ref().is_some_and(|nulls| nulls.is_null(used));
        if plain || !texts.is_expansion(&ids, is_null) {
            let mut expanded = texts.expand(&ids, is_null);
            return expanded.finish(StringKind::Utf8, nulls);
        }
        let texts = texts.finish(StringKind::Utf8, None);
        let ids = Int32Array::new(ids.into(), nulls);
        Arc::new(DictionaryArray::<Int32Type>::new(ids, texts))
    }

    fn number(&mut self) -> &mut Vec<i32> {
        let uses = self.len() as i32;
        self.ids.get_or_insert_with(|| (0..uses).collect())
    }
}
