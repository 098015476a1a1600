//! A trial of every template on values of every kind, before the bot starts.

mod runs;

use minijinja::{Environment, Value, context};

use super::commands::commands;
use super::{TemplateError, templates};

/// Renders all templates twice: with every value present, and with every optional value left out.
pub(super) fn run(jinja: &Environment<'_>) -> Result<(), TemplateError> {
    for full in [true, false] {
        for (name, values) in samples(full) {
            templates::render(jinja, name, &values)?;
        }
    }
    Ok(())
}

fn samples(full: bool) -> Vec<(&'static str, Value)> {
    let some = |text: &str| full.then(|| text.to_owned());
    let many = |value: Value| if full { vec![value] } else { Vec::new() };
    let topic = context! {
        title => "Title", runbook => "Runbook", is_section => full, path => "runbook.md",
        full_url => some("https://example.com/runbook"), show_all => "show runbook",
        source => full.then(|| context! { id => "id", place => (), commit => "1a2b3c4", at => "30 Nov 2026, 12:05 UTC" }),
        branches => many(context! { label => "Other case", show => "show runbook other" }),
        entry => if full { "entry" } else { "" }, rest => if full { "rest" } else { "" }, rest_page => i32::from(full), rest_pages => 2,
        cause => if full { "cause" } else { "" }, steps => if full { "steps" } else { "" }, has_steps => full,
        contacts => ["chat", "pager", "issues", "other"].map(|kind| context! {
            team => some("team"), kind, name => "Team", when => some("If it is down"), url => some("https://example.com"),
        }).to_vec(),
        places => many(context! { kind => "dashboard", label => "Dashboard", url => "https://example.com" }),
        filled => many(context! { name => "id", value => "1" }), filled_facts => if full { "facts" } else { "" },
        several_facts => if full { "facts" } else { "" }, other_facts => if full { "facts" } else { "" },
        occurrences => many(vec![context! { name => "id", value => "1" }].into()), more_occurrences => if full { 12 } else { 0 }, occurrences_cut => !full,
    };
    let place = context! {
        title => "Title", runbook => "Runbook", is_section => full, path => "runbook.md", show => "show runbook",
        url => some("https://example.com"),
        line => full.then_some(1), text => some("line"), signature => some("E0003"), kind => some("code"),
    };
    let answer = context! {
        asked => full, evidence => many(context! { line => 1, signature => "E0003", kind => "code", verbatim => full, is_alert => full, is_link => !full, is_alert_link => full }),
        others => many(place.clone()), also => many(place.clone()), quoted => if full { "quoted" } else { "" },
        links => many(context! { title => "Logs", url => "https://example.com" }),
        ..topic.clone()
    };
    let list = context! {
        list => many(place.clone()), words => some("words").unwrap_or_default(), why => if full { "near" } else { "search" },
        asked_for => "words", more => 1,
    };
    let more = context! { full_url => some("https://example.com/runbook"), show => "show runbook" };
    let mut all = talk(full);
    all.extend(itself(full));
    all.extend(cases(full, &answer, &place));
    all.extend(runs::samples(full));
    all.push(("added.md", context! { about => some("E0003") }));
    for remark in ["next", "fixed", "not_helped", "wrong", "done", "undo"] {
        let values = context! { remark, known => full, next => some("2. Stop the pump"), choices => full, about => some("E0003") };
        all.push(("remark.md", values));
    }
    all.extend([
        ("answer.md", answer),
        ("show.md", context! { sections => many(place), ..topic }),
        ("candidates.md", list.clone()),
        ("nothing.md", context! { words => some("words"), code => (), name => () }),
        ("nothing.md", context! { words => "", code => some("E0099"), name => "name" }),
        ("no_card.md", context! { choosing => full }),
        ("small_talk.md", context! { is_thanks => full }),
        ("choose.md", list),
        (
            "help.md",
            context! { list => many(context! { name => "help", usage => "help", key => "help" }), only => some("help") },
        ),
        ("images.md", context! { text => full }),
        ("rest.md", more.clone()),
        ("cut.md", more),
    ]);
    all
}

/// Samples for cards and their modals.
fn cases(full: bool, answer: &Value, place: &Value) -> Vec<(&'static str, Value)> {
    let some = |text: &str| full.then(|| text.to_owned());
    let many = |value: &Value| if full { vec![value.clone()] } else { Vec::new() };
    let outcome =
        |standing: &str| context! { standing => standing.to_owned(), by => some("Ada"), when => some("06:41 UTC") };
    let mut out = Vec::new();
    for standing in [
        "open",
        "fixed",
        "not-helped",
        "escalated",
        "resolved",
        "withdrawn",
        "choosing",
    ] {
        let card = context! {
            outcome => outcome(standing), came_from => full.then(|| place.clone()), page => 1, pages => if full { 2 } else { 1 },
            question => if full { Vec::new() } else { vec!["You own it", "You don’t own it"] },
            chosen => some("You own it"), chosen_by => some("Ada"), alternative_buttons => "",
            choice_buttons => "", action_buttons => "", alert_buttons => "", other_buttons => "", section_menu => if full { "menu" } else { "" }, sections_left_out => i32::from(full),
            card_title => "Title", title => "Title", lead => some("lead"), quoted_line => if full { "quoted" } else { "" },
            step_buttons => "", branch_buttons => if full { "buttons" } else { "" }, edited => !full, gone_title => "",
            done_elsewhere => many(&context! { name => "1", by => "Ada", when => "06:41 UTC" }), jobs_elsewhere => many(&"Title".into()),
            turned_by => some("Ada"), first_shown => full.then_some("4"), last_shown => some("6"), names_runbook => !full, count => 2, first => some("Log in"), team => some("Team"),
            choices => many(place),
            ..minijinja::value::merge_maps([super::calling::card_sample(full), answer.clone()])
        };
        out.push(("question.md", card.clone()));
        out.push(("notice.md", card.clone()));
        out.push(("outcome.md", card.clone()));
        out.push(("folded.md", card.clone()));
        out.push(("others.md", card.clone()));
        out.push(("card.md", card));
    }
    for why in ["near", "search", "choose", "wrong", "withdrawn"] {
        let choices = context! {
            list => many(place), why => why.to_owned(), words => "words", choices => many(place),
            gone_title => some("Title"), gone_steps => many(&"1".into()), outcome => outcome("choosing"), choice_buttons => "", ..super::calling::card_sample(full)
        };
        out.push(("choices.md", choices));
    }
    let done = context! { name => "1", by => "Ada", when => "06:41 UTC", text => some("Look at the gauge") };
    let worked = context! { place => place.clone(), steps => vec![done.clone()] };
    let summary = context! {
        topic => full.then(|| place.clone()), quoted => if full { "quoted" } else { "" }, done => many(&worked),
        open => many(&done), more_open => i32::from(full), link => some("https://example.com"),
        runs => many(&context! { title => "Title", outcome => "SUCCESS" }),
    };
    out.extend([
        ("recognised.md", answer.clone()),
        ("occurrences.md", answer.clone()),
        ("places.md", answer.clone()),
        ("done.md", done),
        ("whom.md", answer.clone()),
        ("summary.md", summary),
        (
            "escalated.md",
            context! { by => "Ada", summary => "summary", ..answer.clone() },
        ),
        ("shortcut_answered.md", context! {}),
    ]);
    out.extend(super::calling::samples(full));
    out
}

/// A sample of a time, in the form that `time::time` returns.
fn moment(full: bool) -> Value {
    context! { clock => "06:41 UTC", day => "1 May", today => full, past => full, minutes => 90, hours => 1, days => 0 }
}

/// Samples for the replies of `talk` about people and about requests that cannot be met.
fn talk(full: bool) -> Vec<(&'static str, Value)> {
    let some = |text: &str| full.then(|| text.to_owned());
    let many = |value: Value| if full { vec![value] } else { Vec::new() };
    let url = || some("https://example.com");
    let pair = || full.then(|| context! { name => "Name", url => url() });
    let team =
        context! { key => "team", name => "Team", chat => pair(), pager => pair(), issues => url(), url => url() };
    let contact = context! { kind => "chat", name => "Name", when => some("If it is down"), url => url() };
    let place = context! { title => "Title", url => url(), show => "show title", path => "title.md" };
    let names = || many("team".into());
    vec![
        ("mute_refused.md", context! { stranger => full }),
        ("secret_warning.md", context! { kinds => "a password" }),
        ("mute_direct.md", context! {}),
        ("not_member.md", context! {}),
        (
            "typo.md",
            context! { meant => "search words", run_button => if full { "button" } else { "" } },
        ),
        (
            "unclear.md",
            context! { command => if full { "mute" } else { "status" }, rest => "rest" },
        ),
        (
            "who.md",
            context! {
                name => "Team", subject => if full { "team" } else { "runbook" }, teams => many(team),
                contacts => many(contact), runbooks => many(place), more => full,
                ..super::calling::card_sample(full)
            },
        ),
        (
            "who_choose.md",
            context! { words => "words", list => names(), more => 2 },
        ),
        (
            "who_nothing.md",
            context! { words => "words", nearest => names(), teams => names(), more => 2 },
        ),
        ("who_refused.md", context! {}),
        ("run_late.md", context! {}),
        ("source.md", context! { source => full.then(origin_in_git) }),
        ("source.md", context! { source => full.then(origin_in_wiki) }),
        (
            "source_trouble.md",
            context! {
                source => "id", accept => "accept", kind => if full { "held" } else { "unreachable" }, version => "1a2b3c4", is_git => full,
                removed => 9, documents => 12, why => "It is gone.",
            },
        ),
        (
            "missed.md",
            context! {
                count => if full { 12 } else { 1 }, what => "error", from => moment(full), to => moment(full),
            },
        ),
        (
            "pointer.md",
            context! {
                title => "Title", answered => moment(full), url => url(),
                values => many(context! { name => "id", value => "1" }),
            },
        ),
        (
            "shadow.md",
            context! {
                channel => "#support", url => url(), topic => "Runbook › Title", topic_url => url(), percent => 93,
                quoted => if full { "quoted" } else { "" }, verdict => some("Right"), by => some("Ada"),
                when => some("3 Nov 06:41 UTC"), buttons => "buttons",
            },
        ),
        ("shadow_refused.md", context! {}),
        ("shortcut_nothing.md", context! {}),
        ("too_old.md", context! { days => full.then_some(30) }),
        ("failed.md", context! { reference => some("k-1") }),
        ("shared_by.md", context! { by => "Ada" }),
    ]
}

/// Samples for the replies about the bot itself.
fn itself(full: bool) -> Vec<(&'static str, Value)> {
    let some = |text: &str| full.then(|| text.to_owned());
    let many = |value: Value| if full { vec![value] } else { Vec::new() };
    let time = moment(full);
    let perhaps = full.then(|| time.clone());
    let listening = |kind: &str| context! { kind => kind.to_owned(), until => perhaps.clone(), by => some("Ada") };
    let problems = context! {
        errors => 1, warnings => 1, count => if full { 5 } else { 0 }, more => 3,
        first => many(context! { path => "a.md", line => 1, message => "It is wrong." }),
    };
    let health = context! {
        version => "1.0", runbooks => 3, skipped => if full { 2 } else { 0 }, sources => source(full), loaded => perhaps.clone(), reload_failed => some("It is gone."),
        problems => problems.clone(),
    };
    let recent = |ending: &str| {
        context! {
            title => "Title", channel => some("#support"), when => time.clone(), ending => ending.to_owned(),
            stage => if full { "done" } else { "queued" }, is_over => full, result => some("SUCCESS"), url => some("https://example.com"),
        }
    };
    let endings = ["open", "fixed", "not_helped", "wrong", "escalated"];
    let home = context! {
        now => time.clone(), list => commands(None), only => None::<String>, buttons => "",
        matches => if full { endings.map(recent).to_vec() } else { Vec::new() }, runs => full.then(|| many(recent("open"))),
        ..minijinja::value::merge_maps([super::calling::card_sample(full), health.clone()])
    };
    let only = context! { list => commands(Some("show")), only => some("show") };
    let mut out = vec![
        ("home.md", home),
        ("commands.md", only),
        ("problems.md", context! { problems => problems.clone() }),
        (
            "admin_runbooks.md",
            context! { problems => problems.clone(), failed => some("reason") },
        ),
        ("admin_runbooks.md", context! { problems, failed => None::<String> }),
        (
            "admin_unknown_link.md",
            context! { url => "https://example.com/runbooks/flux", channel => "#alerts" },
        ),
        ("muted.md", context! { until => perhaps.clone() }),
    ];
    for kind in ["direct", "unasked", "shadow", "asked", "shared", "muted"] {
        let mode = if full { "socket" } else { "http" };
        let status = context! { mode, connections => 2, listening => listening(kind), ..health.clone() };
        out.push(("status.md", status));
        out.push((
            "unmuted.md",
            context! { was_muted => full, listening => listening(kind) },
        ));
    }
    out
}

/// The source of `source.md`: a commit.
fn origin_in_git() -> Value {
    context! { id => "id", place => (), commit => "1a2b3c4", at => "30 Nov 2026, 12:05 UTC" }
}

/// The source of `source.md`: a page of a wiki.
fn origin_in_wiki() -> Value {
    context! { place => "Confluence OPS", at => "12 Nov 2026" }
}

/// The sources of `status.md`.
fn source(full: bool) -> Vec<Value> {
    let one = context! {
        id => "id", documents => 3, is_git => full, version => "1a2b3c4", at => moment(full), fetched => moment(full),
        problem => "It is gone.", held => context! { version => "5d6e7f8", removed => 9 },
    };
    if full { vec![one] } else { Vec::new() }
}
