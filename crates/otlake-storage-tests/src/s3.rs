//! A server that speaks the S3 protocol, and a client for it.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const BUCKET: &str = "lake";
const KEY_ID: &str = "id";
const SECRET: &str = "secret";

/// s3s-fs on a local port, with a bucket in a temporary directory. It verifies signatures,
/// checksums and the minimum size of parts. It knows `If-None-Match` and `If-Match`, but checks
/// them before it writes, not atomically.
#[derive(Debug)]
pub struct S3Server {
    runtime: Runtime,
    address: SocketAddr,
    directory: TempDir,
}

impl S3Server {
    /// Starts a server, which runs until it is dropped.
    pub fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir(directory.path().join(BUCKET)).expect("the bucket");
        let mut service =
            S3ServiceBuilder::new(FileSystem::new(directory.path()).expect("an empty directory"));
        service.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
        let service = service.build();

        let runtime = Runtime::new().expect("a runtime");
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    // The server ignores clients that disconnect.
                    let _ = Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(socket), service)
                        .await;
                });
            }
        });
        Self {
            runtime,
            address,
            directory,
        }
    }

    /// Returns the address of the server.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns object_store's client, configured to give up after a second.
    pub fn client(&self) -> Arc<AmazonS3> {
        s3_client(&self.endpoint())
    }

    /// Returns the environment with which a process opens `s3://lake`.
    pub fn environment(&self) -> [(&'static str, String); 6] {
        [
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", KEY_ID.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
            ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "false".to_owned()),
        ]
    }

    /// Returns the number of uploads that were started and neither completed nor aborted, according
    /// to the server's own records.
    pub fn open_uploads(&self) -> usize {
        self.files(".upload-")
    }

    /// Returns the number of parts that belong to no object.
    pub fn stray_parts(&self) -> usize {
        self.files(".upload_id-")
    }

    /// Closes all connections and accepts no more.
    pub fn stop(self) -> TempDir {
        self.runtime.shutdown_background();
        self.directory
    }

    fn files(&self, prefix: &str) -> usize {
        let entries = fs::read_dir(self.directory.path()).expect("the server's directory");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names
            .filter(|name| name.to_string_lossy().starts_with(prefix))
            .count()
    }
}

/// Returns object_store's client for the bucket `lake` of a server, which gives up after a second.
pub fn s3_client(endpoint: &str) -> Arc<AmazonS3> {
    let backoff = BackoffConfig {
        init_backoff: Duration::from_millis(10),
        max_backoff: Duration::from_millis(50),
        ..BackoffConfig::default()
    };
    let store = AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_bucket_name(BUCKET)
        .with_region("us-east-1")
        .with_access_key_id(KEY_ID)
        .with_secret_access_key(SECRET)
        .with_virtual_hosted_style_request(false)
        .with_client_options(
            ClientOptions::new()
                .with_allow_http(true)
                .with_timeout(Duration::from_secs(20)),
        )
        .with_retry(RetryConfig {
            backoff,
            max_retries: 2,
            retry_timeout: Duration::from_secs(1),
        })
        .build()
        .expect("the configuration is complete");
    Arc::new(store)
}
