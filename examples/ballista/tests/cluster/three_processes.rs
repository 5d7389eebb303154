//! The three programs of this example.

use crate::lake::{alone, rows, write};
use crate::processes::{client, executor, scheduler};

/// The programs of this example, as the documentation starts them.
#[test]
fn the_three_programs_run_a_query() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path());
    let (_scheduler, address) = scheduler(60);
    let _executors = [executor(address), executor(address)];
    let sql = "SELECT severity_number, count(*) AS records FROM logs \
               WHERE attr('resource.service.name') <> 'x' GROUP BY severity_number ORDER BY severity_number";
    let dataset = directory.path().to_str().unwrap();
    let found = client(address, &["--dataset", dataset, sql]).rows();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let expected = runtime.block_on(async {
        let context = alone(directory.path(), 1).await;
        rows(&context, sql).await
    });
    assert_eq!(found, expected);
}
