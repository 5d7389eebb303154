use std::fs::File;
use std::io::{self, Read};

use datafusion::common::runtime::SpawnedTask;
use datafusion::object_store::path::Path;
use datafusion::object_store::{GetResultPayload, ObjectStore, ObjectStoreExt};
use futures_util::StreamExt;
use otlake_row::Bytes;
use tokio::sync::mpsc::{Receiver, channel};

/// Number of pieces that are fetched ahead of the decoder.
const AHEAD: usize = 4;

/// The bytes of an object for a decoder that blocks.
pub(crate) enum Input {
    /// A local file.
    File(File),
    /// An object whose pieces are fetched while earlier ones are decoded.
    Pieces(Pieces),
}

/// The pieces of an object that a task fetches.
pub(crate) struct Pieces {
    fetched: Receiver<Piece>,
    current: Bytes,
    ended: bool,
    _fetch: SpawnedTask<()>,
}

enum Piece {
    Bytes(Bytes),
    Error(io::Error),
    /// The object was read to its end. A channel that is closed without it belongs to a task that was aborted.
    End,
}

impl Input {
    /// Opens an object. It has to be called within a runtime.
    pub(crate) async fn open(
        store: &dyn ObjectStore,
        path: &Path,
    ) -> datafusion::object_store::Result<Input> {
        let mut pieces = match store.get(path).await?.payload {
            GetResultPayload::File(file, _) => return Ok(Input::File(file)),
            GetResultPayload::Stream(pieces) => pieces,
        };
        let (sender, fetched) = channel(AHEAD);
        let fetch = SpawnedTask::spawn(async move {
            while let Some(piece) = pieces.next().await {
                let piece = match piece {
                    Ok(bytes) => Piece::Bytes(bytes),
                    Err(error) => Piece::Error(io::Error::other(error)),
                };
                if sender.send(piece).await.is_err() {
                    return;
                }
            }
            // The receiver is gone if nobody needs the rest of the file.
            let _ = sender.send(Piece::End).await;
        });
        Ok(Input::Pieces(Pieces {
            fetched,
            current: Bytes::new(),
            ended: false,
            _fetch: fetch,
        }))
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Input::File(file) => file.read(buffer),
            Input::Pieces(pieces) => pieces.read(buffer),
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.ended {
            match self.fetched.blocking_recv() {
                Some(Piece::Bytes(bytes)) => self.current = bytes,
                Some(Piece::Error(error)) => return Err(error),
                Some(Piece::End) => self.ended = true,
                None => return Err(io::Error::other("the query was cancelled")),
            }
        }
        let length = buffer.len().min(self.current.len());
        buffer[..length].copy_from_slice(&self.current.split_to(length));
        Ok(length)
    }
}
