"""Reads OTLP with Google's protobuf and prints it as leaves (see leaves.h).

    otlp_python.py FILE

A file whose name ends in .pb has protobuf's messages, each after its kind in one byte and its size
in four; any other has lines of JSON. A message of protobuf must have no unknown field, and be as
long as protobuf itself would make it.

Of JSON, fails on what is no ProtoJSON, on fields that OTLP does not have, and on a line that is not what
protobuf itself would write: 64-bit numbers as strings, enums as numbers, nothing without meaning.
"""
import base64
import json
import re
import struct
import sys

from google.protobuf import json_format, unknown_fields
from google.protobuf.message import DecodeError
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

# OTLP/JSON differs from ProtoJSON here alone: these bytes are hex, not base64.
ID_DIGITS = {"traceId": 32, "spanId": 16, "parentSpanId": 16}

DOUBLES = {"doubleValue", "asDouble", "sum", "min", "max"}

KINDS = {b"t": trace_pb2.TracesData, b"m": metrics_pb2.MetricsData}

# What llmobs writes where protobuf leaves it out.
AS_GOOD_AS_NONE = {
    "name": "",
    "key": "",
    "values": [],
    "dataPoints": [],
    "bucketCounts": [],
    "explicitBounds": [],
    "count": "0",
    "zeroCount": "0",
    "scale": 0,
    "offset": 0,
    "isMonotonic": False,
}


def unique(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member comes twice")
    return members


def no_constant(name):
    raise ValueError(f"{name} is no JSON")


def ids_as_base64(node):
    """The message with its ids as ProtoJSON has them. Keys of attributes are values: left alone."""
    if isinstance(node, list):
        return [ids_as_base64(one) for one in node]
    if not isinstance(node, dict):
        return node
    result = {}
    for name, value in node.items():
        if name in ID_DIGITS:
            if not re.fullmatch("[0-9a-f]{%d}" % ID_DIGITS[name], value):
                raise ValueError(f"{name} is no id in hex: {value!r}")
            result[name] = base64.b64encode(bytes.fromhex(value)).decode()
        else:
            result[name] = ids_as_base64(value)
    return result


def comparable(node):
    """Without what may be written in two ways: what is as good as left out may be left out, and a
    double may look like an integer."""
    if isinstance(node, list):
        return [comparable(one) for one in node]
    if not isinstance(node, dict):
        return node
    result = {}
    for name, value in node.items():
        if name in AS_GOOD_AS_NONE and value == AS_GOOD_AS_NONE[name]:
            continue
        if name in DOUBLES and isinstance(value, (int, float)):
            value = float(value)
        elif name == "explicitBounds":
            value = [bound if isinstance(bound, str) else float(bound) for bound in value]
        result[name] = comparable(value)
    return result


def leaf_of(field, value):
    """Type and bytes of a field that is no message."""
    if field.cpp_type == field.CPPTYPE_STRING:
        return ("bytes", value) if field.type == field.TYPE_BYTES else ("string", value.encode())
    if field.cpp_type == field.CPPTYPE_BOOL:
        return "bool", bytes([value])
    if field.cpp_type == field.CPPTYPE_DOUBLE:
        return "double", struct.pack(">d", float("nan") if value != value else value)
    return "int", (value % (1 << 64)).to_bytes(8, "big")


def print_leaves(message, path, leave_out=()):
    fields = message.ListFields()
    if not fields:
        print(path, "message", "-")
    for field, value in fields:
        if field.name in leave_out:
            continue
        many = isinstance(value, (list, tuple)) or hasattr(value, "append")
        for index, one in enumerate(value if many else [value]):
            here = f"{path}.{field.name}.{index}" if many else f"{path}.{field.name}"
            if field.cpp_type == field.CPPTYPE_MESSAGE:
                print_leaves(one, here)
            else:
                kind, octets = leaf_of(field, one)
                print(here, kind, octets.hex() or "-")


def print_traces(traces):
    for resource_spans in traces.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                path = f"{span.trace_id.hex()}/{span.span_id.hex()}"
                print_leaves(span, path)
                # Who made it; these have no leaf of their own.
                print_leaves(scope_spans, path, leave_out=("spans",))
                print_leaves(resource_spans, path, leave_out=("scope_spans",))


def print_message(message, number):
    if isinstance(message, trace_pb2.TracesData):
        print_traces(message)
    else:
        print_leaves(message, str(number))


def message_of_line(line):
    given = json.loads(
        line.decode("utf-8"),
        object_pairs_hook=unique,
        parse_constant=no_constant,
    )
    given = ids_as_base64(given)
    if "resourceMetrics" in given:
        message = metrics_pb2.MetricsData()
    elif "resourceLogs" in given:
        message = logs_pb2.LogsData()
    else:
        message = trace_pb2.TracesData()
    json_format.ParseDict(given, message, ignore_unknown_fields=False)
    canonical = json_format.MessageToDict(message, use_integers_for_enums=True)
    if comparable(given) != comparable(canonical):
        raise ValueError("protobuf would write it in another way")
    return message


def messages_of_lines(content):
    if not content.endswith(b"\n"):
        raise ValueError("the last line is not ended")
    for line in content.split(b"\n")[:-1]:
        yield message_of_line(line)


def messages_of_frames(content):
    while content:
        size = int.from_bytes(content[1:5], "big")
        body = content[5 : 5 + size]
        if len(body) != size:
            raise ValueError("a message is cut short")
        message = KINDS[content[:1]]()
        message.ParseFromString(body)
        if has_unknown(message):
            raise ValueError("it has an unknown field")
        if message.ByteSize() != size or len(message.SerializeToString()) != size:
            raise ValueError("protobuf would write it in another way")
        content = content[5 + size :]
        yield message


def has_unknown(message):
    if len(unknown_fields.UnknownFieldSet(message)) > 0:
        return True
    for field, value in message.ListFields():
        if field.cpp_type == field.CPPTYPE_MESSAGE:
            many = isinstance(value, (list, tuple)) or hasattr(value, "append")
            if any(has_unknown(one) for one in (value if many else [value])):
                return True
    return False


def main(path):
    with open(path, "rb") as file:
        content = file.read()
    number = 0
    try:
        of = messages_of_frames if path.endswith(".pb") else messages_of_lines
        for number, message in enumerate(of(content), 1):
            print_message(message, number)
    except (ValueError, TypeError, KeyError, DecodeError, json_format.ParseError) as error:
        sys.exit(f"{path}:{number + 1}: {error}")


if __name__ == "__main__":
    main(sys.argv[1])
