//! This module writes `JUnit` XML, which test machines read: suites of cases, each with what became of it. The caller
//! chooses what a case is.

use std::fmt::Write as _;
use std::time::Duration;

/// Cases that belong together: those of one file, say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JunitSuite {
    /// Its name.
    pub name: String,
    /// Its cases, in order.
    pub cases: Vec<JunitCase>,
}

/// One case.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JunitCase {
    /// Its name.
    pub name: String,
    /// What it is about: `file.step`, say.
    pub class: String,
    /// The file that it stands in.
    pub file: Option<String>,
    /// The line of that file, from 1.
    pub line: Option<usize>,
    /// How long it took, if that is known.
    pub time: Option<Duration>,
    /// What became of it.
    pub end: JunitEnd,
    /// What it printed.
    pub output: String,
}

/// What became of a case.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum JunitEnd {
    /// It is as it should be.
    #[default]
    Passed,
    /// It is not as it should be.
    Failed {
        /// In a line.
        message: String,
        /// By kind.
        kind: String,
        /// At length.
        text: String,
    },
    /// It is as it should be, but was not at first.
    Flaky {
        /// What went wrong before, in order.
        faults: Vec<JunitFault>,
    },
    /// It could not be tried.
    Broken {
        /// In a line.
        message: String,
    },
    /// It was left out.
    Skipped {
        /// Why.
        message: String,
    },
}

/// What went wrong once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JunitFault {
    /// In a line.
    pub message: String,
    /// By kind.
    pub kind: String,
    /// At length.
    pub text: String,
}

/// Writes all suites as one document.
pub fn junit(suites: &[JunitSuite]) -> String {
    let cases = || suites.iter().flat_map(|suite| &suite.cases);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str("<testsuites name=\"flowrun\"");
    totals(&mut out, cases());
    out.push_str(">\n");
    for suite in suites {
        out.push_str("  <testsuite");
        attribute(&mut out, "name", &suite.name);
        totals(&mut out, suite.cases.iter());
        out.push_str(">\n");
        suite.cases.iter().for_each(|case| write_case(&mut out, case));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn totals<'a>(out: &mut String, cases: impl Iterator<Item = &'a JunitCase>) {
    let (mut tests, mut failures, mut errors, mut skipped) = (0, 0, 0, 0);
    let mut time = Duration::ZERO;
    for case in cases {
        tests += 1;
        time += case.time.unwrap_or_default();
        match case.end {
            JunitEnd::Passed | JunitEnd::Flaky { .. } => {}
            JunitEnd::Failed { .. } => failures += 1,
            JunitEnd::Broken { .. } => errors += 1,
            JunitEnd::Skipped { .. } => skipped += 1,
        }
    }
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        " tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"{:.3}\"",
        time.as_secs_f64()
    );
}

fn write_case(out: &mut String, case: &JunitCase) {
    out.push_str("    <testcase");
    attribute(out, "name", &case.name);
    attribute(out, "classname", &case.class);
    if let Some(file) = &case.file {
        attribute(out, "file", file);
    }
    if let Some(line) = case.line {
        attribute(out, "line", &line.to_string());
    }
    if let Some(time) = case.time {
        attribute(out, "time", &format!("{:.3}", time.as_secs_f64()));
    }
    if case.end == JunitEnd::Passed && case.output.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    match &case.end {
        JunitEnd::Passed => {}
        JunitEnd::Failed { message, kind, text } => {
            element(out, "failure", &[("message", message), ("type", kind)], text);
        }
        JunitEnd::Flaky { faults } => {
            for JunitFault { message, kind, text } in faults {
                element(out, "flakyFailure", &[("message", message), ("type", kind)], text);
            }
        }
        JunitEnd::Broken { message } => element(out, "error", &[("message", message)], ""),
        JunitEnd::Skipped { message } => element(out, "skipped", &[("message", message)], ""),
    }
    if !case.output.is_empty() {
        element(out, "system-out", &[], &case.output);
    }
    out.push_str("    </testcase>\n");
}

fn element(out: &mut String, name: &str, attributes: &[(&str, &String)], text: &str) {
    let _ = write!(out, "      <{name}");
    for (name, value) in attributes {
        attribute(out, name, value);
    }
    if text.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push('>');
    escape(out, text, false);
    let _ = writeln!(out, "</{name}>");
}

fn attribute(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, " {name}=\"");
    escape(out, value, true);
    out.push('"');
}

/// XML 1.0 has no way at all to say most control characters.
fn escape(out: &mut String, text: &str, in_attribute: bool) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if in_attribute => out.push_str("&quot;"),
            '\n' | '\t' | '\r' if in_attribute => {
                let _ = write!(out, "&#{};", u32::from(character));
            }
            '\n' | '\t' => out.push(character),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            control if control.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_written_with_their_totals_and_texts_are_escaped() {
        let failed = JunitEnd::Failed {
            message: "a < b & \"c\"\n".to_owned(),
            kind: "value".to_owned(),
            text: "- 1\n+ \u{1b}2 ]]>".to_owned(),
        };
        let case = |name: &str, end| JunitCase {
            name: name.to_owned(),
            class: "p.clean".to_owned(),
            time: Some(Duration::from_millis(1_500)),
            end,
            ..JunitCase::default()
        };
        let told = JunitCase {
            file: Some("p.yaml".to_owned()),
            line: Some(3),
            output: "said".to_owned(),
            ..case("told", JunitEnd::Skipped { message: "no".to_owned() })
        };
        let cases = vec![case("good", JunitEnd::Passed), case("bad", failed), told];
        let expect = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"flowrun\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"4.500\">
  <testsuite name=\"p.yaml\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"4.500\">
    <testcase name=\"good\" classname=\"p.clean\" time=\"1.500\"/>
    <testcase name=\"bad\" classname=\"p.clean\" time=\"1.500\">
      <failure message=\"a &lt; b &amp; &quot;c&quot;&#10;\" type=\"value\">- 1
+ \u{fffd}2 ]]&gt;</failure>
    </testcase>
    <testcase name=\"told\" classname=\"p.clean\" file=\"p.yaml\" line=\"3\" time=\"1.500\">
      <skipped message=\"no\"/>
      <system-out>said</system-out>
    </testcase>
  </testsuite>
</testsuites>
";
        assert_eq!(junit(&[JunitSuite { name: "p.yaml".to_owned(), cases }]), expect);
    }
}
