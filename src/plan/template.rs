//! This module splits a string field into its text and its `${{ … }}`. `expand` evaluates them.

use std::ops::Range;

use super::lua_text;

/// Expressions of one field with an unclosed quote or brace: each is read to the end of the field in vain. After
/// these, the next `}}` ends an expression, whatever it stands in; the compiler has complained long before.
const BROKEN_MAX: usize = 16;

/// A string field with at least one `${{`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    /// The expressions, in order.
    pub(super) expressions: Vec<Hole>,
    /// The field is one expression and nothing else, so it takes that value whatever its type.
    pub(super) is_whole: bool,
    /// Where a `${{` stands that is never closed.
    pub(super) unclosed: Option<usize>,
}

/// One `${{ … }}` of a string field, in bytes of that field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hole {
    /// With the braces.
    pub(super) outer: Range<usize>,
    /// The Lua between them.
    pub(super) inner: Range<usize>,
}

impl Template {
    /// `None` when `text` holds no `${{`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut template = Self { expressions: Vec::new(), is_whole: false, unclosed: None };
        let (mut from, mut broken) = (0, 0);
        while let Some(found) = text[from..].find("${{") {
            let start = from + found;
            let inner = start + 3;
            let closing = if broken < BROKEN_MAX { lua_text::closing_braces } else { lua_text::next_braces };
            let Some((len, is_sound)) = closing(&text[inner..]) else {
                template.unclosed = Some(start);
                break;
            };
            broken += usize::from(!is_sound);
            from = inner + len + 2;
            template.expressions.push(Hole { outer: start..from, inner: inner..inner + len });
        }
        if let ([hole], None) = (template.expressions.as_slice(), template.unclosed) {
            // A block scalar ends with a line feed that is not meant.
            template.is_whole =
                text[..hole.outer.start].trim().is_empty() && text[hole.outer.end..].trim().is_empty();
        }
        (template.unclosed.is_some() || !template.expressions.is_empty()).then_some(template)
    }

    /// `text` with each expression replaced.
    pub(super) fn fill(&self, text: &str, values: &[String]) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut from = 0;
        for (hole, value) in self.expressions.iter().zip(values) {
            filled.push_str(&text[from..hole.outer.start]);
            filled.push_str(value);
            from = hole.outer.end;
        }
        filled.push_str(&text[from..]);
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, lua: &[&str], is_whole: bool, unclosed: Option<usize>) {
        let template = Template::parse(text).expect("it holds `${{`");
        let found: Vec<&str> = template.expressions.iter().map(|hole| &text[hole.inner.clone()]).collect();
        assert_eq!(
            (found.as_slice(), template.is_whole, template.unclosed),
            (lua, is_whole, unclosed),
            "{text}"
        );
    }

    #[test]
    fn a_field_that_is_one_expression_is_whole() {
        check("${{ params.n }}", &[" params.n "], true, None);
        check("  ${{ {a = {}} }}\n", &[" {a = {}} "], true, None);
        check("x ${{ 1 }}", &[" 1 "], false, None);
        check("${{ 1 }}${{ '}}' }}", &[" 1 ", " '}}' "], false, None);
        check("a ${{ 1 }} ${{ 2", &[" 1 "], false, Some(11));
        assert_eq!(Template::parse("$ {{ x }} ${ y }"), None);
    }

    #[test]
    fn filling_replaces_the_braces_too() {
        let text = "a/${{ x }}/${{ y }}.csv";
        let template = Template::parse(text).expect("it holds `${{`");
        assert_eq!(template.fill(text, &["1".to_owned(), "é".to_owned()]), "a/1/é.csv");
    }
}
