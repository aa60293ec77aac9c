#ifndef LLMOBS_NO_OTLP
/* A line for each signal that there is; a batch of nothing is a line without spans. */
llmobsi_fn bool llmobsi_encode_otlp_lines(const llmobs_batch* batch, llmobs_write_fn write,
                                          void* user)
{
    if ((batch->span_count > 0 || (batch->metric_count == 0 && batch->log_count == 0)) &&
        !llmobs_encode_otlp_json(batch, write, user)) {
        return false;
    }
    if (batch->log_count > 0 && !llmobs_encode_otlp_logs_json(batch, write, user)) {
        return false;
    }
    return batch->metric_count == 0 || llmobs_encode_otlp_metrics_json(batch, write, user);
}

llmobsi_fn llmobs_result llmobsi_encode_otlp_body(const llmobs_batch* batch, llmobs_write_fn write,
                                                  void* user)
{
    llmobsi_otlp_signal signal;
    if (!llmobsi_otlp_signal_of(batch, &signal)) {
        return LLMOBS_ERROR_FORMAT;
    }
    if (llmobs_encode_otlp_protobuf(batch, write, user)) {
        return LLMOBS_OK;
    }
    return llmobs_otlp_protobuf_size(batch) == 0 ? LLMOBS_ERROR_LIMIT : LLMOBS_ERROR_SYSTEM;
}
#endif

LLMOBS_API llmobs_result llmobs_encode(const llmobs_batch* batch, llmobs_format format,
                                       llmobs_write_fn write, void* user)
{
    if (batch == NULL || write == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    switch (format) {
    case LLMOBS_FORMAT_OTLP_JSON:
#ifndef LLMOBS_NO_OTLP
        return llmobsi_encode_otlp_lines(batch, write, user) ? LLMOBS_OK : LLMOBS_ERROR_SYSTEM;
#else
        break;
#endif
    case LLMOBS_FORMAT_CHROME:
#ifndef LLMOBS_NO_CHROME
        if (batch->span_count == 0 && (batch->metric_count > 0 || batch->log_count > 0)) {
            break; /* it would be a trace that says nothing */
        }
        return llmobs_encode_chrome(batch, write, user) ? LLMOBS_OK : LLMOBS_ERROR_SYSTEM;
#else
        break;
#endif
    case LLMOBS_FORMAT_LOG_JSON:
        if (batch->log_count == 0 && (batch->span_count > 0 || batch->metric_count > 0)) {
            break;
        }
        return llmobs_encode_log_json(batch, LLMOBS_LOG_STYLE_DEFAULT, write, user)
                   ? LLMOBS_OK
                   : LLMOBS_ERROR_SYSTEM;
    case LLMOBS_FORMAT_OTLP_PROTOBUF:
#ifndef LLMOBS_NO_OTLP
        return llmobsi_encode_otlp_body(batch, write, user);
#else
        break;
#endif
    }
    return LLMOBS_ERROR_FORMAT;
}

LLMOBS_API const char* llmobs_otlp_content_type(llmobs_format format)
{
    return format == LLMOBS_FORMAT_OTLP_JSON       ? "application/json"
           : format == LLMOBS_FORMAT_OTLP_PROTOBUF ? "application/x-protobuf"
                                                   : "";
}
