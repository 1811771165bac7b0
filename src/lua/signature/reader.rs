//! This module reads signatures: it holds their grammar.

use super::shape::{FunctionShape, Signature, TypeKind};

pub(super) fn read(text: &str) -> Result<Signature, String> {
    let mut reader = SignatureReader { text, at: 0 };
    let signature = if reader.takes(":") {
        Signature::Value(reader.kind()?)
    } else {
        let parameters = reader.parameters()?;
        let results = if reader.takes(":") { reader.results()? } else { Vec::new() };
        Signature::Function(FunctionShape { parameters, results })
    };
    reader.space();
    if reader.at == text.len() { Ok(signature) } else { Err(reader.expected("the end")) }
}

struct SignatureReader<'t> {
    text: &'t str,
    at: usize,
}

impl SignatureReader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Goes behind `token`, if it is next.
    fn takes(&mut self, token: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn token(&mut self, token: &str) -> Result<(), String> {
        if self.takes(token) { Ok(()) } else { Err(self.expected(&format!("`{token}`"))) }
    }

    fn expected(&self, what: &str) -> String {
        format!("expected {what} at byte {} of `{}`", self.at + 1, self.text)
    }

    fn name(&mut self) -> Result<String, String> {
        self.space();
        let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let end = self.rest().find(|character| !is_name(character)).unwrap_or(self.rest().len());
        let name = self.rest()[..end].to_owned();
        if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(self.expected("a name"));
        }
        self.at += end;
        Ok(name)
    }

    /// `(a: string, ...any)`
    fn parameters(&mut self) -> Result<Vec<(String, TypeKind)>, String> {
        self.token("(")?;
        let mut parameters = Vec::new();
        if self.takes(")") {
            return Ok(parameters);
        }
        loop {
            if self.takes("...") {
                parameters.push(("...".to_owned(), self.kind()?));
                self.token(")")?;
                return Ok(parameters);
            }
            let name = self.name()?;
            self.token(":")?;
            parameters.push((name, self.kind()?));
            if self.takes(")") {
                return Ok(parameters);
            }
            self.token(",")?;
        }
    }

    /// One type, or any number of them in parentheses.
    fn results(&mut self) -> Result<Vec<TypeKind>, String> {
        let start = self.at;
        if self.takes("(") {
            let mut results = Vec::new();
            if self.takes(")") {
                return Ok(results);
            }
            // What is no list of types may still be one type that begins with a parenthesis.
            while let Ok(kind) = self.kind() {
                results.push(kind);
                if self.takes(",") {
                    continue;
                }
                if results.len() > 1 {
                    self.token(")")?;
                    return Ok(results);
                }
                break;
            }
            self.at = start;
        }
        Ok(vec![self.kind()?])
    }

    fn kind(&mut self) -> Result<TypeKind, String> {
        let mut kinds = vec![self.postfix()?];
        while self.takes("|") {
            kinds.push(self.postfix()?);
        }
        Ok(if kinds.len() > 1 { TypeKind::Union(kinds) } else { kinds.remove(0) })
    }

    fn postfix(&mut self) -> Result<TypeKind, String> {
        let kind = self.primary()?;
        Ok(if self.takes("?") { TypeKind::Optional(Box::new(kind)) } else { kind })
    }

    fn primary(&mut self) -> Result<TypeKind, String> {
        self.space();
        match self.rest().as_bytes().first() {
            Some(b'"') => {
                let length = self.rest()[1..].find('"').ok_or_else(|| self.expected("a closing quote"))? + 2;
                let literal = self.rest()[..length].to_owned();
                self.at += length;
                Ok(TypeKind::Literal(literal))
            }
            Some(b'{') => self.braces(),
            Some(b'(') => self.parentheses(),
            _ => self.name().map(TypeKind::Name),
        }
    }

    /// A list, a map or a record.
    fn braces(&mut self) -> Result<TypeKind, String> {
        self.token("{")?;
        if self.takes("[") {
            let key = self.kind()?;
            self.token("]")?;
            self.token(":")?;
            let value = self.kind()?;
            self.token("}")?;
            return Ok(TypeKind::Map(Box::new(key), Box::new(value)));
        }
        let start = self.at;
        if self.name().is_ok() && self.takes(":") {
            self.at = start;
            return self.record();
        }
        self.at = start;
        let kind = self.kind()?;
        self.token("}")?;
        Ok(TypeKind::List(Box::new(kind)))
    }

    fn record(&mut self) -> Result<TypeKind, String> {
        let mut fields = Vec::new();
        loop {
            let name = self.name()?;
            self.token(":")?;
            fields.push((name, self.kind()?));
            if self.takes("}") {
                return Ok(TypeKind::Record(fields));
            }
            self.token(",")?;
        }
    }

    /// A function, or a type in parentheses.
    fn parentheses(&mut self) -> Result<TypeKind, String> {
        let start = self.at;
        if let Ok(parameters) = self.parameters()
            && self.takes("->")
        {
            return Ok(TypeKind::Function(FunctionShape { parameters, results: self.results()? }));
        }
        self.at = start;
        self.token("(")?;
        let kind = self.kind()?;
        self.token(")")?;
        Ok(kind)
    }
}
