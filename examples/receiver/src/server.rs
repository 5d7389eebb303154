use std::convert::Infallible;
use std::error::Error as _;
use std::future::pending;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use metrics_exporter_prometheus::PrometheusHandle;
use otlake::{MetricsObserver, Outcome, Receiver, ReceiverBody};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, info, warn};

use crate::arguments::Arguments;

/// The time limit of a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The time that a shutdown gives requests in flight.
const GRACE: Duration = Duration::from_secs(30);

/// Accepts connections and serves HTTP/1.1 and HTTP/2 on them.
pub struct Server {
    receiver: Receiver,
    metrics: PrometheusHandle,
    observer: MetricsObserver,
    tls: Option<TlsAcceptor>,
    connections: Arc<Semaphore>,
    /// The time within which a connection has to send its first request.
    idle_time: Duration,
    http: Builder<TokioExecutor>,
    stop: watch::Sender<bool>,
}

impl Server {
    pub fn new(
        arguments: &Arguments,
        receiver: Receiver,
        metrics: PrometheusHandle,
    ) -> anyhow::Result<Arc<Server>> {
        let mut http = Builder::new(TokioExecutor::new());
        let idle = arguments.idle_time;
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(idle)
            .half_close(true);
        let mut http2 = http.http2();
        http2.timer(TokioTimer::new()).max_concurrent_streams(128);
        http2
            .keep_alive_interval(idle / 2)
            .keep_alive_timeout(idle / 2);
        let tls = match &arguments.tls[..] {
            [certificates, key] => Some(acceptor(certificates, key)?),
            _ => None,
        };
        Ok(Arc::new(Server {
            receiver,
            metrics,
            observer: MetricsObserver::new(),
            tls,
            connections: Arc::new(Semaphore::new(arguments.connections)),
            idle_time: idle,
            http,
            stop: watch::Sender::new(false),
        }))
    }

    /// Closes the listeners, and waits until the requests in flight are answered.
    pub async fn shut_down(&self) {
        self.stop.send_replace(true);
        let _ = timeout(GRACE, self.stop.closed()).await;
    }

    /// Accepts connections until the shutdown, and waits for them.
    pub async fn accept(self: Arc<Server>, listener: TcpListener) {
        let mut stop = self.stop.subscribe();
        let graceful = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stop.changed() => break,
                accepted = self.accept_one(&listener) => accepted,
            };
            match accepted {
                Ok((stream, permit)) => {
                    let (server, watcher) = (Arc::clone(&self), graceful.watcher());
                    tokio::spawn(async move {
                        server.serve(stream, watcher).await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    // The limit of open files may have been reached.
                    warn!(%error, "a connection can't be accepted");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
        drop(listener);
        graceful.shutdown().await;
    }

    /// Accepts a connection, and waits until it may be served.
    async fn accept_one(
        &self,
        listener: &TcpListener,
    ) -> anyhow::Result<(TcpStream, OwnedSemaphorePermit)> {
        let (stream, _) = listener.accept().await?;
        let permit = Arc::clone(&self.connections).acquire_owned().await?;
        Ok((stream, permit))
    }

    async fn serve(self: Arc<Server>, stream: TcpStream, watcher: Watcher) {
        let _ = stream.set_nodelay(true);
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(stream),
            Some(tls) => match timeout(HANDSHAKE, tls.accept(stream)).await {
                Ok(Ok(stream)) => Box::new(stream),
                // Such as a sender that does not trust the certificate, or one without TLS.
                Ok(Err(error)) => return info!(%error, "a TLS handshake has failed"),
                Err(_) => return info!("a TLS handshake has not ended in time"),
            },
        };
        let (http, idle) = (self.http.clone(), self.idle_time);
        let first_request = Arc::new(Notify::new());
        let on_request = Arc::clone(&first_request);
        let answer = service_fn(move |request| {
            on_request.notify_one();
            let server = Arc::clone(&self);
            async move { Ok::<_, Infallible>(server.answer(request).await) }
        });
        let connection = http.serve_connection(TokioIo::new(stream), answer);
        let connection = watcher.watch(connection.into_owned());
        // The timers of hyper start when it knows the version of HTTP, which needs some bytes.
        let silence = async {
            if timeout(idle, first_request.notified()).await.is_ok() {
                pending().await
            }
        };
        tokio::select! {
            ended = connection => {
                if let Err(error) = ended {
                    debug!(error, "a connection has ended");
                }
            }
            () = silence => debug!("a connection without a request is closed"),
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<ReceiverBody> {
        match request.uri().path() {
            "/healthz" if self.receiver.service().workers() == 0 => {
                let mut response = Response::new("no worker is left\n".into());
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                response
            }
            "/healthz" => Response::new("ok\n".into()),
            "/metrics" => {
                let queued = self.receiver.service().queued_bytes();
                metrics::gauge!("otlake_queued_bytes").set(queued as f64);
                self.metrics.run_upkeep();
                Response::new(self.metrics.render().into())
            }
            _ => self.export(request).await,
        }
    }

    /// Responds to an OTLP request, counts it, and logs a failure.
    async fn export(&self, request: Request<Incoming>) -> Response<ReceiverBody> {
        let started = Instant::now();
        let response = self.receiver.respond(request).await;
        if let Some(outcome) = response.extensions().get::<Outcome>() {
            self.observer.observe_request(outcome, started.elapsed());
            if let Err(failure) = &outcome.result {
                let signal = outcome.signal.map(|signal| signal.name());
                let (message, cause) = (failure.message(), failure.source());
                warn!(signal, kind = ?failure.kind(), message, cause, "a request has failed");
            }
        }
        response
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

fn acceptor(certificates: &Path, key: &Path) -> anyhow::Result<TlsAcceptor> {
    let files = || format!("--tls {} {}", certificates.display(), key.display());
    let load = || {
        let chain = CertificateDer::pem_file_iter(certificates).and_then(Iterator::collect);
        let chain: Vec<_> = chain.context("the certificates can't be read")?;
        let key = PrivateKeyDer::from_pem_file(key).context("the key can't be read")?;
        ensure!(!chain.is_empty(), "the first file has no certificate");
        let config = rustls::ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(chain, key);
        config.context("the key is not that of the certificate")
    };
    let mut config = load().with_context(files)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
