//! A group is what is known of all items with one key.

use smallvec::SmallVec;

use super::kind::AggregateKind;
use super::number::Number;
use super::options::{AggregateField, AggregateOptions};
use super::quantile::{at, quantile};
use super::state::{State, Sum};
use crate::value::{json, printable};

/// What is known of the items of one key.
///
/// It begins where a line of the cache does, so that it lies in as few of them as can be.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct Group {
    /// Where its first item came.
    pub(super) place: u64,
    /// The JSON text of its key, as the first item has it.
    pub(super) key: Box<[u8]>,
    /// What it is found by; short ones stand here, so that a look at the group fetches them.
    pub(super) sort_key: SmallVec<[u8; 16]>,
    pub(super) count: u64,
    pub(super) states: SmallVec<[State; 2]>,
}

impl Group {
    /// Without any items.
    pub(super) fn new(options: &AggregateOptions, place: u64, key: &[u8], sort_key: &[u8]) -> Self {
        let states = options.states.iter().map(|(_, kind)| State::new(*kind)).collect();
        Self { place, key: key.trim_ascii().into(), sort_key: sort_key.into(), count: 0, states }
    }

    /// The bytes that it takes beside itself.
    pub(super) fn bytes(&self) -> usize {
        let long = if self.sort_key.spilled() { self.sort_key.len() + 16 } else { 0 };
        let many = if self.states.spilled() { size_of_val(&self.states[..]) + 16 } else { 0 };
        let states: usize = self.states.iter().map(State::bytes).sum();
        self.key.len() + 16 + long + many + states
    }

    /// Takes the next item, and gives how many bytes more are taken. `Err` says why a value is none.
    pub(super) fn add(&mut self, options: &AggregateOptions, values: &[&[u8]]) -> Result<usize, String> {
        self.count += 1;
        let mut more = 0;
        // Several states of one value parse its number once.
        let mut parsed: Option<(usize, Option<Number>)> = None;
        for (at, state) in self.states.iter_mut().enumerate() {
            let place = options.states[at].0;
            let value = values[place].trim_ascii();
            if value == b"null" {
                continue;
            }
            let before = state.bytes();
            let number = || match parsed {
                Some((known, number)) if known == place => number,
                _ => parsed.insert((place, Number::parse(value))).1,
            };
            state.add(value, number).map_err(|_| no_number(options, at, value))?;
            more += state.bytes().saturating_sub(before);
        }
        Ok(more)
    }

    /// Appends its item. `Err` says which of its fields has no value.
    pub(super) fn write(&mut self, options: &AggregateOptions, line: &mut Vec<u8>) -> Result<(), String> {
        line.push(b'{');
        if options.has_key {
            line.extend_from_slice(b"\"key\":");
            line.extend_from_slice(&self.key);
        }
        for (field, state) in &options.fields {
            if line.last() != Some(&b'{') {
                line.push(b',');
            }
            json::write_string(line, field.name.as_bytes());
            line.push(b':');
            match self.states.get_mut(*state) {
                None => json::write_integer(line, self.count as i64),
                Some(state) => {
                    value(field.kind, state, line).map_err(|_| too_large(field, options, &self.key))?;
                }
            }
        }
        line.push(b'}');
        Ok(())
    }
}

/// A sum is beyond 64 bits.
struct TooLarge;

/// Appends the value of a field.
fn value(kind: AggregateKind, state: &mut State, line: &mut Vec<u8>) -> Result<(), TooLarge> {
    let or_null = |number: Option<Number>, line: &mut Vec<u8>| match number {
        Some(number) => number.write(line),
        None => line.extend_from_slice(b"null"),
    };
    match (kind, state) {
        (AggregateKind::Mean, State::Sum(sum)) => {
            let mean = (sum.count > 0).then(|| Number::Float(sum.rounded(sum.count)));
            or_null(mean, line);
        }
        (_, State::Sum(sum)) => total(sum)?.write(line),
        (AggregateKind::Quantile(share), State::Numbers(all)) => {
            let count = all.len() as u64;
            or_null(quantile(share, count, &mut |place| at(all, place)), line);
        }
        (AggregateKind::Quantile(share), State::Picked(count, picked)) => {
            let mut at = |place| picked.get(&place).copied().unwrap_or(Number::Integer(0));
            or_null(quantile(share, *count, &mut at), line);
        }
        (_, State::Extreme { found: Some(found), .. }) => line.extend_from_slice(&found.1),
        (_, State::First(Some(text)) | State::Last(Some(text))) => line.extend_from_slice(text),
        (_, State::Different(all)) if !all.is_empty() => json::write_integer(line, all.len() as i64),
        (_, State::Counted(count)) if *count > 0 => json::write_integer(line, *count as i64),
        _ => line.extend_from_slice(b"null"),
    }
    Ok(())
}

/// A sum of integers is one, as long as it is an integer at all.
fn total(sum: &Sum) -> Result<Number, TooLarge> {
    if sum.floats.is_none() {
        return i64::try_from(sum.integers).map(Number::Integer).map_err(|_| TooLarge);
    }
    Some(sum.rounded(1)).filter(|total| total.is_finite()).map(Number::Float).ok_or(TooLarge)
}

fn too_large(field: &AggregateField, options: &AggregateOptions, key: &[u8]) -> String {
    let of = if options.has_key { format!(" of the group {}", shown(key)) } else { String::new() };
    format!("`aggregate` failed: the sum `{}`{of} is beyond 64 bits", printable(&field.name))
}

/// Why a value is none for the state at `at`.
fn no_number(options: &AggregateOptions, at: usize, value: &[u8]) -> String {
    let field = options.fields.iter().find(|(_, state)| *state == at).map(|(field, _)| field);
    let (name, what) = field.map_or(("", ""), |field| {
        let what = match field.kind {
            AggregateKind::Mean => "mean",
            AggregateKind::Quantile(_) => "quantile",
            _ => "sum",
        };
        (&field.name, what)
    });
    format!("the {what} `{}` is made of numbers, and this is {}", printable(name), shown(value))
}

/// The beginning of a JSON text.
fn shown(json: &[u8]) -> String {
    const LONGEST: usize = 60;
    let text = String::from_utf8_lossy(json);
    let cut: String = text.chars().take(LONGEST).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}
