//! A choice between a few words is declared once, here, with what each word means: reading, schema and help of the
//! language are made from that. How a choice is read from a file, and what its schema says, is left to `config`.

/// One value of a choice, as people see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<T> {
    /// The value that it stands for.
    pub value: T,
    /// What it is called in pipeline files. The first name is the one that is offered and shown.
    pub names: &'static [&'static str],
    /// What it means, as a sentence.
    pub doc: &'static str,
}

/// A type whose values have names in pipeline files. The names `true` and `false` are booleans there, not text.
pub trait Choice: Copy + Eq + 'static {
    /// How a list of the names begins: ``the formats are``.
    const WHAT: &'static str;
    /// Every value, in the order of the documentation.
    const WORDS: &'static [Word<Self>];

    /// The value that this name stands for.
    fn parse(name: &str) -> Option<Self> {
        Self::WORDS.iter().find(|word| word.names.contains(&name)).map(|word| word.value)
    }

    /// Every value.
    fn all() -> impl Iterator<Item = Self> {
        Self::WORDS.iter().map(|word| word.value)
    }
}

/// Declares an enum whose values have names: the first doc comment of a variant is the sentence that people read.
macro_rules! choice {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident: $what:literal {
            $(#[doc = $doc:literal] $(#[$more:meta])* $variant:ident = $first:literal $(| $rest:literal)*,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $vis enum $name {
            $(#[doc = $doc] $(#[$more])* $variant,)*
        }

        impl $crate::value::Choice for $name {
            const WHAT: &'static str = $what;
            const WORDS: &'static [$crate::value::Word<Self>] = &[
                $($crate::value::Word {
                    value: Self::$variant,
                    names: &[$first $(, $rest)*],
                    // The macro is given the space that stands after `///`, too.
                    doc: $doc.trim_ascii(),
                },)*
            ];
        }

        impl $name {
            /// The name in pipeline files, and wherever people are told of it.
            $vis const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $first,)*
                }
            }
        }
    };
}

pub(crate) use choice;

#[cfg(test)]
mod tests {
    use super::*;

    choice!(
        /// What a door is.
        enum Door: "the doors are" {
            /// Nobody comes through.
            Shut = "shut" | "closed",
            /// Everybody does.
            Open = "open",
        }
    );

    #[test]
    fn every_name_is_read_and_the_first_is_shown() {
        let read = ["shut", "closed", "open", "ajar"].map(Door::parse);
        assert_eq!(read, [Some(Door::Shut), Some(Door::Shut), Some(Door::Open), None]);
        assert_eq!(Door::all().map(Door::name).collect::<Vec<_>>(), ["shut", "open"]);
        assert_eq!(Door::WORDS[0].doc, "Nobody comes through.");
        assert_eq!(Door::WHAT, "the doors are");
    }
}
