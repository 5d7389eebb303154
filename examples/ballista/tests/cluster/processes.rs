//! A scheduler, executors and clients, each a process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// A process that is killed when the test ends.
pub struct Process(Child);

impl Process {
    /// Kills the process, as a machine that fails does.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a scheduler, which gives the tasks of an executor to others after `timeout` seconds without a sign of life.
pub fn scheduler(timeout: u32) -> (Process, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_scheduler"))
        .args(["--port", "0", "--executor-timeout"])
        .arg(timeout.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (Process(child), line.trim().parse().unwrap())
}

/// Starts an executor.
pub fn executor(scheduler: SocketAddr) -> Process {
    let child = Command::new(env!("CARGO_BIN_EXE_executor"))
        .args([
            "--scheduler-host",
            "127.0.0.1",
            "--port",
            "0",
            "--grpc-port",
            "0",
            "--heartbeat",
            "1",
        ])
        .args(["--scheduler-port", &scheduler.port().to_string()])
        .spawn();
    Process(child.unwrap())
}

/// Starts a client with a query.
pub fn client(scheduler: SocketAddr, arguments: &[&str]) -> Client {
    let child = Command::new(env!("CARGO_BIN_EXE_client"))
        .args(["--scheduler", &format!("df://{scheduler}")])
        .args(["--timeout", "180"])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    Client(child.unwrap())
}

/// A client that waits for the result of its query.
pub struct Client(Child);

impl Client {
    /// Returns whether the client has ended.
    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    /// Kills the client.
    pub fn kill(self) {
        drop(Process(self.0));
    }

    /// Returns the rows that the client has printed, sorted.
    pub fn rows(self) -> Vec<String> {
        let printed = printed(self.0);
        let lines = printed
            .lines()
            .filter(|line| line.starts_with("| "))
            .skip(1);
        let mut rows: Vec<String> = lines
            .map(|line| {
                let cells = line.trim_matches('|').split('|').map(str::trim);
                cells.collect::<Vec<_>>().join(" | ")
            })
            .collect();
        rows.sort_unstable();
        rows
    }
}

fn printed(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}
