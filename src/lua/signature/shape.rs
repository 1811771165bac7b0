//! A signature is a tree of types.

/// A type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lua) enum TypeKind {
    /// `string`, `any`, `Pattern`, …
    Name(String),
    /// `"asc"`, quotes included.
    Literal(String),
    /// `{string}`
    List(Box<TypeKind>),
    /// `{[string]: number}`
    Map(Box<TypeKind>, Box<TypeKind>),
    /// `{after: number?}`
    Record(Vec<(String, TypeKind)>),
    /// `(value: any) -> any`
    Function(FunctionShape),
    /// `string | number`
    Union(Vec<TypeKind>),
    /// `string?`
    Optional(Box<TypeKind>),
}

/// What a function takes and gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lua) struct FunctionShape {
    /// Its parameters; one named `...` takes any number of values.
    pub(in crate::lua) parameters: Vec<(String, TypeKind)>,
    /// Its results.
    pub(in crate::lua) results: Vec<TypeKind>,
}

/// What an entry of the registry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lua) enum Signature {
    /// `(s: string): string`
    Function(FunctionShape),
    /// `: null`
    Value(TypeKind),
}

/// What tests ask of the table of functions.
#[cfg(test)]
impl TypeKind {
    /// Whether nil is one of its values.
    pub(in crate::lua) fn takes_nil(&self) -> bool {
        match self {
            Self::Optional(_) => true,
            Self::Name(name) => name == "any" || name == "nil",
            Self::Union(kinds) => kinds.iter().any(Self::takes_nil),
            _ => false,
        }
    }

    /// Calls `visit` with every name in it.
    pub(in crate::lua) fn names(&self, visit: &mut impl FnMut(&str)) {
        match self {
            Self::Name(name) => visit(name),
            Self::Literal(_) => {}
            Self::List(kind) | Self::Optional(kind) => kind.names(visit),
            Self::Map(key, value) => {
                key.names(visit);
                value.names(visit);
            }
            Self::Record(fields) => fields.iter().for_each(|(_, kind)| kind.names(visit)),
            Self::Function(shape) => shape.names(visit),
            Self::Union(kinds) => kinds.iter().for_each(|kind| kind.names(visit)),
        }
    }
}

#[cfg(test)]
impl FunctionShape {
    /// Calls `visit` with the name of every type in it.
    pub(in crate::lua) fn names(&self, visit: &mut impl FnMut(&str)) {
        self.parameters.iter().for_each(|(_, kind)| kind.names(visit));
        self.results.iter().for_each(|kind| kind.names(visit));
    }
}
