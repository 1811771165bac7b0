//! These tests run the binary in a pseudo-terminal of several widths, and look at what stands on its screen all the time.

use std::io::Read;
use std::num::NonZero;
use std::process::{Command, Stdio};

use crate::project::{Project, binary};

/// Rows of the screen.
const ROWS: u16 = 40;

/// Runs flowrun on a terminal of so many columns; gives the screen to `look` whenever something new stands there, and at
/// the end.
pub(crate) fn watch(project: &Project, columns: u16, args: &str, mut look: impl FnMut(&vt100::Screen)) {
    let command = format!("stty cols {columns} rows {ROWS}; exec {} {args}", binary());
    let mut child = Command::new("script")
        .args(["-qefc", &command, "/dev/null"])
        .current_dir(project.path("."))
        .env("TERM", "xterm-256color")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("util-linux is there");
    let mut parser = vt100::Parser::new(size(ROWS), size(columns), 0);
    let mut out = child.stdout.take().expect("it is ours");
    let mut bytes = [0; 4096];
    loop {
        let read = out.read(&mut bytes).expect("a pipe");
        if read == 0 {
            break;
        }
        parser.process(&bytes[..read]);
        look(parser.screen());
    }
    child.wait().expect("ours");
    look(parser.screen());
}

fn size(cells: u16) -> NonZero<u16> {
    NonZero::new(cells).expect("a screen has room")
}

/// The lines that stand on it.
fn lines(screen: &vt100::Screen) -> Vec<String> {
    let rows = screen.rows(0, screen.size().1.get()).map(|row| row.trim_end().to_owned());
    rows.filter(|row| !row.is_empty()).collect()
}

/// A step with a long name whose items fail, are tried again, left out, and take their time.
fn project() -> Project {
    Project::with(
        "steps:
  documents-of-this-year:
    items: { lua: 'local t = {} for i = 1, 300 do t[i] = i end return t' }
  clean-documents-of-this-year:
    from: documents-of-this-year
    map:
      concurrency: 4
      min_success_ratio: 0.1
      retries: { max: 1, delay: 1ms }
      lua: |
        time.sleep(0.03)
        if item % 10 == 3 then flow.skip('three') end
        if item % 10 == 5 then error('there is no text in document ' .. item .. ', which is why nothing can be made of it at all, whatever is tried') end
        if item == 7 then log.warn('this document has no title, and so it is called by the first words of its text, as far as there are any') end
        return item
  save:
    from: clean-documents-of-this-year
    write: a-folder-with-a-long-name/and-another-one/documents-that-are-clean-and-of-this-year.jsonl
",
    )
}

#[test]
fn nothing_wraps_and_what_matters_stays_at_every_width() {
    for columns in [60, 80, 120, 200] {
        let project = project();
        let (mut drawn, mut last) = (Vec::new(), Vec::new());
        watch(&project, columns, "pipeline.yaml", |screen| {
            let all = lines(screen);
            for row in 0..ROWS {
                assert!(!screen.row_wrapped(row), "{columns}: {}", all.join("\n"));
            }
            let is_live = |line: &&String| line.contains(" map clean") && line.contains("ETA ");
            drawn.extend(all.iter().find(is_live).cloned());
            last = all;
        });
        let screen = last.join("\n");
        // While it goes on.
        let line = drawn
            .iter()
            .rfind(|line| line.contains(" failed · "))
            .unwrap_or_else(|| panic!("{columns}: {drawn:#?}"));
        assert!(line.contains("/s · ETA "), "{line}");
        let is_wide = columns >= 120;
        assert_eq!(line.contains("clean-documents-of-this-year"), columns == 200, "{line}");
        assert_eq!(line.contains('━'), is_wide, "{columns}: {line}");
        if columns == 60 {
            assert!(!line.contains("skipped") && !line.contains("retried"), "{line}");
        }
        if is_wide {
            assert!(
                drawn.iter().any(|line| line.contains(" skipped · ") && line.contains(" retried · ")),
                "{drawn:#?}"
            );
        }
        // At its end.
        for words in [
            "300 items",
            "240 ok",
            "30 skipped",
            "30 failed (88.89 %, needed 10 %)",
            "30 retried",
            "  30 failed in clean-documents-of-this-year:",
            "30 × ",
            "items 5, 15, 25 …",
            "see them: flowrun show ",
            "run them again: flowrun resume ",
        ] {
            assert!(screen.contains(words), "{columns}: {words} is not in\n{screen}");
        }
        let words: Vec<&str> = screen.split_whitespace().collect();
        let text = words.join(" ");
        for words in [
            "warn: this document has no title, and so it is called",
            "there is no text in document …, which is why nothing can be made of it at all",
            "far as there are any",
        ] {
            assert!(text.contains(words), "{columns}: {words} is not in\n{screen}");
        }
        assert!(
            text.replace(' ', "").contains("documents-that-are-clean-and-of-this-year.jsonl"),
            "{screen}"
        );
        assert!(!screen.contains("━") && !screen.contains("ETA"), "{screen}");
    }
}

#[test]
fn a_short_run_at_eighty_columns_looks_like_this() {
    let project = Project::with(
        "steps:
  docs: { items: [1, 2, 3, 4] }
  clean:
    from: docs
    map:
      min_success_ratio: 0.5
      lua: if item > 2 then error('no ' .. item) end return item
  save: { from: clean, write: out.jsonl }
",
    );
    let mut last = Vec::new();
    watch(&project, 80, "pipeline.yaml --no-state", |screen| last = lines(screen));
    // Times and rates are whatever they are.
    let is_time = |word: &&str| word.ends_with('s') && word.contains('.') || word.ends_with("/s");
    let told: Vec<String> = last
        .iter()
        .map(|line| match line.split(' ').rfind(is_time) {
            Some(_) => line
                .split(' ')
                .filter(|word| !is_time(word))
                .collect::<Vec<_>>()
                .join(" ")
                .trim_end()
                .to_owned(),
            None => line.clone(),
        })
        .collect();
    let expect = [
        "  items docs      4 items",
        "    map clean     4 items · 2 ok · 2 failed (50 %, needed 50 %)",
        "  write save      2 items → out.jsonl",
        "  2 failed in clean:",
        "    2 × pipeline.yaml:7 no …                                   items 3, 4",
        "        7 | lua: if item > 2 then error('no ' .. item) end return item",
    ];
    assert_eq!(told, expect, "{last:#?}");
}
