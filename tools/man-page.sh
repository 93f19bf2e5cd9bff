#!/bin/bash
# Prints the man page of a mandel-mpi binary: its options as its own --help has them, the rest from here.
#
#   man-page.sh path/to/mandel-mpi >mandel-mpi.1
set -euo pipefail
binary=${1:?usage: man-page.sh path/to/mandel-mpi}

# One section of a --help ("Options", "Commands", ...) as man's tagged paragraphs. An entry starts at an indent of
# at most 6; its text follows after two spaces or on the lines below.
section() { # NAME [COMMAND]
    "$binary" ${2:+"$2"} --help | awk -v wanted="$1:" '
        function escaped(text) { gsub(/\\/, "\\e", text); gsub(/-/, "\\-", text); return text }
        /^[A-Z][a-z]+:$/ { inside = ($0 == wanted); next }
        /^[^ ]/ { inside = 0 }
        !inside { next }
        /^ *$/ { blank = 1; next }
        match($0, /^ +/) && RLENGTH <= 6 {
            sub(/^ +/, "")
            gap = match($0, /  +/)
            head = gap ? substr($0, 1, gap - 1) : $0
            text = gap ? substr($0, gap + RLENGTH) : ""
            blank = 0
            print ".TP\n.B \"" escaped(head) "\""
            if (text != "") print "\\&" escaped(text)
            next
        }
        { sub(/^ +/, ""); print (blank || /^- / ? ".br\n" : "") "\\&" escaped($0); blank = 0 }'
}

version=$("$binary" --version | awk 'NR == 1 { print $2 }')
commands=$("$binary" --help | awk '/^Commands:$/ { inside = 1; next } /^$/ { inside = 0 } inside && /^  [a-z]/ { print $1 }')

cat <<EOT
.TH MANDEL-MPI 1 "" "mandel-mpi $version" "User Commands"
.SH NAME
mandel-mpi \- escape-time fields of the Mandelbrot set, by many ranks and threads, written as HDF5
.SH SYNOPSIS
.B mandel-mpi
.BI \-\-config " FILE"
.RI [ options ]
.br
.B mandel-mpi
.I command
.RI [ options ]
.I file ...
.SH DESCRIPTION
Computes for each point of a grid on a region of the complex plane after how many iterations of z\(S2 + c it escapes,
and writes the counts to an HDF5 file. It is started as one process, or as many by
.BR mpirun (1)
or
.BR srun (1).
The counts are the same bits for any number of ranks and threads; the checksum in the last line of the report says so.
.PP
The job is described by a TOML file; options and
.B \-\-set
win over it. While it runs, everything that is finished goes to a journal beside the output. A job that was stopped
or killed goes on from there when the same command is run again, on any number of ranks.
.SH OPTIONS
$(section Options)
.SH COMMANDS
They work on finished files and never start MPI.
$(section Commands)
EOT
for command in $commands; do
    [ "$command" != help ] || continue
    printf '.SS "mandel-mpi %s"\n' "$command"
    section Arguments "$command"
    section Options "$command"
done
cat <<'EOT'
.SH EXIT STATUS
.TP
.B 0
Done, or the output is complete already.
.TP
.B 1
A failure at run time.
.TP
.B 2
Bad usage or configuration.
.TP
.B 65
The journal or the data are damaged, or of another job.
.TP
.B 69
MPI cannot do what is needed, or many copies were started that do not know of each other.
.TP
.B 70
An internal error.
.TP
.B 71
Out of memory.
.TP
.B 73
The output exists, or cannot be created.
.TP
.B 74
Reading or writing failed, or a later start of the same job has taken over.
.TP
.B 75
Stopped on time or by a signal, with the journal written: run it again.
.PP
A batch script that finds 75, or 1, 137 and 143 that launchers make of a lost process, queues the job again.
.SH SIGNALS
USR1, USR2, TERM and INT ask for a stop: the journal is written, and the program ends with 75 within 5 seconds.
.SH FILES
.TP
.IB NAME .h5
The finished file. It appears under this name when it is complete.
.TP
.IB NAME .journal. N
Finished parts of a job that is not done. Removed when it is.
.TP
.IB NAME .h5.part
The file while it is assembled.
.TP
.I PREFIX/share/mandel-mpi/configs
Configs to start from.
.TP
.I PREFIX/share/mandel-mpi/slurm
Job scripts for Slurm.
.SH EXAMPLES
.TP
.B mpirun \-n 64 mandel-mpi \-\-config area2.toml
One job.
.TP
.B mandel-mpi \-\-config area2.toml \-\-set grid.width=500 \-\-set grid.height=500
The same region on a coarser grid.
.TP
.B mandel-mpi render area2.h5 area2.png
A picture of the result.
.TP
.B sbatch PREFIX/share/mandel-mpi/slurm/mandel_32k.sh
2^30 points on 64 ranks.
.SH SEE ALSO
.BR mpirun (1),
.BR srun (1),
.BR sbatch (1),
.BR h5dump (1)
EOT
