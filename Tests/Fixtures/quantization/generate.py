"""Makes the files in this folder: blocks and the numbers that they stand for, by gguf 0.19.0 (pip install gguf==0.19.0).

For each type, TYPE.blocks are stored bytes and TYPE.values what gguf.quants.dequantize makes of them (little-endian f32).
For the types that the engine also writes, TYPE.blocks is gguf.quants.quantize of source.values.
"""

import os

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import quants

HERE = os.path.dirname(os.path.abspath(__file__))
RANDOM = np.random.default_rng(20240611)


def save(name, array):
    with open(os.path.join(HERE, name), "wb") as file:
        file.write(array.tobytes())


def source():
    blocks = []
    for scale in (1.0, 0.02, 1e-4, 1e-6, 300.0, 60000.0):
        blocks += [RANDOM.normal(0, scale, 32) for _ in range(8)]
    blocks.append(np.zeros(32))
    blocks.append(np.full(32, 0.5))
    blocks.append(np.full(32, -0.25))
    blocks.append(np.arange(32) - 16.0)
    blocks.append(16.0 - np.arange(32))
    blocks.append((np.arange(32) - 15.5) * 8)  # ties of the rounding, the extremes of equal magnitude
    blocks.append(np.concatenate([[127.0], np.arange(31) + 0.5]))
    blocks.append(np.concatenate([[-127.0], -np.arange(31) - 0.5]))
    return np.concatenate(blocks).astype(np.float32)


def random_blocks(count, size, halves):
    """Random bytes; the f16 fields at the offsets `halves` are numbers of an ordinary size."""
    blocks = RANDOM.integers(0, 256, (count, size), dtype=np.uint8)
    for offset in halves:
        half = RANDOM.normal(0, 0.01, count).astype(np.float16)
        blocks[:, offset : offset + 2] = half.view(np.uint8).reshape(count, 2)
    return blocks


values = source()
save("source.values", values)
for name, kind in (("q8_0", Type.Q8_0), ("q4_0", Type.Q4_0), ("bf16", Type.BF16), ("f16", Type.F16)):
    blocks = quants.quantize(values, kind)
    save(name + ".blocks", blocks)
    save(name + ".values", quants.dequantize(blocks, kind).astype(np.float32))
for name, kind, size, halves in (("q4_k", Type.Q4_K, 144, (0, 2)), ("q6_k", Type.Q6_K, 210, (208,))):
    blocks = random_blocks(24, size, halves)
    save(name + ".blocks", blocks)
    save(name + ".values", quants.dequantize(blocks, kind).astype(np.float32))
# Every byte value as a quant: what no encoder writes (−128) must be read nevertheless.
blocks = random_blocks(24, 34, (0,))
save("q8_0-random.blocks", blocks)
save("q8_0-random.values", quants.dequantize(blocks, Type.Q8_0).astype(np.float32))
