//! This module writes the input files. Line `n` depends on `n` alone, so a short file is the beginning of a long one, but for
//! `orders`, `matched` and `calls`, whose lines depend on how many there are.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};

const FIRST: [&str; 16] = [
    "Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaja", "Léa",
    "Marek", "Nadia", "Oskar", "Zoë",
];
const LAST: [&str; 16] = [
    "Almeida",
    "Bianchi",
    "Costa",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Horvat",
    "Ivanov",
    "Jensen",
    "Kaya",
    "Lindqvist",
    "Moreau",
    "Novak",
    "Okafor",
    "Petrov",
];
const PLACES: [(&str, &str); 8] = [
    ("Lisboa", "PT"),
    ("Milano", "IT"),
    ("Zagreb", "HR"),
    ("Oslo", "NO"),
    ("Lyon", "FR"),
    ("Ankara", "TR"),
    ("Berlin", "DE"),
    ("Malmö", "SE"),
];
const WORDS: [&str; 24] = [
    "The",
    "report",
    "says",
    "that",
    "Prices",
    "rose",
    "by",
    "four",
    "percent",
    "in",
    "March",
    "while",
    "Exports",
    "to",
    "the",
    "south",
    "fell",
    "again;",
    "café",
    "owners",
    "\\\"expected\\\"",
    "More",
    "visitors",
    "(2024)",
];
const OPENINGS: [&str; 6] =
    ["<p>", "<b class=\\\"x\\\">", "<a href=\\\"/item/7?a=1\\\">", "<br/>", "<li>", "<span style='c'>"];
const CLOSINGS: [&str; 5] = ["</p>", "</b>", "</a>", "</li>", "</span>"];
const SPACES: [&str; 4] = [" ", "  ", "\\n  ", " \\t"];

/// The text of a document stops growing here, so that it comes to about 500 bytes.
const TEXT_BYTES: usize = 490;

pub(crate) fn file(kind: &str, lines: u64, path: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let line: &dyn Fn(u64, &mut Vec<u8>) -> std::io::Result<()> = match kind {
        "records" => &record,
        "text" => &text,
        "numeric" => &numeric,
        "wide" => &wide,
        "orders" => &|n, out| order(n, lines / 10, out),
        "matched" => &|n, out| order(n, lines, out),
        "customers" => &customer,
        "calls" => &|n, out| call(n, lines, out),
        _ => return Err(format!("no input is called `{kind}`").into()),
    };
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut buffer = Vec::new();
    for n in 1..=lines {
        buffer.clear();
        line(n, &mut buffer)?;
        out.write_all(&buffer)?;
    }
    out.flush()?;
    Ok(())
}

/// SplitMix64: no state but the seed, good enough for made-up names.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }
}

fn record(n: u64, out: &mut Vec<u8>) -> std::io::Result<()> {
    let random = &mut Random(n);
    let (first, last) = (random.pick(&FIRST), random.pick(&LAST));
    let (city, country) = random.pick(&PLACES);
    let (qty, cents) = (1 + random.below(20), 100 + random.below(50_000));
    let (active, tag) = (random.below(3) > 0, random.pick(&["new", "vip", "old", "b2b"]));
    write!(
        out,
        r#"{{"id":{},"name":"{first} {last}","email":"{}@example.org""#,
        100_000 + n,
        random.below(100_000)
    )?;
    write!(out, r#","city":"{city}","country":"{country}","active":{active},"qty":{qty}"#)?;
    write!(out, r#","price":{}.{:02},"tags":["{tag}","web"]"#, cents / 100, cents % 100)?;
    let (month, day, hour) = (1 + random.below(12), 1 + random.below(28), random.below(24));
    let (minute, second) = (random.below(60), random.below(60));
    writeln!(out, r#","created":"2024-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"}}"#)
}

/// Every tag has white space on both sides, and the text begins and ends with a word: whether a tag is replaced by
/// nothing or by a space, and whether the ends are trimmed, the cleaned text is the same.
fn text(n: u64, out: &mut Vec<u8>) -> std::io::Result<()> {
    let random = &mut Random(n);
    write!(out, r#"{{"id":{n},"text":"Document {n}"#)?;
    let start = out.len();
    while out.len() - start < TEXT_BYTES {
        out.extend_from_slice(random.pick(&SPACES).as_bytes());
        let piece = match random.below(6) {
            0 => random.pick(&OPENINGS),
            1 => random.pick(&CLOSINGS),
            _ => random.pick(&WORDS),
        };
        out.extend_from_slice(piece.as_bytes());
    }
    writeln!(out, r#" END"}}"#)
}

fn numeric(n: u64, out: &mut Vec<u8>) -> std::io::Result<()> {
    let random = &mut Random(n);
    let x = random.below(1_000_000);
    writeln!(out, r#"{{"id":{n},"x":0.{x:06}}}"#)
}

/// Sixty fields, words, integers and prices in turns: some 1.4 kB.
fn wide(n: u64, out: &mut Vec<u8>) -> std::io::Result<()> {
    let random = &mut Random(n);
    write!(out, r#"{{"id":{n}"#)?;
    for field in 1..60 {
        write!(out, r#","field_{field:02}":"#)?;
        match field % 3 {
            0 => write!(out, r#""{} of {}""#, random.pick(&LAST), random.pick(&PLACES).0)?,
            1 => write!(out, "{}", random.below(10_000_000))?,
            _ => write!(out, "{}.{:02}", random.below(90_000), 10 + random.below(90))?,
        }
    }
    writeln!(out, "}}")
}

/// An order of one of so many customers.
fn order(n: u64, customers: u64, out: &mut Vec<u8>) -> std::io::Result<()> {
    let random = &mut Random(n);
    let (customer, cents) = (1 + random.below(customers.max(1)), 100 + random.below(50_000));
    let (word, name) = (random.pick(&WORDS[..8]), random.pick(&LAST));
    write!(out, r#"{{"id":{n},"customer":{customer},"amount":{}.{:02}"#, cents / 100, cents % 100)?;
    writeln!(out, r#","note":"{word} {name}"}}"#)
}

/// What an order finds.
fn customer(n: u64, out: &mut Vec<u8>) -> std::io::Result<()> {
    let random = &mut Random(!n);
    let (first, last, place) = (random.pick(&FIRST), random.pick(&LAST), random.pick(&PLACES));
    writeln!(out, r#"{{"id":{n},"name":"{first} {last}","city":"{}","country":"{}"}}"#, place.0, place.1)
}

/// A call of one of a hundredth as many users, with how long it took.
fn call(n: u64, lines: u64, out: &mut Vec<u8>) -> std::io::Result<()> {
    let random = &mut Random(n);
    let (user, micros) = (random.below((lines / 100).max(1)), random.below(10_000_000));
    writeln!(out, r#"{{"id":{n},"user":"u{user:06}","ms":{}.{:03}}}"#, micros / 1000, micros % 1000)
}
