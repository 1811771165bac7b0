//! Commands of other programs, with the one that does so here.

/// What other programs call a command, and what to say.
const MEANINGS: &[(&str, &str)] = &[
    ("validate verify lint", "did you mean `flowrun check`?"),
    ("list ls ps history status log", "did you mean `flowrun runs`? `flowrun show` tells of one run"),
    ("logs inspect describe info failures results", "did you mean `flowrun show`?"),
    ("start exec execute apply launch submit", "did you mean `flowrun run`?"),
    ("rum ru rn runn", "did you mean `flowrun run`?"),
    ("continue retry restart rerun recover", "did you mean `flowrun resume`?"),
    ("dry-run dryrun explain-plan estimate", "did you mean `flowrun plan`?"),
    ("try sample peek debug", "did you mean `flowrun preview`?"),
    ("visualize draw dag dot diagram viz", "did you mean `flowrun graph`?"),
    ("format fix tidy prettify", "did you mean `flowrun fmt`?"),
    ("new create scaffold", "did you mean `flowrun init`?"),
    (
        "prune clean purge rm delete remove gc",
        "did you mean `flowrun runs prune`? `flowrun cache prune` empties the cache",
    ),
    ("html summary", "did you mean `flowrun report`?"),
    ("stubs typings", "did you mean `flowrun types`?"),
    ("language-server server", "did you mean `flowrun lsp`?"),
    ("completion complete", "did you mean `flowrun completions`?"),
    ("docs doc manual", "did you mean `flowrun man`? `flowrun explain CODE` says more about a finding"),
    ("version", "did you mean `flowrun --version`?"),
    (
        "stop kill cancel abort",
        "a run is stopped by an interrupt (Ctrl-C) where it runs; `flowrun resume` goes on with it",
    ),
];

/// What to say to the command of another program.
pub(super) fn of(word: &str) -> Option<&'static str> {
    let found = MEANINGS.iter().find(|(words, _)| words.split(' ').any(|known| known == word));
    found.map(|(_, help)| *help)
}
