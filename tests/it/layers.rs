//! Who may name whom: the table of layers in `src/lib.rs`, checked for every arrow between the files of
//! `src`.
//!
//! A file may name modules of its own layer and of those below, never of one above, and no arrows run in a
//! circle. A new top-level module needs a place in that table; a new file within one needs nothing. Code
//! under `#[cfg(test)]` may look up. A `pub use` of a module's own part is a door, not an arrow: who goes
//! through it names the part.

use std::collections::{BTreeMap, BTreeSet};

use crate::named_paths::{Named, named_paths};
use crate::sources::sources;

/// Words that lead to a module or to something in it.
type Path = Vec<String>;

/// A file's name and text.
type Source = (String, String);

/// A layer of the table: its name and its modules.
type Layer = (String, Vec<String>);

/// Layers from the top down, as the table in the documentation of the library has them.
fn layers(lib: &str) -> Vec<Layer> {
    let rows = lib.lines().filter_map(|line| line.strip_prefix("//! |"));
    let layer = |row: &str| {
        let mut cells = row.split('|').map(str::trim);
        let (name, modules) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        (name.to_owned(), modules.split('`').skip(1).step_by(2).map(str::to_owned).collect())
    };
    rows.map(layer).collect()
}

/// The module that a file is; nothing for the library's root, which only lists modules, and for files of
/// tests.
fn module_of(file: &str) -> Option<Path> {
    let path = file.strip_prefix("src/")?.strip_suffix(".rs")?;
    let path: Path = path.strip_suffix("/mod").unwrap_or(path).split('/').map(str::to_owned).collect();
    (path != ["lib"] && path.last().is_some_and(|last| last != "tests")).then_some(path)
}

/// The modules of a program, and what each of them names.
struct Program {
    named: BTreeMap<Path, Vec<Named>>,
    /// Modules that a `path` attribute gives another name.
    renamed: BTreeMap<Path, Vec<Path>>,
}

impl Program {
    fn new(sources: &[Source]) -> Self {
        let modules = sources.iter().filter_map(|(name, text)| Some((module_of(name)?, name, text)));
        let modules: Vec<_> = modules.collect();
        let named = modules.iter().map(|(module, _, text)| (module.clone(), named_paths(text))).collect();
        let mut renamed: BTreeMap<Path, Vec<Path>> = BTreeMap::new();
        for (module, name, text) in &modules {
            let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
            for (alias, file) in renamed_modules(text) {
                let part = module_of(&format!("{folder}/{file}")).expect("a file of src");
                renamed.entry([base(module), vec![alias]].concat()).or_default().push(part);
            }
        }
        Self { named, renamed }
    }

    /// What `named` in `module` leads to: modules of this program, or nothing.
    fn targets(&self, module: &Path, named: &Named) -> Vec<Path> {
        self.absolute(module, &named.path).map_or_else(Vec::new, |path| self.lead(&path, 0))
    }

    /// The path from the root, when it is of this program.
    fn absolute(&self, module: &Path, path: &[String]) -> Option<Path> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" | "mandel_mpi" => Some(rest.to_vec()),
            "self" if rest.first().is_some_and(|next| next == "super") => self.absolute(module, rest),
            "self" => Some([&base(module), rest].concat()),
            "super" => {
                let parent = &module[..module.len().saturating_sub(1)];
                let above = rest.iter().take_while(|word| *word == "super").count();
                Some([&parent[..parent.len().saturating_sub(above)], &rest[above..]].concat())
            }
            _ => {
                let part = [base(module), vec![first.clone()]].concat();
                if self.is_module(&part) {
                    return Some([&part, rest].concat());
                }
                let import = |named: &&Named| named.bound.as_ref() == Some(first) && named.path[0] != *first;
                let import = self.named[module].iter().find(import)?;
                Some([&self.absolute(module, &import.path)?, rest].concat())
            }
        }
    }

    fn is_module(&self, path: &Path) -> bool {
        self.named.contains_key(path) || self.renamed.contains_key(path)
    }

    /// Follows a path from the root to the module that has what it names, through the doors of `pub use`.
    fn lead(&self, path: &[String], doors: usize) -> Vec<Path> {
        let prefixes = (1..=path.len()).rev().map(|length| path[..length].to_vec());
        let Some(module) = { prefixes }.find(|prefix| self.is_module(prefix)) else { return Vec::new() };
        if let Some(parts) = self.renamed.get(&module) {
            return parts.clone();
        }
        let is_door = |named: &&Named| named.is_public && path.get(module.len()) == named.bound.as_ref();
        let door =
            self.named[&module].iter().find(is_door).filter(|_| path.len() > module.len() && doors < 8);
        let behind = door.and_then(|door| self.absolute(&module, &door.path)).filter(|behind| behind != path);
        let found = behind.map_or_else(Vec::new, |behind| self.lead(&behind, doors + 1));
        if found.is_empty() { vec![module] } else { found }
    }

    /// All arrows from file to file.
    fn arrows(&self) -> BTreeMap<Path, BTreeSet<Path>> {
        let of = |(module, named): (&Path, &Vec<Named>)| {
            let arrows = named.iter().filter(|named| !self.is_door(module, named));
            let targets = arrows.flat_map(|named| self.targets(module, named));
            (module.clone(), targets.filter(|target| target != module).collect())
        };
        self.named.iter().map(of).collect()
    }

    fn is_door(&self, module: &Path, named: &Named) -> bool {
        let is_part = |path: Path| path.len() > module.len() && path.starts_with(module);
        named.is_public && self.absolute(module, &named.path).is_some_and(is_part)
    }
}

/// Where the parts of a module are: the program's own root has no name.
fn base(module: &Path) -> Path {
    if *module == ["main"] { Vec::new() } else { module.clone() }
}

/// Names of modules and the files that a `path` attribute gives them.
fn renamed_modules(text: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut renamed = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some((_, rest)) = line.split_once("path = \"").filter(|_| line.starts_with("#[")) {
            files.push(rest.split('"').next().unwrap_or_default().to_owned());
        } else if let Some((_, name)) = line.strip_suffix(';').and_then(|line| line.split_once("mod ")) {
            renamed.extend(files.drain(..).map(|file| (name.to_owned(), file)));
        }
    }
    renamed
}

/// Everything that is wrong with a program whose layers `lib` has.
fn faults(lib: &str, sources: &[Source]) -> Vec<String> {
    let layers = layers(lib);
    let arrows = Program::new(sources).arrows();
    [misplaced(&layers, arrows.keys()), upward(&layers, &arrows), circles(&arrows)].concat()
}

/// Modules without one place in the table, and names in it that are no module.
fn misplaced<'a>(layers: &[Layer], modules: impl Iterator<Item = &'a Path>) -> Vec<String> {
    let modules: BTreeSet<&String> = modules.map(|module| &module[0]).collect();
    let listed: Vec<&String> = layers.iter().flat_map(|(_, modules)| modules).collect();
    let places = |module: &String| listed.iter().filter(|listed| **listed == module).count();
    let unplaced = modules.iter().filter(|module| places(module) != 1);
    let gone = listed.iter().filter(|listed| !modules.contains(**listed));
    let unplaced = unplaced.map(|module| format!("{module} is {} times in the table", places(module)));
    unplaced
        .chain(gone.map(|module| format!("{module} is in the table, but there is no such module")))
        .collect()
}

fn upward(layers: &[Layer], arrows: &BTreeMap<Path, BTreeSet<Path>>) -> Vec<String> {
    let layer = |module: &Path| layers.iter().position(|(_, modules)| modules.contains(&module[0]));
    let all = arrows.iter().flat_map(|(from, targets)| targets.iter().map(move |to| (from, to)));
    let up = all.filter(|(from, to)| layer(to) < layer(from));
    up.map(|(from, to)| format!("{} names {}, which is above it", from.join("::"), to.join("::"))).collect()
}

/// Files from which arrows lead back to themselves, with one such way each.
fn circles(graph: &BTreeMap<Path, BTreeSet<Path>>) -> Vec<String> {
    let ways = graph.keys().filter_map(|module| way_back(graph, module));
    ways.map(|way| {
        format!("a circle: {}", way.iter().map(|module| module.join("::")).collect::<Vec<_>>().join(" -> "))
    })
    .collect()
}

/// A shortest way from a module to itself.
fn way_back(graph: &BTreeMap<Path, BTreeSet<Path>>, start: &Path) -> Option<Vec<Path>> {
    let mut ways = std::collections::VecDeque::from([vec![start.clone()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in graph.get(way.last().expect("a beginning")).into_iter().flatten() {
            let longer = [way.as_slice(), std::slice::from_ref(next)].concat();
            if next == start {
                return Some(longer);
            }
            if seen.insert(next) {
                ways.push_back(longer);
            }
        }
    }
    None
}

#[test]
fn no_arrow_runs_up_and_none_in_a_circle() {
    let sources = sources();
    let (_, lib) = sources.iter().find(|(name, _)| name == "src/lib.rs").expect("the library");
    let faults = faults(lib, &sources);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The arrows among the parts of a module, which is left out of their names.
fn inside(arrows: &BTreeMap<Path, BTreeSet<Path>>, module: &str) -> BTreeMap<Path, BTreeSet<Path>> {
    let part = |path: &Path| (path[0] == module && path.len() > 1).then(|| path[1..].to_vec());
    let of = |(from, to): (&Path, &BTreeSet<Path>)| Some((part(from)?, to.iter().filter_map(part).collect()));
    arrows.iter().filter_map(of).collect()
}

#[test]
fn rooms_of_the_kernel_name_nothing_above_them() {
    let sources = sources();
    let (_, kernel) = sources.iter().find(|(name, _)| name == "src/kernel/mod.rs").expect("the kernel");
    let (rooms, arrows) = (layers(kernel), inside(&Program::new(&sources).arrows(), "kernel"));
    let faults = [misplaced(&rooms, arrows.keys()), upward(&rooms, &arrows)].concat();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    let turned: Vec<Layer> = rooms.into_iter().rev().collect();
    assert!(upward(&turned, &arrows).len() > 20, "its arrows are found");
}

/// The table of a made-up program.
const LIB: &str = "\
//! | layer | modules | knows |
//! |---|---|---|
//! | top | [`story`], `main` | all |
//! | middle | [`file`], [`net`] | edges |
//! | ground | [`number`], [`error`] | nothing |
";

/// What is wrong with a made-up program; its other modules are empty.
fn faults_of(files: &[(&str, &str)]) -> Vec<String> {
    let empty = ["main.rs", "story.rs", "file.rs", "net.rs", "number.rs", "error.rs"].map(|name| (name, ""));
    let others = empty.iter().filter(|(name, _)| files.iter().all(|(file, _)| file != name));
    let source = |(name, text): &(&str, &str)| (format!("src/{name}"), (*text).to_owned());
    let sources: Vec<Source> = files.iter().chain(others).map(source).collect();
    faults(LIB, &sources)
}

#[test]
fn a_sound_program_has_no_faults() {
    let story = ("story.rs", "use crate::{file::File, net};\nfn f() {\n    crate::number::one();\n}\n");
    let main = ("main.rs", "use mandel_mpi::story;\n");
    let test = ("number.rs", "#[cfg(test)]\nmod tests {\n    use crate::story;\n}\n");
    assert_eq!(faults_of(&[story, main, test]), [""; 0]);
}

#[test]
fn an_arrow_that_runs_up_is_found_however_it_is_written() {
    for text in [
        "use crate::story;\n",
        "use crate::{\n    number,\n    story::{Plot, self},\n};\n",
        "fn f() -> crate::story::Plot {}\n",
        "use super::story;\n",
        "pub use crate::story::Plot;\n",
    ] {
        assert_eq!(faults_of(&[("file.rs", text)]), ["file names story, which is above it"], "{text}");
    }
    let inner = ("number/part.rs", "use super::super::net;\n");
    assert_eq!(faults_of(&[inner]), ["number::part names net, which is above it"]);
}

#[test]
fn a_module_without_its_one_place_is_found() {
    assert_eq!(faults_of(&[("new.rs", "")]), ["new is 0 times in the table"]);
    let gone = faults(&LIB.replace("[`number`]", "`number`, `old`"), &[]);
    assert!(gone.contains(&"old is in the table, but there is no such module".to_owned()), "{gone:?}");
}

#[test]
fn a_circle_is_found_among_modules_and_among_their_files() {
    let two = [("file.rs", "use crate::net::Net;\n"), ("net.rs", "use crate::file;\n")];
    assert_eq!(faults_of(&two), ["a circle: file -> net -> file", "a circle: net -> file -> net"]);
    let parts = [("net.rs", "use wire::Wire;\n"), ("net/wire.rs", "use super::Net;\n")];
    assert_eq!(faults_of(&parts)[0], "a circle: net -> net::wire -> net");
    let renamed = ("net.rs", "#[cfg_attr(a, path = \"net/wire.rs\")]\nmod switch;\nuse switch::Wire;\n");
    assert_eq!(faults_of(&[renamed, parts[1]])[0], "a circle: net -> net::wire -> net");
}

#[test]
fn a_door_is_no_arrow_but_who_goes_through_it_names_the_part() {
    let net = ("net.rs", "mod wire;\npub use wire::Wire;\n");
    let wire = ("net/wire.rs", "use super::Net;\nuse crate::file::File;\n");
    assert_eq!(faults_of(&[net, wire]), [""; 0]);
    let file = ("file.rs", "use crate::net::Wire;\n");
    assert_eq!(faults_of(&[net, wire, file])[0], "a circle: file -> net::wire -> file");
}
