"""GGUF files: what is in them, and copies with fewer or other parts."""
import mmap
import re
import struct
import typing

BLOCK_COUNTS = {
    "tinygptv.block_count": "blk", "tinygptv.vision.block_count": "v.blk", "tinygptv.qformer.block_count": "qf.blk"}


class StoredTensor(typing.NamedTuple):
    """A tensor as it lies in a file: shape, rows first; type number, 0 for f32; bytes; its entry but the offset."""
    name: str
    shape: list
    kind: int
    data: memoryview
    description: memoryview


class ModelFile:
    """A file's metadata, their bytes, and its tensors."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        self.position = 8
        tensor_count, metadata_count = self._take("Q"), self._take("Q")
        self.metadata, self.metadata_bytes = {}, {}
        for _ in range(metadata_count):
            start, key = self.position, self._text()
            self.metadata[key] = self._value(self._take("I"))
            self.metadata_bytes[key] = self.data[start:self.position]
        entries = []
        for _ in range(tensor_count):
            start, name = self.position, self._text()
            shape = [self._take("Q") for _ in range(self._take("I"))][::-1]
            kind = self._take("I")
            entries.append((name, shape, kind, self.data[start:self.position], self._take("Q")))
        begin = (self.position + 31) // 32 * 32
        ends = [entry[-1] for entry in entries[1:]] + [len(self.data) - begin]
        self.tensors = [
            StoredTensor(name, shape, kind, self.data[begin + offset:begin + end], description)
            for (name, shape, kind, description, offset), end in zip(entries, ends)]

    def _take(self, form):
        self.position += struct.calcsize("<" + form)
        return struct.unpack_from("<" + form, self.data, self.position - struct.calcsize("<" + form))[0]

    def _text(self):
        length = self._take("Q")
        self.position += length
        return bytes(self.data[self.position - length:self.position]).decode()

    def _value(self, kind):
        if kind == 8:
            return self._text()
        if kind == 9:
            inner, count = self._take("I"), self._take("Q")
            return [self._value(inner) for _ in range(count)]
        return self._take("BbHhIif?__Qqd"[kind])

    def write_slice(self, path, keep):
        """Writes a copy with fewer blocks: `keep` has the number that stays for each of the block counts' keys."""
        metadata = [
            bytes(entry[:-4]) + struct.pack("<I", keep[key]) if key in keep else entry
            for key, entry in self.metadata_bytes.items()]
        kept = []
        for tensor in self.tensors:
            block = re.match(r"(?:adapter\.\d+\.)?((?:v\.|qf\.)?blk)\.(\d+)\.", tensor.name)
            if block and any(BLOCK_COUNTS[key] == block[1] and int(block[2]) >= count for key, count in keep.items()):
                continue
            kept.append(tensor)
        self._write(path, metadata, kept)

    def write_with_towers(self, path, other):
        """Writes a copy with the vision tower and the Q-Former of another model of the same sizes."""
        own, towers = ({tensor.name: tensor for tensor in model.tensors if re.match(r"(v|qf)\.", tensor.name)}
                       for model in (self, other))
        if {name: tensor.shape for name, tensor in own.items()} != {
                name: tensor.shape for name, tensor in towers.items()}:
            raise SystemExit("the towers have other sizes")
        self._write(path, list(self.metadata_bytes.values()), [towers.get(tensor.name, tensor) for tensor in self.tensors])

    def write_phi2(self, path):
        """Writes the language model alone, as the plain Phi-2 that llama.cpp knows: without TinyGPT-V's norms."""
        metadata = []
        for key, entry in self.metadata_bytes.items():
            value = bytes(entry[8 + len(key.encode()):])
            if key == "general.architecture":
                value = struct.pack("<IQ", 8, 4) + b"phi2"
            if re.match(r"tinygptv\.(vision|qformer|projection|adapter)\.", key):
                continue
            key = re.sub(r"^tinygptv\.", "phi2.", key).encode()
            metadata.append(struct.pack("<Q", len(key)) + key + value)
        left_out = re.compile(r"(v|qf|mm|adapter)\.|blk\.\d+\.(attn_[qk]|post_attention)_norm\.")
        self._write(path, metadata, [tensor for tensor in self.tensors if not left_out.match(tensor.name)])

    def _write(self, path, metadata, tensors):
        head, offset = bytearray(), 0
        for entry in metadata:
            head += entry
        for tensor in tensors:
            head += bytes(tensor.description) + struct.pack("<Q", offset)
            offset += (len(tensor.data) + 31) // 32 * 32
        head = bytes(self.data[:8]) + struct.pack("<QQ", len(tensors), len(metadata)) + head
        with open(path, "wb") as file:
            for part in [head, *(tensor.data for tensor in tensors)]:
                file.write(part)
                file.write(bytes(-len(part) % 32))
