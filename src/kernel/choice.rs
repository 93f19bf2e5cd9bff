//! What the user asks for: which kernel, and whether it may take shortcuts.

/// Which kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The fastest one that this CPU runs.
    Auto,
    /// AVX-512 (F, DQ, BW, VL).
    Avx512,
    /// AVX2 with FMA.
    Avx2,
    /// Plain arrays, compiled for the target CPU of the build.
    Portable,
    /// The definition, [`reference`](mod@super::reference), point by point.
    Reference,
}

impl Choice {
    /// Every choice, in the order in which messages list them.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Avx512, Self::Avx2, Self::Portable, Self::Reference];

    /// The name used in configs and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
            Self::Reference => "reference",
        }
    }
}

/// Whether points may get their counts without all of their iterations. The counts are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortcuts {
    /// No: every iteration of every count is executed. For benchmarks and comparisons.
    None,
    /// Yes, where that is proven.
    Proven,
}

/// This CPU has not got what the chosen kernel needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this CPU lacks {lacks}, which the kernel {} needs", .choice.name())]
pub struct Unavailable {
    pub(super) choice: Choice,
    pub(super) lacks: &'static str,
}
