//! A picture is decoded pixels as Lua code holds them. Other modules make the pixels.

use mlua::{AnyUserData, MetaMethod, UserData, UserDataFields, UserDataMethods, UserDataRef, Value};

use crate::lua::host::call::{Call, describe};
use crate::lua::host::function::Module;
use crate::lua::host::methods;
use crate::lua::host::outside::Claim;

/// What `image.open` and `image.decode` return. It has the fields `width`, `height` and `format` besides.
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

/// Rows of pixels from the top, without gaps.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) size: Size,
    pub(super) layout: Layout,
    /// Of the file that it came from.
    pub(super) format: PictureFormat,
    pub(super) pixels: Vec<u8>,
    /// Never read: it counts while it lives.
    _claim: Claim,
}

impl Image {
    pub(super) fn new(
        size: Size,
        layout: Layout,
        format: PictureFormat,
        pixels: Vec<u8>,
        claim: Claim,
    ) -> Self {
        debug_assert_eq!(pixels.len(), size.bytes(layout));
        Self { size, layout, format, pixels, _claim: claim }
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
        fields.add_field_method_get("format", |_, image| Ok(image.format.name()));
        fields.add_meta_field_with(MetaMethod::Index, |lua| methods::of(lua, METHODS.0));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(MetaMethod::ToString, |_, image, ()| {
            let Size { width, height } = image.size;
            Ok(format!("{} image of {width} x {height}", image.format.name()))
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
