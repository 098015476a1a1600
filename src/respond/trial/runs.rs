//! Samples for the templates about runs and jobs.

use minijinja::{Value, context};

use super::moment;
use crate::jobs::arguments::UnreadableArguments;
use crate::jobs::checks::CheckFinding;
use crate::jobs::parameters::{DEFAULT_PATTERN, Fault, FieldFault};
use crate::respond::jobs::{fault_value, unreadable_value};
use crate::respond::run::{FoundError, RunCard, RunStage, Trouble, run_values};

const STAGES: [RunStage; 16] = [
    RunStage::Approval,
    RunStage::Ready,
    RunStage::Triggering,
    RunStage::Queued,
    RunStage::Running,
    RunStage::Input,
    RunStage::Reading,
    RunStage::Done,
    RunStage::Refused,
    RunStage::Invalid,
    RunStage::Unknown,
    RunStage::Cancelled,
    RunStage::Declined,
    RunStage::Expired,
    RunStage::GaveUp,
    RunStage::Gone,
];
const RESULTS: [&str; 6] = ["SUCCESS", "UNSTABLE", "FAILURE", "ABORTED", "NOT_BUILT", "ODD"];
/// The classes of `jenkins::Error::class` and those that `bot` adds; a new one falls back to the error's own words.
const CLASSES: [&str; 32] = [
    "unregistered",
    "vanished",
    "several",
    "not-found-again",
    "secret-lost",
    "not-cancelled",
    "not-jenkins",
    "bad-credentials",
    "forbidden",
    "no-permission",
    "crumb-needed",
    "not-found",
    "not-buildable",
    "no-parameters",
    "parameters-needed",
    "bad-choice",
    "vetoed",
    "starting",
    "method",
    "busy",
    "odd",
    "server",
    "no-queue-id",
    "unreachable",
    "timed-out",
    "broken",
    "unreadable",
    "too-large",
    "elsewhere",
    "redirects",
    "path",
    "",
];
const REASONS: [&str; 15] = [
    "not-member",
    "no-jobs",
    "unknown-job",
    "ambiguous-job",
    "stranger",
    "bot",
    "not-here",
    "not-listed",
    "requester",
    "too-old",
    "busy",
    "full",
    "unreadable",
    "faults",
    "secret",
];

pub(super) fn samples(full: bool) -> Vec<(&'static str, Value)> {
    let some = |text: &str| full.then(|| text.to_owned());
    let mut out = Vec::new();
    for stage in STAGES {
        let both = [full, !full];
        for (passed, cancelling) in both.into_iter().zip([false, full]) {
            out.push(("run.md", sample(&card(full, stage, passed, cancelling))));
        }
    }
    for result in RESULTS {
        for is_plain in [true, false] {
            let mut card = card(full, RunStage::Done, is_plain, false);
            card.result = Some(result.to_owned());
            if is_plain {
                card.missing.clear();
            }
            out.push(("run.md", sample(&card)));
        }
    }
    for class in CLASSES {
        let trouble = Value::from(minijinja::value::Serde(trouble(full, class)));
        out.push(("jenkins_trouble.md", context! { trouble }));
    }
    let card = card(full, RunStage::Done, full, false);
    out.push(("run_end.md", sample(&card)));
    out.push(("run_state.md", sample(&card)));
    out.push(("run_rest.md", context! { url => some("https://example.com") }));
    out.push((
        "run_reminder.md",
        context! { title => "Title", by => "Name", until => "1 May 06:41 UTC" },
    ));
    out.push((
        "run_notice.md",
        context! { title => "Title", by => "Ada", declined_by => some("Grace"), until => some("1 May 06:41 UTC") },
    ));
    out.push((
        "run_joined.md",
        context! { title => "Title", by => "Ada", url => some("https://example.com") },
    ));
    out.push((
        "run_started.md",
        context! { title => "Title", url => some("https://example.com") },
    ));
    out.push(("moved.md", context! { title => "Title", job => "Job" }));
    out.push(("jobs.md", jobs(full)));
    out.extend(faults(full).into_iter().map(|fault| ("fault.md", fault_value(&fault))));
    out.extend(refusals(full).into_iter().map(|refusal| ("run_refused.md", refusal)));
    out
}

fn sample(card: &RunCard) -> Value {
    run_values(card, 1, ["log".into(), "parameters".into(), "".into()])
}

fn trouble(full: bool, class: &str) -> Trouble {
    Trouble {
        class: class.to_owned(),
        words: "it is not as it should be".to_owned(),
        about: full.then(|| "503".to_owned()),
    }
}

fn card(full: bool, stage: RunStage, passed: bool, cancelling: bool) -> RunCard {
    let some = |text: &str| full.then(|| text.to_owned());
    let many = |text: &str| if full { vec![text.to_owned()] } else { Vec::new() };
    let finding = CheckFinding {
        title: "Title".to_owned(),
        artifact: "a.log".to_owned(),
        passed,
        seen: some("seen"),
        expected: some(if passed { "seen" } else { "expected" }),
        section: some("Section"),
    };
    let found = FoundError {
        place: some("a.log").unwrap_or_default(),
        title: "Title".to_owned(),
        line: "line".to_owned(),
        ..FoundError::default()
    };
    RunCard {
        run: "r1".to_owned(),
        title: "Title".to_owned(),
        job: "job".to_owned(),
        case: "c1".to_owned(),
        by: "Ada".to_owned(),
        also: many("Grace"),
        parameters: if full {
            vec![("A".to_owned(), "1".to_owned())]
        } else {
            Vec::new()
        },
        stage,
        url: some("https://example.com"),
        number: full.then_some(7),
        until: some("06:41 UTC"),
        behind: usize::from(full),
        why: some("why"),
        joined: full,
        percent: full.then_some(if passed { 50 } else { 100 }),
        took: some("1 min"),
        usual: some("2 min"),
        log: many("line"),
        result: some("SUCCESS"),
        trouble: full.then(|| trouble(full, "server")),
        faults: many("fault"),
        approved_by: some("Grace"),
        declined_by: some("Grace"),
        cancelled_by: some("Grace"),
        cancelling,
        has_checks: full,
        findings: vec![finding],
        missing: if passed { Vec::new() } else { many("missing") },
        section: some("Section"),
        reason: some("No field"),
        is_shown: passed,
        found: if full { vec![found] } else { Vec::new() },
    }
}

fn job(full: bool) -> Value {
    let about = if full { "About" } else { "" };
    context! { id => "job", title => "Title", about, usage => "run job A=…", needs_approval => full }
}

fn jobs(full: bool) -> Value {
    let run = |stage: &RunStage| {
        context! {
            title => "Title", stage => Value::from(minijinja::value::Serde(stage)), is_over => stage.is_over(),
            result => full.then_some("SUCCESS"), by => "Ada", when => moment(full),
            url => full.then_some("https://example.com"),
        }
    };
    context! {
        configured => full, jobs => if full { vec![job(full)] } else { Vec::new() }, more => 1, others => 1,
        runs => STAGES.iter().map(run).collect::<Vec<_>>(), buttons => "",
    }
}

fn faults(full: bool) -> Vec<FieldFault> {
    let nearest = full.then(|| "NAME".to_owned());
    let faults = [
        Fault::Missing,
        Fault::Unregistered {
            nearest: nearest.clone(),
            known: vec!["NAME".to_owned()],
        },
        Fault::Undeclared { nearest },
        Fault::Control,
        Fault::Dash,
        Fault::TooLong { length: 2_000 },
        Fault::Pattern {
            pattern: "^[a-z]+$".to_owned(),
        },
        Fault::Pattern {
            pattern: DEFAULT_PATTERN.to_owned(),
        },
        Fault::Choice {
            choices: vec!["a".to_owned(), "b".to_owned()],
        },
        Fault::Boolean,
        Fault::File,
    ];
    let name = || "NAME".to_owned();
    faults.map(|fault| FieldFault { name: name(), fault }).to_vec()
}

fn refusals(full: bool) -> Vec<Value> {
    let unreadable = [
        UnreadableArguments::NoJob,
        UnreadableArguments::OpenQuote,
        UnreadableArguments::NoValue {
            word: "word".to_owned(),
        },
        UnreadableArguments::Twice { key: "KEY".to_owned() },
    ];
    let mut out = Vec::new();
    for wanted in ["run", "approve", "cancel", "follow"] {
        for reason in REASONS {
            for unreadable in &unreadable {
                out.push(context! {
                    wanted, reason,
                    job => full.then(|| job(full)),
                    words => if full { "words" } else { "" },
                    nearest => full.then_some("job"),
                    candidates => if full { vec![context! { id => "job", title => "Job" }] } else { Vec::new() },
                    names => if full { vec!["name"] } else { Vec::new() },
                    unreadable => unreadable_value(unreadable),
                    faults => vec!["It is wrong."], more => 1,
                    buttons => if full { "buttons" } else { "" },
                });
            }
        }
    }
    out
}
