//! The paths that code names, in `use` and within expressions, read from its text.

use crate::sources::code;

/// The lines of code that are not compiled for tests only. rustfmt has laid them out: an item ends with the
/// first line that is indented as its beginning and ends with `}`, `;` or `,`.
fn product_code(text: &str) -> Vec<&str> {
    let mut kept = Vec::new();
    let mut lines = code(text);
    while let Some(line) = lines.next() {
        if line.trim_start() != "#[cfg(test)]" {
            kept.push(line);
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let ends =
            |line: &&str| line.len() - line.trim_start().len() == indent && line.ends_with(['}', ';', ',']);
        lines.by_ref().find(ends);
    }
    kept
}

/// A word, `::`, or a single sign.
fn tokens(lines: &[&str]) -> Vec<String> {
    let mut tokens = Vec::new();
    for line in lines {
        let mut rest = without_texts(line);
        while let Some(first) = rest.chars().next() {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let length = match first {
                _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                ':' if rest.starts_with("::") => 2,
                _ => first.len_utf8(),
            };
            let tail = rest.split_off(length);
            if !first.is_whitespace() {
                tokens.push(rest);
            }
            rest = tail;
        }
    }
    tokens
}

/// A line without what stands in its quotes, and without a comment at its end.
fn without_texts(line: &str) -> String {
    let line = line.replace(r#"\""#, "").replace("'\"'", "");
    let outside: String = line.split('"').step_by(2).collect::<Vec<_>>().join("\"\"");
    outside.split("//").next().unwrap_or_default().to_owned()
}

/// A path that code names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// Its words, a `*` for all.
    pub(crate) path: Vec<String>,
    /// What `use` makes of it: the name in this file.
    pub(crate) bound: Option<String>,
    /// Whether it is `pub use`.
    pub(crate) is_public: bool,
}

/// Every path of product code: in `use` and within expressions.
pub(crate) fn named_paths(text: &str) -> Vec<Named> {
    let tokens = tokens(&product_code(text));
    let (mut named, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        let before = at.checked_sub(1).map_or("", |before| tokens[before].as_str());
        if tokens[at] == "use" {
            let is_public = matches!(before, "pub" | ")");
            at = read_use(&tokens, at + 1, &[], is_public, &mut named);
        } else if tokens.get(at + 1).is_some_and(|next| next == "::") && !matches!(before, "::" | ".") {
            let path = words(&tokens[at..]);
            at += 2 * path.len() - 1;
            // `pub(in path)` says who may look, and names nothing.
            if !(before == "in" && tokens.get(at).is_some_and(|next| next == ")")) {
                named.push(Named { path, bound: None, is_public: false });
            }
        } else {
            at += 1;
        }
    }
    named
}

/// The words that `::` joins.
fn words(tokens: &[String]) -> Vec<String> {
    let mut path = vec![tokens[0].clone()];
    while let [separator, word, ..] = &tokens[2 * path.len() - 1..]
        && separator == "::"
        && word.starts_with(|c: char| c.is_alphanumeric() || c == '_')
    {
        path.push(word.clone());
    }
    path
}

/// Reads one tree of a `use` that begins at `at`, and says where it ends.
fn read_use(
    tokens: &[String],
    mut at: usize,
    prefix: &[String],
    is_public: bool,
    named: &mut Vec<Named>,
) -> usize {
    let mut path = prefix.to_vec();
    let mut bound = None;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "::" => at += 1,
            "{" => {
                while at < tokens.len() && tokens[at] != "}" {
                    at = read_use(tokens, at + 1, &path, is_public, named);
                }
                return at + 1;
            }
            "as" => {
                bound = Some(tokens[at + 1].clone());
                at += 2;
            }
            "," | "}" | ";" => break,
            word => {
                path.push(word.to_owned());
                at += 1;
            }
        }
    }
    if path.len() > prefix.len() {
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let bound = bound.or_else(|| path.last().cloned());
        named.push(Named { path, bound, is_public });
    }
    at
}

mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        named_paths(text).iter().map(|named| named.path.join("::")).collect()
    }

    #[test]
    fn trees_of_use_are_laid_flat() {
        let text = "use crate::{a, b::{self, C as D, e::*}};\npub use x::Y;\nuse crate::long::{\n    F,\n    G,\n};\n";
        let expected = [
            "crate::a",
            "crate::b",
            "crate::b::C",
            "crate::b::e::*",
            "x::Y",
            "crate::long::F",
            "crate::long::G",
        ];
        assert_eq!(paths(text), expected);
        let named = named_paths(text);
        assert_eq!(named[2].bound.as_deref(), Some("D"));
        assert_eq!(named.iter().map(|named| named.is_public).filter(|is| *is).count(), 1);
    }

    #[test]
    fn paths_in_expressions_are_found_and_those_in_texts_and_comments_are_not() {
        let text =
            "// crate::a\nfn f() -> crate::b::C {\n    super::g::<u8>(\"crate::d\", '\"', x.y::<u8>());\n}\n";
        assert_eq!(paths(text), ["crate::b::C", "super::g"]);
        assert_eq!(
            paths("pub(in crate::a) const N: u8 = 1;\nfor x in crate::b::all() {}\n"),
            ["crate::b::all"]
        );
    }

    #[test]
    fn code_for_tests_only_is_left_out() {
        let text = "use crate::a::A;\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod more {\n    use crate::b::B;\n}\nuse crate::c::C;\n";
        assert_eq!(paths(text), ["crate::a::A", "crate::c::C"]);
    }
}
