//! This floor draws the steps of a pipeline and what flows between them, as text or as a picture. It draws from the file
//! as written, so that no parameter needs a value.

mod dot;
mod graph;
mod mermaid;
mod page;
mod svg;
mod text;

pub use dot::draw as dot;
pub use graph::Graph;
pub use mermaid::draw as mermaid;
pub use page::for_page;
pub use svg::draw as svg;
pub use text::draw as text;

#[cfg(test)]
mod tests;
