//! The writers from outside: items in, files out.
