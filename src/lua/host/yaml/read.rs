//! `yaml.decode` turns parser events into JSON text, with a stack of its own, so that no text can make it recurse,
//! and with a look at deadline and memory on the way, so that neither long texts nor aliases of aliases run away.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag, options};
use mlua::Value;

use super::anchor::{Anchor, KeyName};
use super::words::{self, shown};
use crate::lua::host::call::Call;
use crate::lua::host::tally::Tally;
use crate::lua::host_error::{self, HostError};
use crate::lua::raw;
use crate::value::json;
use crate::value::scalar::{self, Scalar};

/// Bytes of a text. The parser takes a scalar in one go and cannot be stopped in it; this much takes it less than
/// half a second.
const TEXT_BYTES_MAX: usize = 16 << 20;

/// The value of a document in a list of its own.
pub(in crate::lua::host) fn boxed(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let text = call.text(1, s)?;
    if text.len() > TEXT_BYTES_MAX {
        return Err(call.bad_because(1, &format!("a text of at most {TEXT_BYTES_MAX} bytes expected")));
    }
    let json = YamlReader::new(call, &text).read()?;
    raw::decode(call.lua, &call.state.array, &json)?
        .map_err(|error| HostError::refusal(format!("`{}`: {}", call.name, error.message)).into())
}

/// A map or list that is not yet complete.
struct OpenNode {
    /// Where its JSON text begins.
    start: usize,
    anchor: usize,
    is_map: bool,
    /// Entries so far.
    count: usize,
    /// What a map's next value belongs to; `None` while a key is expected.
    key: Option<YamlKey>,
    seen: HashSet<Rc<str>>,
    /// JSON texts of what is to be merged.
    merges: Vec<Vec<u8>>,
    /// Levels below and including it.
    height: usize,
}

/// What a key of an open map takes beside its text: it is remembered, to find repetitions.
const KEY_BYTES: usize = 64;

enum YamlKey {
    Plain,
    /// `<<`; the text of its value begins there.
    Merge(usize),
}

struct YamlReader<'a> {
    call: &'a Call<'a>,
    text: &'a str,
    out: Vec<u8>,
    stack: Vec<OpenNode>,
    anchors: HashMap<usize, Anchor>,
    /// Counts what is held: the text, the anchors, the keys of open maps.
    tally: Tally<'a>,
}

impl<'a> YamlReader<'a> {
    fn new(call: &'a Call<'a>, text: &'a str) -> Self {
        Self { call, text, out: vec![b'['], stack: Vec::new(), anchors: HashMap::new(), tally: call.tally() }
    }

    /// The JSON text of a list that holds the document.
    fn read(mut self) -> mlua::Result<Vec<u8>> {
        let settings = options! {
            emit_comments: false, emit_anchor_events: false, emit_unresolved_aliases: true, strict_indentation: true,
        };
        let mut documents = 0;
        for (step, next) in Parser::new_from_str_with_options(self.text, settings).enumerate() {
            self.call.checkpoint_each(step)?;
            let (event, span) = next.map_err(|error| {
                let at = error.marker().byte_offset().unwrap_or(self.text.len());
                self.refuse(at, &words::syntax(error.kind()))
            })?;
            let at = span.byte_range().unwrap_or_default().start;
            if matches!(event, Event::DocumentStart(..)) {
                documents += 1;
                if documents > 1 {
                    return Err(self.refuse(at, "a second document begins; `yaml.decode` reads one"));
                }
            }
            let before = self.out.len();
            self.event(event, &span, at)?;
            self.tally.add(self.out.len().saturating_sub(before))?;
        }
        if documents == 0 {
            self.out.extend_from_slice(b"null");
        }
        self.out.push(b']');
        Ok(self.out)
    }

    fn event(&mut self, event: Event<'_>, span: &Span, at: usize) -> mlua::Result<()> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = self.scalar(&text, style, tag.as_deref(), at)?;
                let is_key = self.expects_key();
                let key = (is_key || anchor > 0).then(|| {
                    let written = span.byte_range().and_then(|range| self.text.get(range));
                    KeyName::new(&scalar, written.unwrap_or_default(), style, tag.is_some())
                });
                self.separate();
                let start = self.out.len();
                write_scalar(&mut self.out, &scalar);
                // The anchor of a key stands for its value, which is a number where the key is one.
                self.remember(start, anchor, 0, key.as_ref())?;
                if is_key {
                    self.out.truncate(start);
                    return self.key(key, at);
                }
                self.finish(0, at)
            }
            Event::SequenceStart(_, anchor, tag) => self.open(false, anchor, tag.as_deref(), at),
            Event::MappingStart(_, anchor, tag) => self.open(true, anchor, tag.as_deref(), at),
            Event::SequenceEnd | Event::MappingEnd => self.close(at),
            Event::Alias(id) => self.alias(id, at),
            Event::UnresolvedAlias(name) => {
                Err(self.refuse(at, &format!("there is no anchor `&{}` above", shown(&name))))
            }
            _ => Ok(()),
        }
    }

    fn expects_key(&self) -> bool {
        self.stack.last().is_some_and(|frame| frame.is_map && frame.key.is_none())
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>, at: usize) -> mlua::Result<Scalar> {
        let scalar = match tag {
            // The non-specific tag `!` says that a scalar is a text.
            Some(tag) if tag.core_suffix().is_none() && tag.suffix() == "!" => {
                Ok(Scalar::Text(text.to_owned()))
            }
            Some(tag) if tag.core_suffix().is_none() => return Err(self.custom_tag(tag, at)),
            Some(tag) => scalar::tagged(text, tag.core_suffix()),
            None if style == ScalarStyle::Plain => scalar::plain(text),
            None => Ok(Scalar::Text(text.to_owned())),
        };
        scalar.map_err(|unfit| self.refuse(at, &words::unfit(unfit, text)))
    }

    fn custom_tag(&self, tag: &Tag, at: usize) -> mlua::Error {
        self.refuse(at, &format!("the tag `{}` has no meaning here", shown(&tag.original())))
    }

    /// A comma, where the list at hand has an element already.
    fn separate(&mut self) {
        if let Some(frame) = self.stack.last()
            && !frame.is_map
            && frame.count > 0
        {
            self.out.push(b',');
        }
    }

    /// Writes a key; `None` is what cannot be one.
    fn key(&mut self, name: Option<KeyName>, at: usize) -> mlua::Result<()> {
        let Some(KeyName { text, is_merge }) = name else {
            return Err(self.refuse(at, "a key cannot be a list or a map"));
        };
        let Some(frame) = self.stack.last_mut() else { return Ok(()) };
        if is_merge {
            frame.key = Some(YamlKey::Merge(self.out.len()));
            return Ok(());
        }
        if frame.seen.contains(&text) {
            return Err(self.refuse(at, &format!("the key `{}` is given twice", shown(&text))));
        }
        push_key(&mut self.out, frame, &text);
        let held = text.len() + KEY_BYTES;
        frame.seen.insert(text);
        frame.key = Some(YamlKey::Plain);
        self.tally.add(held)
    }

    fn open(&mut self, is_map: bool, anchor: usize, tag: Option<&Tag>, at: usize) -> mlua::Result<()> {
        if let Some(tag) = tag {
            let fits = tag.core_suffix() == Some(if is_map { "map" } else { "seq" });
            if !fits && tag.suffix() != "!" {
                return Err(self.custom_tag(tag, at));
            }
        }
        if self.expects_key() {
            return self.key(None, at);
        }
        if self.stack.len() == json::DEPTH_MAX {
            return Err(self.too_deep(at));
        }
        self.separate();
        let start = self.out.len();
        self.out.push(if is_map { b'{' } else { b'[' });
        let (seen, merges) = (HashSet::new(), Vec::new());
        self.tally.add(size_of::<OpenNode>())?;
        self.stack.push(OpenNode { start, anchor, is_map, count: 0, key: None, seen, merges, height: 1 });
        Ok(())
    }

    fn close(&mut self, at: usize) -> mlua::Result<()> {
        let Some(mut frame) = self.stack.pop() else { return Ok(()) };
        for merge in std::mem::take(&mut frame.merges) {
            self.merge(&mut frame, &merge, at)?;
        }
        self.out.push(if frame.is_map { b'}' } else { b']' });
        self.remember(frame.start, frame.anchor, frame.height, None)?;
        self.finish(frame.height, at)
    }

    fn alias(&mut self, id: usize, at: usize) -> mlua::Result<()> {
        let Some(Anchor { json, height, key }) = self.anchors.get(&id).cloned() else {
            return Err(self.refuse(at, "an alias stands inside of its own anchor"));
        };
        if self.expects_key() {
            return self.key(key, at);
        }
        self.call.room_for(json.len())?;
        self.call.checkpoint()?;
        self.separate();
        self.out.extend_from_slice(&json);
        self.finish(height, at)
    }

    /// Keeps what has been written from `start` on, where the node has an anchor.
    fn remember(
        &mut self,
        start: usize,
        anchor: usize,
        height: usize,
        key: Option<&KeyName>,
    ) -> mlua::Result<()> {
        if anchor == 0 {
            return Ok(());
        }
        let node = Anchor { json: self.out[start..].into(), height, key: key.cloned() };
        let bytes = node.bytes();
        self.anchors.insert(anchor, node);
        self.tally.add(bytes)
    }

    /// A value has been written; it is this many levels high.
    fn finish(&mut self, height: usize, at: usize) -> mlua::Result<()> {
        if self.stack.len() + height > json::DEPTH_MAX {
            return Err(self.too_deep(at));
        }
        let Some(frame) = self.stack.last_mut() else { return Ok(()) };
        frame.height = frame.height.max(height + 1);
        match frame.key.take() {
            Some(YamlKey::Merge(start)) => frame.merges.push(self.out.split_off(start)),
            Some(YamlKey::Plain) => {}
            None => frame.count += 1,
        }
        Ok(())
    }

    /// Adds the entries of a map, or of a list of maps, that the frame does not have yet.
    fn merge(&mut self, frame: &mut OpenNode, text: &[u8], at: usize) -> mlua::Result<()> {
        let _claim = self.call.claim(json::tree_bytes(text))?;
        let value = json::to_value(text).map_err(|error| self.refuse(at, &error.message))?;
        let maps = match value {
            serde_json::Value::Array(maps) => maps,
            map => vec![map],
        };
        for map in maps {
            let serde_json::Value::Object(map) = map else {
                return Err(self.refuse(at, "`<<` takes a map or a list of maps"));
            };
            for (key, value) in map {
                if frame.seen.contains(key.as_str()) {
                    continue;
                }
                push_key(&mut self.out, frame, &key);
                self.tally.add(key.len() + KEY_BYTES)?;
                frame.seen.insert(key.into());
                let before = self.out.len();
                let written = serde_json::to_writer(&mut self.out, &value);
                written.map_err(|error| self.refuse(at, &error.to_string()))?;
                self.tally.add(self.out.len() - before)?;
            }
        }
        Ok(())
    }

    fn too_deep(&self, at: usize) -> mlua::Error {
        self.refuse(at, &format!("the text is nested deeper than {} levels", json::DEPTH_MAX))
    }

    /// The error at a byte, with its line and column from 1, the column in characters.
    fn refuse(&self, at: usize, message: &str) -> mlua::Error {
        let place = host_error::place(self.text, at);
        HostError::refusal(format!("`{}`: {message} at {place}", self.call.name)).into()
    }
}

fn push_key(out: &mut Vec<u8>, frame: &mut OpenNode, key: &str) {
    if frame.count > 0 {
        out.push(b',');
    }
    frame.count += 1;
    json::write_string(out, key.as_bytes());
    out.push(b':');
}

fn write_scalar(out: &mut Vec<u8>, scalar: &Scalar) {
    match scalar {
        Scalar::Null => out.extend_from_slice(b"null"),
        Scalar::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Scalar::Int(value) => json::write_integer(out, *value),
        Scalar::Float(value) => json::write_float(out, *value),
        Scalar::Text(text) => {
            json::write_string(out, text.as_bytes());
        }
    }
}
