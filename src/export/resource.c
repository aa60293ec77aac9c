/* Who records: the attributes of the resource, which go with each batch and are the labels of
   target_info. They are put together at open, from what stays; in the child of a fork only what
   names the process is made anew, since the host's texts may be gone by then. */

#define LLMOBS_I_RESOURCE_OURS 7u   /* attributes of any resource */
#define LLMOBS_I_RESOURCE_HOST 4u   /* those of the host */
#define LLMOBS_I_RESOURCE_TEXT 256u /* one of these with its NUL */
#define LLMOBS_I_RESOURCE_UUID 37u  /* likewise */

typedef struct llmobsi_resource {
    llmobs_resource_view view;         /* open writes it, and the child of a fork */
    llmobs_attribute_view* attributes; /* room for as many as there may be */
    char* texts;                       /* room for their keys and values, */
    size_t text_used;                  /* and how much of it is taken */
    char instance_id[LLMOBS_I_RESOURCE_UUID];
} llmobsi_resource;

/* ---- room ---------------------------------------------------------------------------------- */

/* What an encoded list takes when it is decoded, with a NUL behind each key and value. */
llmobsi_fn size_t llmobsi_resource_list_bytes(const char* list)
{
    return list != NULL ? strlen(list) + 1 : 0;
}

/* The config is complete: its lists are well-formed. */
llmobsi_fn void llmobsi_resource_layout(llmobsi_arena* arena, const llmobs_config* config,
                                        llmobsi_resource* resource)
{
    size_t host = config->resource_host ? LLMOBS_I_RESOURCE_HOST : 0;
    size_t count = LLMOBS_I_RESOURCE_OURS + host +
                   llmobsi_key_values_count(config->environment_attributes) +
                   llmobsi_key_values_count(config->resource_attributes);
    size_t bytes = (2 + host) * LLMOBS_I_RESOURCE_TEXT +
                   llmobsi_resource_list_bytes(config->environment_attributes) +
                   llmobsi_resource_list_bytes(config->resource_attributes);
    llmobs_attribute_view* attributes = (llmobs_attribute_view*)llmobsi_arena_take(
        arena, count, sizeof(llmobs_attribute_view));
    char* texts = (char*)llmobsi_arena_take(arena, bytes, 1);
    if (resource != NULL) {
        resource->attributes = attributes;
        resource->texts = texts;
    }
}

/* ---- attributes ---------------------------------------------------------------------------- */

/* The attribute of a key; a new one, with no value yet, where there is none. */
llmobsi_fn llmobs_attribute_view* llmobsi_resource_at(llmobsi_resource* resource,
                                                      llmobs_string key)
{
    llmobs_attribute_view* view = resource->attributes;
    uint32_t i;
    for (i = 0; i < resource->view.attribute_count; i++, view++) {
        if (view->key.size == key.size && memcmp(view->key.data, key.data, key.size) == 0) {
            return view;
        }
    }
    memset(view, 0, sizeof *view);
    view->key = key;
    view->type = LLMOBS_TYPE_STRING;
    resource->view.attribute_count++;
    return view;
}

/* The text must stay. */
llmobsi_fn void llmobsi_resource_put(llmobsi_resource* resource, const char* key, const char* text)
{
    llmobsi_resource_at(resource, llmobs_str(key))->value.string = llmobs_str(text);
}

/* Copies a text: cut, and repaired where it is no UTF-8. */
llmobsi_fn void llmobsi_resource_put_copy(llmobsi_resource* resource, const char* key,
                                          const char* text)
{
    char* copy = resource->texts + resource->text_used;
    size_t size = llmobsi_utf8_repair(copy, LLMOBS_I_RESOURCE_TEXT - 1, text, strlen(text));
    copy[size] = '\0';
    resource->text_used += size + 1;
    llmobsi_resource_put(resource, key, copy);
}

/* ---- given by the host --------------------------------------------------------------------- */

/* Decodes a text into the room. */
llmobsi_fn llmobs_string llmobsi_resource_decode(llmobsi_resource* resource, llmobs_string encoded)
{
    llmobs_string text;
    char* copy = resource->texts + resource->text_used;
    text.size = llmobsi_percent_decode(copy, encoded);
    text.data = copy;
    copy[text.size] = '\0';
    resource->text_used += text.size + 1;
    return text;
}

/* A well-formed list. What comes later goes before; names that no attribute may have are left
   out. Returns how many were. */
llmobsi_fn uint32_t llmobsi_resource_put_list(llmobsi_resource* resource, const char* list)
{
    llmobsi_key_and_value next;
    uint32_t refused = 0;
    while (list != NULL &&
           llmobsi_key_values_next(&list, &next) == LLMOBS_I_KEY_VALUES_ONE) {
        llmobs_string key = llmobsi_resource_decode(resource, next.key);
        llmobs_string value = llmobsi_resource_decode(resource, next.value);
        if (llmobsi_name_is_refused(key.data, key.size)) {
            refused++;
        } else {
            llmobsi_resource_at(resource, key)->value.string = value;
        }
    }
    return refused;
}

/* ---- the host ------------------------------------------------------------------------------ */

/* OpenTelemetry's word for a machine, the system's own where it has none. */
llmobsi_fn const char* llmobsi_host_arch(const char* machine)
{
    static const char* const words[][2] = {
        {"x86_64", "amd64"}, {"aarch64", "arm64"}, {"i386", "x86"},      {"i486", "x86"},
        {"i586", "x86"},     {"i686", "x86"},      {"ppc64le", "ppc64"}, {"ppc", "ppc32"}};
    size_t i;
    for (i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(machine, words[i][0]) == 0) {
            return words[i][1];
        }
    }
    return strncmp(machine, "armv", 4) == 0 ? "arm32" : machine;
}

/* Its words for systems are theirs without capitals: Linux, Darwin, FreeBSD. */
llmobsi_fn void llmobsi_resource_put_system(llmobsi_resource* resource, char* system)
{
    char* byte;
    for (byte = system; *byte != '\0'; byte++) {
        *byte = *byte >= 'A' && *byte <= 'Z' ? (char)(*byte - 'A' + 'a') : *byte;
    }
    llmobsi_resource_put_copy(resource, "os.type", system);
}

/* The name alone: a path may have a user's name in it. */
llmobsi_fn void llmobsi_resource_put_program(llmobsi_resource* resource)
{
    static const char deleted[] = " (deleted)"; /* a newer version was installed meanwhile */
    const size_t mark = sizeof deleted - 1;
    char path[1024];
    const char* name;
    size_t size = llmobsi_os_program(path, sizeof path);
    if (size == 0) {
        return;
    }
    if (size > mark && strcmp(path + size - mark, deleted) == 0) {
        path[size - mark] = '\0';
    }
    name = strrchr(path, '/');
    llmobsi_resource_put_copy(resource, "process.executable.name", name != NULL ? name + 1 : path);
}

/* What two system calls tell: no file is opened. */
llmobsi_fn void llmobsi_resource_put_host(llmobsi_resource* resource)
{
    llmobsi_machine machine;
    if (llmobsi_os_machine(&machine)) {
        llmobsi_resource_put_copy(resource, "host.name", machine.name);
        llmobsi_resource_put_copy(resource, "host.arch", llmobsi_host_arch(machine.processor));
        llmobsi_resource_put_system(resource, machine.system);
    }
    llmobsi_resource_put_program(resource);
}

/* ---- the process --------------------------------------------------------------------------- */

/* A random UUID (RFC 9562, version 4). */
llmobsi_fn void llmobsi_resource_new_id(llmobsi_resource* resource, const llmobs_random* random)
{
    static const uint8_t groups[] = {4, 2, 2, 2, 6}; /* bytes between hyphens */
    uint64_t seeds[2];
    uint8_t bytes[16];
    const uint8_t* next = bytes;
    char* out = resource->instance_id;
    size_t i;
    if (random->fill == NULL || !llmobsi_host_fill(random, bytes, sizeof bytes)) {
        llmobsi_random_seeds(seeds, 2);
        memcpy(bytes, seeds, sizeof bytes);
    }
    bytes[6] = (uint8_t)((bytes[6] & 0x0fu) | 0x40u);
    bytes[8] = (uint8_t)((bytes[8] & 0x3fu) | 0x80u);
    for (i = 0; i < sizeof groups; i++) {
        out = llmobsi_append_hex(out, next, groups[i]);
        *out++ = '-';
        next += groups[i];
    }
    out[-1] = '\0';
}

llmobsi_fn void llmobsi_resource_put_pid(llmobsi_resource* resource)
{
    llmobs_attribute_view* pid = llmobsi_resource_at(resource, llmobs_str("process.pid"));
    pid->type = LLMOBS_TYPE_INT;
    pid->value.integer = (int64_t)llmobsi_process_id();
}

/* ---- the whole ----------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_resource_is_named(const char* service)
{
    return strcmp(service, LLMOBS_I_SERVICE_UNKNOWN) != 0;
}

/* From what counts least to what counts most: the host's facts, the environment's attributes, the
   program's, the service's own fields, what the library alone knows. Returns how many attributes
   have names that are refused. */
llmobsi_fn uint32_t llmobsi_resource_make(llmobsi_resource* resource, const llmobs_config* config)
{
    llmobs_attribute_view* view;
    uint32_t refused;
    resource->view.attributes = resource->attributes;
    resource->view.attribute_count = 0;
    resource->text_used = 0;
    llmobsi_resource_put(resource, "service.name", "");
    if (config->resource_host) {
        llmobsi_resource_put_host(resource);
    }
    refused = llmobsi_resource_put_list(resource, config->environment_attributes);
    refused += llmobsi_resource_put_list(resource, config->resource_attributes);
    if (llmobsi_resource_is_named(config->service_name) ||
        resource->attributes[0].value.string.size == 0) {
        llmobsi_resource_put_copy(resource, "service.name", config->service_name);
    }
    if (config->service_version != NULL && config->service_version[0] != '\0') {
        llmobsi_resource_put_copy(resource, "service.version", config->service_version);
    }
    llmobsi_resource_new_id(resource, &config->random);
    view = llmobsi_resource_at(resource, llmobs_str("service.instance.id"));
    if (view->value.string.size == 0) {
        view->value.string = llmobs_str(resource->instance_id);
    }
    llmobsi_resource_put(resource, "telemetry.sdk.name", "llmobs");
    llmobsi_resource_put(resource, "telemetry.sdk.language", "c");
    llmobsi_resource_put(resource, "telemetry.sdk.version", LLMOBS_VERSION_STRING);
    llmobsi_resource_put_pid(resource);
    return refused;
}

/* In the child of a fork: another process, and so another instance of the service, also where the
   parent was told its id. */
llmobsi_fn void llmobsi_resource_forked(llmobsi_resource* resource, const llmobs_random* random)
{
    llmobsi_resource_new_id(resource, random);
    llmobsi_resource_put(resource, "service.instance.id", resource->instance_id);
    llmobsi_resource_put_pid(resource);
}
