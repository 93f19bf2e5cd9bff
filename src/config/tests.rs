//! What configs are taken for, and with which words bad ones are refused.

use super::keys::{Decides, KEYS, Key, Takes, Unset};
use super::*;
use crate::error::Status;

const AREA: &str = "[region]\nre = [-2, 0.5]\nim = [-1.25, 1.25]\n\n[grid]\nwidth = 10\nheight = 10\n\n\
                    [iteration]\nmax_iter = 80\n";

fn read(text: &str, sets: &[&str]) -> Result<Config> {
    let mut settings = Settings::parse("area.toml", text)?;
    for set in sets {
        settings.set(set)?;
    }
    Config::new(&settings)
}

fn refused(text: &str, sets: &[&str]) -> String {
    let error = read(text, sets).expect_err("must be refused");
    assert_eq!(error.status(), Status::Usage);
    error.to_string()
}

#[test]
fn a_small_config_takes_every_default() {
    let config = read(AREA, &[]).expect("a good config");
    assert_eq!(config.output.path, PathBuf::from("area.h5"));
    assert_eq!(config.job.sampling(), Sampling::Endpoints);
    assert_eq!(config.job.region().re.lower.to_string(), "-2");
    assert_eq!((config.output.deflate.level(), config.run.root_memory_bytes), (1, 256 << 20));
}

#[test]
fn every_digit_of_a_bound_is_kept() {
    let deep = "-0.743643887037158704752191506114774";
    let config = read(&AREA.replace("-2,", &format!("{deep},")), &[]).expect("a good config");
    assert_eq!(config.job.region().re.lower.to_string(), deep);
}

#[test]
fn a_message_names_place_key_value_and_limit() {
    let text = AREA.replace("width = 10", "width = 0");
    assert_eq!(
        refused(&text, &[]),
        "grid.width = 0: must be a whole number from 1 to 33554432\n  --> area.toml:6:9"
    );
}

#[test]
fn what_is_set_by_hand_wins_and_is_named_in_messages() {
    assert_eq!(read(AREA, &["grid.width=7"]).expect("good").job.grid().width(), 7);
    let message = refused(AREA, &["grid.height = -3"]);
    assert_eq!(
        message,
        "grid.height = -3: must be a whole number from 1 to 4294967296\n  --> --set grid.height=-3"
    );
}

#[test]
fn bad_values_are_refused_with_their_limit() {
    for (set, words) in [
        ("iteration.max_iter=0", "from 1 to 4294967295"),
        ("iteration.max_iter=4294967296", "from 1 to 4294967295"),
        ("iteration.max_iter=99999999999999999999999", "from 1 to 4294967295"),
        ("iteration.max_iter=80.5", "must be a whole number"),
        ("grid.width=\"wide\"", "must be a whole number"),
        ("grid.sampling=\"middle\"", "\"endpoints\", \"half-open\" or \"centres\""),
        ("grid.sampling=3", "\"endpoints\", \"half-open\" or \"centres\""),
        ("region.re=[0.5, -2]", "the lower bound must be below the upper bound"),
        ("region.re=[0.5, 0.5]", "the lower bound must be below the upper bound"),
        ("region.re=[0.5, 0.50000000000000000001]", "both bounds are 0.5 in f64"),
        ("region.re=[nan, 1]", "must be a finite number"),
        ("region.im=[-inf, 1]", "must be a finite number"),
        ("region.im=[-1e999, 1]", "must be a finite number"),
        ("region.im=[-1, 1, 2]", "must be two numbers"),
        ("region.im=3", "must be two numbers"),
        ("region.re=[-1e308, 1e308]", "too large"),
        ("region.re=[1, 1.000000000000001]", "the spacing of f64 at the bound 1.000000000000001 is 2.2"),
        ("output.path=\"area.png\"", "must end in .h5"),
        ("output.deflate=10", "from 0 to 9"),
        ("run.root_memory_mib=0", "from 1 to"),
        ("run.partition=\"rows\"", "\"cost\" or \"equal\""),
        ("run.max_time=\"soon\"", "must be a time as Slurm's --time takes it"),
        ("run.max_time=0", "must be more than 0 seconds"),
        ("grid.with=3", "unknown key"),
        ("colour=3", "unknown key"),
    ] {
        let message = refused(AREA, &[set]);
        assert!(message.contains(words), "{set}: {message}");
    }
}

#[test]
fn a_retired_key_is_taken_only_with_the_value_that_always_holds() {
    let plain = read(AREA, &[]).expect("a good config");
    assert_eq!(read(AREA, &["iteration.unproven_shortcuts=false"]).expect("a good config"), plain);
    let refused = refused(AREA, &["iteration.unproven_shortcuts=true"]);
    assert_eq!(
        refused,
        "iteration.unproven_shortcuts = true: is retired and always false: take the line out\n  \
         --> --set iteration.unproven_shortcuts=true"
    );
}

#[test]
fn bad_texts_are_refused() {
    for (text, words) in [
        ("", "area.toml is empty"),
        ("# nothing\n", "area.toml is empty"),
        ("[grid\n", "area.toml:1:"),
        ("[grid]\nwidth = 3\nwidth = 4\n", "area.toml:3:1"),
        ("grid = 3\n", "unknown key"),
        ("[grid]\nwidth = 10\n", "region.re is missing"),
    ] {
        let message = refused(text, &[]);
        assert!(message.contains(words), "{text:?}: {message}");
    }
}

#[test]
fn a_budget_below_two_bands_is_refused() {
    let large = ["grid.width=8388608", "grid.height=100", "run.root_memory_mib=16"];
    assert!(refused(AREA, &large).contains("must be at least 37"), "{}", refused(AREA, &large));
}

#[test]
fn the_effective_config_reads_as_the_same_config() {
    let mut settings = Settings::parse("area.toml", AREA).expect("TOML");
    settings.set("run.threads=3").expect("a setting");
    let text = settings.to_toml();
    let again = Settings::parse("area.toml", &text).expect("TOML");
    assert_eq!(Config::new(&again), Config::new(&settings), "{text}");
}

/// A value that the key takes and that [`AREA`] does not give it.
fn another_value(key: &Key) -> String {
    match &key.takes {
        Takes::Bounds => "[-1.5, 0.25]".to_owned(),
        Takes::Whole(_) | Takes::Time => "7".to_owned(),
        Takes::OneOf(names) => names().pop().expect("a choice has names").to_owned(),
        Takes::Boolean => (key.unset == Unset::Is("false")).to_string(),
        Takes::Path => "another.h5".to_owned(),
    }
}

#[test]
fn every_key_of_the_table_reaches_the_config() {
    let plain = read(AREA, &[]).expect("a good config");
    for key in KEYS {
        let set = format!("{}={}", key.name, another_value(key));
        assert_ne!(read(AREA, &[&set]).expect("a good config"), plain, "{set}: the program does not read it");
    }
}

#[test]
fn the_keys_that_decide_counts_make_the_identity() {
    let plain = read(AREA, &[]).expect("a good config").job;
    for key in KEYS {
        let set = format!("{}={}", key.name, another_value(key));
        let changes = read(AREA, &[&set]).expect("a good config").job.hash() != plain.hash();
        assert_eq!(changes, key.decides == Decides::Counts, "{set} and Job::identity");
    }
}

#[test]
fn the_file_keeps_the_keys_that_decide_its_bytes() {
    let settings = Settings::parse("area.toml", AREA).expect("TOML");
    assert_eq!(
        settings.to_toml_of_file(),
        "[region]\nre = [-2, 0.5]\nim = [-1.25, 1.25]\n\n[grid]\nwidth = 10\nheight = 10\n\
         sampling = \"endpoints\"\n\n[iteration]\nmax_iter = 80\n\n[output]\ndeflate = 1\n"
    );
}

#[test]
fn values_of_another_kind_are_refused_with_what_the_key_takes() {
    for key in KEYS {
        let message = refused(AREA, &[&format!("{}={{ a = 1 }}", key.name)]);
        assert!(message.contains(&format!("must be {}", key.takes)), "{message}");
    }
}
