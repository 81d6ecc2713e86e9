"""TinyGPT-V in PyTorch, written from the architecture alone, to compare training speeds with.

Modules and parameters have the names that the tensors have in a model file, so `load_state_dict` strictly takes what
`read_weights` gives. B pictures or sequences, T rows in each, D the width, H heads.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

from model_file import ModelFile


def read_weights(path):
    """The metadata and the tensors of a model file in which all tensors are f32."""
    file = ModelFile(path)
    if any(tensor.kind for tensor in file.tensors):
        raise SystemExit(f"{path}: not all tensors are f32; write it with `tinygptv random-model --type f32`")
    return file.metadata, {
        tensor.name: torch.frombuffer(bytearray(tensor.data), dtype=torch.float32)[:math.prod(tensor.shape)]
        .view(tensor.shape) for tensor in file.tensors}


def heads_first(x, heads):
    """[B, T, D] to [B, H, T, D/H]."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def attention(q, k, v, causal=False):
    """[B, H, T, D/H] to [B, T, D]."""
    return F.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(1, 2).flatten(2)


class LowRankLinear(nn.Linear):
    """A linear layer that stays as it is, with a low-rank pair beside it that trains."""

    def add_pair(self, rank, alpha, dropout):
        self.lora_A = nn.Parameter(torch.empty(rank, self.in_features).uniform_(-1, 1) / self.in_features ** 0.5)
        self.lora_B = nn.Parameter(torch.zeros(self.out_features, rank))
        self.factor, self.dropout = alpha / rank, dropout

    def forward(self, x):
        y = super().forward(x)
        if not hasattr(self, "lora_A"):
            return y
        return y + self.factor * F.linear(F.linear(F.dropout(x, self.dropout, self.training), self.lora_A), self.lora_B)


class VisionBlock(nn.Module):
    """A block of EVA-CLIP's tower."""

    def __init__(self, width, inner, heads, epsilon):
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(width, epsilon), nn.LayerNorm(width, epsilon)
        self.attn_qkv, self.attn_out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.ffn_up, self.ffn_down = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x):
        q, k, v = (heads_first(part, self.heads) for part in self.attn_qkv(self.ln1(x)).chunk(3, -1))
        x = x + self.attn_out(attention(q, k, v))
        return x + self.ffn_down(F.gelu(self.ffn_up(self.ln2(x))))


class VisionTower(nn.Module):
    """EVA-CLIP's tower with the norm behind it: pixels [B, 3, S, S] to picture tokens [B, 1 + n, D]."""

    def __init__(self, m):
        super().__init__()
        width, self.patch = m["vision.embedding_length"], m["vision.patch_size"]
        self.grid = m["vision.image_size"] // self.patch
        self.patch_embd = nn.Linear(3 * self.patch ** 2, width)
        self.class_embd = nn.Parameter(torch.empty(1, width))
        self.position_embd = nn.Embedding(self.grid ** 2 + 1, width)
        self.blk = nn.ModuleList(
            VisionBlock(
                width, m["vision.feed_forward_length"], m["vision.attention.head_count"],
                m["vision.attention.layer_norm_epsilon"])
            for _ in range(m["vision.block_count"]))
        self.post_ln = nn.LayerNorm(width, m["vision.post_norm_epsilon"])

    def positions(self, grid):
        table = self.position_embd.weight
        if grid == self.grid:
            return table
        square = table[1:].T.reshape(1, -1, self.grid, self.grid)
        square = F.interpolate(square, (grid, grid), mode="bicubic", align_corners=False)
        return torch.cat([table[:1], square.flatten(2)[0].T])

    def forward(self, pixels):
        # A convolution without overlap is a product with the patches as rows.
        patches = F.unfold(pixels, self.patch, stride=self.patch).transpose(1, 2)
        x = torch.cat([self.class_embd.expand(len(pixels), 1, -1), self.patch_embd(patches)], 1)
        x = x + self.positions(pixels.shape[-1] // self.patch)
        for block in self.blk:
            x = block(x)
        return self.post_ln(x)


class QFormerLayer(nn.Module):
    """One of the Q-Former's layers; every other one looks at the picture."""

    def __init__(self, width, inner, heads, epsilon, picture_width):
        super().__init__()
        self.heads, self.crosses = heads, picture_width is not None
        for name, key_width in [("attn", width), ("cross_attn", picture_width)]:
            if key_width is None:
                continue
            for part, input_width in [("q", width), ("k", key_width), ("v", key_width), ("output", width)]:
                setattr(self, f"{name}_{part}", nn.Linear(input_width, width))
            setattr(self, f"{name}_norm", nn.LayerNorm(width, epsilon))
        self.ffn_up, self.ffn_down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.ffn_norm = nn.LayerNorm(width, epsilon)

    def attend(self, name, x, other):
        q, k, v = (
            heads_first(getattr(self, f"{name}_{part}")(source), self.heads)
            for part, source in [("q", x), ("k", other), ("v", other)])
        return getattr(self, f"{name}_norm")(x + getattr(self, f"{name}_output")(attention(q, k, v)))

    def forward(self, x, picture):
        x = self.attend("attn", x, x)
        if self.crosses:
            x = self.attend("cross_attn", x, picture)
        return self.ffn_norm(x + self.ffn_down(F.gelu(self.ffn_up(x))))


class QFormer(nn.Module):
    """Picture tokens [B, 1 + n, D] to the learned queries' outputs [B, queries, width]."""

    def __init__(self, m):
        super().__init__()
        width, epsilon = m["qformer.embedding_length"], m["qformer.attention.layer_norm_epsilon"]
        self.query_tokens = nn.Parameter(torch.empty(m["qformer.query_count"], width))
        self.embd_norm = nn.LayerNorm(width, epsilon)
        self.blk = nn.ModuleList(
            QFormerLayer(
                width, m["qformer.feed_forward_length"], m["qformer.attention.head_count"], epsilon,
                m["vision.embedding_length"] if index % m["qformer.cross_attention_frequency"] == 0 else None)
            for index in range(m["qformer.block_count"]))

    def forward(self, picture):
        x = self.embd_norm(self.query_tokens).expand(len(picture), -1, -1)
        for layer in self.blk:
            x = layer(x, picture)
        return x


class PhiBlock(nn.Module):
    """A block of Phi-2 with TinyGPT-V's norms: attention and MLP side by side."""

    def __init__(self, m):
        super().__init__()
        width, inner, self.heads = m["embedding_length"], m["feed_forward_length"], m["attention.head_count"]
        epsilon = m["attention.layer_norm_epsilon"]
        self.rms_epsilon = m["attention.layer_norm_rms_epsilon"]
        self.attn_norm = nn.LayerNorm(width, epsilon)
        self.attn_qkv, self.attn_output = LowRankLinear(width, 3 * width), LowRankLinear(width, width)
        self.attn_q_norm = nn.LayerNorm(width // self.heads, epsilon)
        self.attn_k_norm = nn.LayerNorm(width // self.heads, epsilon)
        self.post_attention_norm = nn.RMSNorm(width, self.rms_epsilon)
        self.ffn_up, self.ffn_down = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x, cos, sin, cache=None):
        n = self.attn_norm(x)
        q, k, v = (heads_first(part, self.heads) for part in self.attn_qkv(n).chunk(3, -1))
        q, k = rotated(self.attn_q_norm(q), cos, sin).to(v), rotated(self.attn_k_norm(k), cos, sin).to(v)
        if cache is not None:
            k, v = cache.extended(k, v)
        # A single token sees all that is cached.
        attended = self.post_attention_norm(self.attn_output(attention(q, k, v, causal=x.shape[1] > 1)))
        return x + attended + self.ffn_down(F.gelu(self.ffn_up(n), approximate="tanh"))


class KeyValueCache:
    """One block's keys and values so far, each [B, H, T, D/H]."""

    def __init__(self):
        self.keys = self.values = None

    def extended(self, k, v):
        if self.keys is not None:
            k, v = torch.cat([self.keys, k], 2), torch.cat([self.values, v], 2)
        self.keys, self.values = k, v
        return k, v


def rotated(x, cos, sin):
    """Rotary positions on the first dimensions of each head [B, H, T, D/H]; cos and sin are [T, half of them]."""
    half = cos.shape[-1]
    first, second, rest = x[..., :half], x[..., half:2 * half], x[..., 2 * half:]
    return torch.cat([first * cos - second * sin, second * cos + first * sin, rest], -1)


class TinyGPTV(nn.Module):
    """The whole model, from a model file's metadata."""

    def __init__(self, metadata):
        super().__init__()
        m = {key.removeprefix("tinygptv."): value for key, value in metadata.items()}
        width = m["embedding_length"]
        self.v, self.qf = VisionTower(m), QFormer(m)
        self.mm = nn.ModuleList([
            nn.Linear(m["qformer.embedding_length"], m["projection.length"]), nn.Linear(m["projection.length"], width)])
        self.token_embd = nn.Embedding(m["vocab_size"], width)
        self.blk = nn.ModuleList(PhiBlock(m) for _ in range(m["block_count"]))
        self.output_norm = nn.LayerNorm(width, m["attention.layer_norm_epsilon"])
        self.output = nn.Linear(width, m["vocab_size"])
        half = m["rope.dimension_count"] // 2
        angles = torch.outer(torch.arange(m["context_length"]), m["rope.freq_base"] ** (-torch.arange(half) / half))
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def queries(self, pixels):
        """The Q-Former's output for pixels [B, 3, S, S]: what is cached while the towers are frozen."""
        return self.qf(self.v(pixels))

    def next_logits(self, ids, caches, start):
        """The logits behind the last of ids [B, T], which follow `start` others; caches has one for each block.

        Several ids may only come first: `start` is then 0.
        """
        x = self.token_embd(ids)
        cos, sin = (table[start:start + x.shape[1]].to(x) for table in [self.cos, self.sin])
        for block, cache in zip(self.blk, caches):
            x = block(x, cos, sin, cache)
        return self.output(self.output_norm(x[:, -1:]))

    def answer_loss(self, queries, ids, offset, rows, targets):
        """The mean cross-entropy of the answers' tokens.

        queries: [B, queries, D]; ids: [B, T] without the pictures, which stand before `offset`; rows: which of the
        packed rows [B·(queries + T)] tell a token to be learned; targets: those tokens.
        """
        vectors, tokens = self.mm[1](self.mm[0](queries)), self.token_embd(ids)
        x = torch.cat([tokens[:, :offset], vectors.to(tokens), tokens[:, offset:]], 1)
        cos, sin = self.cos[:x.shape[1]], self.sin[:x.shape[1]]
        for block in self.blk:
            x = block(x, cos, sin)
        return F.cross_entropy(self.output(self.output_norm(x).flatten(0, 1)[rows]), targets)


class PatchTeacher(nn.Module):
    """The vision tower with a linear head that tells for every patch kind and colour of what it shows, and its box."""

    def __init__(self, tower, kinds, colours):
        super().__init__()
        self.tower, self.sizes = tower, [kinds + 1, colours + 1, 4]
        self.head = nn.Linear(tower.post_ln.weight.shape[0], sum(self.sizes))

    def forward(self, pixels, kind, kind_weight, colour, owned_weight, box):
        """All but pixels are per patch [B·n], box [B·n, 4]; weights make each picture's terms means of their own."""
        output = self.head(self.tower(pixels))[:, 1:].flatten(0, 1)
        kinds, colours, boxes = output.float().split(self.sizes, -1)
        return (
            (F.cross_entropy(kinds, kind, reduction="none") * kind_weight).sum()
            + (F.cross_entropy(colours, colour, reduction="none") * owned_weight).sum()
            + 2 * ((boxes - box).abs().sum(-1) * owned_weight).sum())
