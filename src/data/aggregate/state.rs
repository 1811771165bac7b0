//! A state is what is kept of one value of a group's items, as far as its fields need it.

use std::collections::{BTreeMap, HashSet};

use super::exact_sum::{ExactSum, number};
use super::kind::AggregateKind;
use super::number::{Number, NumberKey};
use crate::data::push_sort_key;

/// Which state a value needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StateKind {
    Sum,
    Least,
    Greatest,
    First,
    Last,
    Numbers,
    Different,
}

impl StateKind {
    /// The one that a field is made of; none where it needs no value.
    pub(super) fn of(kind: AggregateKind) -> Option<Self> {
        match kind {
            AggregateKind::Count => None,
            AggregateKind::Sum | AggregateKind::Mean => Some(Self::Sum),
            AggregateKind::Min => Some(Self::Least),
            AggregateKind::Max => Some(Self::Greatest),
            AggregateKind::First => Some(Self::First),
            AggregateKind::Last => Some(Self::Last),
            AggregateKind::Quantile(_) => Some(Self::Numbers),
            AggregateKind::Distinct => Some(Self::Different),
        }
    }
}

/// A value: its sort key and its text.
type Keyed = (Box<[u8]>, Box<[u8]>);

/// What is kept of a value.
#[derive(Debug)]
#[expect(clippy::box_collection, reason = "groups hold some of them, so they are small")]
pub(super) enum State {
    /// All numbers together.
    Sum(Box<Sum>),
    /// The smallest or largest one: its sort key and its text.
    Extreme { is_greatest: bool, found: Option<Box<Keyed>> },
    /// The first one.
    First(Option<Box<[u8]>>),
    /// The last one.
    Last(Option<Box<[u8]>>),
    /// All numbers, apart.
    Numbers(Vec<NumberKey>),
    /// Of so many numbers, in order, those at the places that matter.
    Picked(u64, Box<BTreeMap<u64, Number>>),
    /// A digest of each value.
    Different(Box<HashSet<u128>>),
    /// How many different ones there are.
    Counted(u64),
}

/// The sum of some numbers.
#[derive(Debug, Default)]
pub(super) struct Sum {
    pub(super) count: u64,
    /// So many integers are never there that this would be too small.
    pub(super) integers: i128,
    /// The floats; `None`: there are none.
    pub(super) floats: Option<ExactSum>,
}

impl Sum {
    /// The sum or, divided by `count`, the mean, rounded once.
    pub(super) fn rounded(&self, count: u64) -> f64 {
        let mut all = self.floats.clone().unwrap_or_default();
        all.add_integer(self.integers, 1);
        all.rounded(count)
    }
}

/// Why a value cannot be taken: it is no number.
#[derive(Debug)]
pub(super) struct NoNumber;

impl State {
    pub(super) fn new(kind: StateKind) -> Self {
        match kind {
            StateKind::Sum => Self::Sum(Box::default()),
            StateKind::Least => Self::Extreme { is_greatest: false, found: None },
            StateKind::Greatest => Self::Extreme { is_greatest: true, found: None },
            StateKind::First => Self::First(None),
            StateKind::Last => Self::Last(None),
            StateKind::Numbers => Self::Numbers(Vec::new()),
            StateKind::Different => Self::Different(Box::default()),
        }
    }

    /// Takes the next value, which is not null; `number` is the number that it is, if it is one.
    pub(super) fn add(
        &mut self,
        value: &[u8],
        number: impl FnOnce() -> Option<Number>,
    ) -> Result<(), NoNumber> {
        match self {
            Self::Sum(sum) => {
                match number().ok_or(NoNumber)? {
                    Number::Integer(integer) => sum.integers += i128::from(integer),
                    float @ Number::Float(_) => sum.floats.get_or_insert_default().add(float, 1),
                }
                sum.count += 1;
            }
            Self::Numbers(all) => all.push(number().ok_or(NoNumber)?.key()),
            Self::Extreme { is_greatest, found } => {
                take_extreme(*is_greatest, found, &sort_key(value), value);
            }
            Self::First(found) => _ = found.get_or_insert_with(|| value.into()),
            Self::Last(found) => *found = Some(value.into()),
            Self::Different(all) => {
                all.insert(xxhash_rust::xxh3::xxh3_128(&sort_key(value)));
            }
            Self::Picked(..) | Self::Counted(_) => {}
        }
        Ok(())
    }

    /// The bytes that it takes beside itself.
    pub(super) fn bytes(&self) -> usize {
        let text = |text: &[u8]| text.len() + 16;
        match self {
            Self::Sum(sum) => size_of::<Sum>() + 16 + sum.floats.as_ref().map_or(0, ExactSum::bytes),
            Self::Extreme { found, .. } => {
                let keyed = |found: &Keyed| size_of::<Keyed>() + 16 + text(&found.0) + text(&found.1);
                found.as_deref().map_or(0, keyed)
            }
            Self::First(found) | Self::Last(found) => found.as_deref().map_or(0, text),
            Self::Numbers(all) => all.capacity() * size_of::<NumberKey>(),
            // A byte for each place tells whether it is in use.
            Self::Different(all) => {
                size_of::<HashSet<u128>>() + 16 + all.capacity() * (size_of::<u128>() + 1) * 8 / 7
            }
            Self::Picked(..) | Self::Counted(_) => 0,
        }
    }

    /// Appends it as bytes. Values that are kept apart are given to `apart`, and only their number is written.
    pub(super) fn store<E>(
        &mut self,
        out: &mut Vec<u8>,
        apart: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Sum(sum) => {
                out.extend_from_slice(&sum.count.to_le_bytes());
                out.extend_from_slice(&sum.integers.to_le_bytes());
                out.push(u8::from(sum.floats.is_some()));
                sum.floats.iter_mut().for_each(|floats| floats.store(out));
            }
            Self::Extreme { found, .. } => {
                out.push(u8::from(found.is_some()));
                if let Some((key, text)) = found.as_deref() {
                    store_bytes(key, out);
                    store_bytes(text, out);
                }
            }
            Self::First(found) | Self::Last(found) => {
                out.push(u8::from(found.is_some()));
                if let Some(text) = found {
                    store_bytes(text, out);
                }
            }
            Self::Numbers(all) => {
                out.extend_from_slice(&(all.len() as u64).to_le_bytes());
                all.iter().try_for_each(|number| apart(number))?;
            }
            Self::Different(all) => all.iter().try_for_each(|digest| apart(&digest.to_be_bytes()))?,
            Self::Picked(..) | Self::Counted(_) => {}
        }
        Ok(())
    }

    /// Takes what [`State::store`] has written of later items. Of values that are kept apart only the number is known afterwards.
    pub(super) fn merge(&mut self, input: &mut &[u8]) {
        match self {
            Self::Sum(sum) => {
                sum.count += number(input, 8);
                let (low, high) = (number(input, 8), number(input, 8));
                sum.integers += (u128::from(high) << 64 | u128::from(low)) as i128;
                if number(input, 1) == 1 {
                    sum.floats.get_or_insert_default().merge(&ExactSum::read(input));
                }
            }
            Self::Extreme { is_greatest, found } => {
                if number(input, 1) == 1 {
                    let (key, text) = (read_bytes(input), read_bytes(input));
                    take_extreme(*is_greatest, found, key, text);
                }
            }
            Self::First(found) => {
                if number(input, 1) == 1 {
                    let text = read_bytes(input);
                    found.get_or_insert_with(|| text.into());
                }
            }
            Self::Last(found) => {
                if number(input, 1) == 1 {
                    *found = Some(read_bytes(input).into());
                }
            }
            Self::Numbers(_) => *self = Self::Picked(number(input, 8), Box::default()),
            Self::Picked(count, _) => *count += number(input, 8),
            Self::Different(_) => *self = Self::Counted(0),
            Self::Counted(_) => {}
        }
    }
}

/// Of equal values the first one stays.
fn take_extreme(is_greatest: bool, found: &mut Option<Box<Keyed>>, key: &[u8], text: &[u8]) {
    let is_better = |known: &Keyed| if is_greatest { *key > *known.0 } else { *key < *known.0 };
    if found.as_deref().is_none_or(is_better) {
        *found = Some(Box::new((key.into(), text.into())));
    }
}

/// The bytes by which a value compares. What an expression gave is JSON.
fn sort_key(value: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(value.len() + 8);
    // A value that could not be read would compare as nothing, and never comes.
    let _ = push_sort_key(value, false, &mut key);
    key
}

fn store_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn read_bytes<'i>(input: &mut &'i [u8]) -> &'i [u8] {
    let length = number(input, 8) as usize;
    let (bytes, rest) = input.split_at(length.min(input.len()));
    *input = rest;
    bytes
}
