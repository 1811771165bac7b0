//! A headless Chromium, which looks at the pages that flowrun and the book are.

use std::path::Path;
use std::process::{Command, Stdio};

/// Whether there is a browser. Its absence is a failure where `FLOWRUN_BROWSER` promises one.
#[expect(clippy::print_stdout, reason = "whoever runs the tests is to know what was not tested")]
pub(crate) fn is_there() -> bool {
    let version =
        Command::new("chromium").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let found = version.is_ok_and(|status| status.success());
    assert!(
        found || std::env::var_os("FLOWRUN_BROWSER").is_none(),
        "FLOWRUN_BROWSER is set and there is no `chromium`"
    );
    if !found {
        println!("NOT RUN: there is no `chromium`, so nothing looked at the pages");
    }
    found
}

/// A browser without a window, whose profile is in this folder.
pub(crate) fn headless(folder: &Path) -> Command {
    let mut browser = Command::new("chromium");
    browser.args(["--headless", "--no-sandbox", "--disable-gpu"]).stdin(Stdio::null());
    browser.arg(format!("--user-data-dir={}", folder.join("profile").display()));
    browser
}

/// What a script has left in an element with this id.
pub(crate) fn left<'a>(document: &'a str, id: &str) -> Option<&'a str> {
    document.split(&format!("<pre id=\"{id}\">")).nth(1)?.split("</pre>").next()
}

/// What a browser makes of a page: its document after all scripts, and what it says on standard error.
pub(crate) fn look(folder: &Path, page: &str, options: &[&str]) -> (String, String) {
    let output = headless(folder)
        .args(["--allow-file-access-from-files", "--enable-logging=stderr"])
        .args(["--window-size=1000,2000", "--virtual-time-budget=600000", "--dump-dom"])
        .args(options)
        .arg(format!("file://{}", folder.join(page).display()))
        .output()
        .expect("the browser runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(output.stdout), text(output.stderr))
}
