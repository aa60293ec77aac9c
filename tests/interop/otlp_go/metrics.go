package main

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

func printExemplars(path string, exemplars pmetric.ExemplarSlice) {
	for i, exemplar := range exemplars.All() {
		one := fmt.Sprintf("%s.exemplars.%d", path, i)
		trace, span := exemplar.TraceID(), exemplar.SpanID()
		fieldInt(one+".time_unix_nano", uint64(exemplar.Timestamp()))
		fieldID(one+".trace_id", trace[:], trace.IsEmpty())
		fieldID(one+".span_id", span[:], span.IsEmpty())
		switch exemplar.ValueType() {
		case pmetric.ExemplarValueTypeInt:
			leafBits(one+".as_int", "int", uint64(exemplar.IntValue()))
		case pmetric.ExemplarValueTypeDouble:
			leafDouble(one+".as_double", exemplar.DoubleValue())
		}
		printAttributes(one+".filtered_attributes", exemplar.FilteredAttributes(), 0)
	}
}

// What points of every kind have.
type point interface {
	Attributes() pcommon.Map
	StartTimestamp() pcommon.Timestamp
	Timestamp() pcommon.Timestamp
	Exemplars() pmetric.ExemplarSlice
	Flags() pmetric.DataPointFlags
}

func printPoint(path string, one point) {
	printAttributes(path, one.Attributes(), 0)
	fieldInt(path+".start_time_unix_nano", uint64(one.StartTimestamp()))
	fieldInt(path+".time_unix_nano", uint64(one.Timestamp()))
	fieldInt(path+".flags", uint64(one.Flags()))
	printExemplars(path, one.Exemplars())
}

func printNumberPoints(path string, points pmetric.NumberDataPointSlice) {
	for i, one := range points.All() {
		here := fmt.Sprintf("%s.data_points.%d", path, i)
		printPoint(here, one)
		switch one.ValueType() {
		case pmetric.NumberDataPointValueTypeInt:
			leafBits(here+".as_int", "int", uint64(one.IntValue()))
		case pmetric.NumberDataPointValueTypeDouble:
			leafDouble(here+".as_double", one.DoubleValue())
		}
	}
}

// What both kinds of histogram have: these may be zero and there, or not there.
type distribution interface {
	point
	Count() uint64
	HasSum() bool
	Sum() float64
	HasMin() bool
	Min() float64
	HasMax() bool
	Max() float64
}

func printDistribution(path string, one distribution) {
	printPoint(path, one)
	fieldInt(path+".count", one.Count())
	if one.HasSum() {
		leafDouble(path+".sum", one.Sum())
	}
	if one.HasMin() {
		leafDouble(path+".min", one.Min())
	}
	if one.HasMax() {
		leafDouble(path+".max", one.Max())
	}
}

func printCounts(path string, counts pcommon.UInt64Slice) {
	for i, count := range counts.All() {
		leafBits(fmt.Sprintf("%s.bucket_counts.%d", path, i), "int", count)
	}
}

func printHistogramPoints(path string, points pmetric.HistogramDataPointSlice) {
	for i, one := range points.All() {
		here := fmt.Sprintf("%s.data_points.%d", path, i)
		printDistribution(here, one)
		printCounts(here, one.BucketCounts())
		for k, bound := range one.ExplicitBounds().All() {
			leafDouble(fmt.Sprintf("%s.explicit_bounds.%d", here, k), bound)
		}
	}
}

func printBuckets(path string, buckets pmetric.ExponentialHistogramDataPointBuckets) {
	fieldInt(path+".offset", uint64(int64(buckets.Offset())))
	printCounts(path, buckets.BucketCounts())
}

func printExponentialPoints(path string, points pmetric.ExponentialHistogramDataPointSlice) {
	for i, one := range points.All() {
		here := fmt.Sprintf("%s.data_points.%d", path, i)
		printDistribution(here, one)
		fieldInt(here+".scale", uint64(int64(one.Scale())))
		fieldInt(here+".zero_count", one.ZeroCount())
		if one.ZeroThreshold() != 0 {
			leafDouble(here+".zero_threshold", one.ZeroThreshold())
		}
		printBuckets(here+".positive", one.Positive())
		printBuckets(here+".negative", one.Negative())
		// llmobs always writes these; the Collector does not tell empty ones from none.
		if one.Positive().Offset() == 0 && one.Positive().BucketCounts().Len() == 0 {
			leaf(here+".positive", "message", nil)
		}
	}
}

func printMetric(path string, metric pmetric.Metric) {
	fieldText(path+".name", metric.Name())
	fieldText(path+".description", metric.Description())
	fieldText(path+".unit", metric.Unit())
	switch metric.Type() {
	case pmetric.MetricTypeGauge:
		if metric.Gauge().DataPoints().Len() == 0 {
			leaf(path+".gauge", "message", nil)
		}
		printNumberPoints(path+".gauge", metric.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		if metric.Sum().IsMonotonic() {
			leaf(path+".sum.is_monotonic", "bool", []byte{1})
		}
		printTemporality(path+".sum", metric.Sum().AggregationTemporality())
		printNumberPoints(path+".sum", metric.Sum().DataPoints())
	case pmetric.MetricTypeHistogram:
		printTemporality(path+".histogram", metric.Histogram().AggregationTemporality())
		printHistogramPoints(path+".histogram", metric.Histogram().DataPoints())
	case pmetric.MetricTypeExponentialHistogram:
		histogram := metric.ExponentialHistogram()
		printTemporality(path+".exponential_histogram", histogram.AggregationTemporality())
		printExponentialPoints(path+".exponential_histogram", histogram.DataPoints())
	default:
		leaf(path+".unknown", "message", nil)
	}
}

func printTemporality(path string, temporality pmetric.AggregationTemporality) {
	fieldInt(path+".aggregation_temporality", uint64(temporality))
}

// The path of a leaf begins with the line's number.
func printMetrics(line int, metrics pmetric.Metrics) {
	for i, resource := range metrics.ResourceMetrics().All() {
		root := fmt.Sprintf("%d.resource_metrics.%d", line, i)
		printAttributes(root+".resource", resource.Resource().Attributes(),
			resource.Resource().DroppedAttributesCount())
		fieldText(root+".schema_url", resource.SchemaUrl())
		for k, scope := range resource.ScopeMetrics().All() {
			here := fmt.Sprintf("%s.scope_metrics.%d", root, k)
			fieldText(here+".scope.name", scope.Scope().Name())
			fieldText(here+".scope.version", scope.Scope().Version())
			printAttributes(here+".scope", scope.Scope().Attributes(),
				scope.Scope().DroppedAttributesCount())
			fieldText(here+".schema_url", scope.SchemaUrl())
			for m, metric := range scope.Metrics().All() {
				printMetric(fmt.Sprintf("%s.metrics.%d", here, m), metric)
			}
		}
	}
}
