//! This module indents JSON text and changes nothing else in it: numbers keep their digits. `value::json` reads JSON.

/// Adds `json`, one valid value, to `out`, its inner lines indented from `depth` on by two spaces a level.
pub(super) fn push_pretty(out: &mut Vec<u8>, json: &[u8], mut depth: usize) {
    let mut at = 0;
    while at < json.len() {
        let byte = json[at];
        at += 1;
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'"' => {
                let end = string_end(json, at);
                out.extend_from_slice(&json[at - 1..end]);
                at = end;
            }
            b'[' | b'{' => {
                out.push(byte);
                let after = json[at..].trim_ascii_start();
                if let Some(close @ (b']' | b'}')) = after.first() {
                    out.push(*close);
                    at = json.len() - after.len() + 1;
                } else {
                    depth += 1;
                    push_line(out, depth);
                }
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                push_line(out, depth);
                out.push(byte);
            }
            b',' => {
                out.push(b',');
                push_line(out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ => out.push(byte),
        }
    }
}

fn push_line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', 2 * depth));
}

/// Where the string whose inside starts at `at` ends, its quote included.
fn string_end(json: &[u8], mut at: usize) -> usize {
    while let Some(found) = memchr::memchr2(b'"', b'\\', json.get(at..).unwrap_or(b"")) {
        at += found;
        if json[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expect: &str) {
        let mut out = Vec::new();
        push_pretty(&mut out, json.as_bytes(), 0);
        assert_eq!(String::from_utf8_lossy(&out), expect);
    }

    #[test]
    fn parts_stand_on_lines_of_their_own_and_empty_ones_stay_together() {
        check(
            r#"{"a":[1,-0.0],"b":{ },"c":[],"d":"x\"{\\","e":18446744073709551616}"#,
            "{\n  \"a\": [\n    1,\n    -0.0\n  ],\n  \"b\": {},\n  \"c\": [],\n  \"d\": \"x\\\"{\\\\\",\n  \"e\": 18446744073709551616\n}",
        );
        check("\"a:b\"", "\"a:b\"");
    }
}
