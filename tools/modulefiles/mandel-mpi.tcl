#%Module1.0
# Environment Modules: PREFIX/share/modulefiles/mandel-mpi/VERSION. The prefix follows from this file's own place,
# so the installation can be moved or copied as a whole.
set share [file dirname [file dirname [file dirname [file normalize $ModulesCurrentModulefile]]]]
set prefix [file dirname $share]

proc ModulesHelp {} {
    puts stderr {A first job:   sbatch $MANDEL_MPI_SLURM/mandel_32k.sh}
    puts stderr {Other jobs:    ls $MANDEL_MPI_SLURM $MANDEL_MPI_CONFIGS}
    puts stderr {The manual:    man mandel-mpi}
}
module-whatis "exact escape-time fields of the Mandelbrot set by many MPI ranks, as HDF5"
conflict mandel-mpi

prepend-path PATH $prefix/bin
setenv MANDEL_MPI_CONFIGS $share/mandel-mpi/configs
setenv MANDEL_MPI_SLURM $share/mandel-mpi/slurm

# man finds share/man beside a bin directory in PATH; only a MANPATH that is set keeps it from looking there.
if {[info exists env(MANPATH)]} {
    prepend-path MANPATH $share/man
}
# Completions of bash and fish. An unset variable stands for the two system directories.
if {![info exists env(XDG_DATA_DIRS)]} {
    append-path XDG_DATA_DIRS /usr/local/share:/usr/share
}
prepend-path XDG_DATA_DIRS $share
