//! What a compiler does not notice in `src/kernel`: slow code that is right, and modules in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Text of every file of the kernel but tests, by module: `simd::avx2`; the front door is "".
fn modules() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kernel");
    let (mut folders, mut modules) = (vec![root.clone()], BTreeMap::new());
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            let name = path.strip_prefix(&root).expect("below it").with_extension("");
            let name = name.to_str().expect("UTF-8").replace('/', "::");
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !name.ends_with("tests")
            {
                let name = if name == "mod" { "" } else { name.strip_suffix("::mod").unwrap_or(&name) };
                modules.insert(name.to_owned(), product_code(&fs::read_to_string(&path).expect("UTF-8")));
            }
        }
    }
    modules
}

/// The text without comments and tests.
fn product_code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().expect("there is always one part");
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| [line, "\n"]).collect()
}

/// Rooms in which code is generic over instruction sets.
fn is_vectorised(module: &str) -> bool {
    ["simd", "iterate", "shortcuts"].iter().any(|room| module.starts_with(room))
}

/// Of every function: the line before it, and its head up to the body. Declarations without one are left out.
fn functions(code: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = code.lines().map(str::trim).collect();
    let is_head = |line: &str| {
        let line = line.strip_prefix("pub(crate) ").or(line.strip_prefix("pub ")).unwrap_or(line);
        line.strip_prefix("const ").unwrap_or(line).starts_with("fn ")
    };
    let mut functions = Vec::new();
    for (number, _) in lines.iter().enumerate().filter(|(_, line)| is_head(line)) {
        let end = |line: &&&str| !line.ends_with('{') && !line.ends_with(';') && !line.ends_with('}');
        let length = lines[number..].iter().take_while(end).count();
        let head = lines[number..=number + length].join(" ");
        if !head.ends_with(';') || head.contains('{') {
            functions.push((lines[number.saturating_sub(1)].to_owned(), head));
        }
    }
    functions
}

/// A function that is not inlined into `Simd::vectorize` is compiled for the baseline CPU: right, but slow.
#[test]
fn what_handles_vectors_is_always_inlined() {
    let mut seen = 0;
    for (module, code) in modules().iter().filter(|(module, _)| is_vectorised(module)) {
        // A set's own implementation names the trait once, at its head.
        let (before, implementation) = code.split_once("impl Simd for ").unwrap_or((code, ""));
        let generic = functions(before).into_iter().filter(|(_, head)| {
            head.contains("Simd")
                || head.contains("simd: ")
                || head.contains("S::")
                || head.contains("Self::Vector")
        });
        for (before, head) in generic.chain(functions(implementation)) {
            let is_outlined = head.starts_with("fn vectorize") || head.starts_with("fn run<W");
            let wanted =
                if is_outlined { ["#[inline(never)]", "#[target_feature"] } else { ["#[inline(always)]"; 2] };
            assert!(wanted.iter().any(|wanted| before.starts_with(wanted)), "{module}: {before} {head}");
            seen += 1;
        }
    }
    assert!(seen > 120, "only {seen} functions were found");
}

/// The compiler may leave a closure alone, which is then compiled for the baseline CPU.
#[test]
fn no_closure_handles_vectors() {
    for (module, code) in modules().iter().filter(|(module, _)| is_vectorised(module)) {
        for body in closures(code) {
            let handles = ["simd.", "(simd", " simd,"].iter().any(|word| body.contains(word));
            assert!(!handles, "{module}: {body}");
        }
    }
}

/// The bodies of all closures, up to the bracket, comma or semicolon that ends them.
fn closures(code: &str) -> Vec<&str> {
    let mut bodies = Vec::new();
    for (at, _) in code.match_indices('|') {
        let opens = ["(", "= ", ", ", "move ", ": "].iter().any(|before| code[..at].ends_with(before));
        let Some(end) = code[at + 1..].find('|').filter(|_| opens) else { continue };
        let rest = &code[at + end + 2..];
        let mut depth = 0;
        let length = rest.find(|c| {
            depth += i32::from("([{".contains(c)) - i32::from(")]}".contains(c));
            depth < 0 || depth == 0 && ",;".contains(c)
        });
        bodies.push(&rest[..length.unwrap_or(rest.len())]);
    }
    bodies
}

/// The modules that a module names in its `use` lines, and in paths from `crate::kernel`.
fn named(module: &str, code: &str, modules: &BTreeMap<String, String>) -> BTreeSet<String> {
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    let mut found = BTreeSet::new();
    for (_, statement) in code.match_indices("use ").map(|(at, _)| (at, &code[at + 4..])) {
        let path = statement.split(';').next().expect("there is always one part");
        let base = match path.split("::").next().expect("there is always one part") {
            "super" => parent,
            "crate" if path.starts_with("crate::kernel::") => "",
            first if modules.contains_key(&joined(module, first)) => module,
            _ => continue,
        };
        let (prefix, names) = path.split_once('{').unwrap_or((path, ""));
        let inner = names.trim_end_matches('}').split(',').map(str::trim).filter(|name| !name.is_empty());
        let paths: Vec<String> = match names {
            "" => vec![prefix.to_owned()],
            _ => inner.map(|name| format!("{prefix}{name}")).collect(),
        };
        for path in paths {
            let segments = path.split("::").filter(|segment| !["super", "crate", "kernel"].contains(segment));
            found.insert(segments.fold(base.to_owned(), |at, segment| {
                let deeper = joined(&at, segment.split(' ').next().expect("there is always one part"));
                if modules.contains_key(&deeper) { deeper } else { at }
            }));
        }
    }
    found.remove(module);
    found
}

fn joined(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

/// Nodes that reach themselves.
fn in_a_circle(arrows: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let reaches_itself = |start: &&String| {
        let (mut open, mut seen) = (vec![*start], BTreeSet::new());
        while let Some(at) = open.pop() {
            for next in arrows.get(at).into_iter().flatten() {
                if next == *start {
                    return true;
                }
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        false
    };
    arrows.keys().filter(reaches_itself).cloned().collect()
}

#[test]
fn neither_files_nor_rooms_stand_in_a_circle() {
    let modules = modules();
    let arrows: BTreeMap<String, BTreeSet<String>> =
        modules.iter().map(|(name, code)| (name.clone(), named(name, code, &modules))).collect();
    assert!(arrows["iterate::refill"].contains("shortcuts::series"), "{arrows:?}");
    assert_eq!(in_a_circle(&arrows), Vec::<String>::new(), "{arrows:#?}");
    let room = |module: &str| module.split("::").next().expect("there is always one part").to_owned();
    let mut rooms = BTreeMap::<String, BTreeSet<String>>::new();
    for (from, to) in arrows.iter().flat_map(|(from, to)| to.iter().map(move |to| (room(from), room(to)))) {
        if from != to {
            rooms.entry(from).or_default().insert(to);
        }
    }
    assert_eq!(in_a_circle(&rooms), Vec::<String>::new(), "{rooms:#?}");
    assert!(!rooms.contains_key("reference"), "the definition needs nobody");
}
