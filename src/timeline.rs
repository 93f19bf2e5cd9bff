//! What each rank did when, for `--trace`: a file that Perfetto opens, and Chrome's `about:tracing`.
//!
//! The form is Chrome's Trace Event Format, "complete" events: one process per rank, microseconds.

use std::cell::RefCell;
use std::time::Instant;

use serde_json::{Value, json};

/// The note that events are left out has at most so many bytes.
const NOTE_BYTES: u64 = 200;

/// Spans of one rank, in the order in which they ended.
#[derive(Debug)]
pub struct Timeline {
    epoch: Instant,
    spans: RefCell<Vec<Span>>,
}

#[derive(Debug)]
struct Span {
    name: &'static str,
    begin_us: u64,
    end_us: u64,
    details: Value,
}

impl Timeline {
    /// A timeline that counts from `epoch`.
    #[must_use]
    pub fn new(epoch: Instant) -> Self {
        Self { epoch, spans: RefCell::default() }
    }

    /// Notes that `name` lasted from `begin` until now.
    pub fn note(&self, name: &'static str, begin: Instant, details: Value) {
        let begin_us = begin.saturating_duration_since(self.epoch).as_micros() as u64;
        let end_us = self.epoch.elapsed().as_micros() as u64;
        self.spans.borrow_mut().push(Span { name, begin_us, end_us, details });
    }

    /// The events of this rank, one JSON object a line, each with a comma behind it. When all of them have
    /// more than `most_bytes`, the last ones are left out, and a note says how many.
    #[must_use]
    pub fn to_events(&self, rank: usize, host: &str, most_bytes: u64) -> String {
        let name = format!("rank {rank} on {host}");
        let title = json!({"name": "process_name", "ph": "M", "pid": rank, "args": {"name": name}});
        let event = |span: &Span| {
            let (ts, dur) = (span.begin_us, span.end_us - span.begin_us);
            json!({"name": span.name, "ph": "X", "pid": rank, "tid": 0, "ts": ts, "dur": dur, "args": span.details})
        };
        let spans = self.spans.borrow();
        let line = |event: Value| format!("{event},\n");
        let mut lines: Vec<String> =
            std::iter::once(title).chain(spans.iter().map(event)).map(line).collect();
        let Some(mut room) = most_bytes.checked_sub(NOTE_BYTES) else { return String::new() };
        let fits = |line: &&String| room.checked_sub(line.len() as u64).map(|rest| room = rest).is_some();
        let kept = lines.iter().take_while(fits).count();
        if kept < lines.len() {
            let (ts, args) = (self.epoch.elapsed().as_micros() as u64, json!({"events": lines.len() - kept}));
            let note = json!({"name": "left out", "ph": "i", "pid": rank, "tid": 0, "ts": ts, "args": args});
            lines.truncate(kept);
            lines.push(line(note));
        }
        lines.concat()
    }
}

/// The file, from the events of all ranks.
#[must_use]
pub fn to_trace_file(events: &str) -> String {
    format!(
        "{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n{}\n]}}\n",
        events.trim_end().trim_end_matches(',')
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_json_with_an_event_for_each_span() {
        let timeline = Timeline::new(Instant::now());
        timeline.note("round", Instant::now(), json!({"bands": 3}));
        timeline.note("gather", Instant::now(), Value::Null);
        let both = timeline.to_events(0, "n1", u64::MAX) + &timeline.to_events(1, "n2", u64::MAX);
        let file: Value = serde_json::from_str(&to_trace_file(&both)).expect("JSON");
        let events = file["traceEvents"].as_array().expect("a list");
        assert_eq!(events.len(), 6);
        assert_eq!(events[3]["args"]["name"], "rank 1 on n2");
        assert_eq!((&events[4]["name"], &events[4]["args"]["bands"]), (&"round".into(), &3.into()));
    }

    #[test]
    fn a_long_trace_keeps_its_beginning_within_its_bytes() {
        let timeline = Timeline::new(Instant::now());
        for round in 0..100 {
            timeline.note("round", Instant::now(), json!({"bands": round}));
        }
        for most_bytes in [0, 150, 200, 500, 2000] {
            let events = timeline.to_events(usize::MAX, "n1", most_bytes);
            assert!(events.len() as u64 <= most_bytes, "{most_bytes}: {}", events.len());
            let file: Value = serde_json::from_str(&to_trace_file(&events)).expect("JSON");
            let events = file["traceEvents"].as_array().expect("a list");
            let told = events.last().map_or(101, |note| note["args"]["events"].as_u64().expect("a number"));
            assert_eq!(told as usize + events.len().saturating_sub(1), 101, "{most_bytes}");
        }
    }
}
