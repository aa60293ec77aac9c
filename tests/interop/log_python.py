"""The article's LLMStructuredLogger, and whether llmobs writes the same records.

    log_python.py make RECORDS COUNT     random inputs, one a row: numbers, and texts in hex
    log_python.py check RECORDS LINES    every line, parsed, equals what the article's code logs

Nothing but the standard library.
"""
import datetime as real_datetime
import hashlib
import json
import logging
import random
import sys

NOW = real_datetime.datetime(1970, 1, 1)


class datetime:
    """In place of the clock: the time that the record says."""

    @staticmethod
    def utcnow():
        return NOW


# ---- the article's code, as it stands there ------------------------------------------------------


class LLMStructuredLogger:
    """Structured logger that records LLM interactions without exposing PII."""

    def __init__(self):
        self.logger = logging.getLogger("llm.interactions")

    def log_interaction(
        self,
        request_id: str,
        user_id: str,
        model: str,
        tokens_in: int,
        tokens_out: int,
        cost_usd: float,
        guardrail_results: dict,
        latency_ms: float,
        input_text: str,
        output_text: str,
    ):
        # Hash inputs/outputs for correlation without exposing content
        self.logger.info(json.dumps({
            "timestamp": datetime.utcnow().isoformat(),
            "request_id": request_id,
            "user_id": user_id,
            "model": model,
            "tokens": {"input": tokens_in, "output": tokens_out},
            "cost_usd": round(cost_usd, 6),
            "latency_ms": round(latency_ms, 2),
            "guardrails": {
                "passed": guardrail_results.get("passed", True),
                "triggered": guardrail_results.get("triggered", []),
            },
            "input_hash": hashlib.sha256(input_text.encode()).hexdigest()[:16],
            "output_hash": hashlib.sha256(output_text.encode()).hexdigest()[:16],
            "input_length": len(input_text),
            "output_length": len(output_text),
        }))


# ---- inputs --------------------------------------------------------------------------------------

ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz0123456789-_.",
    "".join(map(chr, range(0x20))) + '"\\/\x7f',
    "".join(map(chr, range(0x80, 0xa0))) + "\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069",
    "éßñüαβγжщ漢字かな한글",
    "😀👩💻🏳\U0010ffff\ud7ff\ue000\uffff\ufeff",
]


def some_text(source, most):
    alphabets = source.sample(ALPHABETS, source.randint(1, len(ALPHABETS)))
    return "".join(source.choice(source.choice(alphabets)) for _ in range(source.randint(0, most)))


def some_number(source, unit):
    """Whole numbers of a small unit, often in the middle between two roundings."""
    number = source.getrandbits(source.randint(0, 63))
    kind = source.randrange(4)
    if kind == 0:
        number = number // unit * unit + unit // 2
    elif kind == 1:
        number = number // unit * unit
    elif kind == 2:
        number = source.randrange(100 * unit)
    return number


def make(path, count):
    source = random.Random(20260115)
    with open(path, "w", encoding="ascii") as out:
        for _ in range(count):
            seconds = source.randrange(1 << 33)
            fraction = source.choice([0, 999, 1000, 999_999_999, source.randrange(10**9)])
            texts = [some_text(source, 40) for _ in range(3)]
            rules = [some_text(source, 20) or "rule" for _ in range(source.choice([0, 0, 1, 5]))]
            cost = some_number(source, 1000) * source.choice([1, 1, 1, -1])
            row = [seconds * 10**9 + fraction]
            row += [text.encode().hex() for text in texts]
            row += [source.getrandbits(source.randint(0, 63)), source.randrange(10**6), cost]
            row += [some_number(source, 10000), source.randrange(2)]
            row += [",".join(rule.encode().hex() for rule in rules)]
            row += [some_text(source, source.choice([0, 10, 3000])).encode().hex() for _ in range(2)]
            print(*row, sep="\t", file=out)


# ---- the comparison ------------------------------------------------------------------------------


class Last(logging.Handler):
    def emit(self, record):
        self.line = record.getMessage()


def text_of(field):
    return bytes.fromhex(field).decode()


def log_row(logger, row):
    """The row, through the article's code."""
    global NOW
    fields = row.rstrip("\n").split("\t")
    NOW = real_datetime.datetime(1970, 1, 1) + real_datetime.timedelta(
        microseconds=int(fields[0]) // 1000)
    logger.log_interaction(
        request_id=text_of(fields[1]),
        user_id=text_of(fields[2]),
        model=text_of(fields[3]),
        tokens_in=int(fields[4]),
        tokens_out=int(fields[5]),
        cost_usd=int(fields[6]) / 10**9,
        latency_ms=int(fields[7]) / 10**6,
        guardrail_results={
            "passed": fields[8] == "1",
            "triggered": [text_of(rule) for rule in fields[9].split(",") if rule],
        },
        input_text=text_of(fields[10]),
        output_text=text_of(fields[11]),
    )


def with_types(node):
    """1, 1.0 and True are not the same here."""
    if isinstance(node, dict):
        return {name: with_types(value) for name, value in node.items()}
    if isinstance(node, list):
        return [with_types(value) for value in node]
    return type(node).__name__, repr(node)


def check(records, lines):
    last = Last()
    root = logging.getLogger("llm.interactions")
    root.addHandler(last)
    root.setLevel(logging.INFO)
    root.propagate = False
    logger = LLMStructuredLogger()
    count = 0
    with open(records, encoding="ascii") as rows, open(lines, "rb") as written:
        for row in rows:
            log_row(logger, row)
            want = json.loads(last.line)
            line = written.readline()
            if not line.endswith(b"\n"):
                sys.exit(f"record {count + 1}: no line")
            got = json.loads(line.decode("utf-8"))
            if list(got) != list(want) or with_types(got) != with_types(want):
                sys.exit(f"record {count + 1}:\n got {got}\nwant {want}")
            count += 1
        if written.read() != b"":
            sys.exit("more lines than records")
    print(f"{count} records are the article's")


if sys.argv[1] == "make":
    make(sys.argv[2], int(sys.argv[3]))
else:
    check(sys.argv[2], sys.argv[3])
