use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use otlake::row::Signal;

use crate::cluster::{Cluster, GROUP, MEMBER, topic};

/// A process of the example, which is killed when this is dropped.
pub struct ConsumerProcess {
    child: Child,
    /// The times at which it has reported batches.
    batches: Arc<Mutex<Vec<Instant>>>,
    errors: Option<JoinHandle<String>>,
}

impl ConsumerProcess {
    pub fn start(cluster: &Cluster) -> ConsumerProcess {
        let mut command = Command::new(executable());
        command
            .arg("--brokers")
            .arg(cluster.mock.bootstrap_servers());
        for signal in Signal::ALL {
            command.arg("--topic").arg(topic(signal));
        }
        // Short ranges and timeouts, so that much happens between two kills.
        command.args(["--group", GROUP, "--messages", "3", "--interval", "0.05"]);
        for (key, value) in MEMBER {
            command.args(["--set", &format!("{key}={value}")]);
        }
        if let Ok(debug) = std::env::var("OTLAKE_KAFKA_DEBUG") {
            command.args(["--set", &format!("debug={debug}")]);
        }
        command.args(["--set", "fetch.wait.max.ms=50"]);
        command
            .arg(cluster.lake())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let batches = Arc::new(Mutex::new(Vec::new()));
        let (output, reported) = (child.stdout.take().unwrap(), Arc::clone(&batches));
        thread::spawn(move || {
            for _ in BufReader::new(output).lines() {
                reported.lock().unwrap().push(Instant::now());
            }
        });
        let mut errors = child.stderr.take().unwrap();
        let errors = thread::spawn(move || {
            let mut text = Vec::new();
            errors.read_to_end(&mut text).unwrap();
            String::from_utf8_lossy(&text).into_owned()
        });
        ConsumerProcess {
            child,
            batches,
            errors: Some(errors),
        }
    }

    /// Returns the number of batches so far.
    pub fn batches(&self) -> usize {
        self.batches.lock().unwrap().len()
    }

    /// Returns whether the last batch was finished a while ago.
    pub fn idle(&self) -> bool {
        let batches = self.batches.lock().unwrap();
        batches
            .last()
            .is_some_and(|last| last.elapsed() > Duration::from_millis(100))
    }

    pub fn wait_for_batches(&self, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(180);
        while self.batches() < count {
            assert!(
                Instant::now() < deadline,
                "{} of {count} batches",
                self.batches()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the process has ended with an error.
    pub fn wait_for_end(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(180);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return assert!(!status.success());
            }
            assert!(Instant::now() < deadline, "the process has not ended");
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn is_running(&self) -> bool {
        PathBuf::from(format!("/proc/{}/fd", self.child.id()))
            .read_dir()
            .is_ok()
    }

    /// Sends a signal to the process.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    /// Kills the process, and returns what it has written to standard error.
    pub fn kill(mut self) -> String {
        let _ = self.child.kill();
        self.child.wait().unwrap();
        self.errors.take().unwrap().join().unwrap()
    }
}

impl Drop for ConsumerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let (true, Some(errors)) = (thread::panicking(), self.errors.take()) {
            eprintln!("queue_consumer: {}", errors.join().unwrap_or_default());
        }
    }
}

/// Returns the executable of the example, which cargo does not build for a test of its package alone.
fn executable() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test
        .parent()
        .and_then(|deps| deps.parent())
        .unwrap()
        .join("examples/queue_consumer");
    assert!(
        path.exists(),
        "{} is missing: cargo build -p otlake-examples --features kafka --example queue_consumer",
        path.display()
    );
    path
}
