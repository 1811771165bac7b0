//! An item function in Rust: it squeezes the white space of a document, counts its words, and leaves out documents
//! without any.

use std::io::{self, BufRead, Write};

use serde_json::{Value, json};

/// The part of an answer that follows its id.
fn clean(mut doc: Value) -> Value {
    let Some(text) = doc["text"].as_str() else {
        return json!({ "error": { "message": "text is null", "retryable": false } });
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        return json!({ "skip": "no text" });
    }
    let (text, count) = (words.join(" "), words.len());
    doc["text"] = json!(text);
    doc["words"] = json!(count);
    json!({ "value": doc })
}

fn main() -> io::Result<()> {
    let mut answers = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let mut request: Value = serde_json::from_str(&line?)?;
        let mut answer = clean(request["item"].take());
        answer["id"] = request["id"].take();
        // One write for each answer: a line that waits in a buffer is an item that has not ended.
        writeln!(answers, "{answer}")?;
    }
    Ok(())
}
