//! These types are what host functions may reach, as written. The host functions decide what a path or a host stands
//! for.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::Deserializer;

use super::schema;
use super::setting::{is_expression, texts, valid_texts};

/// A host with an optional port, or an expression: no URL, no user.
const HOST: &str = r"^[^\s/@]+$|\$\{\{[\s\S]*\}\}";

/// What the host functions of the Lua code may reach. A list that is given replaces the default of its key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "permissions")]
pub struct Permissions {
    /// Hosts that `http` may reach: `api.example.org`, `localhost:8080` for one port only, `*.example.org` for all
    /// names below a domain, `*` for every host. Default: none.
    #[serde(default, deserialize_with = "hosts")]
    #[schemars(with = "Vec<String>", inner(regex(pattern = HOST)), example = &["api.example.org"], transform = schema::wanted("a host, with `:PORT` for one port only; no URL"))]
    pub net: Option<Vec<String>>,
    /// Folders and files that may be read, with all that is below them, relative to the pipeline's folder. Default:
    /// `[.]`, the pipeline's folder.
    #[serde(default, deserialize_with = "texts")]
    #[schemars(with = "Vec<String>", inner(length(min = 1)), example = &[".", "/mnt/in"])]
    pub read: Option<Vec<String>>,
    /// Folders and files that may be written, with all that is below them, relative to the pipeline's folder.
    /// Default: `[.]`, the pipeline's folder.
    #[serde(default, deserialize_with = "texts")]
    #[schemars(with = "Vec<String>", inner(length(min = 1)), example = &["out"])]
    pub write: Option<Vec<String>>,
    /// Programs that `exec` may start: a name that is looked up on the search path, or a path, relative to the
    /// pipeline's folder. Default: none.
    #[serde(default, deserialize_with = "texts")]
    #[schemars(with = "Vec<String>", inner(length(min = 1)), example = &["ffmpeg"])]
    pub exec: Option<Vec<String>>,
}

fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let is_host = |text: &str| {
        !text.is_empty() && !text.contains(|byte: char| byte.is_whitespace() || matches!(byte, '/' | '@'))
    };
    valid_texts(deserializer, "a host", |text| is_expression(text) || is_host(text))
}
