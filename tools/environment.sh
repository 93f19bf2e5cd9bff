# shellcheck shell=bash
# Sourced by the other scripts: the environment in which mandel-mpi is built and run.

export PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH

# Where the parallel HDF5 is installed, too, pkg-config may find that one: name the serial one.
if [ -z "${HDF5_DIR:-}" ] && command -v dpkg-architecture >/dev/null; then
  serial=/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)/hdf5/serial
  [ ! -d "$serial" ] || export HDF5_DIR=$serial
fi

# In a container one is often root; Open MPI wants to be told twice that this is meant.
if [ "$(id -u)" = 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
