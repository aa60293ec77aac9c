#include "peer_protobuf.h"

#include "otlp.pb.cc"

#include <google/protobuf/arena.h>

static void fill(bench::Attribute* to, const peer_attribute* from)
{
    to->set_key(from->key, from->key_size);
    bench::Value* value = to->mutable_value();
    switch (from->type) {
    case 0:
        value->set_text(from->text, from->text_size);
        break;
    case 1:
        value->set_integer(from->integer);
        break;
    case 2:
        value->set_real(from->real);
        break;
    default:
        value->set_truth(from->boolean);
        break;
    }
}

static void fill(bench::Span* to, const peer_span* from, const peer_traces* traces)
{
    to->set_trace_id(from->trace_id, 16);
    to->set_span_id(from->span_id, 8);
    to->set_parent_id(from->parent_id, 8);
    to->set_name(from->name, from->name_size);
    to->set_kind(from->kind);
    to->set_start(from->start);
    to->set_end(from->end);
    to->set_flags(from->flags);
    for (size_t i = 0; i < traces->attribute_count; i++) {
        fill(to->add_attributes(), &traces->attributes[i]);
    }
}

extern "C" size_t peer_encode(const peer_traces* traces, char* out, size_t room)
{
    static char block[4 << 20]; /* so that the arena asks nobody for memory */
    google::protobuf::ArenaOptions options;
    options.initial_block = block;
    options.initial_block_size = sizeof block;
    google::protobuf::Arena arena(options);
    bench::Traces* all = google::protobuf::Arena::CreateMessage<bench::Traces>(&arena);
    bench::Sources* source = all->add_sources();
    for (size_t i = 0; i < 2; i++) {
        fill(source->mutable_resource()->add_attributes(), &traces->attributes[i]);
    }
    bench::Group* group = source->add_groups();
    group->mutable_scope()->set_name("llmobs");
    group->mutable_scope()->set_version(traces->version);
    for (size_t i = 0; i < traces->span_count; i++) {
        fill(group->add_spans(), &traces->spans[i], traces);
    }
    size_t size = all->ByteSizeLong();
    if (size > room) {
        return 0;
    }
    all->SerializeWithCachedSizesToArray(reinterpret_cast<uint8_t*>(out));
    return size;
}
