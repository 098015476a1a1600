//! `signpost replay`, as people run it on an export.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

mod reading;
mod reporting;

/// 5 January 2026, 10:00 UTC.
const MORNING: i64 = 1_767_607_200;
const DAY: &str = "2026-01-05";
const GENERAL: &str = "C0GENERAL1";

/// A message of ada's, so many seconds after [`MORNING`].
fn said(seconds: i64, text: &str) -> Value {
    json!({"type": "message", "user": "U0ADA00001", "text": text, "ts": ts(seconds)})
}

fn ts(seconds: i64) -> String {
    format!("{}.000100", MORNING + seconds)
}

/// A message with other fields; null removes one.
fn with(mut message: Value, fields: Value) -> Value {
    let (Some(message_fields), Value::Object(fields)) = (message.as_object_mut(), fields) else {
        panic!("no objects");
    };
    for (key, value) in fields {
        if value.is_null() {
            message_fields.remove(&key);
        } else {
            message_fields.insert(key, value);
        }
    }
    message
}

/// An export in a folder of its own.
struct ExportFolder {
    dir: tempfile::TempDir,
}

impl ExportFolder {
    /// An export with one channel, `general`, and one day.
    fn of(messages: &[Value]) -> Self {
        let export = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        export.write("channels.json", json!([{"id": GENERAL, "name": "general"}]).to_string());
        export.day("general", DAY, messages);
        export
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn day(&self, channel: &str, day: &str, messages: &[Value]) {
        self.write(&format!("{channel}/{day}.json"), json!(messages).to_string());
    }

    fn run(&self, arguments: &[&str]) -> Output {
        replay(self.path(), arguments)
    }

    /// What people read.
    fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        assert_eq!(err(&output), "", "nothing beside the data");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What programs read.
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Settings in a folder of their own.
    fn settings(&self, text: &str) -> String {
        let folder = tempfile::tempdir_in(self.path()).unwrap().keep();
        fs::write(folder.join("local.toml"), text).unwrap();
        folder.display().to_string()
    }
}

fn replay(export: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signpost"));
    command.arg("replay").arg(export).args(arguments).output().unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The kinds, times and sections of the answers.
fn answers(report: &Value) -> Vec<(String, i64, String)> {
    let of = |answer: &Value| {
        let seconds: f64 = answer["ts"].as_str().unwrap().parse().unwrap();
        (
            answer["kind"].as_str().unwrap().to_owned(),
            seconds as i64 - MORNING,
            answer["section"].as_str().unwrap().to_owned(),
        )
    };
    report["answers"].as_array().unwrap().iter().map(of).collect()
}

fn answer(kind: &str, seconds: i64, section: &str) -> (String, i64, String) {
    (kind.to_owned(), seconds, section.to_owned())
}
