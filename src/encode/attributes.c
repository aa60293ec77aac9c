/* Attributes as plain JSON. Room as in otlp.c: each function begins with LLMOBS_I_JSON_AFTER free
   bytes behind the cursor and leaves as many. */

llmobsi_fn char* llmobsi_json_strings_at(llmobsi_writer* writer, char* cursor,
                                         const llmobs_string* strings, size_t count)
{
    size_t i;
    *cursor++ = '[';
    for (i = 0; i < count && !writer->failed; i++) {
        if (i > 0) {
            *cursor++ = ',';
        }
        cursor = llmobsi_json_string_at(writer, cursor, strings[i]);
    }
    *cursor++ = ']';
    return cursor;
}

llmobsi_fn char* llmobsi_json_value_at(llmobsi_writer* writer, char* cursor,
                                       const llmobs_attribute_view* attribute)
{
    switch (attribute->type) {
    case LLMOBS_TYPE_STRING:
        return llmobsi_json_string_at(writer, cursor, attribute->value.string);
    case LLMOBS_TYPE_INT:
        return llmobsi_append_i64(cursor, attribute->value.integer);
    case LLMOBS_TYPE_DOUBLE:
        return llmobsi_json_double_at(cursor, attribute->value.real);
    case LLMOBS_TYPE_BOOL:
        return attribute->value.boolean ? llmobsi_append_text(cursor, "true")
                                        : llmobsi_append_text(cursor, "false");
    case LLMOBS_TYPE_STRINGS:
        return llmobsi_json_strings_at(writer, cursor, attribute->value.strings, attribute->count);
    }
    return llmobsi_append_text(cursor, "null");
}

/* `"attributes":{...}` */
llmobsi_fn char* llmobsi_json_attributes_at(llmobsi_writer* writer, char* cursor,
                                            const llmobs_attribute_view* attributes, size_t count)
{
    size_t i;
    cursor = llmobsi_append_text(cursor, "\"attributes\":{");
    for (i = 0; attributes != NULL && i < count && !writer->failed; i++) {
        if (i > 0) {
            *cursor++ = ',';
        }
        cursor = llmobsi_json_string_at(writer, cursor, attributes[i].key);
        *cursor++ = ':';
        cursor = llmobsi_room(writer, cursor, 64);
        cursor = llmobsi_json_value_at(writer, cursor, &attributes[i]);
        cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
    }
    *cursor++ = '}';
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}
