//! This module writes types in the notation of LuaCATS, which editors read.

use std::fmt;

use super::shape::{FunctionShape, TypeKind};

impl fmt::Display for TypeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) | Self::Literal(name) => f.write_str(name),
            Self::List(kind) if kind.is_joined() => write!(f, "({kind})[]"),
            Self::List(kind) => write!(f, "{kind}[]"),
            Self::Map(key, value) => write!(f, "table<{key}, {value}>"),
            Self::Record(fields) => {
                f.write_str("{ ")?;
                for (at, (name, kind)) in fields.iter().enumerate() {
                    let separator = if at > 0 { ", " } else { "" };
                    match kind {
                        Self::Optional(kind) => write!(f, "{separator}{name}?: {kind}")?,
                        kind => write!(f, "{separator}{name}: {kind}")?,
                    }
                }
                f.write_str(" }")
            }
            Self::Function(shape) => write!(f, "{shape}"),
            Self::Union(kinds) => {
                for (at, kind) in kinds.iter().enumerate() {
                    let separator = if at > 0 { "|" } else { "" };
                    if matches!(kind, Self::Function(_)) {
                        write!(f, "{separator}({kind})")?;
                    } else {
                        write!(f, "{separator}{kind}")?;
                    }
                }
                Ok(())
            }
            Self::Optional(kind) if kind.is_joined() => write!(f, "({kind})?"),
            Self::Optional(kind) => write!(f, "{kind}?"),
        }
    }
}

impl TypeKind {
    /// Whether what follows would belong to its last part only.
    fn is_joined(&self) -> bool {
        matches!(self, Self::Union(_) | Self::Function(_) | Self::Optional(_))
    }
}

impl fmt::Display for FunctionShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fun(")?;
        for (at, (name, kind)) in self.parameters.iter().enumerate() {
            let separator = if at > 0 { ", " } else { "" };
            match kind {
                TypeKind::Optional(kind) if name != "..." => write!(f, "{separator}{name}?: {kind}")?,
                kind => write!(f, "{separator}{name}: {kind}")?,
            }
        }
        f.write_str(")")?;
        for (at, kind) in self.results.iter().enumerate() {
            write!(f, "{} {kind}", if at > 0 { "," } else { ":" })?;
        }
        Ok(())
    }
}
