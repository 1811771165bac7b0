//! A combination has one value of each `--each`; it becomes parameters, and parts of the names of files.

use std::path::{Path, PathBuf};

use crate::cli::args::OutputArguments;

/// A name and its value, of each `--each`.
pub(super) type Combination = Vec<(String, String)>;

/// All combinations; the values of the last name change first.
pub(super) fn all(lists: &[(String, Vec<String>)]) -> Vec<Combination> {
    let mut combinations = vec![Vec::new()];
    for (name, values) in lists {
        let longer = |combination: &Combination| {
            let combination = combination.clone();
            values.iter().map(move |value| {
                let mut longer = combination.clone();
                longer.push((name.clone(), value.clone()));
                longer
            })
        };
        combinations = combinations.iter().flat_map(longer).collect();
    }
    combinations
}

/// Whether a path is another one for other values of one of these names.
pub(super) fn has_place(path: &Path, mut names: impl Iterator<Item = impl AsRef<str>>) -> bool {
    let path = path.to_string_lossy();
    names.any(|name| path.contains(&format!("{{{}}}", name.as_ref())))
}

/// The files of the options with the values of a combination in the place of `{NAME}`.
pub(in crate::cli) fn placed(output: &OutputArguments, values: &[(String, String)]) -> OutputArguments {
    let place = |path: &Option<PathBuf>| path.as_deref().map(|path| place(path, values));
    OutputArguments {
        events: place(&output.events),
        report: place(&output.report),
        junit: place(&output.junit),
        trace: place(&output.trace),
        ..output.clone()
    }
}

fn place(path: &Path, values: &[(String, String)]) -> PathBuf {
    if !has_place(path, values.iter().map(|(name, _)| name)) {
        return path.to_owned();
    }
    let text = path.to_string_lossy();
    let (mut placed, mut rest) = (String::new(), &*text);
    while let Some((before, behind)) = rest.split_once('{') {
        placed.push_str(before);
        let named = |(name, value): &'_ (String, String)| {
            let rest = behind.strip_prefix(name.as_str())?.strip_prefix('}')?;
            Some((value.clone(), rest))
        };
        if let Some((value, behind)) = values.iter().find_map(named) {
            // A value is a part of a name, never a way to another folder.
            placed.push_str(&value.replace(['/', '\0'], "_"));
            rest = behind;
        } else {
            placed.push('{');
            rest = behind;
        }
    }
    placed.push_str(rest);
    PathBuf::from(placed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_are_the_product_in_order() {
        let list = |name: &str, values: &[&str]| {
            (name.to_owned(), values.iter().map(|value| (*value).to_owned()).collect())
        };
        let all = all(&[list("day", &["1", "2"]), list("site", &["a", "b"])]);
        let told: Vec<String> = all
            .iter()
            .map(|one| one.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(""))
            .collect();
        assert_eq!(told, ["1a", "1b", "2a", "2b"]);
    }

    #[test]
    fn values_become_parts_of_names_and_no_folders() {
        let values = [("day".to_owned(), "../1".to_owned()), ("site".to_owned(), "{day}".to_owned())];
        let path = |text: &str| place(Path::new(text), &values).display().to_string();
        assert_eq!(path("out/{day}-{other}.html"), "out/.._1-{other}.html");
        assert_eq!(path("{{site}.{day"), "{{day}.{day");
        assert!(has_place(Path::new("r-{day}.html"), ["x", "day"].iter()));
        assert!(!has_place(Path::new("r-day.html"), ["x", "day"].iter()));
    }
}
