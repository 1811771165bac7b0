//! This module draws the graph as a picture that needs no other file: boxes in layers, curves between them, colours
//! that follow the reader's choice of light or dark.

use std::fmt::Write as _;

use super::graph::{Graph, Node, Tie};

/// Pixels.
const BOX_HEIGHT: f64 = 46.0;
const BETWEEN_LAYERS: f64 = 54.0;
const BETWEEN_BOXES: f64 = 26.0;
const MARGIN: f64 = 20.0;
/// Of one character, generously.
const CHARACTER: f64 = 7.4;
/// Characters of a path that are shown; the tip of the box has them all.
const DETAIL_MAX: usize = 34;

const STYLE: &str = "\
    svg { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; background: #ffffff; }
    .box { fill: #f6f8fa; stroke: #8c959f; }
    .read, .glob, .items { fill: #ddf4ff; stroke: #54aeff; }
    .write { fill: #dafbe1; stroke: #4ac26b; }
    .name { fill: #1f2328; font-weight: 600; }
    .about { fill: #59636e; font-size: 11px; }
    .tie { fill: none; stroke: #8c959f; stroke-width: 1.4; }
    .failed { stroke: #cf222e; }
    .needs { stroke-dasharray: 5 4; }
    .tip { fill: #8c959f; }
    @media (prefers-color-scheme: dark) {
      svg { background: #0d1117; }
      .box { fill: #161b22; stroke: #6e7681; }
      .read, .glob, .items { fill: #0c2d6b; stroke: #388bfd; }
      .write { fill: #033a16; stroke: #2ea043; }
      .name { fill: #e6edf3; }
      .about { fill: #9198a1; }
      .tie { stroke: #6e7681; }
      .failed { stroke: #f85149; }
      .tip { fill: #6e7681; }
    }
";

/// Where a box is.
#[derive(Debug, Clone, Copy, Default)]
struct BoxPlace {
    left: f64,
    top: f64,
    width: f64,
}

impl BoxPlace {
    fn middle(self) -> f64 {
        self.left + self.width / 2.0
    }
}

/// The whole picture.
pub fn draw(graph: &Graph) -> String {
    picture(graph, &format!("  <style>\n{STYLE}  </style>\n"), |_| "")
}

/// The picture for a page that has a style for it. Each box has the class that is `status` of the step's name.
pub(super) fn inline<'a>(graph: &Graph, status: impl Fn(&str) -> &'a str) -> String {
    picture(graph, "", status)
}

fn picture<'a>(graph: &Graph, style: &str, status: impl Fn(&str) -> &'a str) -> String {
    let (spots, width, height) = lay_out(graph);
    let name = escaped(&graph.name);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-labelledby=\"title\">\n  <title id=\"title\">{name}: {} steps</title>\n",
        graph.nodes.len()
    );
    // Writing to a string cannot fail.
    out.push_str(style);
    out.push_str(
        "  <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path class=\"tip\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n",
    );
    for edge in &graph.edges {
        let (from, to) = (spots[edge.from], spots[edge.to]);
        let (start, end) = (from.top + BOX_HEIGHT, to.top);
        let bend = ((end - start) / 2.0).max(BETWEEN_LAYERS / 2.0);
        let class = match edge.kind {
            Tie::Data | Tie::With => "tie",
            Tie::Failed | Tie::WithFailed => "tie failed",
            Tie::Needs => "tie needs",
        };
        let (x, to_x) = (from.middle(), to.middle());
        let _ = writeln!(
            out,
            "  <path class=\"{class}\" marker-end=\"url(#tip)\" d=\"M{x:.1} {start:.1}C{x:.1} {:.1} {to_x:.1} {:.1} \
             {to_x:.1} {end:.1}\"><title>{}</title></path>",
            start + bend,
            end - bend,
            tie(graph, edge.from, edge.to, edge.kind),
        );
    }
    for (node, spot) in graph.nodes.iter().zip(&spots) {
        let (verb, detail) = (escaped(&node.verb), escaped(&node.detail));
        let (class, said) = match status(&node.name) {
            "" => (String::new(), String::new()),
            status => (format!(" class=\"is-{0}\"", escaped(status)), format!(": {}", escaped(status))),
        };
        let _ = writeln!(
            out,
            "  <g{class}><title>{} {verb} {detail}{said}</title><rect class=\"box {verb}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" \
             height=\"{BOX_HEIGHT}\" rx=\"7\"/><text class=\"name\" x=\"{5:.1}\" y=\"{:.1}\" \
             text-anchor=\"middle\">{0}</text><text class=\"about\" x=\"{:.1}\" y=\"{:.1}\" \
             text-anchor=\"middle\">{}</text></g>",
            escaped(&node.name),
            spot.left,
            spot.top,
            spot.width,
            spot.top + 19.0,
            spot.middle(),
            spot.top + 35.0,
            escaped(&about(node)),
        );
    }
    out.push_str("</svg>\n");
    out
}

fn tie(graph: &Graph, from: usize, to: usize, kind: Tie) -> String {
    let (from, to) = (escaped(&graph.nodes[from].name), escaped(&graph.nodes[to].name));
    match kind {
        Tie::Data => format!("{from} → {to}"),
        Tie::Failed => format!("{from}.failed → {to}"),
        Tie::With => format!("{to} with {from}"),
        Tie::WithFailed => format!("{to} with {from}.failed"),
        Tie::Needs => format!("{to} needs {from}"),
    }
}

/// The second line of a box.
fn about(node: &Node) -> String {
    if node.detail.is_empty() {
        return node.verb.clone();
    }
    let long = node.detail.chars().count() > DETAIL_MAX;
    let cut: String = node.detail.chars().take(DETAIL_MAX).collect();
    format!("{} {cut}{}", node.verb, if long { "…" } else { "" })
}

/// The places of all boxes, and the size of the picture.
fn lay_out(graph: &Graph) -> (Vec<BoxPlace>, f64, f64) {
    let letters = |text: &str| text.chars().count() as f64 * CHARACTER;
    let wide = |node: &Node| letters(&node.name).max(letters(&about(node))).max(70.0) + 24.0;
    let mut spots: Vec<BoxPlace> =
        graph.nodes.iter().map(|node| BoxPlace { width: wide(node), ..BoxPlace::default() }).collect();
    let mut above: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    graph.edges.iter().for_each(|edge| above[edge.to].push(edge.from));
    let mut layers = graph.layers();
    let whole = |layer: &[usize], spots: &[BoxPlace]| {
        layer.iter().map(|at| spots[*at].width).sum::<f64>() + BETWEEN_BOXES * (layer.len().max(1) - 1) as f64
    };
    let width = layers.iter().map(|layer| whole(layer, &spots)).fold(0.0, f64::max);
    for (depth, layer) in layers.iter_mut().enumerate() {
        // Each step below what it takes, so that few ties cross.
        let wish = |at: &usize| {
            let from = &above[*at];
            from.iter().map(|from| spots[*from].middle()).sum::<f64>() / from.len().max(1) as f64
        };
        layer.sort_by(|one, other| wish(one).total_cmp(&wish(other)));
        let mut left = MARGIN + (width - whole(layer, &spots)) / 2.0;
        for at in layer.iter() {
            spots[*at].left = left;
            spots[*at].top = MARGIN + depth as f64 * (BOX_HEIGHT + BETWEEN_LAYERS);
            left += spots[*at].width + BETWEEN_BOXES;
        }
    }
    let height = layers.len() as f64 * (BOX_HEIGHT + BETWEEN_LAYERS) - BETWEEN_LAYERS;
    (spots, width + 2.0 * MARGIN, height.max(0.0) + 2.0 * MARGIN)
}

fn escaped(text: &str) -> String {
    let escape = |character: char| match character {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        control if control.is_control() => " ".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}
