//! Log lines, each with the rank and host that says it: as text for people, as JSON for machines.

use std::fmt;
use std::io::Write as _;

use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::{Context, Layer};

use crate::config::LogFormat;

/// Writes every event as one line to standard error.
#[derive(Debug)]
pub(super) struct LogLines {
    pub(super) rank: usize,
    pub(super) host: String,
    pub(super) format: LogFormat,
}

impl<S: Subscriber> Layer<S> for LogLines {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut message = Message::default();
        event.record(&mut message);
        let line = self.line(*event.metadata().level(), &message.0);
        // One write, so that lines of many ranks do not mix; and nowhere to report that it failed.
        std::io::stderr().write_all(line.as_bytes()).unwrap_or_default();
    }
}

impl LogLines {
    fn line(&self, level: Level, message: &str) -> String {
        let Self { rank, host, format } = self;
        match format {
            LogFormat::Text => format!("{} {level:>5} rank {rank} on {host}: {message}\n", now()),
            LogFormat::Json => {
                let level = level.as_str();
                let line =
                    json!({"time": now(), "level": level, "rank": rank, "host": host, "message": message});
                format!("{line}\n")
            }
        }
    }
}

/// Now, in UTC, as RFC 3339 has it.
fn now() -> String {
    let mut text = String::new();
    SystemTime.format_time(&mut Writer::new(&mut text)).expect("a String takes all");
    text
}

/// What an event says. The program's events have no other fields.
#[derive(Debug, Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn line(format: LogFormat) -> String {
        let log = LogLines { rank: 3, host: "n7".to_owned(), format };
        log.line(Level::WARN, "it is late")
    }

    #[test]
    fn a_line_names_rank_and_host() {
        let text = line(LogFormat::Text);
        assert!(text.ends_with("  WARN rank 3 on n7: it is late\n"), "{text}");
        let json: Value = serde_json::from_str(&line(LogFormat::Json)).expect("JSON");
        assert_eq!((&json["rank"], &json["host"]), (&3.into(), &"n7".into()));
        assert_eq!((&json["level"], &json["message"]), (&"WARN".into(), &"it is late".into()));
    }
}
