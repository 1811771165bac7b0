//! The picture of a report in README.md, made of the page of a real run of `examples/flaky` in a headless Chromium.

use std::path::Path;
use std::process::Stdio;

use image::imageops::FilterType;
use image::{GrayImage, open};

use crate::browser;
use crate::examples::Example;
use crate::project::command_in;

const NAME: &str = "docs/report.png";
/// What times, rates and the identifier of the run may change, as shades of 256 on average; a page without the run's
/// steps is away by more than twice that.
const SHADES: f64 = 1.0;

#[test]
fn the_picture_of_a_report_shows_what_a_run_shows() {
    if !browser::is_there() {
        return;
    }
    let example = Example::new("flaky");
    let ran =
        command_in(&example.path, &["pipeline.yaml", "--report", "r.html"]).output().expect("it starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let drawn = example.path.join("drawn.png");
    draw(&example.path, &drawn);
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join(NAME);
    let difference = difference(&committed, &drawn);
    if difference.is_none_or(|shades| shades > SHADES) && std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::copy(drawn, committed).expect("written");
        return;
    }
    assert!(
        difference.is_some_and(|shades| shades <= SHADES),
        "{NAME} is not what a run shows: {difference:?} (UPDATE_EXPECT=1 draws it)"
    );
}

fn draw(folder: &Path, target: &Path) {
    let drawn = browser::headless(folder)
        .args(["--hide-scrollbars", "--window-size=1180,760"])
        .arg(format!("--screenshot={}", target.display()))
        .arg(format!("file://{}", folder.join("r.html").display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the browser runs");
    assert!(drawn.success(), "{drawn}");
}

/// How many shades two pictures differ on average, coarsely seen: letters move with their fonts. None where one is missing or
/// has another size.
fn difference(one: &Path, other: &Path) -> Option<f64> {
    let coarse = |path| -> Option<((u32, u32), GrayImage)> {
        let picture = open(path).ok()?.into_luma8();
        let small = image::imageops::resize(&picture, 55, 45, FilterType::Triangle);
        Some((picture.dimensions(), small))
    };
    let ((size, one), (other_size, other)) = (coarse(one)?, coarse(other)?);
    let away = one.iter().zip(other.iter()).map(|(one, other)| f64::from(one.abs_diff(*other)));
    (size == other_size).then(|| away.sum::<f64>() / f64::from(55 * 45))
}
