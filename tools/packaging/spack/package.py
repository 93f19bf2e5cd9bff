# Spack recipe. Put it into a repository of your own as packages/mandel_mpi/package.py (spack repo create),
# and in a clone of the source:
#
#     spack dev-build mandel-mpi@main
#
# How far it is checked: compiled by Python and run against stand-ins for Spack's directives, which shows that
# its commands build and install. Not yet concretised by Spack itself.

from spack.package import *


class MandelMpi(Package):
    """Exact escape-time fields of the Mandelbrot set by many MPI ranks and threads, written as HDF5."""

    maintainers = []
    license("MIT OR Apache-2.0")

    # The source is the clone in which dev-build is called.
    version("main")

    variant("mpi", default=True, description="Many ranks; without it the program runs as one")

    depends_on("c", type="build")
    depends_on("rust@1.89:", type="build")
    depends_on("llvm+clang", type="build", when="+mpi")  # bindgen reads mpi.h with libclang
    depends_on("pkgconfig", type="build")
    depends_on("mpi", when="+mpi")
    depends_on("hdf5@1.10:1 ~mpi")  # one rank alone writes: the serial library

    def setup_build_environment(self, env):
        env.set("CARGO_HOME", join_path(self.stage.path, "cargo"))
        env.set("CARGO_TARGET_DIR", join_path(self.stage.path, "target"))
        env.set("HDF5_DIR", self.spec["hdf5"].prefix)
        if self.spec.satisfies("+mpi"):
            env.set("LIBCLANG_PATH", self.spec["llvm"].prefix.lib)
            env.set("MPICC", self.spec["mpi"].mpicc)

    def install(self, spec, prefix):
        cargo = which("cargo")
        features = "mpi,hdf5" if spec.satisfies("+mpi") else "hdf5"
        cargo("build", "--release", "--locked", "--no-default-features", "--features", features)
        Executable("tools/install.sh")("--prefix", prefix)

    def setup_run_environment(self, env):
        env.set("MANDEL_MPI_CONFIGS", join_path(self.prefix.share, "mandel-mpi", "configs"))
        env.set("MANDEL_MPI_SLURM", join_path(self.prefix.share, "mandel-mpi", "slurm"))
