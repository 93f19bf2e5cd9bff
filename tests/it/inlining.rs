//! What a compiler does not notice in the kernel: code that is right but slow.

use crate::sources::{code, sources};

/// Names of the files that are generic over instruction sets, and their code without tests.
fn vectorised() -> Vec<(String, String)> {
    let rooms = ["src/kernel/simd/", "src/kernel/iterate/", "src/kernel/shortcuts/"];
    let is_one =
        |name: &String| rooms.iter().any(|room| name.starts_with(room)) && !name.ends_with("tests.rs");
    let files = sources().into_iter().filter(|(name, _)| is_one(name));
    let product = |text: &str| text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
    files.map(|(name, text)| (name, code(&product(&text)).flat_map(|line| [line, "\n"]).collect())).collect()
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
    for (file, code) in vectorised() {
        // A set's own implementation names the trait once, at its head.
        let (before, implementation) = code.split_once("impl Simd for ").unwrap_or((&code, ""));
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
            assert!(wanted.iter().any(|wanted| before.starts_with(wanted)), "{file}: {before} {head}");
            seen += 1;
        }
    }
    assert!(seen > 120, "only {seen} functions were found");
}

/// The compiler may leave a closure alone, which is then compiled for the baseline CPU.
#[test]
fn no_closure_handles_vectors() {
    let mut seen = 0;
    for (file, code) in vectorised() {
        for body in closures(&code) {
            assert!(!handles_vectors(body), "{file}: {body}");
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} closures were found");
}

fn handles_vectors(body: &str) -> bool {
    ["simd.", "(simd", " simd,"].iter().any(|word| body.contains(word))
}

#[test]
fn a_closure_that_handles_vectors_is_found() {
    let code = "let sum = z.map(|z| simd.add(z, z));\nlet twice = |x: f64| 2.0 * x;\nlet or = a | b | c;\n";
    let bodies = closures(code);
    assert_eq!(bodies, [" simd.add(z, z)", " 2.0 * x"]);
    assert_eq!([handles_vectors(bodies[0]), handles_vectors(bodies[1])], [true, false]);
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

/// A function that is compiled for a feature must not run on a CPU that `detect` let pass without it.
#[test]
fn every_feature_that_is_enabled_is_detected() {
    let after = |code: &str, words: &str| -> Vec<String> {
        let lists = code.split(words).skip(1).map(|rest| rest.split('"').next().unwrap_or_default());
        lists.flat_map(|list| list.split(',')).map(str::to_owned).collect()
    };
    let mut seen = 0;
    for (file, code) in vectorised() {
        let detected = after(&code, "is_x86_feature_detected!(\"");
        for enabled in after(&code, "target_feature(enable = \"") {
            // Who has AVX2 has AVX.
            let is_detected =
                detected.contains(&enabled) || enabled == "avx" && detected.contains(&"avx2".into());
            assert!(is_detected, "{file} enables {enabled}");
            seen += 1;
        }
    }
    assert!(seen >= 14, "only {seen} features are enabled");
}
