//! Signatures of host functions are Luau's type notation, read strictly, and written as LuaCATS annotations. The
//! registry knows the functions.

mod annotation;
mod reader;
mod shape;

pub(super) use shape::{FunctionShape, Signature, TypeKind};

impl Signature {
    /// Reads a signature; the error says what is expected, and at which byte.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        reader::read(text)
    }
}

impl TypeKind {
    /// Reads a type alone.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        match reader::read(&format!(": {text}"))? {
            Signature::Value(kind) => Ok(kind),
            Signature::Function(_) => Err("a type is no signature".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
