/* Names and keys as a thread knows them: by their address, from its cache. */

/* The id of a name that is at neither of its first places. A new one goes to the first that is
   free, or else turns out what is there; but for a refused one, so that no key which is found there
   need be asked. */
llmobsi_cold uint32_t llmobsi_name_lookup(llmobsi_thread* thread, const char* text)
{
    llmobsi_cached_name* cached;
    uint32_t way;
    uint32_t id;
    for (way = 2; way < LLMOBS_I_CACHED_WAYS; way++) {
        if (llmobsi_name_place(thread, text, way)->text == text) {
            return llmobsi_name_place(thread, text, way)->id;
        }
    }
    id = llmobsi_names_id(&thread->recorder->names, text, text != NULL ? strlen(text) : 0);
    if (id != LLMOBS_I_NAME_OVERFLOW && !llmobsi_names_is_refused(&thread->recorder->names, id)) {
        way = 0;
        while (way < LLMOBS_I_CACHED_WAYS && llmobsi_name_place(thread, text, way)->text != NULL) {
            way++;
        }
        cached = llmobsi_name_place(thread, text, way % LLMOBS_I_CACHED_WAYS);
        cached->text = text;
        cached->id = id;
    }
    return id;
}

/* The id of a name that is known by its address. */
llmobsi_inline uint32_t llmobsi_name_id(llmobsi_thread* thread, const char* text)
{
    const llmobsi_cached_name* cached = llmobsi_name_find(thread, text);
    if (llmobsi_unlikely(cached == NULL)) {
        return llmobsi_name_lookup(thread, text);
    }
    return cached->id;
}

/* The id of a key that is not at its first places. False: it is refused. */
llmobsi_cold bool llmobsi_key_lookup(llmobsi_thread* thread, const char* text, uint32_t* id)
{
    *id = llmobsi_name_lookup(thread, text);
    if (*id == LLMOBS_I_NAME_OVERFLOW ? !llmobsi_name_is_refused(text, strlen(text))
                                      : !llmobsi_names_is_refused(&thread->recorder->names, *id)) {
        return true;
    }
    llmobsi_count(&thread->counts.attributes_refused, 1);
    return false;
}

/* The id of an attribute's key. False: its name is refused, which is counted here, and nothing of
   the attribute may be stored. */
llmobsi_inline bool llmobsi_key_id(llmobsi_thread* thread, const char* text, uint32_t* id)
{
    const llmobsi_cached_name* cached = llmobsi_name_find(thread, text);
    if (llmobsi_unlikely(cached == NULL)) {
        return llmobsi_key_lookup(thread, text, id);
    }
    *id = cached->id;
    return true;
}
