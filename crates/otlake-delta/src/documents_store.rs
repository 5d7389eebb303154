//! The storage of a dataset as the object store that the Delta kernel reads and writes.

use std::fmt;
use std::io::Write;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::DateTime;
use futures_util::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};
use otlake_storage::{Documents, PutIf, PutOutcome, StorageError};

/// The documents of a dataset behind the trait that the kernel's engine uses. So the log is where the dataset is, with
/// the same client, credentials and durability.
///
/// The kernel lists the log, reads its files and writes checkpoints. Commits don't pass through here.
#[derive(Clone, Debug)]
pub(crate) struct DocumentsStore {
    documents: Arc<dyn Documents>,
    /// The file that was read last. A checkpoint is read in several ranges.
    last: Arc<Mutex<Option<(String, Bytes)>>>,
}

impl DocumentsStore {
    pub(crate) fn new(documents: Arc<dyn Documents>) -> Self {
        Self {
            documents,
            last: Arc::default(),
        }
    }

    /// Makes a call that blocks, where it stops no other task.
    async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn Documents) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let documents = Arc::clone(&self.documents);
        tokio::task::spawn_blocking(move || call(&*documents))
            .await
            .map_err(|error| failed(error.into()))?
    }

    async fn read(&self, name: String) -> Result<Bytes> {
        if let Some((last, bytes)) = &*self.last.lock().unwrap_or_else(PoisonError::into_inner)
            && *last == name
        {
            return Ok(bytes.clone());
        }
        let wanted = name.clone();
        let found = self
            .call(move |documents| documents.get(&wanted).map_err(storage))
            .await?;
        let Some(document) = found else {
            return Err(Error::NotFound {
                source: "no such file".into(),
                path: name,
            });
        };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((name, document.bytes.clone()));
        Ok(document.bytes)
    }
}

#[async_trait]
impl ObjectStore for DocumentsStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let name = location.to_string();
        let bytes = Bytes::from(payload);
        self.call(move |documents| match options.mode {
            PutMode::Overwrite => {
                let mut file = documents.create(&name).map_err(storage)?;
                file.write_all(&bytes)
                    .map_err(|error| failed(error.into()))?;
                file.commit().map_err(storage)
            }
            PutMode::Create => match documents.put(&name, bytes, PutIf::Absent) {
                Ok(PutOutcome::Stored(_)) => Ok(()),
                Ok(PutOutcome::Conflict) => Err(Error::AlreadyExists {
                    source: "another writer was faster".into(),
                    path: name,
                }),
                Err(error) => Err(storage(error)),
            },
            PutMode::Update(_) => Err(unsupported("put_opts with a version")),
        })
        .await?;
        Ok(PutResult {
            e_tag: None,
            version: None,
        })
    }

    async fn put_multipart_opts(
        &self,
        _location: &Path,
        _options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(unsupported("put_multipart_opts"))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let bytes = self.read(location.to_string()).await?;
        let size = bytes.len() as u64;
        let meta = ObjectMeta {
            location: location.clone(),
            // The kernel takes times from lists.
            last_modified: DateTime::UNIX_EPOCH,
            size,
            e_tag: None,
            version: None,
        };
        options.check_preconditions(&meta)?;
        let range = match options.range {
            Some(range) => range.as_range(size).map_err(|error| failed(error.into()))?,
            None => 0..size,
        };
        let bytes = slice(&bytes, &range);
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::once(async { Ok(bytes) }).boxed()),
            meta,
            range,
            attributes: Attributes::default(),
        })
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        locations
            .then(move |location| {
                let store = store.clone();
                async move {
                    let location = location?;
                    let name = location.to_string();
                    store
                        .call(move |documents| documents.delete(&name).map_err(storage))
                        .await?;
                    Ok(location)
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let store = self.clone();
        let prefix = prefix.map_or(String::new(), |prefix| format!("{prefix}/"));
        let listed = async move {
            let list = move |documents: &dyn Documents| documents.list(&prefix).map_err(storage);
            let mut files = store.call(list).await?;
            // The kernel needs the order of the names.
            files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            Ok(files)
        };
        stream::once(listed)
            .flat_map(|listed: Result<Vec<_>>| match listed {
                Ok(files) => stream::iter(files)
                    .map(|file| {
                        Ok(ObjectMeta {
                            location: Path::parse(&file.name)
                                .map_err(|error| failed(error.into()))?,
                            last_modified: file.modified.into(),
                            size: file.bytes,
                            e_tag: None,
                            version: None,
                        })
                    })
                    .boxed(),
                Err(error) => stream::once(async { Err(error) }).boxed(),
            })
            .boxed()
    }

    async fn list_with_delimiter(&self, _prefix: Option<&Path>) -> Result<ListResult> {
        Err(unsupported("list_with_delimiter"))
    }

    async fn copy_opts(&self, _from: &Path, _to: &Path, _options: CopyOptions) -> Result<()> {
        Err(unsupported("copy_opts"))
    }
}

impl fmt::Display for DocumentsStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the storage of the dataset")
    }
}

fn slice(bytes: &Bytes, range: &Range<u64>) -> Bytes {
    // `as_range` has checked both ends against the length.
    let at = |position: u64| {
        usize::try_from(position)
            .unwrap_or(usize::MAX)
            .min(bytes.len())
    };
    bytes.slice(at(range.start)..at(range.end))
}

fn storage(error: StorageError) -> Error {
    failed(error.into())
}

fn failed(source: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Generic {
        store: "otlake-storage",
        source,
    }
}

/// The kernel does not call these for what a commit does.
fn unsupported(operation: &str) -> Error {
    Error::NotImplemented {
        operation: operation.to_owned(),
        implementer: "otlake-delta".to_owned(),
    }
}
