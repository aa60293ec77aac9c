"""Writes a tiny llama model with random weights, for llama.cpp to load:
    tiny_gguf.py FILE
2 layers, 64 wide, 4 heads, a context of 512. Its tokens are the bytes, so that it has one for any
text. The weights come from a fixed seed: the same file each time. What it says makes no
sense; now and then it says that it is done."""
import sys

import gguf
import numpy as np

LAYERS, WIDTH, HEADS, HIDDEN, CONTEXT = 2, 64, 4, 128, 512
UNKNOWN, BEGIN, END = 0, 1, 2  # the tokens before the bytes
VOCABULARY = 3 + 256 + 1  # the last one is what llama.cpp writes for a blank
END_BIAS = 0.3  # of the first dimension, the same for all tokens: END is about 1 in 90


def add_tokenizer(writer):
    kind = gguf.TokenType
    writer.add_tokenizer_model("llama")
    writer.add_token_list(["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
                          + ["\u2581"])
    writer.add_token_scores([0.0] * VOCABULARY)
    writer.add_token_types([kind.UNKNOWN, kind.CONTROL, kind.CONTROL] + [kind.BYTE] * 256 + [kind.NORMAL])
    writer.add_unk_token_id(UNKNOWN)
    writer.add_bos_token_id(BEGIN)
    writer.add_eos_token_id(END)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)


def add_weights(writer):
    chance = np.random.Generator(np.random.PCG64(20261127))

    def random(rows, columns):
        return chance.normal(0.0, columns ** -0.5, (rows, columns)).astype(np.float32)

    embedding = chance.normal(0.0, 1.0, (VOCABULARY, WIDTH)).astype(np.float32)
    embedding[:, 0] = 4.0  # the same for all tokens: a bias for the output
    output = random(VOCABULARY, WIDTH)
    output[:, 0] = 0.0
    output[END, 0] = END_BIAS
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, dtype=np.float32))
    writer.add_tensor("output.weight", output)
    for layer in range(LAYERS):
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{norm}.weight", np.ones(WIDTH, dtype=np.float32))
        for name, rows, columns in (("attn_q", WIDTH, WIDTH), ("attn_k", WIDTH, WIDTH),
                                    ("attn_v", WIDTH, WIDTH), ("attn_output", WIDTH, WIDTH),
                                    ("ffn_gate", HIDDEN, WIDTH), ("ffn_up", HIDDEN, WIDTH),
                                    ("ffn_down", WIDTH, HIDDEN)):
            writer.add_tensor(f"blk.{layer}.{name}.weight", random(rows, columns))


def main():
    writer = gguf.GGUFWriter(sys.argv[1], "llama")
    writer.add_name("tiny-random")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    add_tokenizer(writer)
    add_weights(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
