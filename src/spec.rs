//! The pipeline as written: YAML → spanned tree → schema check → typed structs. Lua is a string here.
