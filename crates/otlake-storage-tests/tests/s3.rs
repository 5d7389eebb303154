//! Uploads to an S3 server that end badly.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use otlake::Pipeline;
use otlake_dataset::{PublishedSchema, SchemaDocument};
use otlake_schema::{Schema, Table};
use otlake_storage::{Documents, ObjectStorage, PutIf, Storage, StorageErrorKind, Version};
use otlake_storage_tests::{S3Server, StubServer, s3_client};

const PART: usize = 5 << 20;

#[test]
fn a_dropped_file_leaves_no_upload_and_no_parts() {
    let server = S3Server::start();
    let storage = ObjectStorage::new(server.client(), "lake")
        .unwrap()
        .with_part_bytes(PART);
    let mut file = storage.create("a").unwrap();
    file.write_all(&vec![1; 2 * PART + 1]).unwrap();
    while server.open_uploads() == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    drop(file);
    drop(storage);
    assert_eq!((server.open_uploads(), server.stray_parts()), (0, 0));
    let storage = ObjectStorage::new(server.client(), "").unwrap();
    assert_eq!(storage.list("").unwrap(), []);
}

#[test]
fn a_server_that_goes_away_is_an_error_and_no_file() {
    let server = S3Server::start();
    let storage = ObjectStorage::new(server.client(), "lake")
        .unwrap()
        .with_part_bytes(PART);
    let mut small = storage.create("small").unwrap();
    small.write_all(b"small").unwrap();
    let mut large = storage.create("large").unwrap();
    large.write_all(&vec![1; PART + 1]).unwrap();
    // Once a part has arrived, the client knows the id of the upload.
    while server.stray_parts() == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    let directory = server.stop();

    let error = small.commit().unwrap_err();
    assert_eq!(error.kind(), StorageErrorKind::InDoubt, "{error}");
    let error = large.commit().unwrap_err();
    let source = error.source().unwrap().to_string();
    assert!(source.contains("lifecycle rule"), "{source}");
    assert!(!directory.path().join("lake/lake/small").exists());
    assert!(!directory.path().join("lake/lake/large").exists());
    assert!(storage.get("small").is_err());
}

#[test]
fn wrong_credentials_leave_no_doubt() {
    let server = S3Server::start();
    let store = object_store::aws::AmazonS3Builder::new()
        .with_endpoint(server.endpoint())
        .with_allow_http(true)
        .with_bucket_name("lake")
        .with_region("us-east-1")
        .with_access_key_id("somebody")
        .with_secret_access_key("else")
        .build()
        .unwrap();
    let storage = ObjectStorage::new(Arc::new(store), "").unwrap();
    let error = storage.create("a").unwrap().commit().unwrap_err();
    assert_eq!(error.kind(), StorageErrorKind::Failed, "{error}");
}

#[test]
fn a_missing_bucket_leaves_no_doubt_and_is_not_retried() {
    let server = StubServer::start("404 Not Found", "NoSuchBucket");
    let storage = ObjectStorage::new(s3_client(&server.endpoint()), "lake").unwrap();
    let put = storage.put("a", "1".into(), PutIf::Absent).unwrap_err();
    let replaced = PutIf::Matches(Version::new("1\n"));
    let replaced = storage.put("a", "1".into(), replaced).unwrap_err();
    let commit = storage.create("b").unwrap().commit().unwrap_err();
    let get = storage.get("a").unwrap_err();
    let list = storage.list("a").unwrap_err();
    let delete = storage.delete("a").unwrap_err();
    let source = list.source().unwrap().to_string();
    assert!(source.contains("NoSuchBucket"), "{source}");
    for error in [put, replaced, commit, get, delete] {
        assert_eq!(error.kind(), StorageErrorKind::Failed, "{error}");
        let source = error.source().unwrap().to_string();
        assert!(source.contains("bucket"), "{source}");
    }
    assert_eq!(server.requests(), 6);
}

/// An object that does not exist is no error.
#[test]
fn a_missing_object_is_none() {
    let server = StubServer::start("404 Not Found", "NoSuchKey");
    let storage = ObjectStorage::new(s3_client(&server.endpoint()), "lake").unwrap();
    assert_eq!(storage.get("a").unwrap(), None);
    storage.delete("a").unwrap();
}

/// A client of one's own does not check its bucket, so opening a dataset does.
#[test]
fn a_dataset_does_not_open_in_a_wrong_bucket_or_with_wrong_credentials() {
    let server = S3Server::start();
    for (bucket, secret, code) in [
        ("no-such-bucket", "secret", "NoSuchBucket"),
        ("lake", "wrong", "SignatureDoesNotMatch"),
    ] {
        let store = object_store::aws::AmazonS3Builder::new()
            .with_endpoint(server.endpoint())
            .with_allow_http(true)
            .with_bucket_name(bucket)
            .with_region("us-east-1")
            .with_access_key_id("id")
            .with_secret_access_key(secret)
            .build()
            .unwrap();
        let storage = ObjectStorage::new(Arc::new(store), "").unwrap();
        let started = Instant::now();
        let error = Pipeline::builder().build(storage).unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(5), "{error}");
        let mut texts = vec![error.to_string()];
        let mut source = error.source();
        while let Some(cause) = source {
            texts.push(cause.to_string());
            source = cause.source();
        }
        assert!(texts.join(": ").contains(code), "{texts:?}");
    }
}

/// A dataset whose bucket has been deleted, or whose server is overloaded, must say so soon.
#[test]
fn a_published_schema_that_cannot_be_written_is_an_error_within_seconds() {
    for (status, code, most) in [
        ("404 Not Found", "NoSuchBucket", 2),
        ("503 Slow Down", "SlowDown", 12),
        ("501 Not Implemented", "NotImplemented", 12),
        ("409 Conflict", "ConditionalRequestConflict", 200),
    ] {
        let server = StubServer::start(status, code);
        let storage = ObjectStorage::new(s3_client(&server.endpoint()), "lake").unwrap();
        let started = Instant::now();
        let published = SchemaDocument::load(Arc::new(storage), Table::Logs)
            .and_then(|mut published| published.publish(&Schema::logs()));
        let error = published.unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(20), "{error}");
        assert!(server.requests() <= most, "{code}: {}", server.requests());
    }
}
