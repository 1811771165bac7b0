//! `image` decodes, resizes, crops, turns and encodes pictures. Pixels live outside of the VM and count against its
//! memory limit.
//!
//! Its parts decide which bytes make which pixels (`decode`, `encode`), and what is done to them.

mod bmp_file;
mod decode;
mod encode;
mod exif;
mod few;
mod file;
mod jpeg;
mod look;
mod picture;
mod png;
mod resize;
mod shape;
mod tags;
mod tiff;
mod tiff_file;
mod webp_file;

use super::function::{Function, Module};
use picture::METHODS;

const IMAGE: Module = Module("image");

pub(super) const FUNCTIONS: &[Function] = &[
    IMAGE.rust("open", "(path: string, options: {orient: boolean?}?): Image", |bind| bind.to(file::open)).explained(
        "The picture in a jpeg, png, gif (its first frame), webp, bmp or tiff file, with 8 bits a channel. The format is \
         told from the content. `{orient = true}` turns it as its EXIF orientation says. A jpeg that is damaged between two \
         restart markers is read, with a line in the log; any other damage is an error.",
        r#"image.open("photo.png").width"#,
        "8",
    ),
    IMAGE.rust("decode", "(bytes: string, options: {orient: boolean?}?): Image", |bind| bind.to(decode::decode)).explained(
        "The picture in a string that holds such a file.",
        r#"image.decode(image.open("photo.png"):encode("webp")).format"#,
        r#""webp""#,
    ),
    METHODS.rust("pixel", "(self: Image, x: number, y: number): {number}", |bind| bind.to(look::pixel)).explained(
        "The channels of the pixel at `x`, `y`, counted from 0: 0 to 255, as many as `mode` has letters.",
        r#"image.open("photo.png"):pixel(1, 2)"#,
        "{29, 74, 2}",
    ),
    METHODS.rust("mean", "(self: Image): {number}", |bind| bind.to(look::mean)).explained(
        "The mean of each channel.",
        r#"image.open("photo.png"):crop(0, 0, 2, 1):mean()"#,
        "{14.5, 0, 0}",
    ),
    METHODS.rust("exif", "(self: Image): {[string]: any}", |bind| bind.to(look::exif)).explained(
        "What the camera wrote, by the names of the EXIF standard: texts, numbers and lists of numbers. Empty where there is nothing.",
        r#"image.open("photo.png"):exif().Model"#,
        "nil",
    ),
    METHODS
        .rust(
            "resize",
            "(self: Image, width: number, height: number, options: {fit: string?, filter: string?}?): Image",
            |bind| bind.to(resize::resize),
        )
        .explained(
            "A resized copy. `fit` is `fill` (exactly that size), `contain` (whole, within it) or `cover` (cut to fill it); \
             `filter` is `bicubic`, `nearest`, `box`, `bilinear`, `hamming` or `lanczos`.",
            r#"image.open("photo.png"):resize(4, 4, {fit = "contain"}).height"#,
            "3",
        ),
    METHODS
        .rust("crop", "(self: Image, x: number, y: number, width: number, height: number): Image", |bind| {
            bind.to(shape::crop)
        })
        .explained(
            "A copy of the rectangle whose upper left corner is at `x`, `y`, counted from 0.",
            r#"image.open("photo.png"):crop(2, 1, 5, 4).width"#,
            "5",
        ),
    METHODS.rust("rotate", "(self: Image, degrees: number): Image", |bind| bind.to(shape::rotate)).explained(
        "A copy turned clockwise by 90, 180 or 270 degrees.",
        r#"image.open("photo.png"):rotate(90).width"#,
        "6",
    ),
    METHODS.rust("grayscale", "(self: Image): Image", |bind| bind.to(shape::grayscale)).explained(
        "A copy in shades of gray; transparency stays.",
        r#"image.open("photo.png"):grayscale().width"#,
        "8",
    ),
    METHODS
        .rust("save", "(self: Image, path: string, options: {quality: number?, icc: boolean?}?): ()", |bind| {
            bind.to(file::save)
        })
        .explained(
            "Writes a file whose extension tells the format; missing folders are made, an old file is replaced at the end. \
             `quality` is for jpeg, 1 to 100, otherwise 75, and for webp, which without it is written without loss. The ICC profile of the file that it was read from is kept, unless \
             `{icc = false}`; EXIF data is not.",
            r#"image.open("photo.png"):save("out/photo.jpg", {quality = 90})"#,
            "",
        ),
    METHODS
        .rust("encode", "(self: Image, format: string, options: {quality: number?, icc: boolean?}?): string", |bind| {
            bind.to(encode::encode)
        })
        .explained(
            "The bytes of a `jpeg`, `png`, `gif`, `webp` (without loss, unless `quality` is given), `bmp` or `tiff` file.",
            r#"image.open("photo.png"):encode("png"):sub(2, 4)"#,
            r#""PNG""#,
        ),
];
