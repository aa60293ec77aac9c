/* Pseudonyms for the host. The library's own are made in the layers that need them. */

#ifndef LLMOBS_NO_SHA256

LLMOBS_I_STATIC_ASSERT(pseudonymizer,
                       sizeof(((llmobs_pseudonymizer*)NULL)->state) >= sizeof(llmobs_hmac));

/* The current key of a domain and a tenant. */
llmobsi_fn llmobs_result llmobsi_pseudonym_key(llmobs* obs, llmobs_domain domain,
                                               const char* tenant, llmobs_hmac_key* key,
                                               char id[LLMOBS_KEY_ID_SIZE])
{
    llmobsi_instance* instance;
    bool found;
    if ((unsigned)domain >= (unsigned)LLMOBS_DOMAIN_COUNT) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    instance = llmobsi_call_begin(obs);
    if (instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    found = llmobsi_keyring_key(&instance->collector.recorder.keyring, domain, tenant,
                                tenant != NULL ? strlen(tenant) : 0, key, id);
    llmobsi_call_end(instance);
    return found ? LLMOBS_OK : LLMOBS_ERROR_KEY;
}

LLMOBS_API llmobs_result llmobs_pseudonym(llmobs* obs, llmobs_domain domain, const char* tenant,
                                          const void* data, size_t size,
                                          char out[LLMOBS_PSEUDONYM_SIZE])
{
    char id[LLMOBS_KEY_ID_SIZE];
    llmobs_hmac_key key;
    llmobs_result result;
    if (out == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    out[0] = '\0';
    if (data == NULL && size != 0) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    result = llmobsi_pseudonym_key(obs, domain, tenant, &key, id);
    if (result == LLMOBS_OK) {
        llmobsi_pseudonym_spend(&key, id, data, size, out);
    }
    return result;
}

/* ---- in pieces ----------------------------------------------------------------------------- */

LLMOBS_API llmobs_result llmobs_pseudonym_begin(llmobs_pseudonymizer* pseudonymizer, llmobs* obs,
                                                llmobs_domain domain, const char* tenant)
{
    llmobs_hmac_key key;
    llmobs_hmac hmac;
    llmobs_result result;
    if (pseudonymizer == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(pseudonymizer, 0, sizeof *pseudonymizer);
    result = llmobsi_pseudonym_key(obs, domain, tenant, &key, pseudonymizer->key_id);
    if (result == LLMOBS_OK) {
        llmobs_hmac_begin(&hmac, &key);
        memcpy(pseudonymizer->state, &hmac, sizeof hmac);
        llmobs_wipe(&hmac, sizeof hmac);
        llmobs_wipe(&key, sizeof key);
        pseudonymizer->begun = true;
    }
    return result;
}

LLMOBS_API void llmobs_pseudonym_update(llmobs_pseudonymizer* pseudonymizer, const void* data,
                                        size_t size)
{
    llmobs_hmac hmac;
    if (pseudonymizer == NULL || !pseudonymizer->begun || data == NULL) {
        return;
    }
    memcpy(&hmac, pseudonymizer->state, sizeof hmac);
    llmobs_hmac_update(&hmac, data, size);
    memcpy(pseudonymizer->state, &hmac, sizeof hmac);
    llmobs_wipe(&hmac, sizeof hmac);
}

LLMOBS_API llmobs_result llmobs_pseudonym_end(llmobs_pseudonymizer* pseudonymizer,
                                              char out[LLMOBS_PSEUDONYM_SIZE])
{
    uint8_t tag[LLMOBS_SHA256_SIZE];
    llmobs_hmac hmac;
    if (out != NULL) {
        out[0] = '\0';
    }
    if (pseudonymizer == NULL || !pseudonymizer->begun || out == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memcpy(&hmac, pseudonymizer->state, sizeof hmac);
    llmobs_hmac_end(&hmac, tag);
    llmobsi_pseudonym_print(out, pseudonymizer->key_id, tag);
    llmobs_wipe(pseudonymizer, sizeof *pseudonymizer);
    return LLMOBS_OK;
}

/* ---- keys that came before ----------------------------------------------------------------- */

LLMOBS_API llmobs_result llmobs_pseudonym_verify(llmobs* obs, llmobs_domain domain,
                                                 const char* tenant, const void* data, size_t size,
                                                 const char* pseudonym)
{
    char id[LLMOBS_KEY_ID_SIZE];
    uint8_t told[LLMOBS_I_TAG_SIZE];
    uint8_t tag[LLMOBS_SHA256_SIZE];
    llmobs_hmac_key key;
    llmobsi_instance* instance;
    bool found;
    if (pseudonym == NULL || (data == NULL && size != 0) ||
        (unsigned)domain >= (unsigned)LLMOBS_DOMAIN_COUNT ||
        !llmobsi_pseudonym_read(pseudonym, id, told)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    instance = llmobsi_call_begin(obs);
    if (instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    found = llmobsi_keyring_find(&instance->collector.recorder.keyring, domain, tenant,
                                 tenant != NULL ? strlen(tenant) : 0, &key, id);
    llmobsi_call_end(instance);
    if (!found) {
        return LLMOBS_ERROR_KEY;
    }
    llmobs_hmac_of(&key, data, size, tag);
    llmobs_wipe(&key, sizeof key);
    return llmobs_equal_secret(tag, told, sizeof told) ? LLMOBS_OK : LLMOBS_ERROR_MISMATCH;
}

LLMOBS_API llmobs_result llmobs_key_rotate(llmobs* obs, const llmobs_key* key)
{
    llmobs_result result = LLMOBS_OK;
    llmobs_key complete = llmobs_key_default();
    llmobsi_instance* instance = llmobsi_call_begin(obs);
    llmobsi_keyring* keyring;
    int cancel;
    if (instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    keyring = &instance->collector.recorder.keyring;
    cancel = llmobsi_cancel_hold();
    llmobsi_lock_take(&instance->setup);
    if (key == NULL) {
        result = llmobsi_keyring_put_random(keyring) ? LLMOBS_OK : LLMOBS_ERROR_KEY;
    } else {
        memcpy(&complete, key, llmobsi_known_size(key->size, sizeof complete));
        result = llmobsi_keyring_put_host(keyring, &complete) ? LLMOBS_OK : LLMOBS_ERROR_ARGUMENT;
    }
    llmobsi_lock_give(&instance->setup);
    llmobsi_cancel_resume(cancel);
    llmobsi_call_end(instance);
    return result;
}

#else

LLMOBS_API llmobs_result llmobs_pseudonym(llmobs* obs, llmobs_domain domain, const char* tenant,
                                          const void* data, size_t size,
                                          char out[LLMOBS_PSEUDONYM_SIZE])
{
    (void)obs;
    (void)domain;
    (void)tenant;
    (void)data;
    (void)size;
    if (out != NULL) {
        out[0] = '\0';
    }
    return LLMOBS_ERROR_FORMAT;
}

LLMOBS_API llmobs_result llmobs_pseudonym_begin(llmobs_pseudonymizer* pseudonymizer, llmobs* obs,
                                                llmobs_domain domain, const char* tenant)
{
    (void)pseudonymizer;
    (void)obs;
    (void)domain;
    (void)tenant;
    return LLMOBS_ERROR_FORMAT;
}

LLMOBS_API void llmobs_pseudonym_update(llmobs_pseudonymizer* pseudonymizer, const void* data,
                                        size_t size)
{
    (void)pseudonymizer;
    (void)data;
    (void)size;
}

LLMOBS_API llmobs_result llmobs_pseudonym_end(llmobs_pseudonymizer* pseudonymizer,
                                              char out[LLMOBS_PSEUDONYM_SIZE])
{
    (void)pseudonymizer;
    if (out != NULL) {
        out[0] = '\0';
    }
    return LLMOBS_ERROR_FORMAT;
}

LLMOBS_API llmobs_result llmobs_pseudonym_verify(llmobs* obs, llmobs_domain domain,
                                                 const char* tenant, const void* data, size_t size,
                                                 const char* pseudonym)
{
    (void)obs;
    (void)domain;
    (void)tenant;
    (void)data;
    (void)size;
    (void)pseudonym;
    return LLMOBS_ERROR_FORMAT;
}

LLMOBS_API llmobs_result llmobs_key_rotate(llmobs* obs, const llmobs_key* key)
{
    (void)obs;
    (void)key;
    return LLMOBS_ERROR_FORMAT;
}

#endif
