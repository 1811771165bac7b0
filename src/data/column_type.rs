//! This type is what `columns` of `write` says about one column: `integer`, `decimal(12,2)?`, `[string]`,
//! `{lat: number, lon: number}!`. Which formats keep it is theirs to say.

use std::fmt;

/// Lists and maps within each other at most.
const DEPTH_MAX: usize = 64;
/// Digits of a decimal at most: more do not fit in its 32 bytes.
const PRECISION_MAX: u8 = 76;

/// The type of a column or of what lies in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredType {
    /// What the values are.
    pub kind: DeclaredKind,
    /// Whether null fails the step.
    pub required: bool,
}

/// What the values of a column are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeclaredKind {
    /// `true` or `false`.
    Boolean,
    /// Signed 64 bits.
    Integer,
    /// A float; integers that floats hold exactly are taken too.
    Number,
    /// Text.
    String,
    /// A date, as ISO 8601 text.
    Date,
    /// A time of day, as ISO 8601 text.
    Time,
    /// A date and a time, as ISO 8601 text.
    Timestamp,
    /// So many digits in all and so many behind the point; text or a number.
    Decimal {
        /// All digits.
        precision: u8,
        /// Those behind the point.
        scale: u8,
    },
    /// A list of such values.
    List(Box<DeclaredType>),
    /// A map of these keys.
    Map(Vec<(String, DeclaredType)>),
}

/// The types that are a single word.
const WORDS: [(&str, DeclaredKind); 7] = [
    ("boolean", DeclaredKind::Boolean),
    ("integer", DeclaredKind::Integer),
    ("number", DeclaredKind::Number),
    ("string", DeclaredKind::String),
    ("date", DeclaredKind::Date),
    ("time", DeclaredKind::Time),
    ("timestamp", DeclaredKind::Timestamp),
];

impl DeclaredType {
    /// Reads a type as it is written.
    ///
    /// # Errors
    /// Fails with what is wrong and what to write, when the text is no type.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = TypeParser { rest: text.trim() };
        let found = parser.parse(0)?;
        match parser.rest {
            "" => Ok(found),
            rest => Err(format!("`{text}` is no type: `{rest}` stands behind it")),
        }
    }

    /// The words that are types, as a pattern.
    pub fn words() -> String {
        WORDS.map(|(word, _)| word).join("|")
    }
}

impl fmt::Display for DeclaredType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            DeclaredKind::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})")?,
            DeclaredKind::List(element) => write!(f, "[{element}]")?,
            DeclaredKind::Map(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, kind)| format!("{name}: {kind}")).collect();
                write!(f, "{{{}}}", fields.join(", "))?;
            }
            kind => {
                let word = WORDS.iter().find(|(_, other)| other == kind).map_or("", |(word, _)| word);
                f.write_str(word)?;
            }
        }
        f.write_str(if self.required { "!" } else { "" })
    }
}

struct TypeParser<'a> {
    rest: &'a str,
}

impl TypeParser<'_> {
    fn parse(&mut self, depth: usize) -> Result<DeclaredType, String> {
        if depth > DEPTH_MAX {
            return Err(format!("the type is nested deeper than {DEPTH_MAX} levels"));
        }
        let kind = if self.takes("[") {
            let element = self.parse(depth + 1)?;
            self.needs("]")?;
            DeclaredKind::List(Box::new(element))
        } else if self.takes("{") {
            self.fields(depth)?
        } else {
            self.word()?
        };
        let required = self.takes("!");
        if !required {
            self.takes("?");
        }
        Ok(DeclaredType { kind, required })
    }

    fn fields(&mut self, depth: usize) -> Result<DeclaredKind, String> {
        let mut fields: Vec<(String, DeclaredType)> = Vec::new();
        loop {
            let name = self.name()?;
            self.needs(":")?;
            if fields.iter().any(|(other, _)| *other == name) {
                return Err(format!("the type names `{name}` twice"));
            }
            fields.push((name, self.parse(depth + 1)?));
            if !self.takes(",") {
                self.needs("}")?;
                return Ok(DeclaredKind::Map(fields));
            }
        }
    }

    /// The name of a key, in quotes where it holds what has a meaning in types.
    fn name(&mut self) -> Result<String, String> {
        let (name, rest) = if let Some(quoted) = self.rest.strip_prefix('"') {
            quoted.split_once('"').ok_or("a quote in the type is never closed")?
        } else {
            let end = self.rest.find([':', ',', '{', '}', '[', ']']).unwrap_or(self.rest.len());
            (self.rest[..end].trim(), &self.rest[end..])
        };
        if name.is_empty() {
            return Err("a key of the type has no name; write `{lat: number, lon: number}`".to_owned());
        }
        let name = name.to_owned();
        self.rest = rest.trim_start();
        Ok(name)
    }

    fn word(&mut self) -> Result<DeclaredKind, String> {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let word = &self.rest[..end];
        if word == "decimal" {
            self.rest = self.rest[end..].trim_start();
            return self.decimal();
        }
        let Some((_, kind)) = WORDS.iter().find(|(other, _)| *other == word) else {
            let names = WORDS.map(|(word, _)| format!("`{word}`")).join(", ");
            let shown = if word.is_empty() { self.rest } else { word };
            return Err(format!(
                "`{shown}` is no type; the types are {names}, `decimal(12,2)`, `[string]`, `{{lat: number}}`"
            ));
        };
        self.rest = self.rest[end..].trim_start();
        Ok(kind.clone())
    }

    fn decimal(&mut self) -> Result<DeclaredKind, String> {
        let wrong = || {
            format!(
                "a decimal is `decimal(12,2)`: at most {PRECISION_MAX} digits, and how many of them stand behind the point"
            )
        };
        let inner = self.rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).ok_or_else(wrong)?;
        let (precision, scale) = inner.0.split_once(',').ok_or_else(wrong)?;
        let number = |text: &str| text.trim().parse::<u8>().map_err(|_| wrong());
        let (precision, scale) = (number(precision)?, number(scale)?);
        if !(1..=PRECISION_MAX).contains(&precision) || scale > precision {
            return Err(wrong());
        }
        self.rest = inner.1.trim_start();
        Ok(DeclaredKind::Decimal { precision, scale })
    }

    fn takes(&mut self, sign: &str) -> bool {
        let found = self.rest.strip_prefix(sign);
        self.rest = found.unwrap_or(self.rest).trim_start();
        found.is_some()
    }

    fn needs(&mut self, sign: &str) -> Result<(), String> {
        if self.takes(sign) {
            return Ok(());
        }
        let place = if self.rest.is_empty() { "its end".to_owned() } else { format!("`{}`", self.rest) };
        Err(format!("the type needs `{sign}` at {place}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let found = match DeclaredType::parse(text) {
            Ok(found) => found.to_string(),
            Err(what) => what,
        };
        assert_eq!(found, expect);
    }

    #[test]
    fn types_are_read_as_they_are_shown() {
        for text in
            ["integer", "number!", "decimal(12,2)", "[string]", "[[date!]]!", "{lat: number, lon: [time]}"]
        {
            check(text, text);
        }
        check(" string ? ", "string");
        check("{ \"a:b\" : timestamp? , c: boolean}", "{a:b: timestamp, c: boolean}");
        check("decimal( 76 , 76 )!", "decimal(76,76)!");
    }

    #[test]
    fn what_is_no_type_says_what_to_write() {
        let types = "the types are `boolean`, `integer`, `number`, `string`, `date`, `time`, `timestamp`, `decimal(12,2)`, `[string]`, `{lat: number}`";
        check("int", &format!("`int` is no type; {types}"));
        check("[", &format!("`` is no type; {types}"));
        check("integer x", "`integer x` is no type: `x` stands behind it");
        check("[string", "the type needs `]` at its end");
        check("{a string}", "the type needs `:` at `}`");
        check("{a: string, a: date}", "the type names `a` twice");
        check("{: string}", "a key of the type has no name; write `{lat: number, lon: number}`");
        for text in ["decimal", "decimal(77,0)", "decimal(2,3)", "decimal(0,0)", "decimal(x,1)"] {
            assert!(DeclaredType::parse(text).is_err_and(|what| what.starts_with("a decimal is")), "{text}");
        }
        assert!(DeclaredType::parse(&"[".repeat(100)).is_err_and(|what| what.contains("deeper")));
    }
}
