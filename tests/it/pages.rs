//! These tests compare `html.text` with the text that Chromium shows of a page: `tests/pages` holds both, and the script that made them.

use std::fs;
use std::path::Path;

use crate::project::Project;

/// The lines of a text that are not blank, with one space where a browser has a tab between cells.
fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.replace('\t', " ").trim_end().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

#[test]
fn the_text_of_a_page_is_what_a_browser_shows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages");
    let entries = fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("listed").path());
    let mut pages: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "html")).collect();
    pages.sort();
    assert_eq!(pages.len(), 12);
    let mut project = Project::with(
        "steps:\n  pages: {glob: '*.html'}\n  work:\n    from: pages\n    map: return html.text(fs.read(item.path))\n  \
         save: {from: work, write: out.jsonl}\n",
    );
    for page in &pages {
        let name = page.file_name().expect("a name").to_str().expect("ASCII");
        project = project.file(name, fs::read(page).expect("a page"));
    }
    let ran = project.run(&["pipeline.yaml", "-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let texts = project.read("out.jsonl");
    for (page, text) in pages.iter().zip(texts.lines()) {
        let text: String = serde_json::from_str(text).expect("a text");
        let shown = fs::read_to_string(page.with_extension("out")).expect("a text");
        assert_eq!(lines(&text), lines(&shown), "{}", page.display());
    }
}
