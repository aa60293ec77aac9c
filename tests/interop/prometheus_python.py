"""Reads metrics with the parsers of Prometheus' own client for Python:
    prometheus_python.py FORMAT FILE
where FORMAT is text or openmetrics. Prints the samples as JSON, [name, labels, value] each, and the
exemplars as [name, labels, labels of the exemplar, value]; fails on what a parser refuses."""
import json
import sys

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics


def main():
    kind, name = sys.argv[1:]
    with open(name, encoding="utf-8", newline="") as file:
        text = file.read()
    read = openmetrics if kind == "openmetrics" else parser
    samples, exemplars, types = [], [], {}
    for family in read.text_string_to_metric_families(text):
        types[family.name] = family.type
        for sample in family.samples:
            samples.append([sample.name, sample.labels, repr(sample.value)])
            if sample.exemplar is not None:
                exemplars.append([sample.name, sample.labels, sample.exemplar.labels,
                                  repr(sample.exemplar.value)])
    json.dump({"samples": samples, "exemplars": exemplars, "types": types}, sys.stdout)


if __name__ == "__main__":
    main()
