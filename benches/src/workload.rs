use std::path::{Path, PathBuf};

use bytes::Bytes;
use otlake_otlp::{ContentEncoding, Format, Limits};
use otlake_row::Signal;
use otlake_testkit::{
    MetricShape, Shape, TraceShape, logs_payload, logs_request, metrics_payload, traces_payload,
};

use crate::case::Error;
use crate::floors;

/// Payloads of the small groups in one pass. They have 10,000 records, as many as the other
/// generated workload.
const SMALL_PAYLOADS: u64 = 20;

/// Export requests of one signal, which every case processes.
#[derive(Clone, Debug)]
pub struct Workload {
    name: String,
    signal: Signal,
    format: Format,
    payloads: Vec<Bytes>,
    records: usize,
}

impl Workload {
    /// Returns a workload of payloads in protobuf.
    ///
    /// # Errors
    ///
    /// Fails if a payload is malformed, or if there are no records at all.
    pub fn new(
        name: impl Into<String>,
        signal: Signal,
        payloads: Vec<Bytes>,
    ) -> Result<Self, Error> {
        let name = name.into();
        let mut records = 0;
        for payload in &payloads {
            records += floors::walk(signal, payload)
                .map_err(|error| format!("{name}: {error}"))?
                .records;
        }
        if records == 0 {
            return Err(format!("{name}: no records in it").into());
        }
        Ok(Self {
            name,
            signal,
            format: Format::Protobuf,
            payloads,
            records,
        })
    }

    /// Returns the logs of the `10k` payload in OTLP/JSON, as opentelemetry-proto writes it.
    fn logs_json() -> Result<Self, Error> {
        let request = logs_request(&Shape::ten_thousand());
        Ok(Self {
            name: "logs_json".to_owned(),
            signal: Signal::Logs,
            format: Format::Json,
            payloads: vec![serde_json::to_vec(&request)?.into()],
            records: Shape::ten_thousand().records,
        })
    }

    /// Returns the workloads of a report without files: `10k`, one large payload of logs;
    /// `small_groups`, many small payloads of logs; `traces` and `metrics`, one large payload each;
    /// and `logs_json`, the first one in OTLP/JSON.
    ///
    /// # Errors
    ///
    /// Never fails in practice, because the payloads are generated.
    pub fn generated() -> Result<Vec<Self>, Error> {
        let names = ["10k", "small_groups", "traces", "metrics", "logs_json"];
        names.into_iter().map(Self::named).collect()
    }

    /// Returns the workload of [`generated`](Self::generated) with this name, without the time that the others take.
    ///
    /// # Errors
    ///
    /// Fails if there is no such workload.
    pub fn named(name: &str) -> Result<Self, Error> {
        let small = |seed| Bytes::from(logs_payload(&Shape::small_groups().with_seed(seed)));
        let (signal, payloads) = match name {
            "10k" => (
                Signal::Logs,
                vec![logs_payload(&Shape::ten_thousand()).into()],
            ),
            "small_groups" => (Signal::Logs, (1..=SMALL_PAYLOADS).map(small).collect()),
            "traces" => (
                Signal::Traces,
                vec![traces_payload(&TraceShape::ten_thousand()).into()],
            ),
            "metrics" => (
                Signal::Metrics,
                vec![metrics_payload(&MetricShape::ten_thousand()).into()],
            ),
            "logs_json" => return Self::logs_json(),
            _ => return Err(format!("no workload {name}").into()),
        };
        Self::new(name, signal, payloads)
    }

    /// Returns the workload of the cases with several workers: 40 payloads of logs like `10k`, four times. At the end,
    /// one worker waits for the last row group of the other, so the run has to be much longer than that takes.
    ///
    /// # Errors
    ///
    /// Never fails in practice, because the payloads are generated.
    pub fn many() -> Result<Self, Error> {
        let payload = |seed| Bytes::from(logs_payload(&Shape::ten_thousand().with_seed(seed)));
        let payloads: Vec<_> = (1..=40).map(payload).collect();
        let four_times = payloads.iter().cycle().take(4 * payloads.len());
        Self::new("many", Signal::Logs, four_times.cloned().collect())
    }

    /// Returns the payloads in `examples/data/logs`, which were recorded from SDKs.
    ///
    /// # Errors
    ///
    /// Fails if the files are missing from the repository.
    pub fn recorded() -> Result<Self, Error> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data/logs");
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(&directory)? {
            paths.push(entry?.path());
        }
        paths.sort();
        let payload = |path: &PathBuf| -> Result<Bytes, Error> {
            let extension = path.extension().and_then(|extension| extension.to_str());
            let encoding = ContentEncoding::from_extension(extension.unwrap_or_default());
            let limit = Limits::default().payload_bytes();
            Ok(encoding.inflate(&std::fs::read(path)?.into(), limit)?)
        };
        let payloads = paths.iter().map(payload).collect::<Result<_, _>>()?;
        Self::new("recorded", Signal::Logs, payloads)
    }

    /// Returns the payload in a file. Its name is the file name without the extension.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or is not such a payload. The error names the file.
    pub fn from_file(path: &Path, signal: Signal) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path
            .file_stem()
            .unwrap_or(path.as_os_str())
            .to_string_lossy();
        Self::new(name, signal, vec![bytes.into()])
    }

    /// Returns the name of the workload in the table and in the JSON.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the signal of the payloads.
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// Returns the format of the payloads.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns the payloads, in order.
    pub fn payloads(&self) -> &[Bytes] {
        &self.payloads
    }

    /// Returns the number of records in all payloads.
    pub fn records(&self) -> usize {
        self.records
    }

    /// Returns the total length of all payloads, in bytes.
    pub fn bytes(&self) -> usize {
        self.payloads.iter().map(Bytes::len).sum()
    }
}
