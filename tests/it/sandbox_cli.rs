//! `signpost sandbox` as people and programs start it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};

fn sandbox(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signpost"));
    command.arg("sandbox").args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Runs until it ends by itself: exit code and stderr.
fn fails(arguments: &[&str]) -> (Option<i32>, String) {
    let output = sandbox(arguments).wait_with_output().unwrap();
    assert!(output.stdout.is_empty(), "what failed has no address");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn the_address_is_the_first_line_and_the_end_is_clean() {
    let mut child = sandbox(&["--port", "0"]);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let port = line
        .trim()
        .strip_prefix("http://127.0.0.1:")
        .and_then(|port| port.parse::<u16>().ok());
    assert!(port.is_some_and(|port| port != 0), "{line:?}");
    let taken = fails(&["--port", &port.unwrap().to_string()]);
    assert_eq!(taken.0, Some(2));
    assert!(
        taken.1.contains("is in use") && taken.1.contains("--port"),
        "{}",
        taken.1
    );
    let ended = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(ended.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "nothing but the address stands on stdout");
}

#[test]
fn wrong_arguments_are_told_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.md");
    std::fs::write(&file, "# Notes").unwrap();
    let cases = [
        (
            vec!["--port", "0", "--runbooks", "/nowhere/at/all"],
            "there is no folder /nowhere/at/all",
        ),
        (vec!["--port", "0", "--runbooks", file.to_str().unwrap()], "is a file"),
        (vec!["--port", "seventy"], "invalid value 'seventy'"),
        (vec!["--port", "70000"], "70000 is not in 0..=65535"),
    ];
    for (arguments, expected) in cases {
        let (code, told) = fails(&arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {told}");
        assert!(told.contains(expected), "{arguments:?}: {told}");
    }
}

/// Starts with a folder of runbooks: the workspace's state as JSON, and what is said to people.
fn with_runbooks(text: &str) -> (serde_json::Value, String) {
    with_file("kiln.md", text)
}

/// Starts with a folder that holds one file.
fn with_file(name: &str, text: &str) -> (serde_json::Value, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), text).unwrap();
    let mut child = sandbox(&["--port", "0", "--runbooks", folder.path().to_str().unwrap()]);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("http://").unwrap();
    let state = state_at(address);
    let ended = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(ended.unwrap().success());
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    child.wait().unwrap();
    (state, told)
}

fn state_at(address: &str) -> serde_json::Value {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET /sandbox/state HTTP/1.0\r\nHost: {address}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    serde_json::from_str(body).unwrap()
}

#[test]
fn examples_come_from_the_folder_of_ones_own() {
    let written =
        "---\nsignpost:\n  examples:\n    - kiln door of k-7 jammed at station b-9\n---\n# Kiln\n\n1. Mend it.\n";
    let (state, told) = with_runbooks(written);
    assert_eq!(state["examples"][0]["title"], "Kiln");
    assert_eq!(state["examples"][0]["text"], "kiln door of k-7 jammed at station b-9");
    assert!(
        told.contains("from your runbooks") && !told.contains("Satellite"),
        "{told}"
    );

    let shown = "# Kiln\n\n## What you see\n\n```\nKX4711: kiln door of <KILN> jammed at station <STATION>\n```\n\n## What to do\n\n1. Mend it.\n";
    let (state, _) = with_runbooks(shown);
    let examples = state["examples"].as_array().unwrap();
    assert_eq!(examples.len(), 1, "{examples:?}");
    assert_eq!(
        examples[0]["text"],
        "KX4711: kiln door of kiln-1 jammed at station station-1"
    );

    let (state, told) = with_runbooks("# Notes\n\nNothing in particular.\n");
    assert_eq!(state["examples"], serde_json::json!([]));
    assert!(!told.contains("examples") && !told.contains("Satellite"), "{told}");
}

#[test]
fn a_signal_that_arrives_while_the_address_is_printed_ends_it() {
    const PIPE: usize = 65_536;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kiln.md"), "# Kiln\n\n1. Mend it.\n").unwrap();
    // A full pipe holds up what is printed after the address.
    let (mut printed, mut errors) = std::io::pipe().unwrap();
    errors.write_all(&vec![b' '; PIPE]).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_signpost"));
    command.args(["sandbox", "--port", "0", "--runbooks", folder.path().to_str().unwrap()]);
    let mut child = command.stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
    drop(command);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    let ended = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(ended.unwrap().success());
    printed.read_to_end(&mut Vec::new()).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_folder_without_runbooks_is_served_and_says_why_it_is_of_no_use() {
    let (state, told) = with_file("kiln.png", "no picture");
    for text in [state["notice"].as_str().unwrap(), &told] {
        for part in [
            "nothing to answer with: there are no runbooks in",
            "1 file skipped (`.png` files are not supported): kiln.png",
            "New files are read without a restart",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    assert_eq!(state["examples"], serde_json::json!([]));
}

#[test]
fn the_page_and_the_terminal_say_how_many_documents_were_read() {
    let (state, told) = with_file("kiln.md", "# Kiln\n\n1. Mend it.\n");
    assert_eq!(state["notice"], "1 document read.");
    assert!(told.contains("1 document read."), "{told}");
}

#[test]
fn the_page_counts_as_lint_does_also_after_files_change() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kiln.png"), "no picture").unwrap();
    let path = folder.path().to_str().unwrap();
    let mut child = sandbox(&["--port", "0", "--runbooks", path]);
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("http://").unwrap();
    std::fs::write(folder.path().join("kiln.md"), "# Kiln\n\n1. Mend it.\n").unwrap();
    let lint = Command::new(env!("CARGO_BIN_EXE_signpost"))
        .args(["lint", path])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&lint.stderr).into_owned();
    let counts = "1 document read, 1 file skipped";
    assert!(told.contains(&format!("{counts}, 0 errors")), "{told}");
    // The bot reads the folder again by itself.
    while state_at(address)["notice"] != format!("{counts} (`signpost lint` says why).") {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let ended = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(ended.unwrap().success());
    child.wait().unwrap();
}
