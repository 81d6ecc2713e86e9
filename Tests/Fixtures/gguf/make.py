"""Makes phi2.gguf and phi2-dequantized.safetensors with Python's `gguf` package (0.17 or later), numpy and safetensors.

phi2.gguf carries a few small tensors under phi2's names, one per storage type that the package reads; the other file
holds what gguf.quants.dequantize makes of each, as f32 under the same names. gguf-py cannot quantise to k-quants, so
their blocks are random bytes with scales of sane size.

    python3 make.py
"""

import os

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from safetensors.numpy import save_file

folder = os.path.dirname(os.path.abspath(__file__))
random = np.random.default_rng(20240131)


def random_blocks(type, rows, columns):
    """Random bytes as blocks, with f16 scales near 0.01 where the format has them."""
    block, size = gguf.GGML_QUANT_SIZES[type]
    blocks = random.integers(0, 256, (rows * columns // block, size), dtype=np.uint8)

    def scale(at):
        values = random.uniform(-0.02, 0.02, len(blocks)).astype(np.float16)
        blocks[:, at : at + 2] = values.view(np.uint8).reshape(-1, 2)

    if type == Type.Q4_K:  # d, dmin, scales[12], qs[128]
        scale(0)
        scale(2)
    elif type == Type.Q6_K:  # ql[128], qh[64], scales[16], d
        scale(208)
    return blocks.reshape(rows, -1)


tensors = [
    ("token_embd.weight", Type.F32, (6, 256)),
    ("output_norm.weight", Type.F32, (256,)),
    ("blk.0.attn_norm.bias", Type.F32, (256,)),
    ("blk.0.attn_qkv.weight", Type.F16, (5, 256)),
    ("blk.0.attn_output.weight", Type.BF16, (4, 512)),
    ("blk.0.ffn_up.weight", Type.Q8_0, (3, 512)),
    ("blk.0.ffn_down.weight", Type.Q4_0, (4, 256)),
    ("blk.1.ffn_up.weight", Type.Q4_K, (3, 512)),
    ("blk.1.ffn_down.weight", Type.Q6_K, (3, 512)),
]

writer = gguf.GGUFWriter(os.path.join(folder, "phi2.gguf"), "phi2")
writer.add_name("a fixture")
writer.add_context_length(2048)
writer.add_embedding_length(256)
writer.add_block_count(2)
writer.add_head_count(4)
writer.add_layer_norm_eps(1e-5)
writer.add_rope_dimension_count(32)
writer.add_tokenizer_model("gpt2")
writer.add_token_list(["!", '"', "\u0120a", "<|endoftext|>", "\u00e9", "\U0001f642"])
writer.add_token_types([1, 1, 1, 3, 1, 1])
writer.add_add_bos_token(False)
writer.add_array("fixture.floats", [0.5, -1.25, 3.0])
writer.add_uint64("fixture.uint64", 2**63 + 1)
writer.add_int8("fixture.int8", -5)

expected = {}
for name, type, shape in tensors:
    if type in (Type.Q4_K, Type.Q6_K):
        data = random_blocks(type, *shape)
    else:
        values = random.normal(0, 0.05, shape).astype(np.float32)
        data = gguf.quants.quantize(values, type)
    writer.add_tensor(name, data, raw_dtype=type)
    expected[name] = gguf.quants.dequantize(data, type).astype(np.float32).reshape(shape)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
save_file(expected, os.path.join(folder, "phi2-dequantized.safetensors"))
