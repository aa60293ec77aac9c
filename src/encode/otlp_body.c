/* OTLP as protobuf: a message is measured, then written. */

/* ---- measuring ----------------------------------------------------------------------------- */

/* Of so many records the size is kept from the first pass to the second; those beyond are measured
   twice. Exporters' batches have fewer. */
#define LLMOBS_I_OTLP_KEPT 768u

typedef struct llmobsi_otlp_measured {
    llmobsi_otlp_sizes sizes;
    uint32_t kept[LLMOBS_I_OTLP_KEPT]; /* twice the size, and 1 if text in it is malformed */
} llmobsi_otlp_measured;

/* One record, with all its texts looked at: texts->damaged says whether they are malformed. */
llmobsi_fn uint64_t llmobsi_otlp_record_size(llmobsi_otlp_texts* texts, const llmobs_batch* batch,
                                             const llmobsi_otlp_signal* signal, size_t i)
{
    texts->trusted = false;
    texts->damaged = false;
    return signal->measure(texts, batch, i);
}

/* The bytes of a field with a message of that size, whose number is below 16. */
llmobsi_inline uint64_t llmobsi_otlp_with_head(uint64_t size)
{
    return 1 + llmobsi_varint_size(size) + size;
}

llmobsi_fn uint64_t llmobsi_otlp_records_size(const llmobs_batch* batch,
                                              const llmobsi_otlp_signal* signal,
                                              llmobsi_otlp_measured* measured)
{
    llmobsi_otlp_texts texts;
    uint64_t all = 0;
    size_t i;
    for (i = 0; i < signal->count; i++) {
        uint64_t size = llmobsi_otlp_record_size(&texts, batch, signal, i);
        all += llmobsi_otlp_with_head(size);
        if (i < LLMOBS_I_OTLP_KEPT) {
            measured->kept[i] = (uint32_t)size << 1 | texts.damaged;
        }
    }
    return all;
}

/* False: it is too large. */
llmobsi_fn bool llmobsi_otlp_measure_all(const llmobs_batch* batch,
                                         const llmobsi_otlp_signal* signal,
                                         llmobsi_otlp_measured* measured)
{
    llmobsi_otlp_sizes* sizes = &measured->sizes;
    llmobsi_otlp_texts texts = {false, false};
    const llmobsi_otlp out = llmobsi_otlp_measure(&texts);
    sizes->resource = llmobsi_otlp_resource(out, llmobsi_otlp_begin_at(NULL), batch->resource).size;
    sizes->scope = llmobsi_otlp_scope(out, llmobsi_otlp_begin_at(NULL), signal->lost_before).size;
    sizes->scopes = llmobsi_otlp_with_head(sizes->scope) +
                    llmobsi_otlp_records_size(batch, signal, measured);
    sizes->resources = llmobsi_otlp_with_head(sizes->resource) +
                       llmobsi_otlp_with_head(sizes->scopes);
    sizes->message = llmobsi_otlp_with_head(sizes->resources);
    return sizes->message <= LLMOBS_I_PROTOBUF_MOST;
}

/* The one signal that the batch has; a batch of nothing has no spans. False: several. */
llmobsi_fn bool llmobsi_otlp_signal_of(const llmobs_batch* batch, llmobsi_otlp_signal* signal)
{
    int signals = (batch->span_count > 0) + (batch->log_count > 0) + (batch->metric_count > 0);
    *signal = batch->log_count > 0      ? llmobsi_otlp_logs(batch)
              : batch->metric_count > 0 ? llmobsi_otlp_metrics(batch)
                                        : llmobsi_otlp_spans(batch);
    return signals <= 1;
}

LLMOBS_API size_t llmobs_otlp_protobuf_size(const llmobs_batch* batch)
{
    llmobsi_otlp_measured measured;
    llmobsi_otlp_signal signal;
    return batch != NULL && llmobsi_otlp_signal_of(batch, &signal) &&
                   llmobsi_otlp_measure_all(batch, &signal, &measured)
               ? (size_t)measured.sizes.message
               : 0;
}

/* ---- writing ------------------------------------------------------------------------------- */

llmobsi_fn llmobsi_otlp_at llmobsi_otlp_write_record(llmobsi_otlp out, llmobsi_otlp_at at,
                                                     const llmobs_batch* batch,
                                                     const llmobsi_otlp_signal* signal,
                                                     const llmobsi_otlp_measured* measured,
                                                     size_t i)
{
    uint64_t size;
    if (i < LLMOBS_I_OTLP_KEPT) {
        size = measured->kept[i] >> 1;
        out.texts->damaged = (measured->kept[i] & 1) != 0;
    } else {
        size = llmobsi_otlp_record_size(out.texts, batch, signal, i);
    }
    out.texts->trusted = !out.texts->damaged;
    at = llmobsi_otlp_room(out, at, LLMOBS_I_HEAD_ROOM + LLMOBS_I_JSON_AFTER);
    at = llmobsi_otlp_item(out, at, signal->records.number, i == 0, size);
    at.cursor = signal->bytes(out.writer, out.texts, at.cursor, batch, i);
    return at;
}

/* With a buffer of any size from LLMOBS_I_WRITER_LEAST. */
llmobsi_fn bool llmobsi_otlp_encode_protobuf(const llmobs_batch* batch, llmobsi_writer* writer)
{
    llmobsi_otlp_texts texts = {false, false};
    const llmobsi_otlp out = llmobsi_otlp_of(LLMOBS_I_OTLP_BYTES, writer, &texts);
    llmobsi_otlp_at at = llmobsi_otlp_begin_at(writer->data);
    llmobsi_otlp_measured measured;
    llmobsi_otlp_signal signal;
    size_t i;
    if (!llmobsi_otlp_signal_of(batch, &signal) ||
        !llmobsi_otlp_measure_all(batch, &signal, &measured)) {
        return false;
    }
    at = llmobsi_otlp_head(out, at, batch, &signal, &measured.sizes);
    for (i = 0; i < signal.count && !writer->failed; i++) {
        at = llmobsi_otlp_write_record(out, at, batch, &signal, &measured, i);
    }
    (void)llmobsi_writer_turn(writer, at.cursor);
    return !writer->failed;
}

LLMOBS_API bool llmobs_encode_otlp_protobuf(const llmobs_batch* batch, llmobs_write_fn write,
                                            void* user)
{
    return llmobsi_batch_write(llmobsi_otlp_encode_protobuf, batch, write, user);
}
