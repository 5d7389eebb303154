//! A scheduler, two executors and a client, each a process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::lake::{alone, rows, write};

/// A process that is killed when the test ends.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn scheduler() -> (Process, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_scheduler"))
        .args(["--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (Process(child), line.trim().parse().unwrap())
}

fn executor(scheduler: SocketAddr) -> Process {
    let child = Command::new(env!("CARGO_BIN_EXE_executor"))
        .args([
            "--scheduler-host",
            "127.0.0.1",
            "--port",
            "0",
            "--grpc-port",
            "0",
        ])
        .args(["--scheduler-port", &scheduler.port().to_string()])
        .spawn();
    Process(child.unwrap())
}

fn client(scheduler: SocketAddr, dataset: &Path, sql: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_client"))
        .args(["--scheduler", &format!("df://{scheduler}")])
        .args(["--dataset", dataset.to_str().unwrap(), sql])
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// The programs of this example, as the documentation starts them.
#[test]
fn the_three_programs_run_a_query() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path());
    let (_scheduler, address) = scheduler();
    let _executors = [executor(address), executor(address)];
    let sql = "SELECT severity_number, count(*) AS records FROM logs \
               WHERE attr('resource.service.name') <> 'x' GROUP BY severity_number ORDER BY severity_number";
    let printed = client(address, directory.path(), sql);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let expected = runtime.block_on(async {
        let context = alone(directory.path(), 1).await;
        rows(&context, sql).await
    });
    let lines = printed
        .lines()
        .filter(|line| line.starts_with("| ") && !line.contains("severity"));
    let mut found: Vec<String> = lines
        .map(|line| {
            let cells = line.trim_matches('|').split('|').map(str::trim);
            cells.collect::<Vec<_>>().join(" | ")
        })
        .collect();
    found.sort_unstable();
    assert_eq!(found, expected);
}
