/* Embeddings of answers: what a worker of the judge does with a capture first, so that it is read
   once, and wiped once. */

/* The text that is embedded, in the room of the worker's prompt, with a NUL: what a judge may be
   shown of beginning and end, with a line between where the middle is missing. False: there is
   none, or it does not fit. */
llmobsi_fn bool llmobsi_embed_text(const llmobs_captured* answer, bool raw, char* out,
                                   size_t capacity, llmobs_string* text)
{
    llmobs_judge_prompt_options options = llmobs_judge_prompt_options_default();
    llmobsi_judge_text shown;
    llmobsi_writer writer;
    options.raw = raw;
    memset(&shown, 0, sizeof shown);
    llmobsi_judge_text_set(&shown, answer, &options, 0);
    llmobsi_writer_init(&writer, out, capacity, NULL, NULL);
    (void)llmobsi_judge_show(&shown.head, &options, 0, shown.head.points, &writer);
    if (shown.gap) {
        llmobsi_put_text(&writer, "\n");
        (void)llmobsi_judge_show(&shown.tail, &options, 0, shown.tail.points, &writer);
    }
    text->data = out;
    text->size = writer.length;
    llmobsi_put(&writer, "", 1);
    return !writer.failed && (shown.head.points > 0 || (shown.gap && shown.tail.points > 0));
}

/* What became of an answer that was to be embedded. */
llmobsi_fn void llmobsi_embed_count(llmobsi_review* review, bool embedded)
{
    llmobsi_lock_take(&review->lock);
    review->stats.embedded += embedded;
    review->stats.not_embedded += !embedded;
    llmobsi_lock_give(&review->lock);
}

/* Asks the host for the embedding. */
llmobsi_fn bool llmobsi_embed_ask(const llmobsi_judge_worker* worker, llmobs_string text)
{
    const llmobs_embedder* embedder = &llmobsi_review_of(worker->instance)->embedder;
    llmobsi_callback callback =
        llmobsi_callback_mark(worker->instance->collector.recorder.ticket);
    bool made = false;
    llmobsi_try {
        made = embedder->embed(embedder->user, text, worker->values,
                               worker->instance->config.drift_dimensions);
    }
    llmobsi_catch_any {
        made = false;
    }
    (void)llmobsi_callback_end(&callback);
    return made;
}

/* What a sample knows an answer by. One without any id is like no other. */
llmobsi_fn uint64_t llmobsi_embed_id(const llmobsi_review* review, const llmobs_capture* capture)
{
    static const uint8_t none[sizeof capture->span_id] = {0};
    return capture->request_id[0] != '\0'
               ? llmobs_drift_key(capture->request_id, strlen(capture->request_id))
           : memcmp(capture->span_id, none, sizeof none) != 0
               ? llmobs_drift_key(capture->span_id, sizeof capture->span_id)
               : llmobsi_review_number(review, capture);
}

/* Gives it to the detector. */
llmobsi_fn bool llmobsi_embed_give(const llmobsi_judge_worker* worker,
                                   const llmobs_capture* capture)
{
    const llmobsi_review* review = llmobsi_review_of(worker->instance);
    llmobs_embedding embedding;
    memset(&embedding, 0, sizeof embedding);
    embedding.values = worker->values;
    embedding.dimension = worker->instance->config.drift_dimensions;
    embedding.id = llmobsi_embed_id(review, capture);
    embedding.group = capture->group;
    embedding.embedder = review->embedder.model;
    return llmobs_drift_add(review->embedder.detector, &embedding) == LLMOBS_OK;
}

/* Embeds the answer of a capture that chance kept, or would have kept. */
llmobsi_fn void llmobsi_embed(llmobsi_judge_worker* worker, const llmobs_capture* capture)
{
    llmobsi_review* review = llmobsi_review_of(worker->instance);
    const llmobsi_process process = llmobsi_process_id();
    llmobs_string text;
    bool embedded = llmobsi_embed_text(&capture->output, review->embedder.raw, worker->prompt,
                                       review->prompt_bytes, &text) &&
                    llmobsi_embed_ask(worker, text);
    if (llmobsi_process_id() != process) {
        return; /* the callback forked, and came back in the child */
    }
    llmobsi_embed_count(review, embedded && llmobsi_embed_give(worker, capture));
    llmobsi_wipe(worker->prompt, review->prompt_bytes);
    llmobsi_wipe(worker->values,
                 worker->instance->config.drift_dimensions * sizeof *worker->values);
}
