//! What holds whatever is pasted: values come back, order and wrapping change nothing, chat is left alone.

use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};
use signpost::matching::{Index, IndexOptions, Match};
use signpost::runbook::Library;

use super::{library, place};

/// A template for each way of marking a value, with the names that its values are captured by.
const TEMPLATES: &[(&str, &[&str])] = &[
    (
        "lorry <lorry> cannot leave the ramp of '<depot name>' today",
        &["lorry", "depot_name"],
    ),
    (
        "ramp [RAMP] refused pallet $PALLET after its inspection",
        &["ramp", "pallet"],
    ),
    (
        "conveyor {{ $labels.belt }} exceeded its allotted tonnage at ${HALL}",
        &["belt", "hall"],
    ),
    (
        "crane {{.Name}} dropped the crate of {customer} overboard",
        &["name", "customer"],
    ),
    ("forklift %v collided with shelving unit %s", &["value", "value"]),
    ("hoist %(hoist)s overheated while lifting drum {0}", &["hoist", "value"]),
    (
        "winch xxxxx unwound near bollard XX.XX.XX.XX by itself",
        &["value", "value"],
    ),
    (
        "gantry REGION lost its sway sensor, replace CLUSTER_ID soon",
        &["region", "cluster_id"],
    ),
    (
        "stacker my-stacker tilted towards aisle $labels.aisle",
        &["my_stacker", "aisle"],
    ),
    ("tugboat [n] drifted past buoy *** at dusk", &["n", "value"]),
];

const CHAT: &[&str] = &[
    "good morning all, coffee anyone?",
    "the release is out, thanks for the reviews",
    "who is on call next week?",
    "2026-01-31T09:14:07Z INFO worker 3 started in 12 ms",
    "GET /health 200 3ms",
    "can somebody approve my holiday request please",
    "I pushed a fix, the tests are green now",
    "lunch at 12:30 in the big kitchen, bring cake",
];

/// What stands in a placeholder's place.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}-[0-9]{1,5}",
        "[a-z0-9]{1,6}_[0-9]{2,4}",
        "[0-9]{1,6}",
        "10\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}",
        "[0-9a-f]{8}-[0-9a-f]{4}",
        "[a-z]{3,8}-[0-9]\\.example\\.com",
        "/[a-z]{2,5}/[a-z]{2,5}[0-9]",
    ]
}

fn documents() -> Vec<(String, String)> {
    let document = |(at, (template, _)): (usize, &(&str, &[&str]))| {
        let text = format!("# Case {at}\n\nYou see:\n\n```\n{template}\n```\n\n1. Mend it.\n");
        (format!("{at}.md"), text)
    };
    TEMPLATES.iter().enumerate().map(document).collect()
}

/// The library with its documents moved round by so many.
fn turned(by: usize) -> Library {
    let mut documents = documents();
    documents.rotate_left(by);
    let documents: Vec<(&str, &str)> = documents.iter().map(|(path, text)| (&**path, &**text)).collect();
    library(&documents)
}

fn filled(template: &str, values: &[&str]) -> String {
    let places = signpost::runbook::placeholder::find(template);
    assert_eq!(places.len(), values.len(), "{template}");
    let mut message = template.to_owned();
    for (place, value) in places.iter().zip(values).rev() {
        message.replace_range(place.range.clone(), value);
    }
    message
}

/// A way a message is dressed up before it arrives, and the lines that this puts before it.
fn dress() -> impl Strategy<Value = (fn(&str) -> String, usize)> {
    prop_oneof![
        Just((str::to_owned as fn(&str) -> String, 0_usize)),
        Just(((|text: &str| format!("```\n{text}\n```")) as fn(&str) -> String, 1)),
        Just(((|text: &str| format!("`{text}`")) as fn(&str) -> String, 0)),
        Just(((|text: &str| format!("> {text}")) as fn(&str) -> String, 0)),
        Just(((|text: &str| format!("&gt; {text}")) as fn(&str) -> String, 0)),
        Just(((|text: &str| format!("hi\r\n{text}\r\nbye")) as fn(&str) -> String, 1)),
        Just((
            (|text: &str| format!("\u{1b}[31m{text}\u{1b}[0m")) as fn(&str) -> String,
            0
        )),
        Just((
            (|text: &str| format!("<@U0ADA0001> seen this?\n{text}")) as fn(&str) -> String,
            1
        )),
        Just((
            (|text: &str| format!("\u{201c}{text}\u{201d}")) as fn(&str) -> String,
            0
        )),
        Just((
            (|text: &str| format!("2026-01-31T09:14:07.123Z ERROR [main] {text}")) as fn(&str) -> String,
            0
        )),
    ]
}

fn told(library: &Library, found: &[Match]) -> Vec<String> {
    found.iter().map(|found| place(library, found)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_filled_template_is_answered_with_its_values(
        which in 0..TEMPLATES.len(),
        first in value(),
        second in value(),
        (dressed, before) in dress(),
        turn in 0..TEMPLATES.len(),
    ) {
        let (template, names) = TEMPLATES[which];
        let library = turned(turn);
        let message = dressed(&filled(template, &[&first, &second]));
        let outcome = Index::build(&library, &IndexOptions::default()).find(&message);
        prop_assert_eq!(told(&library, &outcome.matches), [format!("{which}.md#Case {which}")], "{}", message);
        let found = &outcome.matches[0];
        prop_assert_eq!(found.evidence[0].line, before + 1, "{:?}", found.evidence);
        for (name, value) in names.iter().zip([&first, &second]) {
            let values = found.captures.get(*name).cloned().unwrap_or_default();
            let all = names.iter().filter(|other| *other == name).count();
            prop_assert!(values.contains(value) && values.len() <= all, "{name} of {message:?}: {:?}", found.captures);
        }
    }

    #[test]
    fn chat_around_an_error_changes_nothing_but_its_line(
        which in 0..TEMPLATES.len(),
        value in value(),
        above in proptest::collection::vec(0..CHAT.len(), 0..6),
        below in proptest::collection::vec(0..CHAT.len(), 0..6),
    ) {
        let library = turned(0);
        let line = filled(TEMPLATES[which].0, &[&value, "b-2"]);
        let lines: Vec<&str> = above.iter().map(|at| CHAT[*at]).chain([&*line]).chain(below.iter().map(|at| CHAT[*at])).collect();
        let outcome = Index::build(&library, &IndexOptions::default()).find(&lines.join("\n"));
        prop_assert_eq!(told(&library, &outcome.matches), [format!("{which}.md#Case {which}")]);
        prop_assert_eq!(outcome.matches[0].evidence[0].line, above.len() + 1);
        prop_assert_eq!(&outcome.matches[0].evidence[0].text, &line);
    }

    #[test]
    fn the_order_of_the_runbooks_does_not_matter(
        said in proptest::collection::vec((0..TEMPLATES.len(), value()), 1..3),
        chat in 0..CHAT.len(),
        turn in 1..TEMPLATES.len(),
    ) {
        let mut lines: Vec<String> = said.iter().map(|(which, value)| filled(TEMPLATES[*which].0, &[value, "c-3"])).collect();
        lines.push(CHAT[chat].to_owned());
        let message = lines.join("\n");
        let answers = [0, turn].map(|turn| {
            let library = turned(turn);
            let outcome = Index::build(&library, &IndexOptions::default()).find(&message);
            let mut places = told(&library, &outcome.matches);
            places.sort();
            places
        });
        prop_assert_eq!(&answers[0], &answers[1], "{}", message);
    }

    #[test]
    fn unrelated_words_are_never_answered(words in "([a-z]{1,9}[ ,.\n]){0,60}", chat in 0..CHAT.len()) {
        let library = turned(0);
        let index = Index::build(&library, &IndexOptions::default());
        for message in [words.as_str(), CHAT[chat]] {
            let outcome = index.find(message);
            prop_assert!(outcome.matches.is_empty(), "{message:?}: {:?}", outcome.matches);
        }
    }
}
