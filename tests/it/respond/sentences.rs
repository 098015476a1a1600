//! Sentences that people meet in Slack: the Home tab, refusals, and what is told of escalations. A change of words shows here
//! in review.

use jiff::Timestamp;
use signpost::respond::{
    CallRefusal, CardEscalation, CardIssue, Ending, HomeFacts, Missed, OnCallLine, Problems, RecentMatch, Responder,
    ResponderOptions, RunLine, RunStage, TeamMessage, to_text,
};

fn responder() -> Responder {
    Responder::new(None, ResponderOptions::default()).unwrap()
}

fn at(time: &str) -> Timestamp {
    format!("2026-05-01T{time}Z").parse().unwrap()
}

/// The Home tab without the list of commands, which is the same for everybody.
fn home(change: impl FnOnce(&mut HomeFacts)) -> String {
    let mut facts = HomeFacts {
        version: "1.2.3".into(),
        now: at("03:10:00"),
        runbooks: 52,
        skipped: 0,
        loaded_at: Some(at("03:05:10")),
        reload_failed: None,
        problems: Problems::of(&[]),
        matches: Vec::new(),
        runs: None,
        on_call: Vec::new(),
        buttons: Vec::new(),
    };
    change(&mut facts);
    let text = to_text(&responder().home(&facts));
    let (before, rest) = text.split_once("What you can ask").unwrap();
    let after = rest.lines().next_back().unwrap();
    format!("{}\n\n[commands]\n\n{after}", before.trim_end())
}

fn matched(title: &str, ending: Ending) -> RecentMatch {
    RecentMatch {
        title: title.into(),
        channel: Some("#gate-help".into()),
        at: at("02:58:00"),
        ending,
        url: None,
    }
}

#[test]
fn an_empty_home_tab() {
    insta::assert_snapshot!(home(|_| {}), @"
    I find the runbook for an error

    Send me the error, mention me in a channel or use `/signpost`.

    Your recent matches

    Nothing yet. Runbooks I find for you will appear here.

    Runbooks

    52 documents read, last updated at 03:05 UTC (4 minutes ago).

    No problems found in the runbooks.

    [commands]

    Updated at 03:10 UTC. Version 1.2.3.
    ");
}

#[test]
fn a_home_tab_with_cases() {
    let shown = home(|facts| {
        facts.matches = vec![
            matched("Gate is shut", Ending::Open),
            matched("Dark street", Ending::Escalated),
            matched("Lamp flickers", Ending::Fixed),
            matched("Gate squeaks", Ending::NotHelped),
            matched("Gate is gone", Ending::Wrong),
        ];
    });
    insta::assert_snapshot!(shown, @"
    I find the runbook for an error

    Send me the error, mention me in a channel or use `/signpost`.

    Your recent matches

    - Gate is shut in #gate-help, 12 minutes ago (02:58 UTC): open
    - Dark street in #gate-help, 12 minutes ago (02:58 UTC): escalated
    - Lamp flickers in #gate-help, 12 minutes ago (02:58 UTC): fixed
    - Gate squeaks in #gate-help, 12 minutes ago (02:58 UTC): didn’t help
    - Gate is gone in #gate-help, 12 minutes ago (02:58 UTC): wrong runbook

    Runbooks

    52 documents read, last updated at 03:05 UTC (4 minutes ago).

    No problems found in the runbooks.

    [commands]

    Updated at 03:10 UTC. Version 1.2.3.
    ");
}

#[test]
fn a_home_tab_with_runs() {
    let run = |stage, result: Option<&str>| RunLine {
        title: "Gate info".into(),
        at: at("03:00:00"),
        stage,
        result: result.map(Into::into),
        by: "Ada".into(),
        url: None,
    };
    let stages = [
        run(RunStage::Approval, None),
        run(RunStage::Queued, None),
        run(RunStage::Running, None),
        run(RunStage::Done, Some("SUCCESS")),
        run(RunStage::Expired, None),
    ];
    let shown = home(|facts| facts.runs = Some(stages.to_vec()));
    let none = home(|facts| facts.runs = Some(Vec::new()));
    insta::assert_snapshot!(format!("{shown}\n\n== none\n{none}"), @"
    I find the runbook for an error

    Send me the error, mention me in a channel or use `/signpost`.

    Your recent matches

    Nothing yet. Runbooks I find for you will appear here.

    Your recent runs

    - Gate info, 10 minutes ago (03:00 UTC): waiting for approval
    - Gate info, 10 minutes ago (03:00 UTC): in Jenkins’ queue
    - Gate info, 10 minutes ago (03:00 UTC): running
    - Gate info, 10 minutes ago (03:00 UTC): SUCCESS
    - Gate info, 10 minutes ago (03:00 UTC): not approved in time

    Runbooks

    52 documents read, last updated at 03:05 UTC (4 minutes ago).

    No problems found in the runbooks.

    [commands]

    Updated at 03:10 UTC. Version 1.2.3.

    == none
    I find the runbook for an error

    Send me the error, mention me in a channel or use `/signpost`.

    Your recent matches

    Nothing yet. Runbooks I find for you will appear here.

    Your recent runs

    Nothing yet. Jobs you start will appear here.

    Runbooks

    52 documents read, last updated at 03:05 UTC (4 minutes ago).

    No problems found in the runbooks.

    [commands]

    Updated at 03:10 UTC. Version 1.2.3.
    ");
}

#[test]
fn a_home_tab_with_people_on_call_and_troubles() {
    let line = |team: &str| OnCallLine {
        team: team.into(),
        ..OnCallLine::default()
    };
    let shown = home(|facts| {
        facts.on_call = vec![
            OnCallLine {
                now: vec!["Grace".into(), "Ada".into()],
                until: Some("18:00 CET".into()),
                next: vec!["Linus".into()],
                ..line("Gates")
            },
            line("Lamps"),
            OnCallLine {
                now: vec!["Linus".into()],
                as_of: Some("02:40 UTC".into()),
                fault: Some("PagerDuty did not respond in time".into()),
                ..line("Streets")
            },
            OnCallLine {
                fault: Some("PagerDuty cannot be reached".into()),
                link: Some("https://oncall.example.com".into()),
                ..line("Bridges")
            },
        ];
        facts.reload_failed = Some("the folder can’t be read".into());
    });
    insta::assert_snapshot!(shown, @"
    I find the runbook for an error

    Send me the error, mention me in a channel or use `/signpost`.

    Your recent matches

    Nothing yet. Runbooks I find for you will appear here.

    On call

    On call for Gates: Grace and Ada until 18:00 CET · next: Linus

    On call for Lamps: no one right now

    On call for Streets (as of 02:40 UTC): Linus

    On call for Bridges: unknown (PagerDuty cannot be reached) · Schedule (https://oncall.example.com)

    Runbooks

    52 documents read, last updated at 03:05 UTC (4 minutes ago).

    The last reload failed, so I’m still using the previous version: the folder can’t be read

    No problems found in the runbooks.

    [commands]

    Updated at 03:10 UTC. Version 1.2.3.
    ");
}

#[test]
fn refusals_in_the_escalate_window() {
    let refusals = [
        CallRefusal::NoTeam,
        CallRefusal::NotMember,
        CallRefusal::Shared,
        CallRefusal::Unknown,
        CallRefusal::NoPerson,
        CallRefusal::NoGroup,
        CallRefusal::NoPager,
        CallRefusal::NoTracker,
        CallRefusal::NotAllowed,
        CallRefusal::Severity {
            allowed: "critical, error",
        },
        CallRefusal::Again { by: "Ada" },
    ];
    let said = refusals.map(|why| to_text(&responder().call_refused("Gates", why)).trim().to_owned());
    insta::assert_snapshot!(said.join("\n"), @"
    Choose a team.
    I’m not in Gates’s channel. Invite me there, or choose another team.
    Gates’s channel is shared with another organisation, so I can’t post there.
    Slack didn’t answer in time. Try again.
    I don’t know the Slack account of the person on call for Gates. Choose someone else to mention.
    No user group is set up for Gates. Choose someone else to mention.
    No pager is set up for Gates.
    I can’t create issues in Gates’s tracker. Escalate without an issue, then open one yourself.
    You aren’t allowed to page Gates. Escalate without paging, or ask someone who is.
    Gates can only be paged for severity critical, error.
    Ada already escalated this to Gates a moment ago.
    ");
}

#[test]
fn refusals_of_exports_and_verdicts_and_missed_messages() {
    let responder = responder();
    let missed = |count, asked| {
        responder.missed(&Missed {
            count,
            asked,
            first_at: at("02:02:00"),
            last_at: at("02:40:00"),
            now: at("03:10:00"),
        })
    };
    let said = [
        responder.export_refused("scope"),
        responder.export_refused("external"),
        responder.export_refused("not-member"),
        responder.export_refused(""),
        responder.shadow_refused(),
        responder.not_member(),
        responder.admin_unknown_link("https://wiki.example.com/gate", "#alerts"),
        responder.admin_runbooks(&Problems::of(&[]), Some("the folder can’t be read")),
        missed(1, true),
        missed(12, false),
    ];
    let said = said.map(|reply| to_text(&reply).trim().to_owned());
    insta::assert_snapshot!(said.join("\n\n"), @"
    I can’t upload files yet: the Slack app is missing the scope `files:write`. Ask an operator to add it and reinstall the app.

    I don’t export cases in channels shared with other organisations.

    I’m not in this channel, so I can’t upload a file here. Invite me with `/invite` and try again.

    Slack didn’t accept the file. Try again in a moment.

    Only people in my own organisation can rate my answers. Nothing was changed.

    I’m not in this channel, so I can’t post here. Invite me with `/invite` and try again.

    An alert in #alerts links to a runbook that I don’t have: `https://wiki.example.com/gate`

    Either the page has moved or been deleted, or `base_url` of its source is not set to the address where it is published.

    The runbooks couldn’t be reloaded, so the previous version stays in use: the folder can’t be read

    I was offline from 02:02 UTC to 02:40 UTC. I missed 1 message. To look it up, mention me in its thread.

    I was offline from 02:02 UTC to 02:40 UTC. I missed 12 errors. To look one up, mention me in its thread.
    ");
}

fn message(change: impl FnOnce(&mut TeamMessage<'_>)) -> String {
    let mut message = TeamMessage {
        case: "T:C:1",
        escalation: "V1",
        title: "Gate is shut",
        severity: "error",
        by: "Ada",
        summary: "The bolt sticks.",
        step: 1,
        state: CardEscalation {
            team: "Gates".into(),
            person: Some("Grace".into()),
            ..CardEscalation::default()
        },
        outcome: ("escalated", String::new(), String::new()),
        ..TeamMessage::default()
    };
    change(&mut message);
    let text = to_text(&responder().team_message(&message));
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn messages_to_a_team() {
    let service = || "PagerDuty".to_owned();
    let grace = || Some(("Grace".to_owned(), "03:08 UTC".to_owned()));
    let issue = |state, fault: Option<&str>| CardIssue {
        service: "GitHub".into(),
        name: "acme/gates#12".into(),
        url: (state == "created").then(|| "https://git.example.com/acme/gates/issues/12".into()),
        form: Some("https://git.example.com/acme/gates/issues/new".into()),
        state,
        fault: fault.map(str::to_owned),
    };
    let said = [
        message(|_| {}),
        message(|message| message.state.page = "pending"),
        message(|message| {
            message.state.page = "failed";
            message.state.fault = Some("PagerDuty cannot be reached".into());
            message.step = 2;
        }),
        message(|message| {
            message.state.page = "sent";
            message.case_issue = Some(issue("pending", None));
        }),
        message(|message| {
            message.case_issue = Some(issue("pending", Some("GitHub failed (HTTP 503)")));
            message.state.astray = "shared".into();
        }),
        message(|message| {
            message.case_issue = Some(issue("created", None));
            message.state.acknowledged = grace();
        }),
        message(|message| {
            message.case_issue = Some(issue("failed", Some("GitHub rejected the key (HTTP 401)")));
            message.state.acknowledged = grace();
            message.state.acknowledged_in = service();
            message.state.resolved = grace();
            message.state.service = service();
        }),
    ];
    insta::assert_snapshot!(said.join("\n\n"), @"
    Gate is shut
    Escalated by Ada to Grace · Severity: error
    The bolt sticks.
    [I’m on it]

    Gate is shut
    Escalated by Ada to Grace · Severity: error
    The bolt sticks.
    Paging Grace…
    [I’m on it]

    Gate is shut
    No one has acknowledged this yet. Escalated by Ada to Grace · Severity: error
    The bolt sticks.
    The page wasn’t sent: PagerDuty cannot be reached. Page them directly.
    [I’m on it]

    Gate is shut
    Escalated by Ada to Grace · Severity: error
    The bolt sticks.
    Creating an issue in GitHub…
    Paged Grace.
    [I’m on it]

    Gate is shut
    Escalated by Ada to Grace · Severity: error
    This is for Gates, whose channel is shared with another organisation, so I can’t post there.
    The bolt sticks.
    Creating an issue… GitHub failed (HTTP 503), so I’ll try again.
    [I’m on it]

    Gate is shut
    Escalated by Ada to Grace · Severity: error
    The bolt sticks.
    Issue: acme/gates#12 (https://git.example.com/acme/gates/issues/12)
    Grace is on it (03:08 UTC).

    Gate is shut
    Escalated by Ada to Grace · Severity: error
    The bolt sticks.
    The issue wasn’t created: GitHub rejected the key (HTTP 401). Open it yourself (https://git.example.com/acme/gates/issues/new).
    Grace is on it (03:08 UTC, in PagerDuty). Resolved in PagerDuty by Grace (03:08 UTC).
    ");
}
