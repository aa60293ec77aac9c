"""Reads a Chrome trace as viewers do, and compares it with the leaves of the same spans.

    chrome_python.py TRACE EXPECTED

EXPECTED is as leaves.h has it. Prints how many spans and events there are, or what is wrong.
"""
import collections
import json
import re
import struct
import sys
from decimal import Decimal

WRAP_NS = 4 * 10**15  # `ts` is Unix time modulo this, so that a double holds its nanoseconds
KINDS = ["internal", "server", "client", "producer", "consumer"]
STATUSES = ["unset", "ok", "error"]
LEAF = re.compile(r"([0-9a-f]{32})/([0-9a-f]{16})\.(\S+) (\S+) (\S+)\n")


def require(condition, what, *more):
    if not condition:
        sys.exit(" ".join([what, *map(repr, more)]))


# ---- what is expected ----------------------------------------------------------------------------


def value_of(kind, octets):
    if kind == "string":
        return octets.decode()
    if kind == "int":
        return int.from_bytes(octets, "big", signed=True)
    if kind == "double":
        number = struct.unpack(">d", octets)[0]
        special = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
        return special.get(str(number), number)
    return {"bool": octets == b"\1", "message": [], "bytes": octets.hex()}[kind]


def read_expected(path):
    """Each span's leaves by their paths."""
    spans = collections.defaultdict(dict)
    with open(path, encoding="ascii") as file:
        for line in file:
            trace, span, leaf, kind, octets = LEAF.fullmatch(line).groups()
            octets = b"" if octets == "-" else bytes.fromhex(octets)
            spans[trace, span][leaf] = value_of(kind, octets)
    return spans


def attributes_of(leaves, prefix=""):
    """The attributes of a span, or of its event, by their keys."""
    result = {}
    index = 0
    while f"{prefix}attributes.{index}.key" in leaves:
        here = f"{prefix}attributes.{index}."
        texts = [value for path, value in leaves.items() if path.startswith(here + "value.")]
        is_array = any(path.startswith(here + "value.array_value") for path in leaves)
        if is_array:
            texts = [[] if texts == [[]] else texts]
        require(len(texts) == 1, "several values", here)
        result[leaves[here + "key"]] = texts[0]
        index += 1
    return result


# ---- the trace -----------------------------------------------------------------------------------


def unique(pairs):
    members = dict(pairs)
    require(len(members) == len(pairs), "a member comes twice", pairs)
    return members


def read_trace(path):
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    require(text.startswith("[\n"), "the file does not begin with [")
    require(text.endswith("},\n"), "the last event is not ended")
    for line in text[2:-2].split(",\n"):
        json.loads(line)  # each is whole by itself
    return json.loads(text[:-2] + "]", parse_float=Decimal, object_pairs_hook=unique)


def check_async(event):
    require(re.fullmatch("[0-9a-f]{32}", event["id"]), "no id", event)
    for name, kind in [("cat", str), ("name", str), ("pid", int), ("tid", int), ("ts", Decimal)]:
        require(type(event.get(name)) is kind, f"{name} is missing", event)
    require(event["pid"] > 0 and event["tid"] > 0 and event["ts"] >= 0, "out of range", event)


def time_of(event, leaves):
    """An event's Unix time: its span says from which wrap on it counts."""
    start = leaves["start_time_unix_nano"]
    return int(event["ts"] * 1000) + start - start % WRAP_NS


def same_attributes(got, leaves, prefix=""):
    """A double may look like an integer."""
    wanted = attributes_of(leaves, prefix)
    if list(got) != list(wanted):
        return False
    for key, value in wanted.items():
        if isinstance(value, float) and type(got[key]) in (int, Decimal):
            if float(got[key]) != value:
                return False
        elif (type(got[key]), got[key]) != (type(value), value):
            return False
    return True


def count_of(leaves, pattern):
    return sum(re.fullmatch(pattern, path) is not None for path in leaves)


def check_span(begin, marks, end, leaves):
    arguments = begin["args"]
    status = leaves.get("status.code", 0)
    for what, got, wanted in [
        ("name", begin["name"], leaves["name"]),
        ("end's name", end["name"], leaves["name"]),
        ("parent", arguments.get("parent_span_id"), leaves.get("parent_span_id")),
        ("kind", arguments.get("kind", "internal"), KINDS[leaves["kind"] - 1]),
        ("status", arguments.get("status", "unset"), STATUSES[status]),
        ("message", arguments.get("message"), leaves.get("status.message")),
        ("start", int(arguments["start_unix_ns"]), leaves["start_time_unix_nano"]),
        ("begin", time_of(begin, leaves), leaves["start_time_unix_nano"]),
        ("end", time_of(end, leaves), leaves["end_time_unix_nano"]),
        ("events", len(marks), count_of(leaves, r"events\.\d+\.name")),
        ("links", len(arguments.get("links", [])), count_of(leaves, r"links\.\d+\.span_id")),
    ]:
        require(got == wanted, f"{what} of {arguments['span_id']}:", got, wanted)
    require(same_attributes(arguments.get("attributes", {}), leaves), "attributes", begin)
    for index, mark in enumerate(marks):
        prefix = f"events.{index}."
        require(mark["name"] == leaves[prefix + "name"], "an event's name", mark)
        require(time_of(mark, leaves) == leaves[prefix + "time_unix_nano"], "its time", mark)
        got = mark.get("args", {}).get("attributes", {})
        require(same_attributes(got, leaves, prefix), "its attributes", mark)
        require(begin["ts"] <= mark["ts"] <= end["ts"], "it is outside of its span", mark)
    require(begin["ts"] <= end["ts"], "the end is before the begin", begin)


def check_nesting(events):
    """As viewers draw one id: in the order of time, as doubles, each end ends the innermost."""
    begun = {event["args"]["span_id"] for event in events if event["ph"] == "b"}
    ended = set()
    stack = []
    for event in sorted(events, key=lambda event: float(event["ts"])):
        if event["ph"] == "b":
            parent = event["args"].get("parent_span_id")
            outer = parent if parent in begun - ended else None
            inner = stack[-1]["args"]["span_id"] if stack else None
            require(inner == outer, "a span is not drawn in its parent", event)
            stack.append(event)
        elif event["ph"] == "e":
            require(stack and stack[-1]["name"] == event["name"], "an end ends another", event)
            ended.add(stack.pop()["args"]["span_id"])
    require(not stack, "spans are not ended", stack)


class Batches:
    """The events in the order of the file."""

    def __init__(self, spans):
        self.spans = spans
        self.services = set()
        self.by_id = collections.defaultdict(list)
        self.begin = None
        self.marks = []

    def add(self, event):
        if event["ph"] == "M":
            require(event["name"] == "process_name", "unknown metadata", event)
            self.services.add(event["args"]["name"])
            return
        require(event["ph"] in ("b", "n", "e"), "an unknown phase", event)
        check_async(event)
        self.by_id[event["id"]].append(event)
        if event["ph"] == "b":
            require(self.begin is None, "a begin without its end", self.begin)
            self.begin, self.marks = event, []
            return
        require(self.begin and self.begin["id"] == event["id"], "no begin", event)
        if event["ph"] == "n":
            self.marks.append(event)
        else:
            self.end(event)

    def end(self, event):
        leaves = self.spans.pop((event["id"], self.begin["args"]["span_id"]), None)
        require(leaves is not None, "a span that was not recorded, or twice", self.begin)
        service = leaves["resource.attributes.0.value.string_value"]
        require(service in self.services, "its process has no name", self.begin)
        check_span(self.begin, self.marks, event, leaves)
        self.begin = None


def main(trace, expected):
    spans = read_expected(expected)
    total = len(spans)
    batches = Batches(spans)
    for event in read_trace(trace):
        batches.add(event)
    require(batches.begin is None, "a begin without its end", batches.begin)
    require(not spans, f"{len(spans)} spans are missing")
    for events in batches.by_id.values():
        check_nesting(events)
    count = sum(map(len, batches.by_id.values()))
    print(f"{total} spans in {len(batches.by_id)} traces, {count} events")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
