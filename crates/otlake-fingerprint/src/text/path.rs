//! Finds the end of a path, which may have a query, spaces in the names of folders, and brackets.

use super::Text;
use crate::token::Token;

/// The maximum number of words, with spaces between them, in a folder's name.
const MAX_FOLDER_WORDS: usize = 4;

impl<F: FnMut(Token<'_>)> Text<'_, '_, F> {
    /// Returns the end of a path or another variable with a slash, including the text after `end` that belongs to it.
    pub(super) fn path_end(&mut self, start: usize, end: usize) -> usize {
        if !self.bytes[start..end].contains(&b'/') {
            return end;
        }
        let mut end = end;
        if self.bytes[start] == b'/' && self.bytes.get(end) == Some(&b'/') {
            end += 1;
        }
        if self.bytes.get(end) == Some(&b'?') {
            end = self.run_end(end);
        } else if self.bytes[start] == b'/' {
            end = self.brackets(end);
            end = self.spaces(end);
        }
        self.at = self.at.max(end);
        end
    }

    /// Returns the end of a path with a bracket inside it: `/app/[id]/page`, `/media/disk (1)/a`.
    fn brackets(&self, mut end: usize) -> usize {
        let bytes = self.bytes;
        while let Some(close) = match bytes.get(end) {
            Some(b'[') => Some(b']'),
            Some(b'(') => Some(b')'),
            Some(b'{') => Some(b'}'),
            _ => None,
        } {
            let inside = bytes[end + 1..]
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
                .count();
            let next = end + 1 + inside;
            if bytes.get(next) != Some(&close) || bytes.get(next + 1) != Some(&b'/') {
                break;
            }
            end = self.trim_end(next + 1, self.run_end(next + 1));
        }
        end
    }

    /// Returns the end of a path that continues with capitalised words, the last of which has a slash:
    /// `/Library/Application Support/App/a.plist`.
    fn spaces(&self, mut end: usize) -> usize {
        let bytes = self.bytes;
        'path: loop {
            let mut at = end;
            for _ in 0..MAX_FOLDER_WORDS {
                if bytes.get(at) != Some(&b' ')
                    || !bytes.get(at + 1).is_some_and(u8::is_ascii_uppercase)
                {
                    return end;
                }
                let next = self.run_end(at + 1);
                let part = &bytes[at + 1..next];
                if part.contains(&b':') || part.contains(&b'=') {
                    return end;
                }
                if part.contains(&b'/') {
                    end = self.trim_end(at + 1, next);
                    continue 'path;
                }
                if bytes.get(next) != Some(&b' ') {
                    return end;
                }
                at = next;
            }
            return end;
        }
    }
}
