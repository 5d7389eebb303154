//! What a killed process leaves behind, and how it is cleaned up.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use otlake_storage::{Documents, LocalDirectory, Storage};

const CHILD: &str = "OTLAKE_WRITING_CHILD";

/// Does nothing except in the processes that the other tests start. There, it commits a file,
/// writes half of another one and waits to be killed.
#[test]
fn child() {
    let Ok(directory) = env::var(CHILD) else {
        return;
    };
    let storage = LocalDirectory::new(directory);
    let mut done = storage.create("day/done.parquet").unwrap();
    done.write_all(b"done").unwrap();
    done.commit().unwrap();
    let mut open = storage.create("day/open.parquet").unwrap();
    open.write_all(b"half").unwrap();
    println!("ready");
    loop {
        thread::sleep(Duration::from_secs(60));
    }
}

fn start(directory: &LocalDirectory) -> Child {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines.map(Result::unwrap).any(|line| line.contains("ready"));
    assert!(ready, "the child has ended");
    child
}

#[test]
fn leftovers_of_dead_writers_are_removed_and_files_of_live_ones_stay() {
    let directory = tempfile::tempdir().unwrap();
    let storage = LocalDirectory::new(directory.path());
    let mut dead = start(&storage);
    let mut alive = start(&storage);

    assert_eq!(storage.remove_leftovers(Duration::ZERO).unwrap(), []);
    dead.kill().unwrap();
    dead.wait().unwrap();
    assert_eq!(
        storage.remove_leftovers(Duration::from_secs(3600)).unwrap(),
        []
    );
    let removed = storage.remove_leftovers(Duration::ZERO).unwrap();
    assert_eq!(removed.len(), 1);
    assert!(
        removed[0].name.starts_with("day/.open.parquet.tmp-"),
        "{removed:?}"
    );
    assert_eq!(removed[0].bytes, 4);

    // The committed file exists. The other one was never visible.
    let names = |files: Vec<otlake_storage::StoredFile>| -> Vec<String> {
        files.into_iter().map(|file| file.name).collect()
    };
    assert_eq!(names(storage.list("").unwrap()), ["day/done.parquet"]);
    assert_eq!(
        fs::read_dir(directory.path().join("day")).unwrap().count(),
        2
    );

    alive.kill().unwrap();
    alive.wait().unwrap();
    assert_eq!(storage.remove_leftovers(Duration::ZERO).unwrap().len(), 1);
    assert_eq!(
        fs::read_dir(directory.path().join("day")).unwrap().count(),
        1
    );
}

/// Writers and cleaners at the same time: no committed file is lost.
#[test]
fn cleaning_up_all_the_time() {
    let directory = tempfile::tempdir().unwrap();
    let storage = LocalDirectory::new(directory.path());
    thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let storage = &storage;
                scope.spawn(move || {
                    for number in 0..100 {
                        let mut file = storage.create(&format!("{writer}/{number}")).unwrap();
                        file.write_all(b"content").unwrap();
                        file.commit().unwrap();
                    }
                })
            })
            .collect();
        while !writers.iter().all(|writer| writer.is_finished()) {
            // A file that is not locked yet may be removed, because it is empty. Its writer creates
            // another one.
            let removed = storage.remove_leftovers(Duration::ZERO).unwrap();
            assert!(removed.iter().all(|file| file.bytes == 0), "{removed:?}");
        }
    });
    let files = storage.list("").unwrap();
    assert_eq!(files.len(), 300);
    assert!(files.iter().all(|file| file.bytes == 7));
}
