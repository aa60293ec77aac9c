"""Compares what a Collector wrote with what was sent, both OTLP/JSON files, item by item.

    collector_python.py --got FILE... --sent FILE...

An item is a span, a log record or a metric's point with all that it stands in: resource, scope,
metric. Each must be there once. What OTLP does not tell from its absence (a zero, an empty list) is
left out of the comparison, except where it says something: in values, and in optional fields.
Prints how many items there were, or the first differences.
"""
import json
import re
import sys
from collections import Counter

# Where 0, false or "" is a value.
TELLING = {'stringValue', 'boolValue', 'intValue', 'doubleValue', 'asInt', 'asDouble', 'sum', 'min',
           'max', 'key', 'value'}
INTEGERS = {'intValue', 'asInt', 'count', 'zeroCount', 'flags', 'kind', 'code', 'severityNumber',
            'aggregationTemporality', 'scale', 'offset', 'timeUnixNano', 'startTimeUnixNano',
            'endTimeUnixNano', 'observedTimeUnixNano', 'droppedAttributesCount',
            'droppedEventsCount', 'droppedLinksCount', 'bucketCounts'}
REALS = {'doubleValue', 'asDouble', 'sum', 'min', 'max', 'explicitBounds', 'zeroThreshold'}


def number(name, value):
    if name in INTEGERS:
        if isinstance(value, str) and not re.fullmatch(r'-?\d+', value):
            raise ValueError(f'{name} is {value!r}')
        return int(value)
    # All digits count, and NaN is one. The Collector reads -0.0, as otlp.t shows, but writes 0.
    return repr(float(value) + 0.0)


def normal(value, name=''):
    """The same for all ways to write it."""
    if isinstance(value, dict):
        members = {key: normal(one, key) for key, one in value.items()}
        return {key: one for key, one in sorted(members.items())
                if key in TELLING or one not in (0, '', [], {}, None, False, '0.0')}
    if isinstance(value, list):
        return [normal(one, name) for one in value]
    if name in INTEGERS or name in REALS:
        return number(name, value)
    if name in ('traceId', 'spanId', 'parentSpanId'):
        return value.lower()
    return value


def messages(path):
    with open(path, encoding='utf-8') as file:
        text = file.read()
    decoder, at = json.JSONDecoder(), 0
    while text[at:].strip():
        message, at = decoder.raw_decode(text, at + re.match(r'\s*', text[at:]).end())
        yield message


def points(metric):
    about = {key: value for key, value in metric.items()
             if not (isinstance(value, dict) and 'dataPoints' in value)}
    for kind, data in metric.items():
        if isinstance(data, dict) and 'dataPoints' in data:
            shared = {key: value for key, value in data.items() if key != 'dataPoints'}
            for point in data['dataPoints']:
                yield {'metric': about, kind: shared, 'point': point}


def items(path):
    for message in messages(path):
        for resource in next(iter(message.values()), []):
            scopes = [key for key in resource if key.startswith('scope')]
            for scope in (one for key in scopes for one in resource[key]):
                around = {'resource': resource.get('resource'), 'scope': scope.get('scope'),
                          'schema': [resource.get('schemaUrl', ''), scope.get('schemaUrl', '')]}
                for span in scope.get('spans', []):
                    yield {**around, 'span': span}
                for record in scope.get('logRecords', []):
                    yield {**around, 'log': record}
                for metric in scope.get('metrics', []):
                    for point in points(metric):
                        yield {**around, **point}


def main():
    words = sys.argv[1:]
    split = words.index('--sent')
    got, sent = (Counter(json.dumps(normal(item), sort_keys=True) for path in paths
                         for item in items(path))
                 for paths in (words[words.index('--got') + 1:split], words[split + 1:]))
    if not sent:
        sys.exit('nothing was sent')
    missing, more = sent - got, got - sent
    for what, some in (('missing', missing), ('instead', more)):
        for item in sorted(some)[:3]:
            print(f'{what}, {some[item]} of it: {item}')
    if missing or more:
        sys.exit(f'{sum(missing.values())} missing, {sum(more.values())} not sent')
    kinds = Counter(kind for item in sent.elements()
                    for kind in ('span', 'log', 'point') if kind in json.loads(item))
    print(' '.join(f'{kind} {kinds[kind]}' for kind in sorted(kinds)))


main()
