//! The functions of a source file, as text: what their docs say and what their bodies call.

/// A function as it stands in a file.
pub(crate) struct Function {
    pub(crate) file: String,
    pub(crate) name: String,
    /// Its doc comment.
    pub(crate) doc: String,
    /// Its lines without comments and indentation, signature included; chains of calls on one line.
    pub(crate) body: String,
    /// Whether it is part of what implements a trait, whose declaration documents it.
    pub(crate) implements_trait: bool,
}

/// The functions of a file, its tests left out. Read by indentation, which `cargo fmt` keeps.
pub(crate) fn functions(file: &str, text: &str) -> Vec<Function> {
    let mut found: Vec<Function> = Vec::new();
    if file.ends_with("tests.rs") {
        return found;
    }
    let lines = text.lines().take_while(|line| *line != "mod tests {");
    let (mut doc, mut implements_trait, mut inside) = (String::new(), false, None);
    for line in lines {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        if let Some(doc_line) = code.strip_prefix("///") {
            doc += doc_line;
        } else if code.starts_with("//") || code.starts_with("#[") {
        } else if let Some(name) = function_name(code).filter(|_| inside.is_none()) {
            let (name, doc) = (name.to_owned(), std::mem::take(&mut doc));
            found.push(Function {
                file: file.to_owned(),
                name,
                doc,
                body: code.to_owned(),
                implements_trait,
            });
            let is_over = code.ends_with(';') || code.ends_with('}');
            inside = (!is_over).then_some(indent);
        } else if let Some(start) = inside {
            let body = &mut found.last_mut().expect("one has begun").body;
            if !code.starts_with('.') {
                body.push('\n');
            }
            *body += code;
            let is_over = indent == start && (code == "}" || code.ends_with(';'));
            inside = inside.filter(|_| !is_over);
        } else {
            if indent == 0 && !code.is_empty() {
                implements_trait = code.starts_with("impl") && code.contains(" for ");
            }
            doc.clear();
        }
    }
    found
}

/// The name of the function whose signature begins here.
fn function_name(code: &str) -> Option<&str> {
    let (before, rest) = code.split_once("fn ")?;
    let is_signature =
        before.split_whitespace().all(|word| word.starts_with("pub") || ["const", "unsafe"].contains(&word));
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    is_signature.then(|| &rest[..end])
}
