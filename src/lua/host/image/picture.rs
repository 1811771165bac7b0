//! A picture is decoded pixels as Lua code holds them. Other modules make the pixels.

use std::rc::Rc;

use mlua::{AnyUserData, MetaMethod, UserData, UserDataFields, UserDataMethods, UserDataRef, Value};

use super::exif::Exif;
use crate::lua::host::call::{Call, describe};
use crate::lua::host::function::Module;
use crate::lua::host::methods;
use crate::lua::host::outside::Claim;

/// What `image.open` and `image.decode` return. It has fields besides.
pub(super) const METHODS: Module = Module("Image");

/// The longest side: what JPEG and GIF can hold, and few things need more.
pub(super) const SIDE_MAX: u32 = 65_535;

/// Bytes of a pixel and what they mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
}

impl Layout {
    /// The name in `img.mode`, as Pillow has it.
    fn name(self) -> &'static str {
        match self {
            Self::Gray => "L",
            Self::GrayAlpha => "LA",
            Self::Rgb => "RGB",
            Self::Rgba => "RGBA",
        }
    }

    /// Bytes a pixel.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// Formats that can be read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PictureFormat {
    Jpeg,
    Png,
    Gif,
    Webp,
    Bmp,
    Tiff,
}

impl PictureFormat {
    /// The name in `img.format`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::Bmp => "bmp",
            Self::Tiff => "tiff",
        }
    }

    /// The format of this name or extension.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "jpeg" | "jpg" => Self::Jpeg,
            "png" => Self::Png,
            "gif" => Self::Gif,
            "webp" => Self::Webp,
            "bmp" => Self::Bmp,
            "tiff" | "tif" => Self::Tiff,
            _ => return None,
        })
    }
}

/// Width and height in pixels, each from 1 to [`SIDE_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Size {
    /// Bytes of so many pixels.
    pub(super) fn bytes(self, layout: Layout) -> usize {
        self.width as usize * self.height as usize * layout.bytes()
    }
}

/// What a file says beside the pixels. Copies of a picture share it.
#[derive(Debug)]
pub(super) struct Beside {
    pub(super) format: PictureFormat,
    pub(super) exif: Exif,
    /// The profile that says which colours the numbers mean; empty if there is none.
    pub(super) icc: Vec<u8>,
    /// Whether the file has a palette or fewer than 8 bits a pixel: it is written so again where that can be.
    pub(super) has_few_colors: bool,
    /// Never read: it counts while it lives.
    pub(super) _claim: Claim,
}

/// Rows of pixels from the top, without gaps.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) size: Size,
    pub(super) layout: Layout,
    /// Of the file that it came from.
    pub(super) beside: Rc<Beside>,
    /// How the camera was held, 1 to 8, if the pixels are still so.
    pub(super) orientation: u8,
    pub(super) pixels: Vec<u8>,
    /// Never read: it counts while it lives.
    _claim: Claim,
}

impl Image {
    pub(super) fn new(size: Size, layout: Layout, beside: Rc<Beside>, pixels: Vec<u8>, claim: Claim) -> Self {
        debug_assert_eq!(pixels.len(), size.bytes(layout));
        let orientation = beside.exif.orientation;
        Self { size, layout, beside, orientation, pixels, _claim: claim }
    }

    /// A picture that was made of this one.
    pub(super) fn made(&self, size: Size, layout: Layout, pixels: Vec<u8>, claim: Claim) -> Self {
        let made = Self::new(size, layout, Rc::clone(&self.beside), pixels, claim);
        Self { orientation: self.orientation, ..made }
    }

    /// Hands it to Lua code.
    pub(super) fn hand_out(self, call: &Call<'_>) -> mlua::Result<AnyUserData> {
        call.lua.create_userdata(self)
    }
}

impl UserData for Image {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_field_method_get("width", |_, image| Ok(image.size.width));
        fields.add_field_method_get("height", |_, image| Ok(image.size.height));
        fields.add_field_method_get("format", |_, image| Ok(image.beside.format.name()));
        fields.add_field_method_get("mode", |_, image| Ok(image.layout.name()));
        fields.add_field_method_get("orientation", |_, image| Ok(image.orientation));
        fields.add_meta_field_with(MetaMethod::Index, |lua| methods::of(lua, METHODS.0));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(MetaMethod::ToString, |_, image, ()| {
            let Size { width, height } = image.size;
            Ok(format!("{} image of {width} x {height}", image.beside.format.name()))
        });
    }
}

/// The picture that a method is called on.
pub(super) fn this(call: &Call<'_>, value: &Value) -> mlua::Result<UserDataRef<Image>> {
    let image = match value {
        Value::UserData(data) => data.borrow::<Image>().ok(),
        _ => None,
    };
    image.ok_or_else(|| {
        let got = describe(value);
        let function = call.name.function;
        call.refuse(&format!("is a method of an image, got {got}: write `img:{function}(…)`"))
    })
}
