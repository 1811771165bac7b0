#!/usr/bin/env python3
"""Compares pictures that flowrun reads and writes with what Pillow, libvips and sharp do.

    benches/images.py FLOWRUN [--python PYTHON] [--sharp FOLDER] [--keep FOLDER]

It makes some eighty pictures of all kinds (photographs, charts, shapes with transparency; JPEG, PNG, GIF, WebP, BMP and TIFF
of every kind that Pillow and libvips write), has flowrun read each and write it in every format, and prints a line for
each picture:

  pixels   the largest and the mean difference to what Pillow reads, in 255ths
  sizes    of each format that flowrun has written, against Pillow's of the same pixels at the same settings; libvips' and
           sharp's besides, for JPEG and PNG

PYTHON needs Pillow, numpy and pyvips (`pip install pillow==13.0.0 numpy pyvips pyvips-binary`); without `--python` they are
installed into a temporary folder. FOLDER is one with sharp in its node_modules (`npm install sharp`); without it sharp is left
out. The exit code is 1 where a picture that Pillow reads is called broken, where pixels differ by more than the bounds below, or
where a file is more than 3 % (and 64 bytes) larger than Pillow's. WebP without loss is bounded too: its files are
libwebp's up to two million pixels.
"""

import argparse
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile

# How far pixels may be from Pillow's: JPEG decoders differ in how they enlarge colours, by this much at edges.
BOUNDS = {"jpeg": (12, 0.5), "other": (1, 0.05)}
LARGER = 1.03
# What the head of a small file and the edge of a small picture may take.
SLACK = 64
PIPELINE = """version: 1
name: images
permissions: {read: [.], write: [out]}
steps:
  list: { read: list.jsonl }
  look:
    from: list
    map:
      lua: |
        local ok, im = pcall(image.open, "in/" .. item.f)
        if not ok then return {f = item.f, error = tostring(im)} end
        local r = {f = item.f, mode = im.mode, sizes = {}}
        for _, format in {"png", "jpeg", "bmp", "tiff", "gif", "webp"} do
          local path = "out/" .. item.f .. "." .. format
          im:save(path)
          r.sizes[format] = fs.stat(path).size
        end
        return r
  save: { from: look, write: out.jsonl }
"""
SHARP = """
const sharp = require('sharp'); const fs = require('fs');
(async () => { for (const f of fs.readdirSync('out').filter(f => f.endsWith('.png'))) {
  const size = async (s) => { try { return (await s.toBuffer()).length } catch { return 0 } };
  console.log(JSON.stringify({f: f.slice(0, -4), jpeg: await size(sharp('out/' + f).flatten({background: '#fff'}).jpeg({quality: 75})),
    png: await size(sharp('out/' + f).png())})); } })()
"""


def with_packages(arguments):
    """Starts this script again with a Python that has the packages."""
    folder = None
    python = arguments.python
    if python is None:
        folder = tempfile.TemporaryDirectory()
        subprocess.run([sys.executable, "-m", "venv", folder.name], check=True)
        python = f"{folder.name}/bin/python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "pillow", "numpy", "pyvips", "pyvips-binary"], check=True)
    environment = dict(os.environ, IMAGES_PACKAGES="1")
    return subprocess.run([python, __file__, *sys.argv[1:]], env=environment).returncode


def drawings():
    """A photograph, a chart, and shapes with transparency; the same in every run."""
    import numpy
    from PIL import Image, ImageDraw, ImageFilter

    random = numpy.random.default_rng(7)
    y, x = numpy.mgrid[0:300, 0:400]
    waves = [128 + 90 * numpy.sin(x / 23 + y / 31), 128 + 80 * numpy.cos(x / 17 - y / 29), 128 + 70 * numpy.sin((x + y) / 41)]
    noise = random.normal(0, 9, (300, 400, 3))
    photo = Image.fromarray(numpy.clip(numpy.stack(waves, -1) + noise, 0, 255).astype("uint8"))
    photo = photo.filter(ImageFilter.GaussianBlur(0.8))
    draw = ImageDraw.Draw(photo)
    for step in range(12):
        draw.ellipse([step * 9, step * 7, 399 - step * 15, 299 - step * 11], outline=tuple(int(c) for c in random.integers(0, 255, 3)))
    chart = Image.new("RGB", (480, 320), "white")
    draw = ImageDraw.Draw(chart)
    for at in range(9):
        color = tuple(int(c) for c in random.integers(0, 255, 3))
        draw.rectangle([at * 53 + 4, int(random.integers(0, 300)), at * 53 + 45, 312], fill=color)
    for line in range(0, 320, 24):
        draw.line([0, line, 480, line], fill=(210, 210, 210))
    draw.text((10, 10), "Quarterly numbers 1234567890", fill="black")
    shapes = Image.new("RGBA", (200, 160), (0, 0, 0, 0))
    draw = ImageDraw.Draw(shapes)
    draw.ellipse([25, 20, 175, 140], fill=(220, 40, 60, 255))
    draw.rectangle([66, 53, 100, 80], fill=(20, 90, 220, 128))
    return photo, chart, shapes


def make(folder):
    """The pictures of all kinds."""
    import numpy
    import pyvips
    from PIL import Image, ImageCms

    photo, chart, shapes = drawings()
    gray, bits, icc = photo.convert("L"), chart.convert("1"), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    turned = Image.Exif()
    turned[0x0112] = 6
    deep = Image.fromarray(numpy.asarray(gray).astype("uint16") * 257)
    lab = ImageCms.profileToProfile(photo, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
    pictures = {
        "jpg": [
            ("420", photo, {}), ("444", photo, dict(quality=92, subsampling=0)), ("422", photo, dict(subsampling=1)),
            ("progressive", photo, dict(progressive=True)), ("gray", gray, {}), ("gray-progressive", gray, dict(progressive=True)),
            ("cmyk", photo.convert("CMYK"), {}), ("optimized", photo, dict(optimize=True)),
            ("restart", photo, dict(restart_marker_rows=1)), ("restart-often", photo, dict(restart_marker_blocks=3)),
            ("progressive-restart", photo, dict(progressive=True, restart_marker_blocks=7)), ("icc", photo, dict(icc_profile=icc)),
            ("one", photo.resize((1, 1)), {}), ("odd", photo.crop((0, 0, 37, 53)), {}), ("low", photo, dict(quality=10)),
            ("high", photo, dict(quality=100)), ("turned", photo, dict(exif=turned)), ("chart", chart, {}),
        ],
        "png": [
            ("rgb", photo, {}), ("chart", chart, {}), ("rgba", shapes, {}), ("gray", gray, {}), ("la", shapes.convert("LA"), {}),
            ("bits", bits, {}), ("palette", chart.quantize(64), {}), ("palette-16", chart.quantize(12), {}),
            ("palette-2", chart.quantize(2), {}), ("palette-photo", photo.quantize(256), {}), ("16", deep, {}),
            ("icc", photo, dict(icc_profile=icc)), ("transparent", chart, dict(transparency=(255, 255, 255))),
            ("palette-transparent", chart.quantize(16), dict(transparency=3)), ("gray-transparent", gray, dict(transparency=77)),
        ],
        "gif": [("chart", chart.quantize(64), {}), ("shapes", shapes, {}), ("photo", photo.quantize(256), {})],
        "webp": [
            ("lossy", photo, {}), ("lossless", chart, dict(lossless=True)), ("alpha", shapes, dict(lossless=True)),
            ("icc", photo, dict(icc_profile=icc)),
        ],
        "bmp": [("rgb", photo, {}), ("palette", chart.quantize(64), {}), ("gray", gray, {}), ("bits", bits, {}), ("rgba", shapes, {})],
        "tif": [
            ("rgb", photo, {}), ("lzw", photo, dict(compression="tiff_lzw")), ("deflate", photo, dict(compression="tiff_adobe_deflate")),
            ("packbits", chart, dict(compression="packbits")), ("jpeg", photo, dict(compression="jpeg")),
            ("jpeg-gray", gray, dict(compression="jpeg")), ("gray", gray, {}), ("bits", bits, {}),
            ("fax4", bits, dict(compression="group4")), ("fax3", bits, dict(compression="group3")), ("palette", chart.quantize(64), {}),
            ("palette-lzw", chart.quantize(64), dict(compression="tiff_lzw")), ("cmyk", photo.convert("CMYK"), {}), ("rgba", shapes, {}),
            ("la", shapes.convert("LA"), {}), ("16", deep, {}), ("float", Image.fromarray(numpy.asarray(gray).astype("float32")), {}),
            ("32", Image.fromarray(numpy.asarray(gray).astype("int32")), {}), ("big", photo, dict(big_tiff=True)), ("lab", lab, {}),
            ("icc", photo, dict(icc_profile=icc)), ("zstd", photo, dict(compression="zstd")), ("ycbcr", photo.convert("YCbCr"), {}),
        ],
    }
    for extension, kinds in pictures.items():
        for name, picture, options in kinds:
            picture.save(folder / f"{name}.{extension}", **options)
    picture = pyvips.Image.new_from_file(str(folder / "rgb.png"))
    picture.tiffsave(str(folder / "tiles.tif"), tile=True, tile_width=64, tile_height=64, compression="deflate", predictor="horizontal")
    picture.cast("ushort").linear(257, 0).cast("ushort").copy(interpretation="rgb16").tiffsave(str(folder / "rgb16.tif"))
    picture.tiffsave(str(folder / "big-jpeg.tif"), bigtiff=True, compression="jpeg", tile=True)
    black = picture.colourspace("b-w")
    for depth in (2, 4):
        black.tiffsave(str(folder / f"gray-{depth}.tif"), bitdepth=depth)
    black.tiffsave(str(folder / "white-first.tif"), miniswhite=True)
    picture.pngsave(str(folder / "interlaced.png"), interlace=True)


def eight_bits(picture, mode):
    """A picture of Pillow's in one of the four modes that flowrun has."""
    import numpy
    from PIL import Image

    if picture.mode.startswith("I;16"):
        picture = Image.fromarray((numpy.asarray(picture).astype("uint32") * 255 // 65535).astype("uint8"))
    elif picture.mode in ("F", "I"):
        picture = Image.fromarray(numpy.clip(numpy.asarray(picture), 0, 255).astype("uint8"))
    elif picture.mode in ("LAB", "P", "CMYK", "YCbCr") and mode in ("L", "LA"):
        picture = picture.convert("RGBA" if mode == "LA" else "RGB")
    return picture.convert(mode)


def pillow_size(picture, written, icc, format):
    """Bytes of the same pixels at the same settings; nothing where Pillow does not write them."""
    from PIL import Image

    # What came with a palette or as bits stays so in both, where nothing is transparent; other pixels are those that were read.
    if picture.mode in ("P", "1", "L") and "transparency" not in picture.info:
        same = picture
    else:
        same = written
    if format == "jpeg" and same.mode not in ("L", "RGB"):
        if same.mode in ("RGBA", "LA"):
            same = Image.alpha_composite(Image.new("RGBA", same.size, "white"), same.convert("RGBA"))
        same = same.convert("L" if written.mode in ("L", "LA") else "RGB")
    options = {"png": {}, "jpeg": {"quality": 75}, "bmp": {}, "tiff": {"compression": "raw"}, "gif": {}, "webp": {"lossless": True}}[format]
    same = same.copy()
    same.info = {}
    if icc:
        options["icc_profile"] = icc
    out = io.BytesIO()
    try:
        same.save(out, format.upper(), **options)
    except (OSError, ValueError):
        return None
    return out.tell()


def libvips_sizes(path):
    """Bytes of JPEG and PNG as libvips writes them."""
    import pyvips

    picture = pyvips.Image.new_from_file(str(path))
    flat = picture.flatten(background=[255]) if picture.hasalpha() else picture
    return {"jpeg": len(flat.jpegsave_buffer(Q=75)), "png": len(picture.pngsave_buffer())}


def compare(folder, result, sharp):
    """A line about one picture, and what is wrong with it."""
    import numpy
    from PIL import Image

    name = result["f"]
    with Image.open(folder / "in" / name) as picture:
        picture.load()
    if "error" in result:
        why = result["error"].split(": ", 2)[-1]
        return f"{name:26} {picture.mode:6} refused: {why}", [] if "not supported" in result["error"] else ["called broken"]
    mode = result["mode"]
    written = Image.open(folder / "out" / f"{name}.png").convert(mode)
    ours, theirs = (numpy.asarray(p).astype(int) for p in (written, eight_bits(picture, mode)))
    far = numpy.abs(ours - theirs)
    if mode in ("RGBA", "LA"):
        far = far * ((ours[..., -1] > 0) | (theirs[..., -1] > 0))[..., None]
    bounds = BOUNDS["jpeg" if name.endswith("jpg") or "jpeg" in name else "other"]
    wrong = ["pixels"] if far.max() > bounds[0] or far.mean() > bounds[1] else []
    icc = picture.info.get("icc_profile")
    vips, line = libvips_sizes(folder / "out" / f"{name}.png"), []
    for format, size in result["sizes"].items():
        theirs = pillow_size(picture, written, icc if format not in ("bmp", "gif") else None, format)
        others = "".join(f" {who} {other[format]}" for who, other in (("vips", vips), ("sharp", sharp.get(name, {}))) if other.get(format))
        ratio = f"{size / theirs - 1:+.1%}" if theirs else "–"
        line.append(f"{format} {size} ({ratio}{others})")
        if theirs and size > theirs * LARGER + SLACK:
            wrong.append(f"{format} is larger")
    pixels = f"{picture.mode:6}→{mode:4} {far.max():3} {far.mean():.3f}"
    return f"{name:26} {pixels}  {'  '.join(line)}", wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("flowrun", type=pathlib.Path)
    parser.add_argument("--python", help="a Python that has Pillow, numpy and pyvips")
    parser.add_argument("--sharp", type=pathlib.Path, help="a folder with sharp in its node_modules")
    parser.add_argument("--keep", type=pathlib.Path, help="an empty folder for the pictures")
    arguments = parser.parse_args()
    if "IMAGES_PACKAGES" not in os.environ:
        return with_packages(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.keep or pathlib.Path(temporary)).resolve()
        for part in ("in", "out"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        make(folder / "in")
        names = sorted(path.name for path in (folder / "in").iterdir())
        (folder / "list.jsonl").write_text("".join(json.dumps({"f": name}) + "\n" for name in names))
        (folder / "pipeline.yaml").write_text(PIPELINE)
        flowrun = arguments.flowrun.resolve()
        subprocess.run([flowrun, folder / "pipeline.yaml", "--no-state", "-q"], check=True, cwd=folder)
        sharp = {}
        if arguments.sharp:
            environment = dict(os.environ, NODE_PATH=str(arguments.sharp.resolve() / "node_modules"))
            said = subprocess.run(["node", "-e", SHARP], check=True, cwd=folder, env=environment, capture_output=True, text=True).stdout
            sharp = {one["f"]: one for one in map(json.loads, said.splitlines())}
        all_wrong = 0
        for line in (folder / "out.jsonl").read_text().splitlines():
            text, wrong = compare(folder, json.loads(line), sharp)
            print(text + (f"  WRONG: {', '.join(wrong)}" if wrong else ""))
            all_wrong += bool(wrong)
        print(f"{len(names)} pictures, {all_wrong} of them wrong")
        return 1 if all_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
