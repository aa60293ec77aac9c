// Reads OTLP with the OpenTelemetry Collector's decoder and prints it as leaves (see ../leaves.h).
//
//	otlp_go FILE
//
// A file whose name ends in .pb has protobuf's messages, each after its kind in one byte and its size
// in four; any other has lines of JSON.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

var out = bufio.NewWriterSize(os.Stdout, 1<<16)

func leaf(path, kind string, octets []byte) {
	if len(octets) == 0 {
		fmt.Fprintf(out, "%s %s -\n", path, kind)
	} else {
		fmt.Fprintf(out, "%s %s %x\n", path, kind, octets)
	}
}

func leafBits(path, kind string, bits uint64) {
	leaf(path, kind, binary.BigEndian.AppendUint64(nil, bits))
}

// JSON has one NaN.
func leafDouble(path string, number float64) {
	bits := math.Float64bits(number)
	if math.IsNaN(number) {
		bits = 0x7ff8 << 48
	}
	leafBits(path, "double", bits)
}

// What is not there has no leaf.
func fieldText(path, text string) {
	if text != "" {
		leaf(path, "string", []byte(text))
	}
}

func fieldInt(path string, number uint64) {
	if number != 0 {
		leafBits(path, "int", number)
	}
}

func fieldID(path string, id []byte, empty bool) {
	if !empty {
		leaf(path, "bytes", id)
	}
}

func printValue(path string, value pcommon.Value) {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		leaf(path+".string_value", "string", []byte(value.Str()))
	case pcommon.ValueTypeInt:
		leafBits(path+".int_value", "int", uint64(value.Int()))
	case pcommon.ValueTypeDouble:
		leafDouble(path+".double_value", value.Double())
	case pcommon.ValueTypeBool:
		octet := byte(0)
		if value.Bool() {
			octet = 1
		}
		leaf(path+".bool_value", "bool", []byte{octet})
	case pcommon.ValueTypeSlice:
		if value.Slice().Len() == 0 {
			leaf(path+".array_value", "message", nil)
		}
		for i := range value.Slice().Len() {
			printValue(fmt.Sprintf("%s.array_value.values.%d", path, i), value.Slice().At(i))
		}
	default:
		leaf(path, "message", nil)
	}
}

func printAttributes(path string, attributes pcommon.Map, dropped uint32) {
	index := 0
	for key, value := range attributes.All() {
		one := fmt.Sprintf("%s.attributes.%d", path, index)
		fieldText(one+".key", key)
		printValue(one+".value", value)
		index++
	}
	fieldInt(path+".dropped_attributes_count", uint64(dropped))
}

func printEvent(path string, event ptrace.SpanEvent) {
	fieldInt(path+".time_unix_nano", uint64(event.Timestamp()))
	fieldText(path+".name", event.Name())
	printAttributes(path, event.Attributes(), event.DroppedAttributesCount())
}

func printLink(path string, link ptrace.SpanLink) {
	trace, span := link.TraceID(), link.SpanID()
	fieldID(path+".trace_id", trace[:], trace.IsEmpty())
	fieldID(path+".span_id", span[:], span.IsEmpty())
	fieldText(path+".trace_state", link.TraceState().AsRaw())
	fieldInt(path+".flags", uint64(link.Flags()))
	printAttributes(path, link.Attributes(), link.DroppedAttributesCount())
}

func printSpan(path string, span ptrace.Span) {
	trace, id, parent := span.TraceID(), span.SpanID(), span.ParentSpanID()
	fieldID(path+".trace_id", trace[:], trace.IsEmpty())
	fieldID(path+".span_id", id[:], id.IsEmpty())
	fieldID(path+".parent_span_id", parent[:], parent.IsEmpty())
	fieldText(path+".trace_state", span.TraceState().AsRaw())
	fieldText(path+".name", span.Name())
	fieldInt(path+".kind", uint64(span.Kind()))
	fieldInt(path+".start_time_unix_nano", uint64(span.StartTimestamp()))
	fieldInt(path+".end_time_unix_nano", uint64(span.EndTimestamp()))
	fieldInt(path+".flags", uint64(span.Flags()))
	printAttributes(path, span.Attributes(), span.DroppedAttributesCount())
	for i := range span.Events().Len() {
		printEvent(fmt.Sprintf("%s.events.%d", path, i), span.Events().At(i))
	}
	for i := range span.Links().Len() {
		printLink(fmt.Sprintf("%s.links.%d", path, i), span.Links().At(i))
	}
	fieldInt(path+".dropped_events_count", uint64(span.DroppedEventsCount()))
	fieldInt(path+".dropped_links_count", uint64(span.DroppedLinksCount()))
	fieldText(path+".status.message", span.Status().Message())
	fieldInt(path+".status.code", uint64(span.Status().Code()))
}

func printTraces(traces ptrace.Traces) {
	for _, resource := range traces.ResourceSpans().All() {
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				path := span.TraceID().String() + "/" + span.SpanID().String()
				printSpan(path, span)
				// Who made it; these have no leaf of their own.
				fieldText(path+".scope.name", scope.Scope().Name())
				fieldText(path+".scope.version", scope.Scope().Version())
				printAttributes(path+".scope", scope.Scope().Attributes(),
					scope.Scope().DroppedAttributesCount())
				printAttributes(path+".resource", resource.Resource().Attributes(),
					resource.Resource().DroppedAttributesCount())
				fieldText(path+".schema_url", scope.SchemaUrl()+resource.SchemaUrl())
			}
		}
	}
}

func run(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	if strings.HasSuffix(name, ".pb") {
		return printFrames(name, bufio.NewReader(file))
	}
	decoder := ptrace.JSONUnmarshaler{DisallowUnknownFields: true}
	metricDecoder := pmetric.JSONUnmarshaler{DisallowUnknownFields: true}
	lines := bufio.NewReader(file)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return out.Flush()
		}
		if err != nil {
			return fmt.Errorf("%s:%d: the line is not ended: %w", name, number, err)
		}
		if bytes.HasPrefix(line, []byte(`{"resourceMetrics"`)) {
			metrics, err := metricDecoder.UnmarshalMetrics(line)
			if err != nil {
				return fmt.Errorf("%s:%d: %w", name, number, err)
			}
			printMetrics(number, metrics)
			continue
		}
		traces, err := decoder.UnmarshalTraces(line)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, number, err)
		}
		printTraces(traces)
	}
}

func printFrame(number int, kind byte, body []byte) error {
	if kind == 'm' {
		metrics, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(body)
		if err == nil {
			printMetrics(number, metrics)
		}
		return err
	}
	traces, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(body)
	if err == nil {
		printTraces(traces)
	}
	return err
}

func printFrames(name string, from *bufio.Reader) error {
	for number := 1; ; number++ {
		var head [5]byte
		if _, err := io.ReadFull(from, head[:]); errors.Is(err, io.EOF) {
			return out.Flush()
		} else if err != nil {
			return fmt.Errorf("%s:%d: %w", name, number, err)
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:]))
		if _, err := io.ReadFull(from, body); err != nil {
			return fmt.Errorf("%s:%d: %w", name, number, err)
		}
		if err := printFrame(number, head[0], body); err != nil {
			return fmt.Errorf("%s:%d: %w", name, number, err)
		}
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: otlp_go FILE")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		out.Flush()
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
