#!/bin/bash
# Installs mandel-mpi; needs no root.
#
#   tools/install.sh --prefix P [--binary FILE] [--requires MODULE]...
#
#   --prefix P          where to; the installation can be moved later
#   --binary FILE       this binary; else the release build, which is built when it is missing
#   --requires MODULE   a module that the modulefile loads first, for instance the site's openmpi
#
# P/bin/mandel-mpi, P/share/mandel-mpi/{configs,slurm}, the man page, completions for bash, zsh and fish, and
# modulefiles for Lmod (VERSION.lua) and Environment Modules (VERSION) in P/share/modulefiles/mandel-mpi.
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
prefix='' binary='' requires=()

usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; }
while [ $# -gt 0 ]; do
    case $1 in
        --prefix=* | --binary=* | --requires=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
        --help | -h) usage; exit 0 ;;
        --prefix | --binary | --requires)
            [ $# -ge 2 ] || { echo "install.sh: $1 needs a value" >&2; exit 2; }
            case $1 in
                --prefix) prefix=$2 ;;
                --binary) binary=$2 ;;
                --requires) requires+=("$2") ;;
            esac
            shift 2 ;;
        *) usage >&2; exit 2 ;;
    esac
done
[ -n "$prefix" ] || { usage >&2; exit 2; }

if [ -z "$binary" ]; then
    binary=${CARGO_TARGET_DIR:-$source/target}/release/mandel-mpi
    [ -x "$binary" ] || (cd "$source" && cargo build --release --locked)
fi
version=$("$binary" --version | awk 'NR == 1 { print $2 }')

mkdir -p "$prefix"
prefix=$(cd "$prefix" && pwd)
share=$prefix/share

install -D -m 755 "$binary" "$prefix/bin/mandel-mpi"
install -d "$share/mandel-mpi/configs" "$share/mandel-mpi/slurm"
install -m 644 "$source"/configs/*.toml "$share/mandel-mpi/configs"
install -m 755 "$source"/slurm/*.sh "$share/mandel-mpi/slurm"

write() { # FILE: what comes in
    mkdir -p "$(dirname "$1")"
    cat >"$1"
    chmod 644 "$1"
}
"$binary" --generate man | write "$share/man/man1/mandel-mpi.1"
"$binary" --generate complete-bash | write "$share/bash-completion/completions/mandel-mpi"
"$binary" --generate complete-zsh | write "$share/zsh/site-functions/_mandel-mpi"
"$binary" --generate complete-fish | write "$share/fish/vendor_completions.d/mandel-mpi.fish"

{
    cat "$source/tools/modulefiles/mandel-mpi.lua"
    [ ${#requires[@]} -eq 0 ] || printf 'depends_on("%s")\n' "${requires[@]}"
} | write "$share/modulefiles/mandel-mpi/$version.lua"
{
    cat "$source/tools/modulefiles/mandel-mpi.tcl"
    [ ${#requires[@]} -eq 0 ] || printf 'module load %s\n' "${requires[@]}"
} | write "$share/modulefiles/mandel-mpi/$version"

cat <<EOT
mandel-mpi $version is in $prefix.
With modules:     module use $share/modulefiles; module load mandel-mpi
Without modules:  export PATH=$prefix/bin:\$PATH
A first job:      sbatch $share/mandel-mpi/slurm/mandel_32k.sh
Completion, zsh:  fpath=($share/zsh/site-functions \$fpath) before compinit; bash and fish find theirs with the module
EOT
