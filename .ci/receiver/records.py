"""The records that all senders send, as functions of the sender and of a number, and what the files have to contain of them."""

BEGIN = 1_764_000_000_000_000_000  # nanoseconds
KINDS = ["SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"]


def attributes(sender: str, i: int) -> dict:
    return {"sender": sender, "id": f"{sender} {i}", "number": i, "share": i + 0.25, "even": i % 2 == 0}


def common(sender: str, i: int) -> dict:
    columns = {f"attr_{name}": value for name, value in attributes(sender, i).items()}
    return columns | {"resource_service_name": sender, "scope_name": "receiver", "scope_version": "1"}


def log(sender: str, i: int) -> dict:
    return common(sender, i) | {
        "time_unix_nano": BEGIN + i,
        "severity_number": [9, 13, 17][i % 3],
        "severity_text": ["INFO", "WARN", "ERROR"][i % 3],
        "body": f"message {i}",
    }


def span(sender: str, i: int) -> dict:
    return common(sender, i) | {
        "name": f"operation {i}",
        "kind_name": KINDS[i % 5],
        "start_time_unix_nano": BEGIN + i,
        "end_time_unix_nano": BEGIN + 2 * i,
        "duration_nano": i,
        "status_code": 2 if i % 2 else 0,
        "status_message": f"failed {i}" if i % 2 else None,
        "events": [("event", BEGIN + i + 1, {"number": str(i)})],
    }


def points(sender: str, i: int) -> list[dict]:
    """Returns the points of the counter, the gauge and the histogram."""
    sum_ = {"name": "requests", "unit": "1", "description": "a counter", "is_monotonic": True, "value": i}
    gauge = {"name": "temperature", "unit": "K", "description": "a gauge", "value": i / 4}
    histogram = {"name": "duration", "unit": "s", "description": "a histogram", "count": 1, "sum": i}
    return [common(sender, i) | point for point in (sum_, gauge, histogram)]
