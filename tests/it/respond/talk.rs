//! What the bot says besides answers, as people read it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use signpost::command::Remark;
use signpost::command::{Whom, who};
use signpost::respond::{
    ConnectionFacts, Ending, HomeFacts, Listening, Pointer, Problems, RecentMatch, Reply, Responder, ResponderOptions,
    RunLine, RunStage, SourceFacts, SourceTrouble, StatusFacts, Templates, to_text,
};
use signpost::runbook::{Button, Diagnostic, Document, Level, Library, SourceKind, frontmatter, teams};
use signpost::slack::blocks;

const TEAMS: &str = "\
gate-api:
  name: Gate API
  comm: {name: \"#gate-help\", link: https://chat.example.com/gate}
  escalate: {name: Gate on call, link: https://pager.example.com/gate}
  issue: https://issues.example.com/gate/new
  link: https://example.com/gate
gate-web: {name: Gate web}
lamps: {name: Lamp squad, escalate: {name: Lamps on call}}
";

fn library() -> Library {
    let mut library = Library::default();
    let data = frontmatter::data(TEAMS).unwrap();
    library.data = Arc::new(BTreeMap::from([("teams".to_owned(), data)]));
    library.teams = teams(&library.data);
    let texts = [
        (
            "street/dark.md",
            "---\nservice: street lights\nsignpost:\n  team: lamps\n---\n# Dark street\n\nAsk #night-porter if the lamps are out.\n",
        ),
        (
            "gate/shut.md",
            "# Gate is shut\n\n## Escalation\n\nAsk {{ site.data.teams.gate-api.comm.name }}.\n",
        ),
        ("lone.md", "# Lone runbook\n\nNobody is named.\n"),
    ];
    for (path, text) in texts {
        let read = Document::read(path, text, &library.data).0;
        library.runbooks.extend(read.map(|read| read.0));
    }
    library
}

fn responder() -> Responder {
    Responder::new(None, ResponderOptions::default()).unwrap()
}

fn at(time: &str) -> Timestamp {
    format!("2026-05-01T{time}Z").parse().unwrap()
}

fn problem(level: Level, line: u32) -> Diagnostic {
    Diagnostic {
        path: "gate/shut.md".into(),
        line,
        level,
        code: "fence-unclosed",
        message: "the code block does not end; close it with ```".into(),
    }
}

fn status(listening: Listening) -> StatusFacts {
    StatusFacts {
        version: "1.2.3".into(),
        now: at("03:10:00"),
        runbooks: 52,
        skipped: 0,
        sources: Vec::new(),
        loaded_at: Some(at("03:05:10")),
        reload_failed: None,
        problems: Problems::default(),
        connection: ConnectionFacts::Socket { connections: 2 },
        listening,
    }
}

fn sources() -> Vec<SourceFacts> {
    let folder = SourceFacts {
        documents: 12,
        ..SourceFacts::default()
    };
    let fetched = SourceFacts {
        id: "platform".into(),
        documents: 40,
        version: Some(("1a2b3c4".into(), at("01:05:00"))),
        fetched_at: Some(at("03:09:00")),
        ..SourceFacts::default()
    };
    let held = SourceFacts {
        id: "shop".into(),
        held: Some(("5d6e7f8".into(), 30)),
        ..fetched.clone()
    };
    let failed = SourceFacts {
        id: "pay".into(),
        problem: Some("access is refused".into()),
        ..fetched.clone()
    };
    vec![folder, fetched, held, failed]
}

fn muted(until: Option<&str>, by: Option<&str>) -> Listening {
    Listening::Muted {
        until: until.map(|until| until.parse().unwrap()),
        by: by.map(Into::into),
    }
}

fn about_itself() -> Vec<(&'static str, Reply)> {
    let responder = responder();
    let now = at("03:10:00");
    let troubled = StatusFacts {
        loaded_at: Some("2026-04-29T22:00:00Z".parse().unwrap()),
        reload_failed: Some("the folder /srv/runbooks is missing".into()),
        skipped: 3,
        sources: sources(),
        problems: Problems::of(&[
            problem(Level::Warning, 0),
            problem(Level::Info, 1),
            problem(Level::Error, 7),
            problem(Level::Warning, 9),
            problem(Level::Warning, 12),
        ]),
        connection: ConnectionFacts::Socket { connections: 0 },
        ..status(muted(Some("2026-05-01T05:10:00Z"), Some("Ada")))
    };
    let held = SourceTrouble::Held {
        kind: SourceKind::Git,
        version: "5d6e7f8".into(),
        removed: 30,
        documents: 40,
    };
    let unreachable = SourceTrouble::Unreachable {
        why: "access is refused".into(),
    };
    let over_http = StatusFacts {
        connection: ConnectionFacts::Http,
        ..status(Listening::Direct)
    };
    vec![
        ("status", responder.status(&status(Listening::Unasked))),
        ("status with troubles", responder.status(&troubled)),
        ("a source is held back", responder.source_trouble("shop", &held)),
        (
            "a source is out of reach",
            responder.source_trouble("pay", &unreachable),
        ),
        ("status over HTTP, in a direct message", responder.status(&over_http)),
        ("status, mentions only", responder.status(&status(Listening::Asked))),
        ("status, shared channel", responder.status(&status(Listening::Shared))),
        ("status, muted for good", responder.status(&status(muted(None, None)))),
        ("muted for two hours", responder.muted(Some(at("05:10:00")), now)),
        (
            "muted for a day",
            responder.muted(Some("2026-05-02T03:10:00Z".parse().unwrap()), now),
        ),
        ("muted", responder.muted(None, now)),
        ("unmuted", responder.unmuted(true, &Listening::Unasked)),
        ("unmuted, mentions only", responder.unmuted(true, &Listening::Asked)),
        (
            "unmuted although it was not muted",
            responder.unmuted(false, &Listening::Unasked),
        ),
        ("mute refused", responder.mute_refused(false)),
        ("mute refused to a stranger", responder.mute_refused(true)),
        ("secret pasted", responder.secret_warning(&["password"])),
        (
            "secrets pasted",
            responder.secret_warning(&["github-token", "aws-access-key", "password"]),
        ),
        ("mute in a direct message", responder.mute_direct()),
    ]
}

fn about_people() -> Vec<(&'static str, Reply)> {
    let (responder, library) = (responder(), library());
    let answer = |words: &str| responder.who(&library, &who(&library, words), words);
    vec![
        ("who, a team", answer("gate-api")),
        ("who, a team without anything", answer("gate-web")),
        ("who, a service", answer("street lights")),
        ("who, a runbook that names nobody", answer("lone")),
        ("who, several", answer("gate")),
        ("who, nobody but near", answer("lamsp")),
        ("who, nobody", answer("zebra")),
        (
            "who, nobody in an empty library",
            responder.who(&Library::default(), &Whom::Nothing { nearest: Vec::new() }, "zebra"),
        ),
        ("who, asked by a stranger", responder.who_refused()),
    ]
}

fn others() -> Vec<(&'static str, Reply)> {
    let responder = responder();
    let pointer = |minutes: &str, url: Option<&str>| {
        responder.pointer(&Pointer {
            title: "Gate is shut".into(),
            now: at("03:10:00"),
            answered_at: at(minutes),
            url: url.map(Into::into),
            values: Vec::new(),
        })
    };
    vec![
        ("typo", responder.typo("search iam token")),
        (
            "pointer",
            pointer("02:58:00", Some("https://work.example.com/archives/C1/p1")),
        ),
        ("pointer without a link", pointer("03:09:58", None)),
        ("shortcut without a runbook", responder.shortcut_nothing()),
        ("button of a forgotten answer", responder.too_old(Some(30))),
        ("button of nobody knows what", responder.too_old(None)),
        ("code that no runbook has", responder.no_runbook_mentions("E0099")),
        ("name that no runbook has", responder.no_runbook_called("gate-shut")),
        ("greeting", responder.small_talk(false)),
        ("thanks", responder.small_talk(true)),
        (
            "next step",
            responder.remark(Remark::Next, true, Some("2. Stop the pump."), (false, None)),
        ),
        (
            "next step, when all are done",
            responder.remark(Remark::Next, false, None, (false, None)),
        ),
        (
            "step that is done",
            responder.remark(Remark::Done(1), true, Some("2. Stop the pump."), (false, None)),
        ),
        (
            "step that there is not",
            responder.remark(Remark::Done(9), false, Some("2. Stop the pump."), (false, None)),
        ),
        (
            "step that is undone",
            responder.remark(Remark::Undo(1), true, Some("1. Look."), (false, None)),
        ),
        ("it works", responder.remark(Remark::Fixed, true, None, (false, None))),
        (
            "it did not help",
            responder.remark(Remark::NotHelped, true, None, (true, None)),
        ),
        (
            "it did not help, and nothing comes close",
            responder.remark(Remark::NotHelped, true, None, (false, None)),
        ),
        (
            "wrong runbook",
            responder.remark(Remark::Wrong, true, None, (false, None)),
        ),
        ("failed", responder.failed(Some("shortcut:1a2b"))),
        ("failed, without a reference", responder.failed(None)),
        ("shared", responder.shared_by("Ada")),
    ]
}

fn recent(time: &str, ending: Ending) -> RecentMatch {
    RecentMatch {
        title: "Gate is shut".into(),
        channel: Some("#gate-help".into()),
        at: time.parse().unwrap(),
        ending,
        url: Some("https://work.example.com/archives/C1/p1".into()),
    }
}

fn home(matches: Vec<RecentMatch>, runs: Option<Vec<RunLine>>) -> HomeFacts {
    HomeFacts {
        version: "1.2.3".into(),
        now: at("03:10:00"),
        runbooks: 52,
        skipped: 3,
        loaded_at: Some(at("03:05:10")),
        reload_failed: None,
        problems: Problems::of(&[problem(Level::Error, 7)]),
        matches,
        runs,
        on_call: Vec::new(),
        buttons: vec![Button {
            label: "Paste an error".into(),
            action: "signpost_paste".into(),
            value: String::new(),
            url: None,
            primary: true,
            menu: None,
        }],
    }
}

fn homes() -> Vec<(&'static str, Reply)> {
    let responder = responder();
    let run = |stage, result: Option<&str>| RunLine {
        title: "collect-gate-logs".into(),
        at: at("03:00:00"),
        stage,
        result: result.map(Into::into),
        by: "Ada".into(),
        url: None,
    };
    let used = home(
        vec![
            recent("2026-05-01T02:58:00Z", Ending::Open),
            recent("2026-04-30T01:00:00Z", Ending::Escalated),
            recent("2026-04-11T01:00:00Z", Ending::NotHelped),
        ],
        Some(vec![
            run(RunStage::Queued, None),
            run(RunStage::Done, Some("UNSTABLE")),
            run(RunStage::Expired, None),
        ]),
    );
    vec![
        ("home, new", responder.home(&home(Vec::new(), None))),
        ("home, used", responder.home(&used)),
    ]
}

#[test]
fn the_home_tab_tells_what_the_bot_knows_and_what_was_found() {
    insta::assert_snapshot!(told(&homes()));
}

#[test]
fn a_full_home_tab_keeps_the_limits() {
    let many = |count| {
        (0..count)
            .map(|_| recent("2026-05-01T02:58:00Z", Ending::Wrong))
            .collect()
    };
    let reply = responder().home(&home(many(200), Some(Vec::new())));
    super::blocks::check(&[blocks::render_one(&reply)]);
    assert_eq!(to_text(&reply).matches("Gate is shut").count(), 10);
}

fn told(replies: &[(&'static str, Reply)]) -> String {
    let told = replies
        .iter()
        .map(|(name, reply)| format!("== {name}\n{}\n", to_text(reply)));
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_bot_tells_how_it_is() {
    insta::assert_snapshot!(told(&about_itself()));
}

#[test]
fn the_bot_tells_whom_to_call() {
    insta::assert_snapshot!(told(&about_people()));
}

#[test]
fn the_bot_tells_what_is_not_as_somebody_thought() {
    insta::assert_snapshot!(told(&others()));
}

#[test]
fn everything_it_says_is_one_valid_message() {
    for (name, reply) in [about_itself(), about_people(), others(), homes()].concat() {
        let messages = blocks::render(&reply);
        super::blocks::check(&messages);
        assert_eq!(messages.len(), 1, "{name}");
        let text = &messages[0].text;
        assert!(!text.contains("{{") && !text.contains("  "), "{name}: {text}");
    }
}

#[test]
fn names_from_settings_and_people_are_no_markup() {
    let responder = responder();
    let hostile = "<!channel> *x* [y](https://evil.example.com) {{ z }}";
    for reply in [
        responder.typo(hostile),
        responder.shared_by(hostile),
        responder.failed(Some(hostile)),
        responder.status(&status(muted(None, Some(hostile)))),
        responder.who(
            &library(),
            &Whom::Nothing {
                nearest: vec![hostile.into()],
            },
            hostile,
        ),
    ] {
        let json = serde_json::to_string(&blocks::render(&reply)).unwrap();
        assert!(
            !json.contains("<!channel>") && !json.contains("evil.example.com|"),
            "{json}"
        );
        assert!(to_text(&reply).contains(hostile), "{}", to_text(&reply));
    }
}

#[test]
fn the_moments_are_told_as_a_person_would() {
    let cases = [
        ("2026-05-01T03:09:30Z", "just now"),
        ("2026-05-01T03:09:00Z", "a minute ago"),
        ("2026-05-01T03:00:00Z", "10 minutes ago"),
        ("2026-05-01T02:00:00Z", "an hour ago"),
        ("2026-04-30T03:10:00Z", "24 hours ago"),
        ("2026-04-20T03:10:00Z", "11 days ago"),
    ];
    for (answered_at, expected) in cases {
        let reply = responder().pointer(&Pointer {
            title: "Gate is shut".into(),
            now: at("03:10:00"),
            answered_at: answered_at.parse().unwrap(),
            url: None,
            values: Vec::new(),
        });
        let said = to_text(&reply);
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn labels_can_be_changed_one_by_one() {
    let own = "[buttons]\nnext = \"Weiter\"\nstep_done = \"{step} erledigt\"\n";
    let overrides = Templates::from([("labels.toml".to_owned(), own.to_owned())]);
    let responder = Responder::new(Some(&overrides), ResponderOptions::default()).unwrap();
    let buttons = &responder.labels().buttons;
    assert_eq!(
        (buttons.next.as_str(), buttons.escalate.as_str()),
        ("Weiter", "Escalate")
    );
    assert_eq!(
        signpost::respond::labels::filled(&buttons.step_done, "step", "2.1"),
        "2.1 erledigt"
    );
}

#[test]
fn a_wrong_label_is_told_with_its_line() {
    let cases = [
        (
            "[buttons]\nnex = \"x\"",
            "labels.toml:2: nex: there is no \"nex\"; the closest are next",
        ),
        (
            "[button]\nnext = \"x\"",
            "labels.toml:1: button: there is no \"button\"; the closest are buttons",
        ),
        ("next = \"x\"", "labels.toml:1: next: there is no \"next\""),
        ("[buttons]\n\nnext = \"\"", "labels.toml:3: next: it is empty"),
        (
            "[buttons]\nnext = 7",
            "labels.toml:2: next: write text in quotation marks",
        ),
        ("[buttons]\nnext = \"a\\nb\"", "more than one line"),
        ("[buttons]\nnext = \"{step}\"", "nothing is filled in here"),
        ("[buttons]\nshow = \"{step}\"", "only {title} is filled in here"),
        (
            "[titles]\npaste = \"Paste the whole error here\"",
            "26 characters long; Slack shows at most 24",
        ),
        ("[fields]\nrun_several = \"{value}\"", "only {values} is filled in here"),
        ("[titles]\nrun_submit = \"{title}\"", "nothing is filled in here"),
        ("[buttons\n", "labels.toml:1"),
    ];
    for (own, expected) in cases {
        let overrides = Templates::from([("labels.toml".to_owned(), own.to_owned())]);
        let error = Responder::new(Some(&overrides), ResponderOptions::default()).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(expected), "{own:?}: {message}");
    }
}

#[test]
fn a_filled_label_fits_on_a_button() {
    let long = "word ".repeat(60);
    let filled = signpost::respond::labels::filled("Show {title}", "title", &long);
    assert!(
        filled.starts_with("Show word word") && filled.ends_with('…'),
        "{filled}"
    );
    assert!(filled.encode_utf16().count() <= 75, "{filled}");
}

#[test]
fn every_template_is_tried_before_the_bot_starts() {
    let mut untried = Vec::new();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/responses/templates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if ["labels.toml", "when.md"].contains(&name.as_str()) {
            continue;
        }
        let overrides = Templates::from([(name.clone(), "{{ no_such_value }}".to_owned())]);
        if Responder::new(Some(&overrides), ResponderOptions::default()).is_ok() {
            untried.push(name);
        }
    }
    assert!(untried.is_empty(), "add them to the samples of the trial: {untried:?}");
}
