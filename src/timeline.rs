//! What each rank did when, for `--trace`: a file that Perfetto opens, and Chrome's `about:tracing`.
//!
//! The form is Chrome's Trace Event Format, "complete" events: one process per rank, microseconds.

use std::cell::RefCell;
use std::time::Instant;

use serde_json::{Value, json};

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

    /// The events of this rank, one JSON object a line, each with a comma behind it.
    #[must_use]
    pub fn to_events(&self, rank: usize, host: &str) -> String {
        let name = format!("rank {rank} on {host}");
        let title = json!({"name": "process_name", "ph": "M", "pid": rank, "args": {"name": name}});
        let event = |span: &Span| {
            let (ts, dur) = (span.begin_us, span.end_us - span.begin_us);
            json!({"name": span.name, "ph": "X", "pid": rank, "tid": 0, "ts": ts, "dur": dur, "args": span.details})
        };
        let spans = self.spans.borrow();
        let lines: Vec<String> = std::iter::once(title)
            .chain(spans.iter().map(event))
            .map(|event| format!("{event},\n"))
            .collect();
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
        let both = timeline.to_events(0, "n1") + &timeline.to_events(1, "n2");
        let file: Value = serde_json::from_str(&to_trace_file(&both)).expect("JSON");
        let events = file["traceEvents"].as_array().expect("a list");
        assert_eq!(events.len(), 6);
        assert_eq!(events[3]["args"]["name"], "rank 1 on n2");
        assert_eq!((&events[4]["name"], &events[4]["args"]["bands"]), (&"round".into(), &3.into()));
    }
}
