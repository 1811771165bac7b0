//! This module holds the names that are there beside our own modules: Luau's, as far as the sandbox leaves them.

/// Values and functions that are global.
pub(super) const GLOBALS: &[&str] = &[
    "_G",
    "_VERSION",
    "assert",
    "error",
    "getmetatable",
    "ipairs",
    "next",
    "pairs",
    "pcall",
    "rawequal",
    "rawget",
    "rawlen",
    "rawset",
    "select",
    "setmetatable",
    "tonumber",
    "tostring",
    "type",
    "typeof",
    "unpack",
    "xpcall",
];

/// Luau's modules, with what is in them.
pub(super) const MODULES: &[(&str, &str)] = &[
    (
        "bit32",
        "arshift band bnot bor btest bxor byteswap countlz countrz extract lrotate lshift replace rrotate rshift",
    ),
    (
        "buffer",
        "copy create fill fromstring len readbits readf32 readf64 readi16 readi32 readi8 readstring readu16 readu32 \
         readu8 tostring writebits writef32 writef64 writei16 writei32 writei8 writestring writeu16 writeu32 writeu8",
    ),
    ("coroutine", "close create isyieldable resume running status wrap yield"),
    (
        "math",
        "abs acos asin atan atan2 ceil clamp cos cosh deg e exp floor fmod frexp huge isfinite isinf isnan ldexp lerp log \
         log10 map max min modf nan noise phi pi pow rad random randomseed round sign sin sinh sqrt sqrt2 tan tanh tau",
    ),
    ("os", "clock date time"),
    (
        "string",
        "byte char find format gmatch gsub len lower match pack packsize rep reverse split sub unpack upper",
    ),
    (
        "table",
        "clear clone concat create find foreach foreachi freeze getn insert isfrozen maxn move pack remove sort unpack",
    ),
    ("utf8", "char charpattern codepoint codes len offset"),
];

/// The parameter whose fields are known.
pub(super) const CONTEXT: &str = "ctx";

/// The variable whose fields are steps.
pub(super) const STEPS: &str = "steps";

/// What is known of each step that has ended.
pub(super) const STEP_FIELDS: &str = "cancelled duration errors failures reason results retried skipped status \
                                      success_ratio successes successful_results total";

/// Variables that a run gives to all of its Lua. What is in them the pipeline says.
pub(super) const OF_THE_RUN: [&str; 5] = ["params", "env", "secrets", "steps", "run"];
