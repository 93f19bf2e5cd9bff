//! Every name in the finished file, once: its groups, datasets and attributes.
//!
//! Readers depend on them. A name that changes its meaning, or goes away, is a new version of the file.
//!
//! ```text
//! escape_count               the counts, rows by columns         attributes: [counts]
//! im, re                     the samples of rows and columns     attributes: [axis]
//! provenance/                who made the file, from what        attributes: [provenance]
//!     config, source         texts
//!     run/                   not in a reproducible file          attributes: [run]
//!         config, hosts      texts
//!         threads            of each rank
//! ```

/// Dataset: the escape counts, height x width, in chunks of one band.
pub const COUNTS: &str = "escape_count";

/// Dataset: the samples of the rows, the imaginary parts.
pub const IM: &str = "im";

/// Dataset: the samples of the columns, the real parts.
pub const RE: &str = "re";

/// Attributes of the counts.
pub mod counts {
    /// What the counts are, for axes of plots.
    pub const LONG_NAME: &str = "long_name";
    /// Their definition.
    pub const DESCRIPTION: &str = "description";
    /// Iteration limit, and the count of a point that did not escape.
    pub const MAX_ITER: &str = "max_iter";
    /// `|z|` beyond which a point has escaped.
    pub const ESCAPE_RADIUS: &str = "escape_radius";
    /// Bounds of the real part, as f64 and as they were written.
    pub const REGION_RE: &str = "region_re";
    /// See [`REGION_RE`].
    pub const REGION_RE_TEXT: &str = "region_re_text";
    /// Bounds of the imaginary part, as f64 and as they were written.
    pub const REGION_IM: &str = "region_im";
    /// See [`REGION_IM`].
    pub const REGION_IM_TEXT: &str = "region_im_text";
    /// How the samples lie between the bounds.
    pub const SAMPLING: &str = "sampling";
    /// SHA-256 of what decides the counts.
    pub const JOB_HASH: &str = "job_hash";
    /// Checksum of the counts.
    pub const CHECKSUM: &str = "checksum";
    /// What the checksum is formed of.
    pub const CHECKSUM_OF: &str = "checksum_of";
    /// Sum of the counts, a text: it can pass 2^64.
    pub const SUM: &str = "sum";
    /// Points that did not escape.
    pub const UNDECIDED: &str = "undecided";
    /// The smallest count.
    pub const MINIMUM: &str = "minimum";
    /// The axes, as HDF5's Dimension Scale Specification wants them named.
    pub const DIMENSION_LIST: &str = "DIMENSION_LIST";
}

/// Attributes of the axes. All but the long name are HDF5's own, which make them dimension scales.
pub mod axis {
    /// What kind of dataset it is: [`IS_SCALE`].
    pub const CLASS: &str = "CLASS";
    /// The value of [`CLASS`].
    pub const IS_SCALE: &str = "DIMENSION_SCALE";
    /// The name of the axis.
    pub const NAME: &str = "NAME";
    /// What the axis is, for plots.
    pub const LONG_NAME: &str = "long_name";
    /// The datasets that use the scale.
    pub const REFERENCE_LIST: &str = "REFERENCE_LIST";
}

/// The group of who made the file, from what.
pub mod provenance {
    /// Its name.
    pub const GROUP: &str = "provenance";
    /// Attribute: version of the program.
    pub const VERSION: &str = "version";
    /// Attribute: commit that the program was built from.
    pub const COMMIT: &str = "commit";
    /// Dataset: the effective config, as far as it decides the file's bytes.
    pub const CONFIG: &str = "config";
    /// Dataset: the config as the user wrote it.
    pub const SOURCE: &str = "source";
}

/// The group, within [`provenance`], of what differs from run to run.
pub mod run {
    /// Its name.
    pub const GROUP: &str = "run";
    /// Dataset: the whole effective config.
    pub const CONFIG: &str = "config";
    // What follows is not known of a run whose journal `mandel-mpi assemble` finished.
    /// Attribute: number of ranks.
    pub const RANKS: &str = "ranks";
    /// Attribute: when it started, in seconds since 1970, UTC.
    pub const STARTED_UNIX_S: &str = "started_unix_s";
    /// Attribute: seconds from the start until the file was begun.
    pub const WALL_S: &str = "wall_s";
    /// Dataset: threads of each rank.
    pub const THREADS: &str = "threads";
    /// Dataset: host of each rank, one a line.
    pub const HOSTS: &str = "hosts";
}
