//! The same file for any number of ranks and threads.

use crate::sandbox::{Run, Sandbox, mpirun};

/// One file that differs from run to run in nothing.
fn job(sandbox: &Sandbox, ranks: usize, threads: usize, arguments: &[&str]) -> Run {
    let output = format!("{ranks}x{threads}.h5");
    let threads = threads.to_string();
    let fixed = ["--config", "small.toml", "--output", &output, "--threads", &threads];
    let reproducible = ["--set", "output.reproducible=true"];
    let mut command = mpirun(ranks);
    command.arg(env!("CARGO_BIN_EXE_mandel-mpi")).args(fixed).args(reproducible).args(arguments);
    sandbox.finish(&mut command).succeeded()
}

fn same_file_everywhere(height: u64, width: u64, max_iter: u32, places: &[(usize, usize)]) {
    let sandbox = Sandbox::new();
    let sets = [
        format!("grid.height={height}"),
        format!("grid.width={width}"),
        format!("iteration.max_iter={max_iter}"),
    ];
    let arguments: Vec<&str> = sets.iter().flat_map(|set| ["--set", set.as_str()]).collect();
    let expected = job(&sandbox, 1, 1, &[&arguments[..], &["--kernel", "reference"]].concat());
    let bytes = sandbox.read("1x1.h5");
    for &(ranks, threads) in places {
        let run = job(&sandbox, ranks, threads, &arguments);
        assert_eq!(run.word("checksum"), expected.word("checksum"), "{ranks} ranks, {threads} threads");
        let file = format!("{ranks}x{threads}.h5");
        assert!(sandbox.read(&file) == bytes, "{height} x {width}: {file} differs from 1x1.h5");
    }
}

#[test]
fn a_point() {
    same_file_everywhere(1, 1, 200, &[(2, 1), (3, 2)]);
}

#[test]
fn a_row_and_a_column() {
    same_file_everywhere(1, 7, 200, &[(2, 3), (3, 1)]);
    same_file_everywhere(7, 1, 200, &[(2, 3), (8, 1)]);
}

#[test]
fn seventeen_rows_on_any_number_of_ranks_and_threads() {
    let places = [1, 2, 3, 5, 8].into_iter().flat_map(|ranks| [1, 2, 3].map(|threads| (ranks, threads)));
    same_file_everywhere(17, 33, 200, &places.skip(1).collect::<Vec<_>>());
}

#[test]
fn counts_wider_than_16_bits() {
    same_file_everywhere(9, 11, 70_000, &[(2, 2), (3, 1)]);
}

#[test]
fn a_thousand_rows_that_divide_by_nothing() {
    same_file_everywhere(1000, 999, 80, &[(1, 2), (2, 2), (3, 3), (5, 1), (8, 2)]);
}

#[test]
fn rows_that_span_several_chunks() {
    // More than 512 KiB a row.
    same_file_everywhere(5, 300_001, 20, &[(2, 2), (3, 1)]);
}
