//! Exports in every form, and what cannot be read of them.

use super::*;

/// Packs files as an export is packed.
fn zip(path: &Path, files: &[(&str, &str)]) {
    let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
    let deflated = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, text) in files {
        zip.start_file(*name, deflated).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn a_zip_file_reads_like_its_folder_also_with_a_folder_around_it() {
    let messages = [said(0, "we get E0003 since noon")];
    let export = ExportFolder::of(&messages);
    let (channels, day) = (
        json!([{"id": GENERAL, "name": "general"}]).to_string(),
        json!(messages).to_string(),
    );
    let expected = export.json(&[]);
    assert_eq!(expected["total"]["answers"], 1, "{expected}");
    let packed = tempfile::tempdir().unwrap();
    for top in ["", "acme export Jan 2026/"] {
        let path = packed.path().join("export.zip");
        zip(
            &path,
            &[
                (&format!("{top}channels.json"), &channels),
                (&format!("{top}general/{DAY}.json"), &day),
                (&format!("__MACOSX/{top}general/._{DAY}.json"), "nothing"),
            ],
        );
        let output = replay(&path, &["--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report, expected, "{top}");
    }
}

#[test]
fn a_zip_file_reads_the_same_however_a_program_wrote_its_paths() {
    let packed = tempfile::tempdir().unwrap();
    let path = packed.path().join("export.zip");
    let day = json!([said(0, "we get E0003 since noon")]).to_string();
    for name in [
        "acme\\general\\",
        "./general/",
        "/general/",
        ".\\acme\\general\\",
        "acme//general/",
    ] {
        zip(&path, &[(&format!("{name}{DAY}.json"), &day)]);
        let output = replay(&path, &["--json"]);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", err(&output));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (
                &report["channels"][0]["id"],
                &report["total"]["answers"],
                &report["skipped"]
            ),
            (&json!("general"), &json!(1), &json!([])),
            "{name}: {report}"
        );
    }
    zip(&path, &[(&format!("../general/{DAY}.json"), &day)]);
    let told = err(&replay(&path, &[]));
    assert!(
        told.contains("is not a Slack export") && told.contains("its path leads out of the zip file"),
        "{told}"
    );
}

#[test]
fn one_message_that_cannot_be_read_takes_no_other_with_it() {
    let export = ExportFolder::of(&[]);
    let whole = said(0, "we get E0003 since noon").to_string();
    let half = said(5, "half: HERE").to_string().replace("HERE", "\\ud83d");
    let odd = said(9, "odd: HERE").to_string();
    let (before, after) = odd.split_once("HERE").unwrap();
    let day = [
        format!("[{whole}, {half}, {before}").as_bytes(),
        b"\xff",
        format!("{after}]").as_bytes(),
    ]
    .concat();
    export.write(&format!("general/{DAY}.json"), day);
    let report = export.json(&[]);
    assert_eq!(
        (&report["messages"], &report["total"]["answers"]),
        (&json!(2), &json!(1)),
        "{report}"
    );
    let told = report["skipped"].to_string();
    assert!(
        told.contains("1 message left out: its JSON cannot be read") && told.contains("not all UTF-8"),
        "{told}"
    );
}

#[test]
fn a_reply_that_was_also_sent_to_the_channel_counts_once() {
    let reply = with(said(60, "we get E0003 since noon"), json!({"thread_ts": ts(0)}));
    let broadcast = with(
        reply.clone(),
        json!({"subtype": "thread_broadcast", "root": {"ts": ts(0)}}),
    );
    let export = ExportFolder::of(&[said(0, "deploying"), reply, broadcast]);
    assert_eq!(export.json(&[])["messages"], 2);
}

#[test]
fn entries_whose_path_leads_out_of_the_zip_file_are_left_out() {
    let packed = tempfile::tempdir().unwrap();
    let path = packed.path().join("export.zip");
    let day = json!([said(0, "we get E0003 since noon")]).to_string();
    zip(
        &path,
        &[
            (&format!("general/{DAY}.json"), &day),
            (&format!("../general/{DAY}.json"), &day),
            ("general\\..\\..\\2026-01-05.json", &day),
        ],
    );
    let output = replay(&path, &["--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["messages"], 1, "{report}");
    let why = "its path leads out of the zip file";
    let skipped = json!([
        {"file": "../general/2026-01-05.json", "why": why},
        {"file": "general\\..\\..\\2026-01-05.json", "why": why},
    ]);
    assert_eq!(report["skipped"], skipped);
}

#[test]
fn what_is_broken_is_left_out_and_said_and_the_rest_is_read() {
    let export = ExportFolder::of(&[
        said(0, "we get E0003 since noon"),
        json!("no message"),
        json!({"type": "message", "user": "U0ADA00001", "text": "no time"}),
        with(said(5, "odd"), json!({"ts": "yesterday"})),
        json!({"type": "message", "ts": ts(9), "text": 7, "user": ["?"], "blocks": "none", "attachments": {}, "files": 3}),
    ]);
    export.write("general/2026-01-06.json", "[{\"type\": \"message\", ");
    export.write("general/2026-01-07.json", b"[{\"text\": \"\xff\xfe\"}]");
    export.write("general/2026-01-08.json", "{}");
    export.write("general/notes.json", "no day");
    export.write("users.json", "[");
    let report = export.json(&[]);
    assert_eq!(
        (&report["messages"], &report["total"]["answers"]),
        (&json!(2), &json!(1)),
        "{report}"
    );
    let told: Vec<String> = report["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{}: {}", one["file"].as_str().unwrap(), one["why"].as_str().unwrap()))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    general/2026-01-05.json: 1 message left out: it has no ts
    general/2026-01-05.json: 1 message left out: its ts is not a time
    general/2026-01-05.json: 1 message left out: not an object
    general/2026-01-06.json: broken JSON: EOF while parsing an object at line 1 column 21
    general/2026-01-07.json: 1 message left out: it has no ts
    general/2026-01-07.json: not all UTF-8: byte 11 is read as �
    general/2026-01-08.json: not a list
    users.json: broken JSON: EOF while parsing a list at line 1 column 1
    ");
    let text = export.text(&[]);
    assert!(
        text.contains("\nNot read\n  general/2026-01-05.json: 1 message left out"),
        "{text}"
    );
}

#[test]
fn what_is_no_export_is_refused_with_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir_all(at("empty")).unwrap();
    fs::create_dir_all(at("notes/general")).unwrap();
    fs::write(at("notes/general/todo.json"), "[]").unwrap();
    fs::write(at("text.zip"), "no zip file").unwrap();
    zip(&at("other.zip"), &[("readme.txt", "hello")]);
    for (name, parts) in [
        (
            "empty",
            [
                "is not a Slack export",
                "it has no channel folders",
                "name the zip file that Slack sent",
            ],
        ),
        (
            "notes",
            [
                "is not a Slack export",
                "2026-01-31.json",
                "or the folder it was unpacked to",
            ],
        ),
        (
            "other.zip",
            [
                "is not a Slack export",
                "no channels.json",
                "or the folder it was unpacked to",
            ],
        ),
        (
            "text.zip",
            [
                "cannot read the export",
                "not a zip file either",
                "name the zip file that Slack sent",
            ],
        ),
        ("missing", ["cannot read the export", "missing", "No such file"]),
    ] {
        let output = replay(&at(name), &[]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", err(&output));
        for part in parts {
            assert!(
                err(&output).contains(part),
                "{name}: {part} is missing in {}",
                err(&output)
            );
        }
        assert!(output.stdout.is_empty(), "{name}");
    }
}

#[test]
fn an_unknown_channel_is_refused_with_those_that_there_are() {
    let export = ExportFolder::of(&[said(0, "we get E0003 since noon")]);
    export.day("builds", DAY, &[said(0, "lunch?")]);
    let output = export.run(&["--channel", "#bilds"]);
    assert_eq!(output.status.code(), Some(2));
    let told = err(&output);
    assert!(
        told.contains("no channel `#bilds` in the export; it has builds, general"),
        "{told}"
    );
    for name in ["#general", "general", GENERAL] {
        let report = export.json(&["--channel", name]);
        assert_eq!(report["messages"], 1, "{name}");
        assert_eq!(report["channels"][0]["id"], GENERAL, "{name}");
    }
    assert_eq!(
        export.json(&["--channel", "general", "--channel", "builds"])["messages"],
        2
    );
}

#[test]
fn only_the_days_that_are_asked_for_are_read() {
    const HOURS: i64 = 3_600;
    let export = ExportFolder::of(&[said(0, "one")]);
    // The file is that of the workspace's day; the time is that of the next day in UTC.
    export.day(
        "general",
        "2026-01-06",
        &[said(24 * HOURS, "two"), said(39 * HOURS, "three")],
    );
    for (arguments, messages) in [
        (&[][..], 3),
        (&["--since", "2026-01-06"], 2),
        (&["--until", "2026-01-05"], 1),
        (&["--since", "2026-01-06", "--until", "2026-01-06"], 1),
        (&["--since", "2026-01-07"], 1),
    ] {
        assert_eq!(export.json(arguments)["messages"], messages, "{arguments:?}");
    }
    for (arguments, part) in [
        (
            &["--since", "2026-01-07", "--until", "2026-01-05"][..],
            "is after --until",
        ),
        (&["--since", "yesterday"], "use a date such as 2026-11-01"),
    ] {
        let output = export.run(arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(err(&output).contains(part), "{}", err(&output));
    }
}

#[test]
fn direct_messages_between_two_people_are_read_only_when_named() {
    let export = ExportFolder::of(&[said(0, "lunch?")]);
    export.write("dms.json", json!([{"id": "D0ADAGRACE"}]).to_string());
    export.day("D0ADAGRACE", DAY, &[said(0, "we get E0003 since noon")]);
    let report = export.json(&[]);
    assert_eq!(report["messages"], 1);
    assert_eq!(report["read"]["direct_left_out"], 1);
    assert_eq!(export.json(&["--channel", "D0ADAGRACE"])["total"]["answers"], 1);
    assert!(
        export
            .text(&[])
            .contains("1 direct conversation between two people skipped")
    );
}
