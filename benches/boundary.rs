//! This benchmark measures the way of an item through a worker: JSON text in, Lua function, JSON text out.
//!
//! `cargo bench --bench boundary`; figures are for one thread, and each iteration is a chunk of 1000 items.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flowrun::event::StepId;
use flowrun::lua::{
    Attempt, Block, Cancel, Guard, ResultShape, Scope, Script, Watchdog, Worker, WorkerOptions,
};
use flowrun::source::SourceFile;
use flowrun::value::{Chunk, Secrets};

const ITEMS: usize = 1000;

fn script(lua: &str) -> Script {
    let file = SourceFile::new("bench.yaml", "bench.yaml", lua.to_owned());
    Script::body(Block { file, line: 1, text: lua.into() }, ".".into())
}

fn options(shape: ResultShape, timeout: Option<Duration>) -> WorkerOptions {
    let scope = Scope {
        params: "{}".into(),
        env: "{}".into(),
        steps: None,
        run: "{}".into(),
        permissions: std::sync::Arc::default(),
        secrets: Secrets::default(),
        shows_run: false,
        shows_secrets: true,
    };
    let memory = flowrun::lua::Memory::of_step(256_000_000);
    WorkerOptions { shape, timeout, seed: 1, ..WorkerOptions::new("bench", scope, memory) }
}

/// 185 bytes, ten fields.
fn record(n: usize) -> String {
    format!(
        r#"{{"id":{n},"sku":"SKU-{:06}","name":"Article number {n}","qty":{},"price":{}.{:02},"currency":"EUR","country":"DE","active":{},"tags":["new","sale"],"created":"2024-05-{:02}T12:00:00Z"}}"#,
        n % 100_000,
        n % 17,
        n % 900,
        n % 100,
        n.is_multiple_of(3),
        n % 28 + 1
    )
}

/// 60 fields, 1.5 KB.
fn wide(n: usize) -> String {
    let fields: Vec<String> = (0..60)
        .map(|field| match field % 3 {
            0 => format!(r#""field_{field}":"value {} of {n}""#, field * 7),
            1 => format!(r#""field_{field}":{}"#, n * field),
            _ => format!(r#""field_{field}":{}.5"#, n + field),
        })
        .collect();
    format!("{{{}}}", fields.join(","))
}

fn text(n: usize) -> String {
    let words = "<p>The quick &amp; brown <b>fox</b> jumps\\n over   the lazy dog</p> ";
    format!(r#"{{"id":{n},"text":"{}"}}"#, words.repeat(7))
}

fn measure(criterion: &mut Criterion, name: &str, lua: &str, shape: ResultShape, make: fn(usize) -> String) {
    measure_with(criterion, name, lua, &options(shape, None), make);
}

fn measure_with(
    criterion: &mut Criterion,
    name: &str,
    lua: &str,
    options: &WorkerOptions,
    make: fn(usize) -> String,
) {
    let watchdog = Watchdog::start(Box::new(|_| {})).expect("a thread");
    let guard = Guard::new(Arc::new(Cancel::default()), StepId(0), None);
    let mut worker = Worker::new(&script(lua), options, &guard, &watchdog).expect("loads");
    let mut chunk = Chunk { first: 1, ..Chunk::default() };
    for n in 0..ITEMS {
        chunk.push((make(n) + "\n").as_bytes());
    }
    let attempt = Attempt { number: 1, item_deadline: None, last: None };
    let mut out = Vec::new();
    let mut group = criterion.benchmark_group("boundary");
    group.throughput(Throughput::Elements(ITEMS as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            out.clear();
            let hour = Duration::from_secs(3600);
            let counts =
                worker.run(&chunk, 0..ITEMS, &attempt, hour, &mut out, &mut |_, _, end, _| panic!("{end:?}"));
            assert_eq!(counts.0, ITEMS);
            black_box(&out);
        });
    });
    group.finish();
}

const FIVE: &str = "return { id = item.id, sku = item.sku, total = item.qty * item.price, country = item.country, \
                    fresh = item.active }";

fn boundary(criterion: &mut Criterion) {
    measure(criterion, "record: five fields of ten", FIVE, ResultShape::Map, record);
    let timed = options(ResultShape::Map, Some(Duration::from_secs(10)));
    measure_with(criterion, "record: the same with a timeout", FIVE, &timed, record);
    measure(
        criterion,
        "record: all of it",
        "item.total = item.qty * item.price\nreturn item",
        ResultShape::Map,
        record,
    );
    measure(criterion, "record: filter", "return item.qty > 8", ResultShape::Filter, record);
    let three = "return { a = item.field_3, b = item.field_31, c = item.field_50 }";
    measure(criterion, "wide: three fields of sixty", three, ResultShape::Map, wide);
    measure(criterion, "wide: all of it", "return item", ResultShape::Map, wide);
    let clean = "return { id = item.id, text = str.squeeze(html.strip(item.text)):lower() }";
    measure(criterion, "text: strip, squeeze, lower", clean, ResultShape::Map, text);
    let float = "local x = item.id\nfor i = 1, 200 do x = math.sqrt(x * 1.5 + i) end\nreturn { x = x }";
    measure(criterion, "float: 200 operations", float, ResultShape::Map, record);
}

fn opening(criterion: &mut Criterion) {
    let watchdog = Watchdog::start(Box::new(|_| {})).expect("a thread");
    let script = script(FIVE);
    criterion.bench_function("open a worker", |bencher| {
        bencher.iter(|| {
            let guard = Guard::new(Arc::new(Cancel::default()), StepId(0), None);
            black_box(
                Worker::new(&script, &options(ResultShape::Map, None), &guard, &watchdog).expect("loads"),
            );
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500)).without_plots();
    targets = boundary, opening
}
criterion_main!(benches);
