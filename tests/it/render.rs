//! `render`.

use std::fs::File;
use std::io::BufReader;

use crate::sandbox::Sandbox;

/// Width, height and palette indices of a picture.
fn decode(sandbox: &Sandbox, name: &str) -> (u32, u32, Vec<u8>) {
    let file = File::open(sandbox.path(name)).expect("a picture");
    let mut decoder = png::Decoder::new(BufReader::new(file));
    decoder.set_transformations(png::Transformations::IDENTITY);
    let mut reader = decoder.read_info().expect("a PNG");
    assert_eq!(reader.info().palette.as_ref().map(|palette| palette.len()), Some(768));
    let mut pixels = vec![0; reader.output_buffer_size().expect("it is small")];
    let info = reader.next_frame(&mut pixels).expect("pixels");
    (info.width, info.height, pixels)
}

#[test]
fn the_first_row_is_at_the_bottom_and_colours_follow_the_counts() {
    let sandbox = Sandbox::new();
    sandbox.job(&["--set", "region.im=[0, 1.5]", "--set", "region.re=[-1.5, 1]"]).succeeded();
    sandbox.run(&["render", "small.h5", "small.png"]).succeeded();
    let (width, height, pixels) = decode(&sandbox, "small.png");
    assert_eq!((width, height), (40, 30));
    // Row 0 has im = 0: most of it never escapes. The top row has im = 1.5, where nothing stays.
    let (top, bottom) = (&pixels[..40], &pixels[29 * 40..]);
    assert!(top.iter().all(|&colour| colour < 128), "{top:?}");
    assert!(bottom.iter().all(|&colour| colour > 20), "{bottom:?}");
}

#[test]
fn a_reduced_picture_has_the_mean() {
    let sandbox = Sandbox::new();
    // One band, all of it escaping at once but for the last column.
    sandbox.job(&["--set", "grid.height=1", "--set", "region.re=[2.5, 3]"]).succeeded();
    sandbox.run(&["render", "small.h5", "small.png", "--max-size", "10"]).succeeded();
    assert_eq!(decode(&sandbox, "small.png"), (10, 1, vec![0; 10]));
}

#[test]
fn a_picture_is_not_overwritten() {
    let sandbox = Sandbox::new();
    sandbox.job(&[]).succeeded();
    sandbox.write("small.png", "mine");
    let refused = sandbox.run(&["render", "small.h5", "small.png"]);
    assert_eq!((refused.code, refused.errors().len()), (73, 1), "{}", refused.stderr);
    assert_eq!(sandbox.read("small.png"), b"mine");
    sandbox.run(&["render", "small.h5", "small.png", "--force"]).succeeded();
    assert_eq!(decode(&sandbox, "small.png").0, 40);
}
