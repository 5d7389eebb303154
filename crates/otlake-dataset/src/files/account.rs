//! Tells each writer what happened to its rows in files that other writers close.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::{LossCause, LostRows};

/// The outcome for one writer's rows in files that other writers close.
///
/// A file has row groups of many writers, and one of these writers closes it. Until then, the others must not
/// assume that their rows are visible, and they must learn if the rows are lost. So each writer
/// [waits](Self::settle) for the files that have rows of its own.
#[derive(Debug, Default)]
pub(crate) struct Account {
    state: Mutex<State>,
    settled: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The number of files with rows of this writer that other writers are closing.
    closing: usize,
    /// The rows of this writer that others have lost and that were not reported yet.
    lost: Option<LostRows>,
}

impl Account {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other writer is closing a file with rows of this writer.
    ///
    /// # Errors
    ///
    /// Returns the rows of this writer that others have lost since the last call.
    pub(crate) fn settle(&self) -> Result<(), LostRows> {
        let mut state = self.lock();
        while state.closing > 0 {
            state = self
                .settled
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.lost.take().map_or(Ok(()), Err)
    }
}

/// The number of rows that each writer has in a file.
#[derive(Debug, Default)]
pub(crate) struct Contributions(Vec<(Arc<Account>, u64)>);

impl Contributions {
    /// Adds rows of a writer.
    pub(crate) fn add(&mut self, account: &Arc<Account>, rows: u64) {
        let mut known = self.0.iter_mut();
        match known.find(|(known, _)| Arc::ptr_eq(known, account)) {
            Some((_, known)) => *known += rows,
            None => self.0.push((Arc::clone(account), rows)),
        }
    }

    /// Returns whether a writer has rows in the file.
    pub(crate) fn has(&self, account: &Arc<Account>) -> bool {
        self.0.iter().any(|(known, _)| Arc::ptr_eq(known, account))
    }

    /// Makes the other writers wait until the outcome is known.
    pub(crate) fn close(self, own: Option<&Arc<Account>>) -> Unsettled {
        let (mut own_rows, mut all_rows) = (0, 0);
        let mut others = self.0;
        others.retain(|(account, rows)| {
            all_rows += rows;
            let is_own = own.is_some_and(|own| Arc::ptr_eq(own, account));
            own_rows += if is_own { *rows } else { 0 };
            !is_own
        });
        for (account, _) in &others {
            account.lock().closing += 1;
        }
        Unsettled {
            others,
            rows: if own.is_some() { own_rows } else { all_rows },
        }
    }
}

/// The rows of a file that is being closed. If this is dropped without an outcome, the rows are lost.
#[derive(Debug)]
pub(crate) struct Unsettled {
    others: Vec<(Arc<Account>, u64)>,
    rows: u64,
}

impl Unsettled {
    /// Returns the number of rows of the writer that closes the file, or of all rows if no writer closes it.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Tells the other writers that their rows are visible.
    pub(crate) fn visible(mut self) {
        self.end(|_| None);
    }

    /// Tells the other writers that their rows are lost.
    pub(crate) fn lost(mut self, file: &str, reason: &dyn std::error::Error) {
        let reason = reason.to_string();
        self.end(|rows| Some(lost_elsewhere(file, rows, &reason)));
    }

    fn end(&mut self, lost: impl Fn(u64) -> Option<LostRows>) {
        for (account, rows) in self.others.drain(..) {
            let mut state = account.lock();
            state.closing -= 1;
            state.lost = LostRows::both(state.lost.take(), lost(rows));
            account.settled.notify_all();
        }
    }
}

impl Drop for Unsettled {
    fn drop(&mut self) {
        self.end(|rows| Some(lost_elsewhere("a file", rows, "it was not finished")));
    }
}

fn lost_elsewhere(file: &str, rows: u64, reason: &str) -> LostRows {
    LostRows::new(file, rows, LossCause::OtherWriter(reason.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_writer_is_told_of_its_own_rows_once() {
        let [ours, theirs] = [Arc::new(Account::default()), Arc::new(Account::default())];
        let mut rows = Contributions::default();
        rows.add(&ours, 3);
        rows.add(&theirs, 4);
        rows.add(&ours, 2);
        assert!(rows.has(&ours));
        let unsettled = rows.close(Some(&ours));
        assert_eq!(unsettled.rows(), 5);
        unsettled.lost("a.parquet", &std::io::Error::other("full"));
        assert!(ours.settle().is_ok(), "the caller tells it");
        let lost = theirs.settle().unwrap_err();
        assert_eq!((lost.rows(), lost.file()), (4, "a.parquet"));
        assert!(theirs.settle().is_ok());
    }

    #[test]
    fn a_writer_waits_for_the_file_that_another_closes() {
        let [ours, theirs] = [Arc::new(Account::default()), Arc::new(Account::default())];
        let mut rows = Contributions::default();
        rows.add(&theirs, 1);
        let unsettled = rows.close(Some(&ours));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| theirs.settle());
            std::thread::sleep(std::time::Duration::from_millis(5));
            assert!(!waiting.is_finished());
            unsettled.visible();
            assert!(waiting.join().unwrap().is_ok());
        });
    }
}
