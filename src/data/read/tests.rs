//! The readers from outside: files in, items and bad rows out.
