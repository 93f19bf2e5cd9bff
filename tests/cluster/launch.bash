# What a user meets before the first job: the module, --help and --version under a launcher.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by test-slurm.sh

# Debian's place and the usual ones.
lmod_init() {
    local file
    for file in "${LMOD_PKG:-/nonexistent}/init/bash" /usr/share/lmod/lmod/init/bash /opt/apps/lmod/lmod/init/bash; do
        [ ! -e "$file" ] || { echo "$file"; return; }
    done
    return 1
}

help_and_version_are_printed_once() {
    enter_directory "${FUNCNAME[0]}"
    local flag
    for flag in --version --help; do
        as_user mandel-mpi "$flag" >alone
        as_user srun --ntasks=4 mandel-mpi "$flag" >with-pmix
        cmp alone with-pmix || fail "srun: $flag is not printed as by one process"
        as_user srun --mpi=none --ntasks=4 mandel-mpi "$flag" >without-pmix
        cmp alone without-pmix || fail "srun --mpi=none: $flag is not printed as by one process"
    done
}

the_module_loads_in_a_batch_job() {
    local init job
    init=$(lmod_init) || { echo "skipped: no Lmod here"; return; }
    enter_directory "${FUNCNAME[0]}"
    cat >module.sh <<EOT
#!/bin/bash
. $init
module use $prefix/share/modulefiles
module load mandel-mpi || exit 9
srun --ntasks=2 mandel-mpi --config "\$MANDEL_MPI_CONFIGS/area1.toml" --output field.h5 || exit 8
man -w mandel-mpi || exit 7
module unload mandel-mpi
! command -v mandel-mpi || exit 6
EOT
    job=$(tc as "$user" ctl sbatch --parsable --ntasks=2 --time=10 --output=%x-%j.out module.sh)
    ends_as "$job" COMPLETED "$patience"
    says "$job" "$prefix/share/man/man1/mandel-mpi.1"
}

a_script_loads_the_module_itself() {
    local init job
    init=$(lmod_init) || { echo "skipped: no Lmod here"; return; }
    enter_directory "${FUNCNAME[0]}"
    # What a login shell has, and sbatch hands on: the function `module` and its path.
    cat >submit.sh <<EOT
. $init
module use $prefix/share/modulefiles
export -f module
exec sbatch --parsable --ntasks=2 --time=10 $prefix/share/mandel-mpi/slurm/mandel_32k.sh $configs/small.toml
EOT
    job=$(tc as "$user" ctl bash submit.sh)
    ends_as "$job" COMPLETED "$patience"
    gives "$job" "$small" small.h5
}

the_module_works_where_the_installation_has_been_moved_to() {
    local init
    init=$(lmod_init) || { echo "skipped: no Lmod here"; return; }
    enter_directory "${FUNCNAME[0]}"
    cp -r "$prefix" "$PWD/moved"
    as_user bash -c ". $init; module use $PWD/moved/share/modulefiles; module load mandel-mpi; command -v mandel-mpi" >lua
    [ "$(cat lua)" = "$PWD/moved/bin/mandel-mpi" ] || fail "Lua: $(cat lua)"
    # Without the Lua file Lmod takes the Tcl one, as Environment Modules does.
    rm "$PWD"/moved/share/modulefiles/mandel-mpi/*.lua
    as_user bash -c ". $init; module use $PWD/moved/share/modulefiles; module load mandel-mpi; command -v mandel-mpi" >tcl
    [ "$(cat tcl)" = "$PWD/moved/bin/mandel-mpi" ] || fail "Tcl: $(cat tcl)"
}

the_man_page_has_every_option() {
    local page=$prefix/share/man/man1/mandel-mpi.1 option
    for option in $("$prefix/bin/mandel-mpi" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
        grep -qF -- "${option//-/\\-}" "$page" || fail "$option is not in the man page"
    done
    command -v man >/dev/null || return 0
    LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null | { ! grep .; }
}

completions_know_the_options() {
    local share=$prefix/share
    bash -c ". $share/bash-completion/completions/mandel-mpi
        COMP_WORDS=(mandel-mpi --conf) COMP_CWORD=1; _mandel__mpi mandel-mpi --conf mandel-mpi; echo \"\${COMPREPLY[*]}\"" |
        grep -qx -- --config || fail "bash does not complete --conf"
    grep -q -- '--config=' "$share/zsh/site-functions/_mandel-mpi" || fail "zsh does not know --config"
    grep -q -- '-l config ' "$share/fish/vendor_completions.d/mandel-mpi.fish" || fail "fish does not know --config"
}
