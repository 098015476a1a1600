//! Judgement of messages as the live bot's, and the report.

use super::*;

const E0003: &str = "we get E0003 since noon";

#[test]
fn an_error_is_answered_and_its_repetition_within_the_hour_is_a_repeat() {
    let grace = json!({"user": "U0GRACE001"});
    let export = ExportFolder::of(&[
        said(0, E0003),
        with(said(1_800, "E0003 here as well"), grace.clone()),
        with(said(9_000, "and E0003 again"), grace),
    ]);
    export.day("builds", DAY, &[said(60, E0003)]);
    let report = export.json(&[]);
    assert_eq!(
        answers(&report),
        [
            answer("answer", 60, "E0003"),
            answer("answer", 0, "E0003"),
            answer("repeat", 1_800, "E0003"),
            answer("answer", 9_000, "E0003"),
        ],
        "each channel for itself, the channels by name"
    );
    assert_eq!(report["answers"][2]["repeat_of"], ts(0));
    let settings = export.settings("[answers]\nrepeat_minutes = 10\n");
    let report = export.json(&["--channel", "general", "--config", &settings]);
    assert_eq!(report["total"]["repeats"], 0, "{report}");
}

#[test]
fn words_in_the_thread_of_an_answer_are_conversation() {
    let thread = |seconds, text: &str| with(said(seconds, text), json!({"thread_ts": ts(0), "user": "U0GRACE001"}));
    let export = ExportFolder::of(&[
        said(0, E0003),
        thread(300, "E0003 on my side, too"),
        thread(400, "thanks!"),
    ]);
    // Replies stand in the file of their own day.
    export.day(
        "general",
        "2026-01-06",
        &[thread(80_000, "E0003 was it, all is well now")],
    );
    let report = export.json(&[]);
    assert_eq!(answers(&report), [answer("answer", 0, "E0003")], "{report}");
    assert_eq!(report["total"]["unanswered_errors"], 0);
}

#[test]
fn an_error_that_one_person_pastes_in_pieces_is_put_together() {
    let runbooks = tempfile::tempdir().unwrap();
    let page = "---\nsignpost:\n  signatures:\n    - regex: \"pump (?P<pump>p-[0-9]+) ran dry(?s:.*)valve stays shut\"\n---\n\
                # Dry pump\n\n1. Open the valve.\n";
    fs::write(runbooks.path().join("pump.md"), page).unwrap();
    let folder = runbooks.path().to_str().unwrap();
    let grace = json!({"user": "U0GRACE001"});
    let export = ExportFolder::of(&[
        said(0, "ERROR: pump p-7 ran dry"),
        said(20, "ERROR: the valve stays shut"),
        // Two people, and too late.
        said(5_000, "ERROR: pump p-8 ran dry"),
        with(said(5_010, "ERROR: the valve stays shut"), grace),
        said(5_061, "ERROR: the valve stays shut"),
    ]);
    let report = export.json(&["--runbooks", folder]);
    let answers: Vec<_> = report["answers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["ts"])
        .collect();
    assert_eq!(answers, [&json!(ts(20))], "{report}");
    assert_eq!(
        report["total"]["unanswered_errors"], 3,
        "the pieces of the answered one are none"
    );
}

#[test]
fn bots_are_read_when_the_settings_allow_them() {
    let bot = |seconds, title: &str| {
        let alert = json!([{"color": "danger", "title": title, "text": "the connector cannot get its token"}]);
        let by = json!({"user": null, "bot_id": "B0ALERTS01", "subtype": "bot_message", "attachments": alert});
        with(said(seconds, ""), by)
    };
    let name = "SatelliteLinkConnectorDeployCannotgetIAMTokenFromIAMServer";
    let export = ExportFolder::of(&[
        bot(0, &format!("[FIRING:1] {name} (prod)")),
        bot(14_400, &format!("[FIRING:1] {name} (prod)")),
        bot(20_000, &format!("[RESOLVED] {name} (prod)")),
        bot(30_000, &format!("[FIRING:1] {name} (prod)")),
    ]);
    let report = export.json(&[]);
    assert_eq!(report["total"]["answers"], 0);
    assert_eq!(report["read"]["other_bots"], json!({"B0ALERTS01": 4}));
    let settings = export.settings("[slack]\nallowed_bots = [\"B0ALERTS01\"]\n");
    let report = export.json(&["--config", &settings]);
    let seconds: Vec<i64> = answers(&report).into_iter().map(|(_, seconds, _)| seconds).collect();
    assert_eq!(
        seconds,
        [0, 30_000],
        "once while it fires, and once more after its end: {report}"
    );
    assert_eq!(report["read"]["allowed_bots"], 4);
    assert_eq!(report["total"]["follow_ups"], 1, "no pointer for a bot");
}

#[test]
fn notices_are_left_alone_and_a_mention_is_like_any_message() {
    let export = ExportFolder::of(&[
        with(
            said(0, "<@U0GRACE001> has joined, E0003"),
            json!({"subtype": "channel_join"}),
        ),
        with(said(1, "set the topic: E0003"), json!({"subtype": "channel_topic"})),
        with(said(2, "E0003 is gone"), json!({"subtype": "tombstone"})),
        said(3, "<@U0SIGNPOST> E0003"),
        said(1_000, "<@U0SIGNPOST> what is new?"),
    ]);
    let report = export.json(&[]);
    assert_eq!(answers(&report), [answer("answer", 3, "E0003")]);
    assert_eq!(report["read"]["left_alone"], 3, "{report}");
}

#[test]
fn the_settings_of_a_channel_hold() {
    let export = ExportFolder::of(&[said(0, E0003)]);
    for (channel, answers, left_alone) in [
        ("auto_answer = false", 0, 1),
        ("threshold = 1.0", 0, 0),
        ("threshold = 0.4", 1, 0),
    ] {
        let settings = export.settings(&format!("[[channels]]\nid = \"{GENERAL}\"\n{channel}\n"));
        let report = export.json(&["--config", &settings]);
        assert_eq!(report["total"]["answers"], answers, "{channel}: {report}");
        assert_eq!(report["total"]["left_alone"], left_alone, "{channel}");
    }
}

#[test]
fn a_message_of_another_organisation_is_left_alone() {
    let export = ExportFolder::of(&[with(said(0, E0003), json!({"user_team": "T0OTHER001"}))]);
    assert_eq!(
        export.json(&[])["total"]["answers"],
        1,
        "nobody knows the own workspace"
    );
    let user = |id: &str, team: &str| json!({"id": id, "team_id": team});
    let users = [
        user("U0ADA00001", "T0OTHER001"),
        user("U0GRACE001", "T0OURS0001"),
        user("U0ALAN0001", "T0OURS0001"),
    ];
    export.write("users.json", json!(users).to_string());
    let report = export.json(&[]);
    assert_eq!(
        (&report["total"]["answers"], &report["total"]["left_alone"]),
        (&json!(0), &json!(1))
    );
}

#[test]
fn a_secret_is_shown_nowhere() {
    let token = format!("ghp_{}", "a1B2c3D4e5F6".repeat(3));
    let export = ExportFolder::of(&[
        said(0, &format!("```\nERROR push failed, token {token} denied\n```")),
        said(
            900,
            &format!("Not authorized. Log in to Bluemix and try again. (E0003) token={token}"),
        ),
    ]);
    for shown in [export.text(&[]), export.json(&[]).to_string()] {
        assert!(!shown.contains("a1B2c3D4e5F6"), "{shown}");
        assert!(shown.contains("[redacted: "), "{shown}");
    }
}

#[test]
fn a_terminal_is_not_controlled_by_what_was_pasted() {
    let export = ExportFolder::of(&[said(0, "```\nERROR pump \u{1b}]0;gotcha\u{7} failed \u{202e}\n```")]);
    let text = export.text(&[]);
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
    assert!(text.contains("failed \\u{202e}"), "{text}");
}

#[test]
fn errors_without_a_runbook_are_grouped_by_their_form() {
    let pump = |seconds, pump: u32| {
        said(
            seconds,
            &format!("```\n12:00:0{pump} ERROR pump {pump} failed at \"dock {pump}\"\n```"),
        )
    };
    let export = ExportFolder::of(&[
        pump(0, 1),
        said(100, "```\nFATAL: the tank is full\n```"),
        pump(200, 2),
        said(300, "that's bad"),
    ]);
    export.day("builds", "2026-01-07", &[pump(180_000, 3)]);
    let report = export.json(&[]);
    let groups: Vec<_> = report["unanswered"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (&group["count"], &group["channels"], group["example"].as_str().unwrap()))
        .collect();
    assert_eq!(
        groups,
        [
            (
                &json!(3),
                &json!([GENERAL, "builds"]),
                "12:00:01 ERROR pump 1 failed at \"dock 1\""
            ),
            (&json!(1), &json!([GENERAL]), "FATAL: the tank is full"),
        ]
    );
    assert_eq!(report["unanswered"][0]["first"], "2026-01-05T10:00:00.0001Z");
    assert_eq!(report["channels"][0]["unanswered_errors"], 1);
}

/// A busy morning.
fn morning() -> ExportFolder {
    let export = ExportFolder::of(&[
        said(0, E0003),
        with(said(600, "E0003 here as well"), json!({"user": "U0GRACE001"})),
        said(1_000, "```\nERROR pump 7 failed on db-1.example.com:5432\n```"),
        said(2_000, "```\nERROR pump 9 failed on db-2.example.com:5432\n```"),
        with(
            said(2_100, "deployed"),
            json!({"user": null, "bot_id": "B0DEPLOY01", "subtype": "bot_message"}),
        ),
        with(
            said(2_200, "<@U0ALAN0001> has joined"),
            json!({"subtype": "channel_join"}),
        ),
        said(2_300, "lunch?"),
    ]);
    export.day(
        "builds",
        "2026-01-06",
        &[said(90_000, "Not authorized. Log in to Bluemix and try again. (E0003)")],
    );
    export
}

#[test]
fn the_report_shows_where_and_how_often() {
    insta::assert_snapshot!(morning().text(&[]), @r"
    8 messages in 2 channels, 2026-01-05 to 2026-01-06:
           6  of people
           0  of allowed bots
           2  left alone
                1 because it is a notice, such as a join or a new topic
                1 because its bot is not in slack.allowed_bots
                the bots: B0DEPLOY01 (1)

    The bot would have
           2  answered
           1  pointed to an earlier answer
           0  been added to an earlier answer
           0  stayed silent on a near miss
           2  stayed silent on a pasted error

    Channels  messages  people  bots  left alone  answers  repeats  near misses  unanswered errors
    #builds          1       1     0           0        1        0            0                  0
    #general         7       5     0           2        1        1            0                  2

    Answers  repeats  runbook › section
          2        1  armada/armada-api-login.md › E0003
                      #builds, #general, 2026-01-05 to 2026-01-06

    Pasted errors without a runbook
          2  ERROR pump 7 failed on db-1.example.com:5432
             #general, 2026-01-05
             silent: confidence 0.00 is below the threshold of 0.50; 8.9 bits of evidence are missing
    ");
}

#[test]
fn the_report_is_one_object_for_programs() {
    let report = morning().json(&[]);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        keys(&report),
        "messages read total channels answers sections unanswered unanswered_beyond skipped"
    );
    insta::assert_json_snapshot!(report["read"], @r#"
    {
      "people": 6,
      "allowed_bots": 0,
      "left_alone": 2,
      "left_alone_because": {
        "it is a notice, such as a join or a new topic": 1,
        "its bot is not in slack.allowed_bots": 1
      },
      "other_bots": {
        "B0DEPLOY01": 1
      },
      "files_not_read": 0,
      "direct_left_out": 0
    }
    "#);
    insta::assert_json_snapshot!(report["channels"][0], @r#"
    {
      "id": "builds",
      "name": "builds",
      "messages": 1,
      "people": 1,
      "allowed_bots": 0,
      "left_alone": 0,
      "answers": 1,
      "repeats": 0,
      "follow_ups": 0,
      "near_misses": 0,
      "unanswered_errors": 0
    }
    "#);
    let mut answer = report["answers"][1].clone();
    answer["evidence"].as_array_mut().unwrap().truncate(1);
    // The number itself is the matching's affair.
    assert!(answer["confidence"].as_f64().is_some_and(|confidence| confidence > 0.5));
    answer["confidence"] = json!("as in match");
    insta::assert_json_snapshot!(answer, @r#"
    {
      "channel": "C0GENERAL1",
      "ts": "1767607200.000100",
      "thread_ts": "1767607200.000100",
      "user": "U0ADA00001",
      "kind": "answer",
      "repeat_of": null,
      "runbook": "armada/armada-api-login.md",
      "section": "E0003",
      "anchor": "e0003",
      "confidence": "as in match",
      "evidence": [
        {
          "line": 1,
          "text": "we get E0003 since noon",
          "signature": "E0003",
          "kind": "code"
        }
      ]
    }
    "#);
}

#[test]
fn sections_and_unanswered_errors_are_told_with_their_channels_and_times() {
    let report = morning().json(&[]);
    insta::assert_json_snapshot!(report["sections"][0], @r#"
    {
      "runbook": "armada/armada-api-login.md",
      "section": "E0003",
      "answers": 2,
      "repeats": 1,
      "channels": [
        "builds",
        "C0GENERAL1"
      ],
      "first": "2026-01-05T10:00:00.0001Z",
      "last": "2026-01-06T11:00:00.0001Z"
    }
    "#);
    insta::assert_json_snapshot!(report["unanswered"][0], @r#"
    {
      "count": 2,
      "channels": [
        "C0GENERAL1"
      ],
      "example": "ERROR pump 7 failed on db-1.example.com:5432",
      "first": "2026-01-05T10:16:40.0001Z",
      "last": "2026-01-05T10:33:20.0001Z",
      "near": null,
      "why": "silent: confidence 0.00 is below the threshold of 0.50; 8.9 bits of evidence are missing"
    }
    "#);
}

#[test]
fn every_run_prints_the_same() {
    let export = morning();
    assert_eq!(export.text(&[]), export.text(&[]));
    assert_eq!(export.json(&[]).to_string(), export.json(&[]).to_string());
}
