//! This module follows pointers (RFC 6901) within a file's values, and makes their parts of keys. The library follows them
//! too, but allocates for each part.

use serde_json::Value;

/// What stands at `pointer`, if anything does.
pub(super) fn look_up<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    if pointer.contains('~') || !(pointer.is_empty() || pointer.starts_with('/')) {
        return value.pointer(pointer);
    }
    pointer.split('/').skip(1).try_fold(value, |value, part| match value {
        Value::Object(map) => map.get(part),
        Value::Array(_) => value.pointer(&format!("/{part}")),
        _ => None,
    })
}

/// A key as a part of a JSON pointer.
pub fn escape_key(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The key that a part of a JSON pointer stands for.
pub fn unescape_key(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_key_comes_back() {
        for (key, part) in [("a", "a"), ("a/b~c", "a~1b~0c"), ("~1", "~01"), ("", ""), ("~/~", "~0~1~0")] {
            assert_eq!(escape_key(key), part);
            assert_eq!(unescape_key(part), key);
        }
    }

    #[test]
    fn it_finds_what_the_library_finds() {
        let value = serde_json::json!({"a": {"b": [1, {"c": 2}], "": 3, "x/y": 4, "~": 5}, "": {"": 6}});
        for pointer in [
            "",
            "/",
            "//",
            "/a",
            "/a/",
            "/a/b/0",
            "/a/b/1/c",
            "/a/b/01",
            "/a/b/2",
            "/a/x~1y",
            "/a/~0",
            "a",
            "/a/b/1/c/d",
            "/z",
        ] {
            assert_eq!(look_up(&value, pointer), value.pointer(pointer), "{pointer}");
        }
    }
}
