//! A server that answers every request in the same way.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// An HTTP server that answers every request with the same error, as S3 does for a bucket that does not exist
/// or when it is overloaded. It counts the requests.
#[derive(Debug)]
pub struct StubServer {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl StubServer {
    /// Starts a server that runs until the process ends. `status` is such as `404 Not Found`, and `code`
    /// one of S3's error codes.
    pub fn start(status: &'static str, code: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                // A client that goes away is no concern of the server.
                let _ = answer(&socket, status, code, &count);
            }
        });
        Self { address, requests }
    }

    /// Returns the address of the server.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the number of requests so far.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn answer(
    socket: &TcpStream,
    status: &str,
    code: &str,
    count: &AtomicUsize,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(socket);
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 && line != "\r\n" {
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    count.fetch_add(1, Ordering::SeqCst);
    let body = format!("<Error><Code>{code}</Code></Error>");
    let length = body.len();
    write!(
        &mut &*socket,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}
