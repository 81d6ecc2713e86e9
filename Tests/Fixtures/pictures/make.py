"""Makes the pictures in this folder, and what Pillow decodes from them.

    python3 make.py

`NAME.rgb` is what `ImageOps.exif_transpose(Image.open(NAME)).convert("RGB")` gives (packed RGB, row by row), and
`index.json` holds each file's width, height and EXIF orientation. `resized/WxH.rgb` is `source.png`, resized.
Made with Pillow 13.0.0.
"""

import io
import json
import pathlib
import random
import struct
import zlib

from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).parent
index = {}
random.seed(20)


def noise(count):
    return bytes(random.randrange(256) for _ in range(count))


def keep(name, data, golden=True):
    (HERE / name).write_bytes(data)
    if golden:
        image = Image.open(io.BytesIO(data))
        orientation = image.getexif().get(0x0112, 1)
        upright = ImageOps.exif_transpose(image).convert("RGB")
        (HERE / (name + ".rgb")).write_bytes(upright.tobytes())
        index[name] = {"width": upright.width, "height": upright.height, "orientation": orientation}


def encoded(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, depth, color_type, raw, extra=b"", interlace=0):
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, interlace)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw))
            + chunk(b"IEND", b""))


# Every PNG colour type and depth, plain and interlaced, with tRNS where it may be. 16-bit grey is left out: Pillow
# saturates it at 255.
W, H = 13, 11
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
for color_type, depths in {0: [1, 2, 4, 8], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]}.items():
    for depth in depths:
        for interlace in (0, 1):
            raw = b""
            for x, y, dx, dy in ADAM7 if interlace else [(0, 0, 1, 1)]:
                columns, rows = (W - x + dx - 1) // dx, (H - y + dy - 1) // dy
                for row in range(rows if columns > 0 else 0):
                    raw += bytes([row % 5]) + noise((columns * depth * CHANNELS[color_type] + 7) // 8)
            extra = chunk(b"PLTE", noise(3 << depth)) if color_type == 3 else b""
            transparency = {0: b"\0\1", 2: b"\0\1\0\2\0\3", 3: b"\0\x80"}.get(color_type)
            if transparency and interlace:
                extra += chunk(b"tRNS", transparency)
            name = f"type{color_type}-{depth}bit{'-interlaced' if interlace else ''}.png"
            keep(name, png(W, H, depth, color_type, raw, extra, interlace))

# A picture with smooth and busy parts; its alpha is 0 in places, over colours that must survive.
photo = Image.new("RGB", (40, 27))
photo.putdata([((x * 6) % 256, (y * 9) % 256, (x * y) % 256) if x < 25 else tuple(noise(3))
               for y in range(27) for x in range(40)])
alpha = photo.convert("RGBA")
alpha.putalpha(Image.frombytes("L", (40, 27), bytes((i * 7) % 3 * 127 for i in range(40 * 27))))

for subsampling in (0, 1, 2):
    keep(f"sampling{subsampling}.jpg", encoded(photo, "JPEG", quality=85, subsampling=subsampling))
keep("progressive.jpg", encoded(photo, "JPEG", quality=85, progressive=True))
keep("gray.jpg", encoded(photo.convert("L"), "JPEG"))
keep("rgb.jpg", encoded(photo, "JPEG", keep_rgb=True))
cmyk = encoded(photo.convert("CMYK"), "JPEG", quality=90)
keep("cmyk.jpg", cmyk)
adobe = cmyk.index(b"Adobe")
# The same components, said to be YCCK: other colours, and another path through the decoder.
keep("ycck.jpg", cmyk[:adobe + 11] + b"\2" + cmyk[adobe + 12:])

keep("lossy.webp", encoded(photo, "WEBP", quality=80))
keep("lossy-alpha.webp", encoded(alpha, "WEBP", quality=80, exact=True))
keep("lossless-alpha.webp", encoded(alpha, "WEBP", lossless=True, exact=True))
frames = [photo.rotate(90), photo.rotate(180)]
keep("animated.webp", encoded(photo, "WEBP", save_all=True, append_images=frames, lossless=True))
keep("animated.gif", encoded(photo.quantize(16), "GIF", save_all=True, append_images=[f.quantize(16) for f in frames]))
keep("animated.png", encoded(photo, "PNG", save_all=True, append_images=frames))
keep("plain.bmp", encoded(photo, "BMP"))
keep("lzw.tiff", encoded(photo, "TIFF", compression="tiff_lzw"))

# EXIF orientations: stored so that all come out alike.
upright = photo.crop((0, 0, 20, 13))
STORED = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_90", 7: "TRANSVERSE",
          8: "ROTATE_270"}
for orientation in range(1, 9):
    stored = upright.transpose(Image.Transpose[STORED[orientation]]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    keep(f"orientation{orientation}.jpg", encoded(stored, "JPEG", quality=95, subsampling=0, exif=exif))
    keep(f"orientation{orientation}.webp", encoded(stored, "WEBP", lossless=True, exif=exif))
    keep(f"orientation{orientation}.tiff", encoded(stored, "TIFF", tiffinfo={0x0112: orientation}))
    if orientation in (1, 6):
        keep(f"orientation{orientation}.png", encoded(stored, "PNG", exif=exif))

source = Image.new("RGB", (61, 47))
source.putdata([tuple(noise(3)) if (x // 8 + y // 8) % 2 else (x * 4, y * 5, 255 - x * 4)
                for y in range(47) for x in range(61)])
keep("source.png", encoded(source, "PNG"))
(HERE / "resized").mkdir(exist_ok=True)
for size in [(61, 47), (30, 20), (7, 5), (1, 1), (90, 70), (61, 20), (20, 47), (64, 3), (60, 48), (3, 64), (122, 94),
             (51, 27), (52, 27)]:
    resized = source.resize(size, Image.Resampling.BICUBIC)
    (HERE / "resized" / f"{size[0]}x{size[1]}.rgb").write_bytes(resized.tobytes())

# A tall reduction, from a picture that the test computes itself: value = (7x² + 13y + 31xy + 50c) mod 256.
large = Image.new("RGB", (1201, 803))
large.putdata([tuple((7 * x * x + 13 * y + 31 * x * y + 50 * c) % 256 for c in range(3))
               for y in range(803) for x in range(1201)])
(HERE / "resized" / "large-56x56.rgb").write_bytes(large.resize((56, 56), Image.Resampling.BICUBIC).tobytes())

(HERE / "index.json").write_text(json.dumps(index, indent=0) + "\n")
