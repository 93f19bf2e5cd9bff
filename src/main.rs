//! The program: parse, start the communicator, run, exit code.

use std::process::ExitCode;

use mandel_mpi::app::Edges;
use mandel_mpi::cli::{Command, CommandLine, JobArgs};
use mandel_mpi::comm::{self, Comm};
use mandel_mpi::error::{Result, Status};
use mandel_mpi::launcher::Launch;
use mandel_mpi::stop::StopRequest;
use mandel_mpi::store::hdf5::Hdf5Format;
use mandel_mpi::{app, faults, post, stop, support};

mod memory;

#[global_allocator]
static MEMORY: memory::Memory = memory::Memory;

fn main() -> ExitCode {
    // Before MPI starts, so that `--help` and `--version` work on a login node.
    let line = CommandLine::read(support::version());
    if let Some(kind) = line.generate {
        return end(&kind.print(), true);
    }
    match &line.command {
        Some(command) => end(&on_files(command), true),
        None if line.job.print_config => end(&app::print_config(&line.job), true),
        None if line.job.dry_run => end(&app::dry_run::run(&line.job, &Hdf5Format), true),
        None => job(&line.job),
    }
}

fn job(args: &JobArgs) -> ExitCode {
    let started = stop::make_file_limit_an_error().and_then(|()| support::check_libraries());
    let comm = match started.and_then(|()| comm::start()) {
        Ok(comm) => faults::checked(comm),
        Err(error) => return end(&Err(error), Launch::here().is_first_copy()),
    };
    // Errors in here were agreed on by all ranks: root says the one line.
    let edges = Edges { format: Box::new(Hdf5Format), listen: Box::new(StopRequest::listen) };
    end(&app::run(args, &comm, edges), comm.is_root())
}

fn on_files(command: &Command) -> Result<()> {
    match command {
        Command::Render { file, picture, max_size, force } => {
            post::render::run(file, picture, *max_size, *force)
        }
        Command::Info { file } => post::info::run(file),
        Command::Assemble { file, force } => post::assemble::run(file, *force),
        Command::Verify { file, sample } => post::verify::run(file, *sample),
    }
}

fn end(result: &Result<()>, speaks: bool) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    if speaks {
        let kind = if error.status() == Status::Stopped { "stopped" } else { "error" };
        eprintln!("mandel-mpi: {kind}: {error}");
    }
    ExitCode::from(error.status().code())
}
