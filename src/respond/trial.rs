//! Every overriding template is tried on values of every kind before the bot starts.

use minijinja::{Environment, Value, context};

use super::TemplateError;
use super::templates;

/// Renders all templates, once with everything there and once with all that may be missing left out.
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
        branches => many(context! { label => "Other case", show => "show runbook other" }),
        cause => if full { "cause" } else { "" }, steps => if full { "steps" } else { "" }, has_steps => full,
        contacts => ["chat", "pager", "issues", "other"].map(|kind| context! {
            team => some("team"), kind, name => "Team", when => some("If it is down"), url => some("https://example.com"),
        }).to_vec(),
        places => many(context! { kind => "dashboard", label => "Dashboard", url => "https://example.com" }),
        filled => many(context! { name => "id", value => "1" }),
    };
    let place = context! {
        title => "Title", runbook => "Runbook", is_section => full, path => "runbook.md", show => "show runbook",
        url => some("https://example.com"),
        line => full.then_some(1), text => some("line"), signature => some("E0003"), kind => some("code"),
    };
    let answer = context! {
        asked => full, evidence => many(context! { line => 1, signature => "E0003", kind => "code", verbatim => full }),
        others => many(place.clone()), also => many(place.clone()), quoted => if full { "quoted" } else { "" },
        links => many(context! { title => "Logs", url => "https://example.com" }),
        ..topic.clone()
    };
    let list = context! {
        list => many(place.clone()), words => some("words").unwrap_or_default(), why => if full { "near" } else { "search" },
        asked_for => "words", more => 1,
    };
    let more = context! { full_url => some("https://example.com/runbook"), show => "show runbook" };
    vec![
        ("answer.md", answer),
        ("show.md", context! { sections => many(place), ..topic }),
        ("candidates.md", list.clone()),
        ("nothing.md", list.clone()),
        ("choose.md", list),
        (
            "help.md",
            context! { list => many(context! { name => "help", usage => "help", key => "help" }), only => some("help") },
        ),
        ("images.md", context! {}),
        ("rest.md", more.clone()),
        ("cut.md", more),
    ]
}
