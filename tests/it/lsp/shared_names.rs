//! These tests cover names of policies and rate limits that stand in several files: those that pipelines include, open and
//! changed in the editor or on the disk.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::client::{Client, cursor, edited};
use crate::project::Project;

const COMMON: &str =
    "rate_limits: { api: 20/s }\npolicies:\n  far: { rate_limit: [{ limit: api, cost: 1 }] }\n";
const PIPELINE: &str = "\
include: [../common.yaml]
permissions: { net: [a.org] }
steps:
  in: { items: [1] }
  a: { from: in, map: { policy: far, lua: return item } }
  b:
    from: a
    map:
      rate_limit: 'api'
      lua: |
        flow.spent(\"api\", 1)
        return http.get('https://a.org', { limit = 'api' }).status .. 'api'
  o: { from: b, write: o.jsonl }
";
/// It has a policy `far` of its own.
const OTHER: &str = "\
include: [common.yaml]
policies: { far: { retries: 1 } }
steps:
  in: { items: [1] }
  a: { from: in, map: { policy: far, rate_limit: api, lua: return item } }
  o: { from: a, write: o.jsonl }
";
const FILES: [(&str, &str); 3] =
    [("common.yaml", COMMON), ("a/pipeline.yaml", PIPELINE), ("other.yaml", OTHER)];

/// A client whose project has these files on the disk.
fn client(files: &[(&str, &str)]) -> Client {
    Client::new(files.iter().fold(Project::new(), |project, (name, text)| project.file(name, text)))
}

/// The answer to a question about the place before `needle` of a file, which is opened with this text.
fn ask(client: &mut Client, (name, text): (&str, &str), needle: &str, method: &str, more: &Value) -> Value {
    assert!(text.contains(needle), "{needle}");
    let (text, position) = cursor(&text.replacen(needle, &format!("‸{needle}"), 1));
    client.open(name, &text);
    client.at_in(name, &format!("textDocument/{method}"), &position, more)
}

/// What becomes of the files: those that are changed, by name.
fn renamed(
    client: &mut Client,
    file: (&str, &str),
    needle: &str,
    new: &str,
    files: &[(&str, &str)],
) -> Result<BTreeMap<String, String>, String> {
    let answer = ask(client, file, needle, "rename", &json!({ "newName": new }));
    let Some(changes) = answer["changes"].as_object() else {
        return Err(answer["message"].as_str().unwrap_or("nothing").to_owned());
    };
    let text = |(uri, edits): (&String, &Value)| {
        let (name, text) =
            files.iter().find(|(name, _)| client.uri(name) == *uri).unwrap_or_else(|| panic!("{uri}"));
        ((*name).to_owned(), edited(text, edits.as_array().expect("edits")))
    };
    Ok(changes.iter().map(text).collect())
}

fn all(texts: &[(&str, String)]) -> BTreeMap<String, String> {
    texts.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect()
}

#[test]
fn a_policy_of_an_included_file_is_renamed_from_either_side() {
    let new = all(&[
        ("common.yaml", COMMON.replace("far", "near")),
        ("a/pipeline.yaml", PIPELINE.replace("far", "near")),
    ]);
    for file in [FILES[0], FILES[1]] {
        let mut client = client(&FILES);
        // The other pipeline means its own.
        assert_eq!(renamed(&mut client, file, "far", "near", &FILES), Ok(new.clone()), "{}", file.0);
        client.leave();
    }
}

#[test]
fn a_limit_is_renamed_in_policies_steps_and_lua_of_all_pipelines() {
    let files = &FILES;
    let new = all(&[
        ("common.yaml", COMMON.replace("api", "web")),
        ("a/pipeline.yaml", PIPELINE.replace("api", "web").replace(".. 'web'", ".. 'api'")),
        ("other.yaml", OTHER.replace("api", "web")),
    ]);
    for (file, needle) in
        [(FILES[0], "api: 20/s"), (FILES[0], "api, cost"), (FILES[1], "api'\n"), (FILES[2], "api, lua")]
    {
        let mut client = client(files);
        assert_eq!(renamed(&mut client, file, needle, "web", files), Ok(new.clone()), "{needle}");
        client.leave();
    }
}

#[test]
fn what_is_open_goes_before_what_is_on_the_disk() {
    let mut client = client(&[
        ("common.yaml", "policies: {}\n"),
        ("a/pipeline.yaml", "steps: {}\n"),
        ("other.yaml", OTHER),
    ]);
    client.open("common.yaml", COMMON);
    client.open("a/pipeline.yaml", PIPELINE);
    let uri = client.uri("a/pipeline.yaml");
    let told = client.wait(|message| message["params"]["uri"] == uri.as_str());
    assert_eq!(told["params"]["diagnostics"], json!([]), "the policy and the limit are in an open file");
    let place = ask(&mut client, FILES[1], "far", "definition", &json!({}));
    assert_eq!(place["uri"], client.uri("common.yaml"));
    assert_eq!(place["range"]["start"], json!({ "line": 2, "character": 2 }));
    let texts = [("common.yaml", COMMON), ("a/pipeline.yaml", PIPELINE)];
    let new = all(&texts.map(|(name, text)| (name, text.replace("far", "near"))));
    assert_eq!(renamed(&mut client, FILES[0], "far", "near", &texts), Ok(new));
    // A change of the included file is seen by the pipeline that is open.
    client.change_in("common.yaml", 2, &COMMON.replace("far", "near"));
    let told = client.wait(|message| {
        message["params"]["uri"] == uri.as_str() && message["params"]["diagnostics"] != json!([])
    });
    assert_eq!(told["params"]["diagnostics"][0]["code"], "flowrun::unknown_policy", "{told}");
    client.leave();
}

#[test]
fn references_and_definitions_cross_files() {
    let mut client = client(&FILES);
    let all = json!({ "context": { "includeDeclaration": true } });
    let found = ask(&mut client, FILES[0], "api: 20/s", "references", &all);
    let mut places: Vec<(String, u64)> = found
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            let name = FILES.iter().find(|(name, _)| one["uri"] == client.uri(name)).expect("a file").0;
            (name.to_owned(), one["range"]["start"]["line"].as_u64().expect("a line"))
        })
        .collect();
    places.sort();
    let place = |name: &str, line| (name.to_owned(), line);
    let pipeline = [8, 10, 11].map(|line| place("a/pipeline.yaml", line));
    let expect =
        [&pipeline[..], &[place("common.yaml", 0), place("common.yaml", 2), place("other.yaml", 4)]].concat();
    assert_eq!(places, expect);
    let place = ask(&mut client, FILES[1], "api\", 1", "definition", &json!({}));
    assert_eq!(
        (&place["uri"], &place["range"]["start"]["character"]),
        (&client.uri("common.yaml").into(), &15.into())
    );
    let shown = ask(&mut client, FILES[1], "api'\n", "hover", &json!({}));
    let text = shown["contents"]["value"].as_str().expect("text");
    assert!(text.starts_with("rate limit `api` of `") && text.ends_with("```yaml\n20/s\n```"), "{text}");
    client.leave();
}

#[test]
fn a_limit_of_the_pipeline_is_found_from_the_file_that_it_includes() {
    let files = [
        ("common.yaml", "policies: { p: { rate_limit: api } }\n"),
        (
            "pipeline.yaml",
            "include: [common.yaml]\nrate_limits: { api: 1/s }\nsteps:\n  in: { items: [1] }\n  a: { from: in, map: { policy: p, lua: return item } }\n  o: { from: a, write: o.jsonl }\n",
        ),
    ];
    let mut client = client(&files);
    let place = ask(&mut client, files[0], "api", "definition", &json!({}));
    assert_eq!(
        (&place["uri"], &place["range"]["start"]["line"]),
        (&client.uri("pipeline.yaml").into(), &1.into())
    );
    let new = all(&files.map(|(name, text)| (name, text.replace("api", "web"))));
    assert_eq!(renamed(&mut client, files[0], "api", "web", &files), Ok(new));
    client.leave();
}

#[test]
fn rename_refuses_what_means_two_things() {
    let pipeline = |limits: &str| {
        format!(
            "include: [common.yaml]\n{limits}steps:\n  in: {{ items: [1] }}\n  a: {{ from: in, map: {{ policy: far, lua: return item }} }}\n  o: {{ from: a, write: o.jsonl }}\n"
        )
    };
    let (own, none) = (pipeline("rate_limits: { api: 1/s }\n"), pipeline(""));
    let second = none.replace("[common.yaml]", "[common.yaml, two.yaml]");
    let check = |files: &[(&str, &str)], needle: &str, new: &str, expect: &str| {
        let mut client = client(files);
        let said = renamed(&mut client, files[0], needle, new, files).expect_err(needle);
        assert!(said.contains(expect), "{said}");
        client.leave();
    };
    let common = ("common.yaml", COMMON);
    check(
        &[common, ("one.yaml", &none), ("own.yaml", &own)],
        "api: 20",
        "web",
        "names `api`, which is another one in",
    );
    check(&[common, ("one.yaml", &none)], "far", "-far", "is no id");
    let taken = none.replace("steps:", "policies: { near: {} }\nsteps:");
    check(&[common, ("one.yaml", &taken)], "far", "near", "there is a policy `near` already in `");
    check(
        &[common, ("one.yaml", &second), ("two.yaml", "rate_limits: { api: 20/s }\n")],
        "api: 20",
        "web",
        "both say what `api` is",
    );
    let broken = none.replace("[1]", "[1");
    check(&[common, ("one.yaml", &broken)], "far", "near", "`one.yaml` is no sound YAML");
}

#[test]
fn lua_that_is_open_is_what_pipelines_are_checked_with() {
    let pipeline = "steps:\n  in: { items: [1] }\n  a: { from: in, map: { file: \"x.lua#f\" } }\n  o: { from: a, write: o.jsonl }\n";
    let mut client = client(&[("pipeline.yaml", pipeline)]);
    client.open("pipeline.yaml", pipeline);
    assert_eq!(client.findings(1)[0]["code"], "flowrun::lua_file", "there is none");
    client.open_as("lua", "x.lua", "return { f = function(item) return item end }");
    let uri = client.uri("pipeline.yaml");
    client.wait(|message| {
        message["params"]["uri"] == uri.as_str() && message["params"]["diagnostics"] == json!([])
    });
    client.leave();
}

#[test]
fn the_function_of_a_lua_file_is_found_where_it_is_defined() {
    let pipeline = "lua_path: [../lua]\nsteps:\n  in: { items: [1] }\n  a: { from: in, map: { file: \"x.lua#clean\" } }\n  b: { from: a, filter: { file: y.lua } }\n  o: { from: b, write: o.jsonl }\n";
    let lua = "local M = {}\n\nfunction M.clean(item)\n  return item\nend\n\nreturn M\n";
    let files = [
        ("a/pipeline.yaml", pipeline),
        ("lua/x.lua", lua),
        ("lua/y.lua", "return function() return true end"),
    ];
    let mut client = client(&files);
    let place = ask(&mut client, files[0], "clean", "definition", &json!({}));
    assert_eq!(place["uri"], client.uri("lua/x.lua"));
    assert_eq!(place["range"]["start"], json!({ "line": 2, "character": 11 }));
    let place = ask(&mut client, files[0], "y.lua", "definition", &json!({}));
    assert_eq!(
        (&place["uri"], &place["range"]["start"]["line"]),
        (&client.uri("lua/y.lua").into(), &0.into())
    );
    // As it is in the editor.
    client.open_as("lua", "lua/x.lua", &format!("-- new\n{lua}"));
    let place = ask(&mut client, files[0], "clean", "definition", &json!({}));
    assert_eq!(place["range"]["start"]["line"], 3);
    client.leave();
}
