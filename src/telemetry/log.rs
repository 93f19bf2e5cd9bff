//! Log lines, each with the rank and host that says it: as text for people, as JSON for machines.

use std::fmt::{self, Write as _};
use std::io::Write as _;

use serde_json::{Map, Value};
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
        let mut fields = Fields::default();
        event.record(&mut fields);
        let line = match self.format {
            LogFormat::Text => self.text(*event.metadata().level(), &fields),
            LogFormat::Json => self.json(*event.metadata().level(), fields),
        };
        // One write, so that lines of many ranks do not mix; and nowhere to report that it failed.
        std::io::stderr().write_all(line.as_bytes()).unwrap_or_default();
    }
}

impl LogLines {
    fn text(&self, level: Level, fields: &Fields) -> String {
        let Self { rank, host, .. } = self;
        let mut line = format!("{} {level:>5} rank {rank} on {host}: {}", now(), fields.message);
        for (name, value) in &fields.others {
            write!(line, " {name}={value}").expect("a String takes all");
        }
        line.push('\n');
        line
    }

    fn json(&self, level: Level, fields: Fields) -> String {
        let mut object = Map::new();
        object.insert("time".to_owned(), now().into());
        object.insert("level".to_owned(), level.as_str().into());
        object.insert("rank".to_owned(), self.rank.into());
        object.insert("host".to_owned(), self.host.as_str().into());
        object.insert("message".to_owned(), fields.message.into());
        object.extend(fields.others);
        format!("{}\n", Value::Object(object))
    }
}

/// Now, in UTC, as RFC 3339 has it.
fn now() -> String {
    let mut text = String::new();
    SystemTime.format_time(&mut Writer::new(&mut text)).expect("a String takes all");
    text
}

/// What an event says.
#[derive(Debug, Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.others.insert(field.name().to_owned(), format!("{value:?}").into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: LogFormat) -> String {
        let log = LogLines { rank: 3, host: "n7".to_owned(), format };
        let fields = Fields { message: "it is late".to_owned(), others: Map::new() };
        match format {
            LogFormat::Text => log.text(Level::WARN, &fields),
            LogFormat::Json => log.json(Level::WARN, fields),
        }
    }

    #[test]
    fn a_line_names_rank_and_host() {
        assert!(
            line(LogFormat::Text).ends_with("  WARN rank 3 on n7: it is late\n"),
            "{}",
            line(LogFormat::Text)
        );
        let json: Value = serde_json::from_str(&line(LogFormat::Json)).expect("JSON");
        assert_eq!((&json["rank"], &json["host"]), (&3.into(), &"n7".into()));
        assert_eq!((&json["level"], &json["message"]), (&"WARN".into(), &"it is late".into()));
    }
}
