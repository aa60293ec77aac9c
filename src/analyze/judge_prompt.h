/* ---- the judge: what it is asked ----------------------------------------------------------- */

/* What a prompt shows of a request's texts. */
typedef struct llmobs_judge_prompt_options {
    size_t size;            /* sizeof(llmobs_judge_prompt_options); 0 means this version's      */
    uint32_t context_limit; /* characters (code points) of each text; LLMOBS_OFF: none of it    */
    uint32_t input_limit;   /*                                        (default 500, 300, 1000)  */
    uint32_t output_limit;
    bool head_only;   /* of a text that is too long its beginning alone, instead of half its
                         beginning, half its end                                                */
    bool raw;         /* as it came: nothing is replaced                                        */
    uint32_t classes; /* LLMOBS_PII_BIT(...) | ... of what is replaced; 0: LLMOBS_PII_DEFAULT   */
    uint64_t seed;    /* of the tags' number: a random one, best                                */
} llmobs_judge_prompt_options;

/* [any] The limits above, redacted, seed 0. */
LLMOBS_API llmobs_judge_prompt_options llmobs_judge_prompt_options_default(void);

/* Room for any prompt of the default limits, with its NUL. */
#define LLMOBS_JUDGE_PROMPT_ROOM 12288

/* [any] Writes the question to a judge about a capture, with a NUL; returns its size without it.
   `options` may be NULL. Always valid UTF-8, and whole: where the room is too small the texts are
   cut further, and that is said, as every cut is. 0, and "" where there is room for that: not even
   the question without texts fits (4 KiB are enough), or a NULL was given, or the build has no
   scanner (LLMOBS_NO_SCANNER) and `raw` is not set. The three texts stand between tags with a
   number that does not occur in them; what the scanner finds in them is replaced (<EMAIL>) before
   they are cut, and counted in the prompt. Where a capture left out the middle of a text, 64 bytes
   at either side, and what is not whole there, are left out, too: half an address is not
   recognized. docs/judge.md shows one. About 15 us. */
LLMOBS_API size_t llmobs_judge_prompt(const llmobs_capture* capture,
                                      const llmobs_judge_prompt_options* options, char* out,
                                      size_t capacity);
