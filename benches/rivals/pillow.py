"""Pillow: pictures made for the measurement, or resized on a pool of threads; Pillow lets go of the lock meanwhile.

    python3 pillow.py generate COUNT FOLDER
    python3 pillow.py resize FOLDER OUT [WORKERS]
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image, ImageFilter

SIZE = (1600, 1200)
THUMBNAIL = (224, 224)


def generate(count, folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # Soft shapes with the grain of a sensor: neither empty nor as hard to compress as pure noise.
    for at in range(int(count)):
        path = folder / f"photo-{at:05}.jpg"
        if path.exists():
            continue
        bands = [Image.effect_noise((20, 15), 120).resize(SIZE, Image.Resampling.BICUBIC) for _ in range(3)]
        shapes = Image.merge("RGB", bands).filter(ImageFilter.GaussianBlur(2))
        grain = Image.effect_noise(SIZE, 24).convert("RGB")
        Image.blend(shapes, grain, 0.15).save(path, quality=85)


def thumbnail(path, out):
    with Image.open(path) as image:
        small = image.convert("RGB").resize(THUMBNAIL, Image.Resampling.BICUBIC)
        small.save(out / path.name, quality=85)


def resize(folder, out, workers="2"):
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    paths = sorted(Path(folder).glob("*.jpg"))
    with ThreadPoolExecutor(int(workers)) as pool:
        for _ in pool.map(lambda path: thumbnail(path, out), paths):
            pass


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["generate", count, folder]:
            generate(count, folder)
        case ["resize", folder, out, *workers]:
            resize(folder, out, *workers)
        case _:
            sys.exit(__doc__)
