//! This module holds what documentation says beside the functions: a line for each module, the types that signatures
//! name, and the variables in scope. Editor stubs and the page of the book are made from it and from the table of functions.

/// A type that signatures name.
#[derive(Debug, Clone, Copy)]
pub struct Named {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one line.
    pub doc: &'static str,
    /// What it stands for.
    pub meaning: Meaning,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
pub enum Meaning {
    /// Another type, in Luau's notation.
    Alias(&'static str),
    /// A value with these fields, and with the functions of the registry whose module is the name as methods. A field that may
    /// be nil has a type with `?`.
    Fields(&'static [Field]),
}

/// A field of a value, or a variable in scope.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type, in Luau's notation.
    pub kind: &'static str,
    /// What it is, in one line.
    pub doc: &'static str,
}

const fn field(name: &'static str, kind: &'static str, doc: &'static str) -> Field {
    Field { name, kind, doc }
}

/// The modules in the order of the documentation, with what they are for.
pub const MODULES: &[(&str, &str)] = &[
    ("flow", "What becomes of the item."),
    ("log", "Lines for people, `fields` as JSON behind."),
    ("json", "JSON texts."),
    ("csv", "Delimited texts, by the rules of `read` and `write`."),
    ("yaml", "YAML documents, with the scalars of pipeline files."),
    ("toml", "TOML documents."),
    ("str", "Text by characters, not bytes."),
    ("html", "Text out of markup."),
    ("re", "Patterns of Rust's `regex`, linear in time."),
    ("tbl", "Lists and maps."),
    ("rand", "Random numbers from the run's seed, the item's key and the attempt; `math.random` likewise."),
    ("uuid", "UUIDs from the same random numbers, so an item has the same ones whatever the concurrency."),
    ("time", "Seconds since 1970, UTC; `os.time` and `os.date` are in UTC, too."),
    ("path", "Names only, nothing is opened."),
    ("hash", "Digests in lower-case hex."),
    ("fs", "Files that the permissions open, relative to the pipeline's folder."),
    ("codec", "Bytes as text and compressed, and back."),
    ("template", "Jinja."),
    ("image", "Pictures."),
    ("sqlite", "SQLite databases."),
    ("url", "Addresses, as browsers read them."),
    (
        "http",
        "Requests; they reach the hosts in `permissions: {net: [api.example.com]}`, redirects included.",
    ),
    ("exec", "Programs that `permissions: {exec: [name]}` names; no shell between."),
];

/// The types that signatures name, beside Lua's own.
pub const NAMED: &[Named] = &[
    Named {
        name: "Pattern",
        doc: "A pattern as a string, or what `re.compile` returned.",
        meaning: Meaning::Alias("string | Compiled"),
    },
    Named { name: "Compiled", doc: "A compiled pattern.", meaning: Meaning::Fields(&[]) },
    Named {
        name: "Image",
        doc: "A picture, 8 bits a channel.",
        meaning: Meaning::Fields(&[
            field("width", "number", "Pixels."),
            field("height", "number", "Pixels."),
            field(
                "format",
                "string",
                "What it was read from: `jpeg`, `png`, `gif`, `webp`, `bmp` or `tiff`.",
            ),
            field("mode", "string", "Its channels: `L` (gray), `LA`, `RGB` or `RGBA`."),
            field(
                "orientation",
                "number",
                "How the camera was held, by EXIF: 1 (upright) to 8; 1 once it was turned by `orient`.",
            ),
        ]),
    },
    Named { name: "Database", doc: "An open SQLite database.", meaning: Meaning::Fields(&[]) },
    Named {
        name: "RequestOptions",
        doc: "What a request may say beside its URL.",
        meaning: Meaning::Fields(&[
            field("method", "string?", "For `http.request`; `GET` if none is given."),
            field("url", "string?", "For `http.request`."),
            field("query", "{[string]: any}?", "Added to the URL's query."),
            field("headers", "{[string]: string}?", "Header fields."),
            field("json", "any", "The body as JSON, with its content type."),
            field("form", "{[string]: any}?", "The body as a form, with its content type."),
            field("body", "string?", "The body's bytes."),
            field(
                "timeout",
                "number?",
                "Seconds; until the attempt's deadline if none is given, or a minute.",
            ),
            field("max_bytes", "number?", "Bytes of the answer, unpacked; 64 MB if none are given."),
            field(
                "limit",
                "string?",
                "Name of a rate limit of which each request takes one, waiting for it.",
            ),
            field(
                "save",
                "string?",
                "Path of a file that the body of an answer from 200 to 299 goes to; `body` is nil then.",
            ),
            field("ca", "string?", "Path of a PEM file with certificates that are trusted besides."),
        ]),
    },
    Named {
        name: "ExecOptions",
        doc: "What a program is given.",
        meaning: Meaning::Fields(&[
            field("stdin", "string?", "What it reads; nothing if none is given."),
            field("cwd", "string?", "The folder it runs in; the pipeline's if none is given."),
            field("env", "{[string]: string}?", "Its environment, with `PATH` beside."),
            field("timeout", "number?", "Seconds; until the attempt's deadline if none is given."),
            field("max_output", "number?", "Bytes of each output; 16 MB if none are given."),
        ]),
    },
    Named {
        name: "Answer",
        doc: "The answer to a request.",
        meaning: Meaning::Fields(&[
            field("status", "number", "The status code."),
            field("ok", "boolean", "Whether the status is from 200 to 299."),
            field("headers", "{[string]: string}", "Header fields; names in lower case, found in any."),
            field("cookies", "{string}", "The values of `Set-Cookie`, one text each."),
            field("body", "string", "The bytes of the body, unpacked; nil where `save` took it."),
            field("url", "string", "Where the last redirect led."),
            field("ms", "number", "Milliseconds until the last byte."),
            field("json", "(self: Answer) -> any", "The body decoded; fails when it is not JSON."),
            field(
                "check",
                "(self: Answer) -> Answer",
                "Fails from status 400 on; 408, 425, 429 and 5xx can be retried.",
            ),
        ]),
    },
    Named {
        name: "Context",
        doc: "What a function may know of the attempt it is in.",
        meaning: Meaning::Fields(&[
            field("step", "string", "The step's name."),
            field("run", "string", "The run's id."),
            field("key", "string", "The item's identity across runs."),
            field("attempt", "number", "Which attempt this is, from 1."),
            field("max_attempts", "number", "How many attempts there are at most."),
            field(
                "last",
                "{kind: string, message: string, fields: table?}?",
                "How the attempt before failed in this run; nil at the first.",
            ),
            field("worker", "number", "Which worker runs the item, from 1."),
            field("remaining", "() -> number", "Seconds until the deadline, infinite without one."),
        ]),
    },
];

/// The variables in scope of an item function.
pub const VARIABLES: &[Field] = &[
    field("item", "any", "The item."),
    field("index", "number", "The item's position in the step's input, from 1."),
    field("ctx", "Context", "What a function may know of the attempt it is in."),
    field("params", "{[string]: any}", "The run's parameters."),
    field("env", "{[string]: string}", "The environment variables that the pipeline declares."),
    field(
        "secrets",
        "{[string]: string}",
        "The secrets that the pipeline declares; masked in all that flowrun writes.",
    ),
];
