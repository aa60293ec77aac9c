"""The article's LLMStructuredLogger, measuring itself: two lines, ns without and with hashing."""
import hashlib
import json
import logging
import time
import warnings
from datetime import datetime

warnings.simplefilter("ignore")


class Memory(logging.Handler):
    """Formats, as every handler does, and keeps the last line."""

    def emit(self, record):
        self.line = self.format(record)


logger = logging.getLogger("llm.interactions")
logger.setLevel(logging.INFO)
logger.propagate = False
logger.addHandler(Memory())


def log(request_id, user_id, model, tokens_in, tokens_out, cost_usd, guardrails, latency_ms,
        input_hash, output_hash, input_length, output_length):
    logger.info(json.dumps({
        "timestamp": datetime.utcnow().isoformat(),
        "request_id": request_id,
        "user_id": user_id,
        "model": model,
        "tokens": {"input": tokens_in, "output": tokens_out},
        "cost_usd": round(cost_usd, 6),
        "latency_ms": round(latency_ms, 2),
        "guardrails": {
            "passed": guardrails.get("passed", True),
            "triggered": guardrails.get("triggered", []),
        },
        "input_hash": input_hash,
        "output_hash": output_hash,
        "input_length": input_length,
        "output_length": output_length,
    }))


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


TEXT_IN, TEXT_OUT = "x" * 1024, "y" * 2048
KNOWN = (sha(TEXT_IN), sha(TEXT_OUT))
WHO = ("req-0123456789abcdef", "u-4242", "gpt-4o-mini", 812, 96, 0.0123456, {}, 812.345678)


def plain():
    log(*WHO, *KNOWN, 1024, 2048)


def hashed():
    log(*WHO, sha(TEXT_IN), sha(TEXT_OUT), len(TEXT_IN), len(TEXT_OUT))


def median_ns(what, times=500, rounds=41):
    found = []
    for _ in range(rounds):
        start = time.perf_counter_ns()
        for _ in range(times):
            what()
        found.append((time.perf_counter_ns() - start) / times)
    return sorted(found)[rounds // 2]


print(round(median_ns(plain)))
print(round(median_ns(hashed)))
