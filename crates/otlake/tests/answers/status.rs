use std::time::Duration;

use otlake::otlp::Format;
use otlake_testkit::{BadRequest, RetryInfo};
use prost::Message;
use serde_json::Value;

/// A `google.rpc.Status` as a client reads it.
#[derive(Debug)]
pub(crate) struct Status {
    pub(crate) code: i64,
    pub(crate) message: String,
    pub(crate) retry_delay: Option<Duration>,
    pub(crate) violation: Option<(String, String)>,
}

impl Status {
    pub(crate) fn decode_from(body: &[u8], format: Format) -> Status {
        match format {
            Format::Protobuf => Status::of_message(otlake_testkit::Status::decode(body).unwrap()),
            _ => Status::of_json(&serde_json::from_slice(body).unwrap()),
        }
    }

    fn of_message(message: otlake_testkit::Status) -> Status {
        let mut status = Status {
            code: message.code.into(),
            message: message.message,
            retry_delay: None,
            violation: None,
        };
        for detail in message.details {
            match &*detail.type_url {
                "type.googleapis.com/google.rpc.RetryInfo" => {
                    let info = RetryInfo::decode(&detail.value[..]).unwrap();
                    let delay = info.retry_delay.unwrap();
                    let delay = Duration::new(delay.seconds as u64, delay.nanos as u32);
                    status.retry_delay = Some(delay);
                }
                "type.googleapis.com/google.rpc.BadRequest" => {
                    let request = BadRequest::decode(&detail.value[..]).unwrap();
                    let [violation] = &request.field_violations[..] else {
                        panic!("{request:?}")
                    };
                    let violation = violation.clone();
                    status.violation = Some((violation.field, violation.description));
                }
                other => panic!("{other}"),
            }
        }
        status
    }

    fn of_json(json: &Value) -> Status {
        let mut status = Status {
            code: json["code"].as_i64().unwrap(),
            message: json["message"].as_str().unwrap().to_owned(),
            retry_delay: None,
            violation: None,
        };
        for detail in json["details"].as_array().into_iter().flatten() {
            if let Some(delay) = detail["retryDelay"].as_str() {
                let seconds = delay.strip_suffix('s').unwrap().parse().unwrap();
                status.retry_delay = Some(Duration::from_secs_f64(seconds));
            } else {
                let violation = &detail["fieldViolations"][0];
                let text = |member: &str| violation[member].as_str().unwrap().to_owned();
                status.violation = Some((text("field"), text("description")));
            }
        }
        status
    }
}
