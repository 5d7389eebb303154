//! A scheduler and two executors in this process.

use std::net::SocketAddr;
use std::sync::Arc;

use ballista_core::ConfigProducer;
use ballista_core::RuntimeProducer;
use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_core::serde::BallistaCodec;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::utils::default_config_producer;
use ballista_executor::new_standalone_executor_from_builder;
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service_with_listener};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use otlake_ballista::{client, executor_config, scheduler_config};
use tokio::net::TcpListener;

use crate::lake::{alone, queries, register, rows, write};

/// The query that Ballista refuses: its plans cannot carry the table of a recursion.
const RECURSIVE: &str = "tree";

/// Starts a cluster on free ports, and returns the address of the scheduler.
async fn start(executors: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut config = scheduler_config();
    config.bind_port = address.port();
    // Executors within a process ask for tasks.
    config.scheduling_policy = TaskSchedulingPolicy::PullStaged;
    let cluster = BallistaCluster::new_from_config(&config).await.unwrap();
    let scheduler =
        create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config));
    let scheduler = scheduler.await.unwrap();
    tokio::spawn(start_grpc_service_with_listener(listener, scheduler));
    for _ in 0..executors {
        let config = executor_config();
        let codec = BallistaCodec::new(
            config.override_logical_codec.unwrap(),
            config.override_physical_codec.unwrap(),
        );
        let client = SchedulerGrpcClient::connect(format!("http://{address}"))
            .await
            .unwrap();
        let configs: ConfigProducer = Arc::new(default_config_producer);
        let runtimes: RuntimeProducer = Arc::new(|_| Ok(Arc::new(RuntimeEnv::default())));
        let functions = config.override_function_registry.unwrap();
        let functions = BallistaFunctionRegistry {
            scalar_functions: functions.scalar_functions.clone(),
            aggregate_functions: functions.aggregate_functions.clone(),
            window_functions: functions.window_functions.clone(),
            higher_order_functions: functions.higher_order_functions.clone(),
        };
        new_standalone_executor_from_builder(client, 2, configs, runtimes, codec, functions)
            .await
            .unwrap();
    }
    address
}

/// Every query of the documentation, over a dataset, except the one that Ballista refuses.
#[tokio::test(flavor = "multi_thread")]
async fn two_executors_return_the_rows_of_one_machine() {
    let directory = tempfile::tempdir().unwrap();
    let lake = directory.path().to_owned();
    tokio::task::spawn_blocking(move || write(&lake))
        .await
        .unwrap();
    let alone = alone(directory.path(), 2).await;
    let address = start(2).await;
    let cluster = client(&format!("df://{address}")).await.unwrap();
    register(&cluster, directory.path()).await;
    let queries = queries();
    assert!(queries.len() >= 10);
    for (name, sql) in queries {
        let expected = rows(&alone, &sql).await;
        assert!(
            !expected.is_empty() || name == "attribute",
            "{name} finds nothing"
        );
        if name == RECURSIVE {
            let error = cluster.sql(&sql).await.unwrap().collect().await;
            let error = error.unwrap_err().to_string();
            assert!(error.contains("WorkTableExec"), "{error}");
            continue;
        }
        assert_eq!(rows(&cluster, &sql).await, expected, "{name}");
    }
}
