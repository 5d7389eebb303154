use std::path::{Path, PathBuf};

use bytes::Bytes;
use otlake_otlp::{ContentEncoding, Format, Limits};
use otlake_row::Signal;
use otlake_testkit::{
    MetricShape, Shape, TraceShape, logs_payload, logs_request, metrics_payload, traces_payload,
};

use crate::case::Error;
use crate::floors;

/// Payloads of the small groups in one pass: 10,000 records, as many as the other generated
/// workload has.
const SMALL_PAYLOADS: u64 = 20;

/// Export requests of one signal that every case goes over.
#[derive(Clone, Debug)]
pub struct Workload {
    name: String,
    signal: Signal,
    format: Format,
    payloads: Vec<Bytes>,
    records: usize,
}

impl Workload {
    /// A workload of these payloads in protobuf.
    ///
    /// # Errors
    ///
    /// When one of them is malformed, or when they hold no record at all.
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

    /// The logs of the `10k` payload in OTLP/JSON, as opentelemetry-proto writes it.
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

    /// The workloads of a report that names no file: of logs `10k`, one large payload, and
    /// `small_groups`, many small ones; `traces` and `metrics`, one large payload each; and
    /// `logs_json`, the first one in OTLP/JSON.
    ///
    /// # Errors
    ///
    /// None in practice: the payloads are generated.
    pub fn generated() -> Result<Vec<Self>, Error> {
        let large = logs_payload(&Shape::ten_thousand());
        let small = |seed| Bytes::from(logs_payload(&Shape::small_groups().with_seed(seed)));
        let traces = traces_payload(&TraceShape::ten_thousand());
        let metrics = metrics_payload(&MetricShape::ten_thousand());
        Ok(vec![
            Self::new("10k", Signal::Logs, vec![large.into()])?,
            Self::new(
                "small_groups",
                Signal::Logs,
                (1..=SMALL_PAYLOADS).map(small).collect(),
            )?,
            Self::new("traces", Signal::Traces, vec![traces.into()])?,
            Self::new("metrics", Signal::Metrics, vec![metrics.into()])?,
            Self::logs_json()?,
        ])
    }

    /// The payloads that were recorded from SDKs, in `examples/data/logs`.
    ///
    /// # Errors
    ///
    /// When they are not where the repository has them.
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
            let limit = Limits::default().payload_bytes;
            Ok(encoding.inflate(&std::fs::read(path)?.into(), limit)?)
        };
        let payloads = paths.iter().map(payload).collect::<Result<_, _>>()?;
        Self::new("recorded", Signal::Logs, payloads)
    }

    /// The payload in a file, under the file's name without its extension.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is not such a payload; the error names it.
    pub fn from_file(path: &Path, signal: Signal) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path
            .file_stem()
            .unwrap_or(path.as_os_str())
            .to_string_lossy();
        Self::new(name, signal, vec![bytes.into()])
    }

    /// What the payloads are called in the table and in the JSON.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Of what the payloads are.
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// What they are written in.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The payloads, in order.
    pub fn payloads(&self) -> &[Bytes] {
        &self.payloads
    }

    /// Records in all payloads.
    pub fn records(&self) -> usize {
        self.records
    }

    /// Bytes of all payloads.
    pub fn bytes(&self) -> usize {
        self.payloads.iter().map(Bytes::len).sum()
    }
}
