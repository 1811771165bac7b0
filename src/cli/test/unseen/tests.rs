//! These tests say of small files what a tested step cannot look at.

use std::path::Path;

use serde_json::{Value, json};

use super::by;
use crate::plan::Unseen;

fn unseen(file: &Value, folder: &Path) -> (Vec<String>, Vec<String>) {
    let common = json!({ "env": { "KEY": { "required": true } }, "policies": { "slow": { "timeout": "${{ params.day }}" } } });
    let Unseen { params, env } = by("b", file, folder, |_| common.clone());
    (params.into_iter().collect(), env.into_iter().collect())
}

#[test]
fn names_that_a_tested_step_may_look_at_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lib.lua"), "return { clean = function(item) return params.day end }")
        .unwrap();
    std::fs::write(folder.path().join("more.lua"), "return require('lib').clean").unwrap();
    for (map, params, env) in [
        (json!("return item * params.factor"), vec!["day"], vec!["HOST", "TOKEN"]),
        (json!("return params['day'] .. params.factor .. env.HOST"), vec![], vec!["TOKEN"]),
        (json!("return tbl.get(params, item)"), vec![], vec!["HOST", "TOKEN"]),
        (json!("for k in env do log(k) end"), vec!["day", "factor"], vec![]),
        (json!({ "file": "lib.lua#clean" }), vec!["factor"], vec!["HOST", "TOKEN"]),
        (json!({ "file": "none.lua" }), vec![], vec![]),
        (json!({ "file": "more.lua" }), vec![], vec![]),
        (json!("return require('lib').f(item)"), vec![], vec![]),
        (json!("return item"), vec!["day", "factor"], vec!["HOST", "TOKEN"]),
        (
            json!({ "program": { "run": ["x"], "env": { "T": "${{ env.TOKEN }}" } } }),
            vec!["day", "factor"],
            vec!["HOST"],
        ),
    ] {
        let file = json!({
            "params": { "day": { "required": true }, "factor": 2 },
            "env": { "TOKEN": { "required": true }, "HOST": { "required": true } },
            "steps": { "a": { "read": "${{ params.day }}" }, "b": { "from": "a", "map": map } },
            "tests": [{ "step": "b" }],
        });
        let expect =
            (params.into_iter().map(str::to_owned).collect(), env.into_iter().map(str::to_owned).collect());
        assert_eq!(unseen(&file, folder.path()), expect, "{file}");
    }
}

#[test]
fn an_included_file_has_names_and_policies() {
    let file = json!({
        "include": ["common.yaml"],
        "params": { "day": { "required": true }, "factor": { "required": true } },
        "steps": { "b": { "items": [1], "map": "return item" } },
    });
    assert_eq!(unseen(&file, Path::new(".")), (vec!["factor".to_owned()], vec!["KEY".to_owned()]));
}
