//! A storage is opened by its URL, or says within seconds why it cannot be used.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::env;
use std::error::Error;
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use otlake_storage::{OpenError, open};
use otlake_storage_tests::S3Server;

const CHILD: &str = "OTLAKE_OPENED_URL";

/// Opens the URL in the environment variable, uses it and prints what happened. Does nothing except in the
/// processes that [`opened`] starts, because the options of a store are environment variables.
#[test]
#[allow(clippy::print_stdout, reason = "the parent reads it")]
fn child() {
    let Ok(url) = env::var(CHILD) else { return };
    let started = Instant::now();
    let outcome = match open(&url) {
        Ok(storage) => {
            let mut file = storage.create("day/part-1-0").unwrap();
            file.write_all(b"content").unwrap();
            file.commit().unwrap();
            let listed = storage.list("day/part-1-").unwrap();
            format!("{} of {} bytes", listed[0].name, listed[0].bytes)
        }
        Err(OpenError::Unreachable { source, .. }) => {
            format!("unreachable: {source}: {}", source.source().unwrap())
        }
        Err(error) => format!("{error}: {:?}", error.source().map(ToString::to_string)),
    };
    assert!(started.elapsed() < Duration::from_secs(20), "{outcome}");
    println!("outcome: {}", outcome.replace('\n', " "));
}

/// Returns what a process with these environment variables printed.
fn opened(url: &str, variables: &[(&str, String)]) -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    for (name, _) in env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    let output = command
        .args(["child", "--exact", "--nocapture"])
        .envs(variables.iter().map(|(name, value)| (*name, value)))
        .env(CHILD, url)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let start = text.find("outcome: ").unwrap() + "outcome: ".len();
    let line = text[start..].lines().next().unwrap();
    line.to_owned()
}

#[test]
fn a_bucket_is_opened_with_the_options_of_the_environment() {
    let server = S3Server::start();
    for url in ["s3://lake", "s3://lake/", "s3://lake/a%20prefix/b"] {
        let outcome = opened(url, &server.environment());
        assert_eq!(outcome, "day/part-1-0 of 7 bytes", "{url}");
    }
}

#[test]
fn a_missing_bucket_is_an_error_when_it_is_opened() {
    let server = S3Server::start();
    let outcome = opened("s3://no-such-bucket/lake", &server.environment());
    assert!(outcome.starts_with("unreachable"), "{outcome}");
    assert!(outcome.contains("NoSuchBucket"), "{outcome}");
}

#[test]
fn wrong_credentials_are_an_error_when_the_storage_is_opened() {
    let server = S3Server::start();
    let mut environment = server.environment();
    environment[4].1 = "wrong".to_owned();
    let outcome = opened("s3://lake", &environment);
    assert!(outcome.starts_with("unreachable"), "{outcome}");
    assert!(outcome.contains("SignatureDoesNotMatch"), "{outcome}");
}

#[test]
fn a_server_that_does_not_exist_is_an_error_within_seconds() {
    let server = S3Server::start();
    let environment = server.environment();
    drop(server);
    let outcome = opened("s3://lake", &environment);
    assert!(outcome.starts_with("unreachable"), "{outcome}");
}

#[test]
fn a_server_that_never_answers_is_an_error_within_seconds() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let server = S3Server::start();
    let mut environment = server.environment();
    environment[0].1 = format!("http://{}", silent.local_addr().unwrap());
    let outcome = opened("s3://lake", &environment);
    assert!(outcome.contains("did not answer within 15s"), "{outcome}");
}
