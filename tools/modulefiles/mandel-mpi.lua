-- Lmod: PREFIX/share/modulefiles/mandel-mpi/VERSION.lua. The prefix follows from this file's own place, so the
-- installation can be moved or copied as a whole.
local prefix = myFileName():match("^(.*)/share/modulefiles/")
local share = pathJoin(prefix, "share")

whatis("Name: mandel-mpi")
whatis("Version: " .. myModuleVersion())
whatis("Description: exact escape-time fields of the Mandelbrot set by many MPI ranks, as HDF5")
help([[
A first job:   sbatch $MANDEL_MPI_SLURM/mandel_32k.sh
Other jobs:    ls $MANDEL_MPI_SLURM $MANDEL_MPI_CONFIGS
The manual:    man mandel-mpi
]])

prepend_path("PATH", pathJoin(prefix, "bin"))
setenv("MANDEL_MPI_CONFIGS", pathJoin(share, "mandel-mpi/configs"))
setenv("MANDEL_MPI_SLURM", pathJoin(share, "mandel-mpi/slurm"))

-- man finds share/man beside a bin directory in PATH; only a MANPATH that is set keeps it from looking there.
if os.getenv("MANPATH") then
    prepend_path("MANPATH", pathJoin(share, "man"))
end
-- Completions of bash and fish. An unset variable stands for the two system directories.
if not os.getenv("XDG_DATA_DIRS") then
    append_path("XDG_DATA_DIRS", "/usr/local/share:/usr/share")
end
prepend_path("XDG_DATA_DIRS", share)
