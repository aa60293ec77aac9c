LLMOBS_API llmobs_result llmobs_encode(const llmobs_batch* batch, llmobs_format format,
                                       llmobs_write_fn write, void* user)
{
    (void)user; /* where all encoders are left out */
    if (batch == NULL || write == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    switch (format) {
    case LLMOBS_FORMAT_OTLP_JSON:
#ifndef LLMOBS_NO_OTLP
        return llmobs_encode_otlp_json(batch, write, user) ? LLMOBS_OK : LLMOBS_ERROR_SYSTEM;
#else
        break;
#endif
    case LLMOBS_FORMAT_CHROME:
#ifndef LLMOBS_NO_CHROME
        return llmobs_encode_chrome(batch, write, user) ? LLMOBS_OK : LLMOBS_ERROR_SYSTEM;
#else
        break;
#endif
    }
    return LLMOBS_ERROR_FORMAT;
}
