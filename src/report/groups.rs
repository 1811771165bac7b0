//! Failures of one step are put in groups here, for the terminal, the report and `show`: by kind, place, and what their
//! messages have in common. Memory is bounded by the number of groups.

use std::collections::HashMap;
use std::sync::Arc;

use super::account::Group;
use super::alike::{self, CommonText};
use crate::event::{FailureKind, Place};

/// Groups kept. Messages that hold a piece of the item without quotes would else be kept once for each item.
const KEPT: usize = 1000;
/// Items named in each group.
const ITEMS: usize = 3;

/// The failures of one step.
#[derive(Debug, Default)]
pub struct FailureGroups {
    total: u64,
    groups: HashMap<GroupKey, AlikeFailures>,
}

/// What failures of one group share.
#[derive(Debug, PartialEq, Eq, Hash)]
struct GroupKey {
    kind: FailureKind,
    place: Option<Place>,
    words: String,
}

#[derive(Debug)]
struct AlikeFailures {
    message: CommonText,
    count: u64,
    /// The first items by index, in order (failures come in any order), and of rows that could not be read where they stand.
    first: Vec<(u64, Option<Place>)>,
    /// The file of all those rows, when it is one.
    file: Option<Arc<str>>,
}

impl FailureGroups {
    /// Counts a failure.
    pub fn add(&mut self, index: u64, kind: FailureKind, message: &str, place: Option<&Place>) {
        self.total += 1;
        let row = place.filter(|_| kind == FailureKind::BadRow);
        // Where an item was when its time was over is chance; rows are all in other places. It would scatter what belongs
        // together.
        let scatters = matches!(kind, FailureKind::Timeout | FailureKind::Deadline | FailureKind::BadRow);
        let place = place.filter(|_| !scatters).cloned();
        let parts = alike::parts(message);
        let key = GroupKey { kind, place, words: alike::words(&parts) };
        if let Some(group) = self.groups.get_mut(&key) {
            group.message.meet(&parts);
            group.add(index, row);
        } else if self.groups.len() < KEPT {
            let (message, file) = (CommonText::of(&parts), row.map(|row| Arc::clone(&row.file)));
            let group = self.groups.entry(key);
            group.or_insert(AlikeFailures { message, count: 0, first: Vec::new(), file }).add(index, row);
        }
    }

    /// Whether nothing failed.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Failures in all, also those beyond the last group that is kept.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The groups, the most frequent first.
    pub fn list(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = self.groups.iter().map(|(key, group)| group.told(key)).collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(group.count), group.items.first().copied()));
        groups
    }
}

impl AlikeFailures {
    fn add(&mut self, index: u64, row: Option<&Place>) {
        self.count += 1;
        if self.file.as_ref() != row.map(|row| &row.file) {
            self.file = None;
        }
        let at = self.first.partition_point(|(other, _)| *other < index);
        if at < ITEMS {
            self.first.insert(at, (index, row.cloned()));
            self.first.truncate(ITEMS);
        }
    }

    fn told(&self, key: &GroupKey) -> Group {
        // Of one row the place is known exactly.
        let row = self.first.first().and_then(|(_, row)| row.as_ref()).filter(|_| self.count == 1);
        let place = key.place.as_ref().or(row);
        let source = place.and_then(|place| Some((place.line, place.source.as_ref()?.to_string())));
        Group {
            kind: key.kind.name().to_owned(),
            message: self.message.text(),
            search: self.message.longest().to_owned(),
            place: place.map(ToString::to_string).or_else(|| self.file.as_ref().map(ToString::to_string)),
            source,
            count: self.count,
            items: self.first.iter().map(|(index, _)| *index).collect(),
            rows: if row.is_some() { Vec::new() } else { self.rows() },
        }
    }

    /// Where the first rows stand: their lines, with the file where there are several.
    fn rows(&self) -> Vec<String> {
        let place = |place: &Place| match self.file {
            Some(_) => place.line.to_string(),
            None => place.to_string(),
        };
        self.first.iter().filter_map(|(_, row)| row.as_ref().map(place)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(file: &str, line: u64) -> Place {
        Place { file: file.into(), line, column: None, source: Some("return x".into()) }
    }

    fn row(file: &str, line: u64) -> Place {
        Place { source: None, ..place(file, line) }
    }

    /// Count, message, place, items and rows of each group.
    fn told(groups: &FailureGroups) -> Vec<String> {
        let text = |group: &Group| {
            let place = group.place.as_deref().unwrap_or("-");
            format!("{} {} {place} {:?} {:?}", group.count, group.message, group.items, group.rows)
        };
        groups.list().iter().map(text).collect()
    }

    #[test]
    fn failures_alike_at_one_place_are_a_group() {
        let mut groups = FailureGroups::default();
        for index in [9, 4, 2, 7] {
            groups.add(index, FailureKind::Error, &format!("no user {index}"), Some(&place("p.yaml", 3)));
        }
        groups.add(1, FailureKind::Error, "no user 1", Some(&place("p.yaml", 5)));
        groups.add(3, FailureKind::Memory, "no user 3", Some(&place("p.yaml", 3)));
        groups.add(5, FailureKind::Timeout, "timeout after 1s", Some(&place("p.yaml", 3)));
        groups.add(6, FailureKind::Timeout, "timeout after 1s", Some(&place("p.yaml", 4)));
        assert_eq!(
            told(&groups),
            [
                "4 no user … p.yaml:3 [2, 4, 7] []",
                "2 timeout after 1s - [5, 6] []",
                "1 no user 1 p.yaml:5 [1] []",
                "1 no user 3 p.yaml:3 [3] []",
            ]
        );
        assert_eq!(groups.list()[0].source, Some((3, "return x".to_owned())));
        assert_eq!((groups.total(), groups.is_empty()), (8, false));
    }

    #[test]
    fn bad_rows_have_their_lines_and_their_file_where_it_is_one() {
        let mut groups = FailureGroups::default();
        for (index, line) in [(5, 9), (1, 1), (3, 5), (7, 13)] {
            groups.add(
                index,
                FailureKind::BadRow,
                &format!("bad at column {line}"),
                Some(&row("a.jsonl", line)),
            );
        }
        groups.add(2, FailureKind::BadRow, "worse", Some(&row("b.jsonl", 4)));
        groups.add(1, FailureKind::BadRow, "worse", Some(&row("a.jsonl", 2)));
        groups.add(4, FailureKind::BadRow, "worst", Some(&row("a.jsonl", 2)));
        assert_eq!(
            told(&groups),
            [
                r#"4 bad at column … a.jsonl [1, 3, 5] ["1", "5", "9"]"#,
                r#"2 worse - [1, 2] ["a.jsonl:2", "b.jsonl:4"]"#,
                r"1 worst a.jsonl:2 [4] []",
            ]
        );
    }

    #[test]
    fn groups_are_bounded_and_the_rest_is_counted() {
        let mut groups = FailureGroups::default();
        for index in 0..KEPT as u64 + 5 {
            // Letters only, so that no two are alike.
            let word: String =
                index.to_string().bytes().map(|digit| char::from(b'k' + digit - b'0')).collect();
            groups.add(index, FailureKind::Error, &word, None);
        }
        assert_eq!((groups.list().len(), groups.total()), (KEPT, KEPT as u64 + 5));
    }
}
