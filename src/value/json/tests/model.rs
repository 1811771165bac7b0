//! A model of the reader: it proves first that the text is UTF-8, then reads it byte by byte, and leaves numbers to the standard
//! library.

use crate::value::json::fault::{DEPTH_MAX, JsonError, JsonFault};
use crate::value::{self, NoFloat};

/// What a sink is told, in the order of the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Told {
    Null,
    Boolean(bool),
    Integer(i64),
    /// Its bits.
    Float(u64),
    String(String),
    Key(String),
    Array,
    ArrayEnd(usize),
    Object,
    ObjectEnd(usize),
}

/// Reads a text that is one value.
pub(super) fn read(text: &[u8]) -> Result<Vec<Told>, JsonError> {
    let text = std::str::from_utf8(text).map_err(|error| JsonError {
        offset: error.valid_up_to(),
        message: "the text is not valid UTF-8".to_owned(),
    })?;
    let mut model = Model { text, at: 0, told: Vec::new() };
    match model.whole() {
        Ok(()) => Ok(model.told),
        Err(fault) => Err(fault.explain(text.as_bytes(), model.at)),
    }
}

struct Model<'t> {
    text: &'t str,
    at: usize,
    told: Vec<Told>,
}

impl Model<'_> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn whole(&mut self) -> Result<(), JsonFault> {
        self.space();
        self.value(0)?;
        self.space();
        if self.byte().is_none() { Ok(()) } else { Err(JsonFault::Trailing) }
    }

    fn value(&mut self, depth: usize) -> Result<(), JsonFault> {
        let words = [("true", Told::Boolean(true)), ("false", Told::Boolean(false)), ("null", Told::Null)];
        if let Some((word, told)) = words.into_iter().find(|(word, _)| self.rest().starts_with(word)) {
            self.at += word.len();
            self.told.push(told);
            return Ok(());
        }
        match self.byte() {
            Some(b'"') => {
                let string = self.string()?;
                self.told.push(Told::String(string));
                Ok(())
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'[' | b'{') if depth == DEPTH_MAX => Err(JsonFault::Depth),
            Some(b'[') => {
                self.told.push(Told::Array);
                let count = self.entries(b']', JsonFault::ArrayEnd, |model| model.value(depth + 1))?;
                self.told.push(Told::ArrayEnd(count));
                Ok(())
            }
            Some(b'{') => {
                self.told.push(Told::Object);
                let count = self.entries(b'}', JsonFault::ObjectEnd, |model| model.entry(depth + 1))?;
                self.told.push(Told::ObjectEnd(count));
                Ok(())
            }
            _ => Err(JsonFault::Value),
        }
    }

    fn entry(&mut self, depth: usize) -> Result<(), JsonFault> {
        if self.byte() != Some(b'"') {
            return Err(JsonFault::Key);
        }
        let key = self.string()?;
        self.told.push(Told::Key(key));
        self.space();
        if self.byte() != Some(b':') {
            return Err(JsonFault::Colon);
        }
        self.at += 1;
        self.space();
        self.value(depth)
    }

    fn entries(
        &mut self,
        end: u8,
        or: JsonFault,
        entry: impl Fn(&mut Self) -> Result<(), JsonFault>,
    ) -> Result<usize, JsonFault> {
        self.at += 1;
        self.space();
        let mut count = 0;
        if self.byte() != Some(end) {
            loop {
                entry(self)?;
                count += 1;
                self.space();
                match self.byte() {
                    Some(b',') => self.at += 1,
                    Some(byte) if byte == end => break,
                    _ => return Err(or),
                }
                self.space();
            }
        }
        self.at += 1;
        Ok(count)
    }

    fn string(&mut self) -> Result<String, JsonFault> {
        self.at += 1;
        let mut string = String::new();
        loop {
            match self.rest().chars().next() {
                None => return Err(JsonFault::Unterminated),
                Some('"') => break,
                Some('\\') => string.push(self.escape()?),
                Some('\0'..='\u{1f}') => return Err(JsonFault::Control),
                Some(character) => {
                    string.push(character);
                    self.at += character.len_utf8();
                }
            }
        }
        self.at += 1;
        Ok(string)
    }

    fn escape(&mut self) -> Result<char, JsonFault> {
        self.at += 1;
        let character = match self.byte() {
            None => return Err(JsonFault::Unterminated),
            Some(b'u') => return self.units(),
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(_) => return Err(JsonFault::Escape),
        };
        self.at += 1;
        Ok(character)
    }

    /// One or two times `uXXXX`.
    fn units(&mut self) -> Result<char, JsonFault> {
        let start = self.at;
        let mut units = vec![self.unit()?];
        if (0xd800..0xdc00).contains(&units[0]) && self.rest().starts_with("\\u") {
            self.at += 1;
            units.push(self.unit()?);
        }
        match char::decode_utf16(units).collect::<Result<String, _>>() {
            Ok(text) if text.chars().count() == 1 => Ok(text.chars().next().expect("there is one")),
            _ => {
                self.at = start;
                Err(JsonFault::Surrogate)
            }
        }
    }

    fn unit(&mut self) -> Result<u16, JsonFault> {
        let digits = self.text.as_bytes().get(self.at + 1..self.at + 5).ok_or(JsonFault::Hex)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(JsonFault::Hex);
        }
        self.at += 5;
        let digits = std::str::from_utf8(digits).expect("digits are ASCII");
        Ok(u16::from_str_radix(digits, 16).expect("four digits"))
    }

    fn number(&mut self) -> Result<(), JsonFault> {
        let start = self.at;
        self.at += usize::from(self.byte() == Some(b'-'));
        let first = self.at;
        self.digits()?;
        if self.text.as_bytes()[first] == b'0' && self.at > first + 1 {
            self.at = first + 1;
            return Err(JsonFault::Number);
        }
        let mut is_integer = true;
        if self.byte() == Some(b'.') {
            is_integer = false;
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            is_integer = false;
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let number = &self.text[start..self.at];
        let told = match (is_integer, value::float(number)) {
            (true, _) if number == "-0" => Ok(Told::Float((-0.0_f64).to_bits())),
            (true, _) => number.parse().map(Told::Integer).map_err(|_| JsonFault::IntegerRange),
            (false, Ok(float)) => Ok(Told::Float(float.to_bits())),
            (false, Err(NoFloat::TooSmall)) => Err(JsonFault::FloatTooSmall),
            (false, Err(_)) => Err(JsonFault::FloatTooLarge),
        };
        self.told.push(told.inspect_err(|_| self.at = start)?);
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonFault> {
        let count = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.at += count;
        if count == 0 { Err(JsonFault::Number) } else { Ok(()) }
    }
}
