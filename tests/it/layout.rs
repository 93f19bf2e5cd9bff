//! The names in a finished file: its groups, datasets and attributes, as readers depend on them.

use hdf5::{File, Group, Location};

use crate::sandbox::Sandbox;

/// Every path in a file with its attributes' names, ascending.
fn names(sandbox: &Sandbox) -> Vec<String> {
    let file = File::open(sandbox.path("small.h5")).expect("HDF5");
    let mut lines = Vec::new();
    list(&file, &mut lines);
    lines.sort();
    lines
}

fn list(group: &Group, lines: &mut Vec<String>) {
    for dataset in group.datasets().expect("datasets") {
        lines.push(line(&dataset));
    }
    for inner in group.groups().expect("groups") {
        lines.push(line(&inner));
        list(&inner, lines);
    }
}

fn line(location: &Location) -> String {
    let mut attributes = location.attr_names().expect("attributes");
    attributes.sort();
    format!("{}: {}", location.name(), attributes.join(" ")).trim_end().to_owned()
}

const COUNTS: &str = "/escape_count: DIMENSION_LIST checksum checksum_of description escape_radius job_hash long_name \
                      max_iter minimum region_im region_im_text region_re region_re_text sampling sum undecided";
const IM: &str = "/im: CLASS NAME REFERENCE_LIST long_name";
const RE: &str = "/re: CLASS NAME REFERENCE_LIST long_name";
const PROVENANCE: [&str; 3] = ["/provenance/config:", "/provenance/source:", "/provenance: commit version"];

#[test]
fn a_reproducible_file_says_nothing_of_its_run() {
    let sandbox = Sandbox::new();
    sandbox.job(&["--set", "output.reproducible=true"]).succeeded();
    assert_eq!(names(&sandbox), [&[COUNTS, IM][..], &PROVENANCE, &[RE]].concat());
}

#[test]
fn a_file_names_the_ranks_that_computed_it() {
    let sandbox = Sandbox::new();
    sandbox.job(&[]).succeeded();
    let run = [
        "/provenance/run/config:",
        "/provenance/run/hosts:",
        "/provenance/run/threads:",
        "/provenance/run: ranks started_unix_s wall_s",
    ];
    let [config, source, itself] = PROVENANCE;
    assert_eq!(names(&sandbox), [&[COUNTS, IM, config][..], &run, &[source, itself, RE]].concat());
}

#[test]
fn an_assembled_file_says_only_what_its_journal_knows() {
    let sandbox = Sandbox::new();
    // The file cannot be made, so that the complete journal stays.
    std::fs::create_dir(sandbox.path("small.h5.part")).expect("in the way");
    assert_eq!(sandbox.job(&[]).code, 73);
    std::fs::remove_dir(sandbox.path("small.h5.part")).expect("out of the way");
    sandbox.run(&["assemble", "small.h5"]).succeeded();
    let run = ["/provenance/run/config:", "/provenance/run:"];
    let [config, source, itself] = PROVENANCE;
    assert_eq!(names(&sandbox), [&[COUNTS, IM, config][..], &run, &[source, itself, RE]].concat());
}
