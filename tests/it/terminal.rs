//! Commands as people run them: what stands on standard output, what on standard error, and the exit code.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn signpost(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signpost"));
    command.args(arguments).current_dir(folder).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder whose files are all left out, each for a reason of its own.
fn unreadable() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let docs = dir.path().join("docs");
    fs::create_dir(&docs).unwrap();
    fs::write(docs.join("README.md"), "# Read me\n").unwrap();
    fs::write(docs.join("a.png"), [0x89, b'P', 0]).unwrap();
    fs::write(docs.join("blob"), [0; 64]).unwrap();
    fs::write(docs.join("values.yaml"), "a: 1\n").unwrap();
    fs::write(dir.path().join("outside.md"), "# Outside\n").unwrap();
    std::os::unix::fs::symlink("../outside.md", docs.join("link.md")).unwrap();
    fs::write(dir.path().join("cases.jsonl"), "{\"id\":\"1\",\"text\":\"x\"}\n").unwrap();
    fs::write(dir.path().join("paste.txt"), "E0003").unwrap();
    dir
}

#[test]
fn a_folder_without_a_readable_document_is_refused_with_the_reasons() {
    let dir = unreadable();
    for arguments in [
        &["lint", "docs"][..],
        &["lint", "docs", "--json"],
        &["match", "--runbooks", "docs", "paste.txt"],
        &["render", "--runbooks", "docs", "--all"],
        &["eval", "--runbooks", "docs", "--cases", "cases.jsonl"],
    ] {
        let output = signpost(arguments, dir.path());
        let told = err(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        for part in [
            "there are no runbooks in docs",
            "1 file skipped (excluded by runbooks.ignore): README.md",
            "1 file skipped (`.png` files are not supported): a.png",
            "1 file skipped (not a text file): blob",
            "1 file skipped (YAML without CRE rules): values.yaml",
            "1 file skipped (a link that points outside the folder): link.md",
            "Put Markdown files there",
        ] {
            assert!(told.contains(part), "{arguments:?}: {part} is missing in {told}");
        }
    }
    let report: serde_json::Value =
        serde_json::from_slice(&signpost(&["lint", "docs", "--json"], dir.path()).stdout).unwrap();
    assert_eq!(report["skipped"].as_array().unwrap().len(), 5, "{report}");
    fs::create_dir(dir.path().join("empty")).unwrap();
    let told = err(&signpost(&["lint", "empty"], dir.path()));
    assert!(told.contains("there are no runbooks in empty: it is empty"), "{told}");
}

#[test]
fn serve_and_doctor_say_why_a_folder_gives_nothing_to_answer_with() {
    let dir = unreadable();
    let doctor = Command::new(env!("CARGO_BIN_EXE_signpost"))
        .arg("doctor")
        .current_dir(dir.path())
        .env("SIGNPOST__RUNBOOKS__DIR", "docs")
        .env("SIGNPOST__HTTP__LISTEN", "")
        .output()
        .unwrap();
    assert_eq!(doctor.status.code(), Some(1));
    let told = out(&doctor);
    assert!(
        told.contains("there are no runbooks in docs") && told.contains("README.md"),
        "{told}"
    );
}

#[test]
fn links_out_of_the_folder_are_read_only_when_asked_for() {
    let dir = unreadable();
    let docs = ["render", "--runbooks", "docs", "--all"];
    let output = signpost(&[&docs[..], &["--follow-links"]].concat(), dir.path());
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("Outside"), "{}", out(&output));
    let told = out(&signpost(&["lint", "docs"], dir.path()));
    assert!(told.contains("link.md:0: warning[link-outside]: "), "{told}");
}

#[test]
fn match_says_where_the_bot_would_be_silent() {
    let dir = tempfile::tempdir().unwrap();
    let silent = "The bot would not answer in a channel. If mentioned, it would reply:\n\n";
    for (paste, expected) in [
        ("we get E0003 since noon", false),
        ("the token exchange did not work out for me", true),
        ("nothing that anybody knows", true),
    ] {
        fs::write(dir.path().join("paste.txt"), paste).unwrap();
        let told = out(&signpost(&["match", "paste.txt"], dir.path()));
        assert_eq!(told.starts_with(silent), expected, "{paste}: {told}");
        assert!(told.len() > silent.len() + 20, "{paste}: {told}");
        let asked = out(&signpost(&["match", "--asked", "paste.txt"], dir.path()));
        assert!(!asked.contains("would not answer"), "{paste}: {asked}");
        assert_eq!(told.strip_prefix(silent).unwrap_or(&asked), asked, "{paste}");
        let json = out(&signpost(&["match", "--json", "paste.txt"], dir.path()));
        assert!(json.starts_with("{\"matches\":["), "{json}");
    }
}

const LOGIN: &str = "# Logins\n\n## Login refused\n\n```\nGATE-3 refused login of <USER>, password=<WORD>\n```\n\n\
    ### What to do\n\n1. Try it: `gatectl login <USER> <WORD>`.\n";

#[test]
fn match_tells_the_values_of_each_occurrence_and_no_secret_of_any() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("runbooks")).unwrap();
    fs::write(dir.path().join("runbooks/login.md"), LOGIN).unwrap();
    let line = |user: &str, word: &str| format!("GATE-3 refused login of {user}, password={word}");
    let paste = format!("{}\n{}\n", line("ada-1", "xylophone"), line("bob-2", "marimbaphone"));
    fs::write(dir.path().join("paste.txt"), paste).unwrap();
    let matched = |more: &[&str]| {
        let arguments = [&["match", "--runbooks", "runbooks", "paste.txt"], more].concat();
        out(&signpost(&arguments, dir.path()))
    };
    let values = |json: &str| {
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        format!(
            "{}\n{}",
            json["matches"][0]["captures"], json["matches"][0]["occurrences"]
        )
    };
    insta::assert_snapshot!(values(&matched(&["--json"])), @r#"
    {"user":["ada-1","bob-2"]}
    [{"line":1,"captures":{"user":["ada-1"]}},{"line":2,"captures":{"user":["bob-2"]}}]
    "#);
    let all = matched(&["--json", "--show-secrets"]);
    insta::assert_snapshot!(values(&all), @r#"
    {"password":["xylophone","marimbaphone"],"user":["ada-1","bob-2"],"word":["xylophone","marimbaphone"]}
    [{"line":1,"captures":{"password":["xylophone"],"user":["ada-1"],"word":["xylophone"]}},{"line":2,"captures":{"password":["marimbaphone"],"user":["bob-2"],"word":["marimbaphone"]}}]
    "#);
    let text = matched(&[]);
    assert!(text.contains("- user `ada-1`\n- user `bob-2`"), "{text}");
    assert!(!text.contains("xylophone") && !text.contains("marimbaphone"), "{text}");
}

/// More bytes than the bot looks at, with an error at the beginning.
fn long_paste(bytes: usize) -> String {
    let line = "2026-01-01 12:00:00 INFO the depot of node 17 works as it should, nothing to see here\n";
    format!("we get E0003 since noon\n{}", line.repeat(bytes / line.len()))
}

#[test]
fn a_huge_paste_is_looked_at_in_part_and_said_so() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("paste.txt"), long_paste(50_000_000)).unwrap();
    // With so little memory the whole paste would not go in.
    let limited = |arguments: &str| {
        let script = format!("ulimit -v 1500000; exec \"$0\" {arguments}");
        let mut command = Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_signpost")]);
        command.current_dir(dir.path()).output().unwrap()
    };
    for arguments in [
        "match --json paste.txt",
        "match --json < paste.txt",
        "match --json - < paste.txt",
    ] {
        let output = limited(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments}: {}", err(&output));
        assert!(
            out(&output).contains("armada-api-login.md"),
            "{arguments}: {}",
            out(&output)
        );
        assert!(
            err(&output).contains("only the first 1 MiB of the paste was read"),
            "{arguments}: {}",
            err(&output)
        );
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_signpost"))
        .args(["match", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(long_paste(3_000_000).as_bytes())
        .unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}

#[test]
fn pastes_that_are_not_text_are_told_and_utf16_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let paste = |bytes: &[u8]| {
        fs::write(dir.path().join("paste.bin"), bytes).unwrap();
        let output = signpost(&["match", "--json", "paste.bin"], dir.path());
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        (out(&output), err(&output))
    };
    let (_, told) = paste(&[0; 4_096]);
    assert!(told.contains("is not all text"), "{told}");
    let (_, told) = paste(b"E0003 \xff\xfe\xfd");
    assert!(told.contains("is not all text"), "{told}");
    let wide: Vec<u8> = "\u{feff}we get E0003 since noon"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let (found, told) = paste(&wide);
    assert!(
        found.contains("armada-api-login.md") && told.is_empty(),
        "{found} {told}"
    );
}

#[test]
fn a_labelled_error_is_asked_of_the_other_runbooks_alone() {
    let dir = tempfile::tempdir().unwrap();
    let page = |name: &str, error: &str| {
        let text = format!("# {name}\n\n## Symptoms\n\n```\n{error}\n```\n\nTurn it off and on.\n");
        fs::write(dir.path().join("docs").join(format!("{name}.md")), text).unwrap();
    };
    fs::create_dir(dir.path().join("docs")).unwrap();
    page("oven", "fatal: oven 4 has lost its thermostat: probe unreachable");
    page("stove", "fatal: oven 4 has lost its thermostat: probe unreachable");
    page("belt", "belt 7 stopped: the parcel sensor sees no light");
    let case = |id: &str, text: &str, expect: Option<&str>| {
        format!("{}\n", serde_json::json!({"id": id, "text": text, "expect": expect}))
    };
    let cases = [
        case(
            "twin",
            "fatal: oven 9 has lost its thermostat: probe unreachable",
            Some("oven.md"),
        ),
        case(
            "alone",
            "belt 2 stopped: the parcel sensor sees no light",
            Some("belt.md"),
        ),
        case("talk", "lunch?", None),
    ];
    fs::write(dir.path().join("cases.jsonl"), cases.concat()).unwrap();
    let eval = |more: &[&str]| -> serde_json::Value {
        let arguments = ["eval", "--runbooks", "docs", "--cases", "cases.jsonl", "--json"];
        let output = signpost(&[&arguments[..], more].concat(), dir.path());
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let usual = eval(&[]);
    assert_eq!(
        (&usual["positives"], &usual["negatives"]),
        (&2.into(), &1.into()),
        "{usual}"
    );
    let without = eval(&["--without-expected", "--details", "why.jsonl"]);
    assert_eq!(
        (&without["positives"], &without["negatives"]),
        (&0.into(), &2.into()),
        "{without}"
    );
    assert_eq!(without["false_answers"], 1, "{without}");
    let why = fs::read_to_string(dir.path().join("why.jsonl")).unwrap();
    let why: Vec<serde_json::Value> = why.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(why[0]["answered"], "stove.md", "{why:?}");
    assert_eq!(why[1]["answered"], serde_json::Value::Null, "{why:?}");
}

#[test]
fn cases_are_read_line_by_line_and_a_long_text_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let eval = |lines: &[u8]| {
        fs::write(dir.path().join("cases.jsonl"), lines).unwrap();
        signpost(&["eval", "--cases", "cases.jsonl"], dir.path())
    };
    let case = |text: &str| serde_json::json!({"id": "long", "text": text, "expect": null}).to_string();
    let output = eval(format!("{}\n", case(&"a line that says nothing\n".repeat(100_000))).as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let told = err(&output);
    assert!(
        told.contains("cases.jsonl:1: only the first MiB of the text of case long"),
        "{told}"
    );
    let output = eval(format!("{}\n{}\n", case("x"), "y".repeat(9_000_000)).as_bytes());
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err(&output).contains("cases.jsonl:2: the line is longer than 8 MiB"),
        "{}",
        err(&output)
    );
    let output = eval(&[b'{', 0xff, b'}', b'\n']);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err(&output).contains("cases.jsonl:1: the line is not UTF-8"),
        "{}",
        err(&output)
    );
}

#[test]
fn render_without_a_runbook_says_how_it_is_used() {
    let output = signpost(&["render"], Path::new("."));
    assert_eq!(output.status.code(), Some(2));
    let told = err(&output);
    for part in [
        "render needs a runbook",
        "signpost render RUNBOOK",
        "signpost render --all",
    ] {
        assert!(told.contains(part), "{part} is missing in {told}");
    }
}

#[test]
fn a_page_shows_how_documents_were_understood_beside_their_source() {
    let dir = tempfile::tempdir().unwrap();
    let docs = dir.path().join("docs");
    fs::create_dir(&docs).unwrap();
    let pump = "# Pump stalls\n\nThe pump <stalls> when its valve is shut.\n\n```\nQX12: pump <NODE> stalls\n```\n\n\
        ## Steps\n\n1. Open the valve.\n2. Log in with `--password=hunter2hunter3`.\n\n<!-- reviewed by the quarterly board -->\n\n\
        ## Contact\n\nOwner: team Pumps, Slack #pumps\n";
    fs::write(docs.join("pump.md"), pump).unwrap();
    fs::write(docs.join("a.png"), [0x89, b'P', 0]).unwrap();
    let output = signpost(&["render", "--runbooks", "docs", "--html", "page.html"], dir.path());
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(out(&output), "1 document: page.html\n");
    let page = fs::read_to_string(dir.path().join("page.html")).unwrap();
    for part in [
        "<strong>Pump stalls</strong>",
        "The pump &lt;stalls&gt; when its valve is shut.",
        "<li class=\"symptom\">QX12: pump &lt;NODE&gt; stalls</li>",
        "<li class=\"step\">1. Open the valve.</li>",
        "<li class=\"hidden\">&lt;!-- reviewed by the quarterly board --&gt;</li>",
        "<li class=\"contact\">Owner: team Pumps, Slack #pumps</li>",
        "a.png",
    ] {
        assert!(page.contains(part), "{part} is not in:\n{page}");
    }
    assert!(!page.contains("hunter2"), "{page}");
    let output = signpost(
        &["render", "pump", "--runbooks", "docs", "--html", "none/page.html"],
        dir.path(),
    );
    assert!(!output.status.success());
    assert!(
        err(&output).contains("none/page.html cannot be written"),
        "{}",
        err(&output)
    );
}
