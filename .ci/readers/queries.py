"""Runs the queries of docs/columns.md with DuckDB and compares their results with the recorded payloads.

A query is a block of SQL after a comment that names it: <!-- query: gauge -->. Each has a function here that computes the
expected result or checks the actual one. The files are those of a run that wrote to the directory `lake`.
"""

import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

import duckdb
from payloads import micros

DOCUMENT = Path(__file__).parents[2] / "docs" / "columns.md"
ERROR = "STATUS_CODE_ERROR"


class Points:
    """The recorded data points of a metric."""

    def __init__(self, recorded, name):
        self.rows = [row for row in recorded["metrics"] if row.fields["name"] == name]

    def series(self, *names):
        """Returns the points grouped by attributes of the point and its resource, oldest first."""
        series = defaultdict(list)
        for row in self.rows:
            key = tuple(attribute(row, *name.split(":")) for name in names)
            series[key].append(row.fields)
        return {key: sorted(fields, key=lambda f: f["time_unix_nano"]) for key, fields in series.items()}


def attribute(row, group, key):
    return next((getattr(v, v.WhichOneof("value")) for g, k, v in row.attributes if (g, k) == (group, key)), None)


def service(row):
    return attribute(row, "resource", "service.name")


def user(recorded):
    for row in recorded["logs"]:
        if attribute(row, "attr", "user.id") == "3846":
            yield row.fields["timestamp"], row.fields["body"]


def slowest_spans(recorded):
    spans = sorted(recorded["traces"], key=lambda row: (-row.fields["duration_nano"], row.fields["span_id"]))
    for row in spans[:10]:
        of = row.fields
        yield service(row), of["name"], of["duration_nano"] / 1e6, of["trace_id"], of["span_id"]


def errors(recorded):
    counts = defaultdict(Counter)
    messages = defaultdict(set)
    for row in recorded["traces"]:
        key = service(row), row.fields["name"]
        counts[key][row.fields["status_code_name"]] += 1
        if row.fields["status_code_name"] == ERROR:
            messages[key].add(row.fields["status_message"])
    failed = [(key, of) for key, of in counts.items() if of[ERROR]]
    for key, of in sorted(failed, key=lambda item: (-item[1][ERROR], item[0])):
        yield *key, of[ERROR], 100 * of[ERROR] / of.total(), OneOf(messages[key])


class OneOf:
    """Equal to any of some values."""

    def __init__(self, values):
        self.values = values

    def __eq__(self, other):
        return other in self.values

    def __repr__(self):
        return f"one of {self.values}"


def exceptions(recorded):
    found = defaultdict(list)
    for row in recorded["traces"]:
        for event in row.fields["events"] or []:
            if event["name"] == "exception":
                found[service(row), event["attributes"]["exception.type"].plain].append(event["time_unix_nano"])
    for key, times in sorted(found.items(), key=lambda item: (-len(item[1]), item[0])):
        yield *key, len(times), micros(max(times))


def tree(recorded):
    traces = defaultdict(list)
    for row in recorded["traces"]:
        traces[row.fields["trace_id"]].append(row)
    spans = traces[min(traces, key=lambda trace: (-len(traces[trace]), trace))]
    ids = {row.fields["span_id"] for row in spans}
    spans.sort(key=lambda row: (row.fields["start_time_unix_nano"], row.fields["span_id"]))

    def below(parent, depth):
        for row in spans:
            of = row.fields
            if of["parent_span_id"] == parent or (parent is None and of["parent_span_id"] not in ids):
                yield "  " * depth + of["name"], service(row), of["duration_nano"] / 1e6
                yield from below(of["span_id"], depth + 1)

    yield from below(None, 0)


def logs_of_errors(recorded):
    failed = {
        (row.fields["trace_id"], row.fields["span_id"]): row.fields["name"]
        for row in recorded["traces"]
        if row.fields["status_code_name"] == ERROR
    }
    logs = [row.fields for row in recorded["logs"] if (row.fields["trace_id"], row.fields["span_id"]) in failed]
    # The order of records with the same time is undefined, so they are compared in any order.
    for of in sorted(logs, key=lambda of: of["time_unix_nano"]):
        yield failed[of["trace_id"], of["span_id"]], of["severity_text"], of["body"]


def gauge(recorded):
    series = Points(recorded, "payment.exchange_rate").series("resource:service.instance.id", "attr:pair")
    for key, points in sorted(series.items()):
        yield *key, micros(points[-1]["time_unix_nano"]), points[-1]["as_double"]


def delta_sum(recorded):
    rows = []
    for (locale,), points in Points(recorded, "frontend.visits").series("attr:locale").items():
        visits = sum(point["as_int"] for point in points)
        elapsed = points[-1]["time_unix_nano"] - min(point["start_time_unix_nano"] for point in points)
        rows.append((locale, visits, 1e9 * visits / elapsed))
    yield from sorted(rows, key=lambda row: (-row[1], row[0]))


def cumulative_sum(recorded):
    names = ("resource:service.instance.id", "attr:http.route", "attr:http.response.status_code")
    for (_, route, _), points in sorted(Points(recorded, "catalog.requests").series(*names).items()):
        value, time = 0, points[0]["start_time_unix_nano"]
        for point in points:
            more, elapsed = point["as_int"] - value, point["time_unix_nano"] - time
            value, time = point["as_int"], point["time_unix_nano"]
            yield route, micros(time), more, 1e9 * more / elapsed


def histogram(recorded):
    points = [row.fields for row in Points(recorded, "http.client.request.duration").rows]
    bounds = points[0]["explicit_bounds"]
    counts = [sum(column) for column in zip(*(point["bucket_counts"] for point in points))]
    for q in (0.5, 0.9, 0.99):
        rank = q * sum(counts)
        bucket = next(at for at in range(len(counts)) if sum(counts[: at + 1]) >= rank)
        low, high = ([0, *bounds, bounds[-1]][at] for at in (bucket, bucket + 1))
        yield q, low + (high - low) * (rank - sum(counts[:bucket])) / counts[bucket]


def exponential_histogram(recorded):
    for (warehouse,), points in sorted(Points(recorded, "catalog.stock.change").series("attr:warehouse").items()):
        last = points[-1]
        base = 2 ** (2 ** -last["scale"])
        rows = [(-last["zero_threshold"], last["zero_threshold"], last["zero_count"])]
        for side, sign in (("positive", 1), ("negative", -1)):
            for at, count in enumerate(last[f"{side}_bucket_counts"], last[f"{side}_offset"]):
                rows.append((sign * base**at, sign * base ** (at + 1), count))
        rows = [(warehouse, *row) for row in sorted(rows) if row[2]]
        if sum(row[3] for row in rows) != last["count"]:
            raise AssertionError(f"buckets of {warehouse} don't add up to {last['count']}")
        yield from rows


def summary(recorded):
    for (query,), points in sorted(Points(recorded, "catalog_query_duration_seconds").series("attr:query").items()):
        for at in points[-1]["quantile_values"]:
            yield query, at["quantile"], at["value"]


def exemplars(recorded):
    spans = {(row.fields["trace_id"], row.fields["span_id"]): row.fields for row in recorded["traces"]}
    rows = []
    for row in recorded["metrics"]:
        for of in row.fields["exemplars"] or []:
            if span := spans.get((of["trace_id"], of["span_id"])):
                value = of["as_int"] if of["as_double"] is None else of["as_double"]
                key = -span["duration_nano"], span["span_id"], row.fields["name"], value
                ms = span["duration_nano"] / 1e6
                rows.append((key, (*key[2:], of["filtered_attributes"], span["name"], ms, span["trace_id"])))
    for _, row in sorted(rows, key=lambda row: row[0])[:20]:
        yield row


EXPECTED = {
    "attribute": user,
    "slowest spans": slowest_spans,
    "errors": errors,
    "exceptions": exceptions,
    "tree": tree,
    "logs of errors": logs_of_errors,
    "gauge": gauge,
    "delta sum": delta_sum,
    "cumulative sum": cumulative_sum,
    "histogram": histogram,
    "exponential histogram": exponential_histogram,
    "summary": summary,
    "exemplars": exemplars,
}


def patterns(rows, recorded):
    """Checks what holds for patterns however they are found."""
    counts = [count for count, _ in rows]
    bodies = sum(row.fields["body"] is not None for row in recorded["logs"])
    if len(rows) != 10 or counts != sorted(counts, reverse=True) or not 0 < sum(counts) <= bodies:
        raise AssertionError(f"ten patterns of {bodies} bodies, found {rows!r}")


def patterns_of_errors(rows, recorded):
    found = Counter(body for _, body in rows)
    errors = (row.fields["body"] for row in recorded["logs"] if 17 <= row.fields["severity_number"] <= 20)
    missing = [body for body in errors if body is not None and body.plain not in found]
    if not rows or missing:
        raise AssertionError(f"{len(rows)} rows, without {missing[:3]!r}")


CHECKED = {"patterns": patterns, "patterns of errors": patterns_of_errors}
IN_ANY_ORDER = {"attribute", "logs of errors"}


def alike(found, expected):
    """Returns whether a cell has the expected value. Doubles are compared to nine digits, because sums depend on their order."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(alike(found[name], expected[name]) for name in expected)
    if isinstance(expected, float):
        return abs(float(found) - expected) <= 1e-9 * max(1, abs(expected))
    return expected == found


def rows_of(connection, sql):
    """Returns the rows of a query, with times in microseconds."""
    relation = connection.sql(sql)
    times = [str(type).startswith("TIMESTAMP") for type in relation.types]
    cells = [f'epoch_us("{name}")' if time else f'"{name}"' for name, time in zip(relation.columns, times)]
    return relation.project(", ".join(cells)).fetchall()


def compare(name, found, expected):
    if len(found) != len(expected) or not expected:
        raise AssertionError(f"expected {len(expected)} rows and at least one, found {len(found)}")
    for at, row in enumerate(found):
        wanted = expected if name in IN_ANY_ORDER else [expected[at]]
        match = next((one for one in wanted if len(one) == len(row) and all(map(alike, row, one))), None)
        if match is None:
            raise AssertionError(f"row {at}: expected {expected[at]!r}, found {row!r}")
        if name in IN_ANY_ORDER:
            expected.remove(match)


def check(directory, recorded):
    """Returns the number of queries that fail."""
    text = DOCUMENT.read_text()
    blocks = dict(re.findall(r"<!-- query: (.+?) -->\n```sql\n(.*?)```", text, re.DOTALL))
    failures = 0
    blocks = {name: sql.strip().rstrip(";").replace("'lake", f"'{directory}") for name, sql in blocks.items()}
    known = {"views"} | EXPECTED.keys() | CHECKED.keys()
    if blocks.keys() != known or text.count("```sql") != len(blocks):
        print(
            f"queries: {sorted(blocks.keys() ^ known)} are in only one of this file and the document, or a query has no name", file=sys.stderr
        )
        failures += 1
    connection = duckdb.connect()
    connection.execute(blocks.pop("views"))
    for name, sql in blocks.items():
        try:
            found = rows_of(connection, sql)
            if name in CHECKED:
                CHECKED[name](found, recorded)
            else:
                compare(name, found, list(EXPECTED[name](recorded)))
            print(f"DuckDB {duckdb.__version__}, query {name!r} of {DOCUMENT.name}: {len(found)} rows as expected")
        except Exception as error:
            failures += 1
            print(f"query {name!r}: {type(error).__name__}: {str(error)[:1000]}", file=sys.stderr)
    return failures
