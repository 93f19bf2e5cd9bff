//! `mandel-mpi render FILE.h5 FILE.png`: the talk's picture, streamed by rows.
//!
//! Colours are as in the talk's matplotlib: its table magma, its `PowerNorm(0.3)` from the smallest count to
//! `max_iter`, and `origin='lower'`, so row 0 is at the bottom.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use super::magma::MAGMA;
use crate::error::{Error, Result, Status};
use crate::report;
use crate::store::hdf5::FieldFile;
use crate::store::hdf5::layout::counts;
use crate::store::paths;

/// Exponent of the power norm.
const GAMMA: f64 = 0.3;

/// PNG's own limit for a side.
const MAX_SIDE: u64 = i32::MAX as u64;

/// Draws `file` into `picture`, reduced to `max_size` pixels on the longest side if it is longer. An existing
/// picture is kept unless `force` is set.
///
/// # Errors
///
/// When the file cannot be read or the picture cannot be written.
pub fn run(file: &Path, picture: &Path, max_size: Option<u32>, force: bool) -> Result<()> {
    let field = FieldFile::open(file)?;
    let size = picture_size(field.shape(), max_size.map(u64::from));
    if size.0.max(size.1) > MAX_SIDE {
        let message =
            format!("{}: {} x {} is too large for a PNG: take --max-size", file.display(), size.0, size.1);
        return Err(Error::new(Status::Usage, message));
    }
    let norm = PowerNorm {
        lowest: field.number(counts::MINIMUM)? as f64,
        highest: field.number(counts::MAX_ITER)? as f64,
    };
    let out = create(picture, force)?;
    let rendered = draw(&field, size, norm, out);
    if rendered.is_err() {
        // Half a picture helps nobody.
        std::fs::remove_file(picture).unwrap_or_default();
    }
    rendered.map_err(|error| Error::new(error.status(), format!("{}: {error}", picture.display())))?;
    report::print(&format!("mandel-mpi: rendered {} ({} x {} pixels)", picture.display(), size.1, size.0));
    Ok(())
}

fn create(picture: &Path, force: bool) -> Result<File> {
    let open = OpenOptions::new().write(true).create(true).create_new(!force).truncate(force).open(picture);
    open.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Error::new(
            Status::CannotCreate,
            format!("{} exists: take another name, or --force to replace it", picture.display()),
        ),
        _ => paths::cannot_create(picture, &error),
    })
}

/// Rows and columns of the picture of a field with `shape`.
fn picture_size(shape: (u64, u64), max_size: Option<u64>) -> (u64, u64) {
    let longest = shape.0.max(shape.1);
    let Some(limit) = max_size.filter(|&limit| limit < longest) else { return shape };
    // A side has at least one pixel.
    let reduce = |side: u64| ((side * limit + longest / 2) / longest).max(1);
    (reduce(shape.0), reduce(shape.1))
}

/// Matplotlib's `PowerNorm` from the lowest to the highest value, and its table's 256 steps.
#[derive(Debug, Clone, Copy)]
struct PowerNorm {
    lowest: f64,
    highest: f64,
}

impl PowerNorm {
    fn colour(&self, value: f64) -> u8 {
        if self.highest <= self.lowest {
            return 0;
        }
        let share = ((value - self.lowest) / (self.highest - self.lowest)).clamp(0.0, 1.0);
        (share.powf(GAMMA) * 256.0).min(255.0) as u8
    }
}

fn draw(field: &FieldFile, (height, width): (u64, u64), norm: PowerNorm, out: File) -> Result<()> {
    let failed =
        |error: png::EncodingError| Error::new(Status::Io, format!("cannot write the picture: {error}"));
    let mut encoder = png::Encoder::new(BufWriter::new(out), width as u32, height as u32);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(MAGMA.as_flattened());
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(failed)?;
    let mut pixels = writer.stream_writer().map_err(failed)?;
    let mut rows = Rows::new(field);
    for y in (0..height).rev() {
        let line: Vec<u8> = rows.mean(y, height, width)?.into_iter().map(|mean| norm.colour(mean)).collect();
        pixels.write_all(&line).map_err(|error| Error::io("cannot write the picture", &error))?;
    }
    pixels.finish().map_err(failed)?;
    writer.finish().map_err(failed)
}

/// Rows of a field, read a band at a time from the top row down.
struct Rows<'a> {
    field: &'a FieldFile,
    held: Range<u64>,
    counts: ndarray::Array2<u32>,
}

impl<'a> Rows<'a> {
    fn new(field: &'a FieldFile) -> Self {
        Self { field, held: 0..0, counts: ndarray::Array2::zeros((0, 0)) }
    }

    /// One line of the picture: the means of the counts over the boxes that its pixels cover.
    fn mean(&mut self, y: u64, height: u64, width: u64) -> Result<Vec<f64>> {
        let shape = self.field.shape();
        let rows = covered(y, height, shape.0);
        let mut sums = vec![0_u64; width as usize];
        for row in rows.clone().rev() {
            let counts = self.row(row)?;
            for (x, sum) in sums.iter_mut().enumerate() {
                let columns = covered(x as u64, width, shape.1);
                let counts = &counts[columns.start as usize..columns.end as usize];
                *sum += counts.iter().map(|&count| u64::from(count)).sum::<u64>();
            }
        }
        let area = |x: usize| {
            let columns = covered(x as u64, width, shape.1);
            ((rows.end - rows.start) * (columns.end - columns.start)) as f64
        };
        Ok(sums.into_iter().enumerate().map(|(x, sum)| sum as f64 / area(x)).collect())
    }

    fn row(&mut self, row: u64) -> Result<&[u32]> {
        if !self.held.contains(&row) {
            let band_rows = self.field.band_rows();
            let start = row / band_rows * band_rows;
            self.held = start..(start + band_rows).min(self.field.shape().0);
            self.counts = self.field.rows(self.held.clone())?;
        }
        let row = self.counts.row((row - self.held.start) as usize);
        Ok(row.to_slice().expect("row-major"))
    }
}

/// The samples, of `len`, that pixel `index` of `pixels` covers. There is at least one; all pixels cover all
/// samples.
fn covered(index: u64, pixels: u64, len: u64) -> Range<u64> {
    index * len / pixels..(index + 1) * len / pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_side_is_reduced_and_the_other_with_it() {
        assert_eq!(picture_size((1000, 500), Some(100)), (100, 50));
        assert_eq!(picture_size((500, 1000), Some(333)), (167, 333));
        assert_eq!(picture_size((10, 20), Some(100)), (10, 20));
        assert_eq!(picture_size((1, 100_000), Some(10)), (1, 10));
        assert_eq!(picture_size((10, 20), None), (10, 20));
    }

    #[test]
    fn boxes_cover_every_sample_once() {
        for (pixels, len) in [(1, 7), (3, 7), (7, 7), (10, 1001)] {
            let boxes: Vec<_> = (0..pixels).map(|index| covered(index, pixels, len)).collect();
            assert!(boxes.iter().all(|samples| !samples.is_empty()));
            assert!(boxes.into_iter().flatten().eq(0..len));
        }
    }

    #[test]
    fn colours_are_matplotlibs() {
        // PowerNorm(0.3, vmin=3, vmax=2048) and 256 steps, as matplotlib 3.11 gives them.
        let norm = PowerNorm { lowest: 3.0, highest: 2048.0 };
        let steps = [3.0, 4.0, 10.0, 100.0, 500.0, 2047.0, 2048.0].map(|count| norm.colour(count));
        assert_eq!(steps, [0, 26, 46, 102, 167, 255, 255]);
        assert_eq!(PowerNorm { lowest: 5.0, highest: 5.0 }.colour(5.0), 0);
    }
}
