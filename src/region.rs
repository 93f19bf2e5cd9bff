//! The rectangle of the parameter plane that a job looks at.

use std::fmt;

/// One bound of a region: the f64 that is used and the decimal text that it was given as.
///
/// The text is kept because a region can be finer than f64: a deeper kernel needs every digit.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    value: f64,
    text: String,
}

impl Bound {
    /// Reads a finite decimal number; `None` when `text` is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let value = text.parse::<f64>().ok().filter(|value| value.is_finite())?;
        Some(Self { value, text: text.to_owned() })
    }

    /// The nearest f64.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Lower and upper bound on one axis, lower < upper.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// The smaller bound.
    pub lower: Bound,
    /// The larger bound.
    pub upper: Bound,
}

impl Interval {
    /// The interval between two decimal numbers. `None`: one is no number, or the lower is not below the
    /// upper.
    #[must_use]
    pub fn parse([lower, upper]: [&str; 2]) -> Option<Self> {
        let (lower, upper) = (Bound::parse(lower)?, Bound::parse(upper)?);
        (lower.value < upper.value).then_some(Self { lower, upper })
    }
}

/// A rectangle of the parameter plane.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Bounds of the real part.
    pub re: Interval,
    /// Bounds of the imaginary part.
    pub im: Interval,
}

impl Region {
    /// The rectangle between decimal bounds, the lower one first. `None`: as for an interval.
    ///
    /// ```
    /// # use mandel_mpi::region::Region;
    /// let region = Region::parse(["-2", "0.5"], ["-1.25", "1.25"]).unwrap();
    /// assert_eq!(region.re.upper.value(), 0.5);
    /// assert!(Region::parse(["0.5", "-2"], ["-1.25", "1.25"]).is_none()); // upside down
    /// ```
    #[must_use]
    pub fn parse(re: [&str; 2], im: [&str; 2]) -> Option<Self> {
        Some(Self { re: Interval::parse(re)?, im: Interval::parse(im)? })
    }
}
