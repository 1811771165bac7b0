//! This module writes numbers of bytes as pipeline files do.

/// The units, the largest that divides a size first.
const UNITS: [(&str, u64); 6] = [
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("KB", 1_000),
];

/// A number of bytes as a pipeline file would have it.
pub fn format(bytes: u64) -> String {
    let unit = UNITS.iter().find(|(_, scale)| bytes >= *scale && bytes.is_multiple_of(*scale));
    match unit {
        Some((unit, scale)) => format!("{}{unit}", bytes / scale),
        // A fraction, such as `1.5MB`, has three digits at most.
        None if bytes >= 1000 => format!("{}KB", bytes as f64 / 1e3),
        None => format!("{bytes} bytes"),
    }
}
