//! Replies as a terminal shows them.

use std::collections::BTreeMap;

use signpost::files;
use signpost::matching::{Evidence, Index, Match, Occurrence, Outcome, SignatureKind};
use signpost::respond::{LinkTemplate, Reply, Responder, ResponderOptions, Templates, is_fillable, to_text};
use signpost::runbook::{Document, Library, TopicId, parse};

const RUNBOOK: &str = "\
# Gateway refuses tokens

## G0007

The gateway does not know the caller. There is more to say, and it is said here.

### What to do

1. Ask for the node's state:

   ```sh
   gate state --node <node_id> --token <token>
   ```
2. Read [the list](lists/all.md), then [run](javascript:alert(1)) `gate reset <node_id>`.
   - Twice, if needed.

## Escalation

If the gateway is down, page [Gateway on call](https://pager.example.com/gateway).
";

fn library() -> Library {
    let runbooks = parse("gate/tokens.md", RUNBOOK, &BTreeMap::new())
        .0
        .map(Document::from)
        .into_iter()
        .collect();
    Library {
        runbooks,
        ..Library::default()
    }
}

fn responder(options: ResponderOptions) -> Responder {
    Responder::new(None, options).unwrap()
}

fn topic(library: &Library, heading: &str) -> TopicId {
    let section = library.runbooks[0]
        .sections
        .iter()
        .position(|section| section.heading == heading)
        .unwrap();
    TopicId { runbook: 0, section }
}

fn matched(topic: TopicId, text: &str, captures: &[(&str, &[&str])]) -> Match {
    Match {
        topic,
        confidence: 0.9,
        answered: true,
        evidence: vec![Evidence {
            line: 3,
            text: text.into(),
            signature: "G0007".into(),
            kind: SignatureKind::Code,
        }],
        captures: captures
            .iter()
            .map(|(name, values)| {
                (
                    (*name).to_owned(),
                    values.iter().map(|value| (*value).to_owned()).collect(),
                )
            })
            .collect(),
        ..Match::default()
    }
}

fn answer(options: ResponderOptions, captures: &[(&str, &[&str])]) -> Reply {
    let library = library();
    let best = matched(topic(&library, "G0007"), "refused *hard* (G0007) <!channel>", captures);
    responder(options)
        .answer(
            &library,
            &Outcome {
                matches: vec![best],
                near: Vec::new(),
            },
            false,
        )
        .unwrap()
}

#[test]
fn an_answer_says_what_matched_what_to_do_and_whom_to_call() {
    let options = ResponderOptions {
        base_url: Some("https://docs.example.com/runbooks/".into()),
        links: vec![
            LinkTemplate {
                title: "Logs".into(),
                url: "https://logs.example.com/?q={node_id}".into(),
            },
            LinkTemplate {
                title: "Not captured".into(),
                url: "https://logs.example.com/?q={carrier}".into(),
            },
        ],
    };
    let reply = answer(options, &[("node_id", &["n-17"]), ("token", &["abc"])]);
    insta::assert_snapshot!(to_text(&reply));
}

#[test]
fn a_link_with_several_values_has_an_address_for_each_occurrence() {
    let library = library();
    let link = |title: &str, url: &str| LinkTemplate {
        title: title.into(),
        url: format!("https://logs.example.com/{url}"),
    };
    let options = || ResponderOptions {
        links: vec![
            link("Logs", "?node={node}&code={code}"),
            link("Node", "{region}/{node}"),
            link("Trace", "?trace={trace}"),
            link("Both", "?node={node}&trace={trace}"),
        ],
        ..ResponderOptions::default()
    };
    let captures: [(&str, &[&str]); 4] = [
        ("node", &["e-5", "e-9"]),
        ("code", &["7", "3"]),
        ("region", &["north"]),
        ("trace", &["aa", "bb"]),
    ];
    let occurrence = |line, values: &[(&str, &str)]| Occurrence {
        line,
        values: values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    };
    let shown = |occurrences: Vec<Occurrence>| {
        let found = matched(topic(&library, "G0007"), "refused (G0007)", &captures);
        let outcome = Outcome {
            matches: vec![Match { occurrences, ..found }],
            near: Vec::new(),
        };
        let reply = responder(options()).answer(&library, &outcome, false).unwrap();
        let text = to_text(&reply);
        let links = text.lines().filter(|line| line.contains("logs.example.com"));
        links.collect::<Vec<_>>().join("\n")
    };
    let two = vec![
        occurrence(1, &[("node", "e-5"), ("code", "7")]),
        occurrence(3, &[("node", "e-9"), ("code", "3")]),
    ];
    insta::assert_snapshot!(shown(two), @r"
    - Logs (e-5, 7) (https://logs.example.com/?node=e-5&code=7)
    - Logs (e-9, 3) (https://logs.example.com/?node=e-9&code=3)
    - Node (e-5) (https://logs.example.com/north/e-5)
    - Node (e-9) (https://logs.example.com/north/e-9)
    - Trace (aa) (https://logs.example.com/?trace=aa)
    - Trace (bb) (https://logs.example.com/?trace=bb)
    ");
    // Nobody can tell which values belong together.
    insta::assert_snapshot!(shown(Vec::new()), @r"
    - Node (e-5) (https://logs.example.com/north/e-5)
    - Node (e-9) (https://logs.example.com/north/e-9)
    - Trace (aa) (https://logs.example.com/?trace=aa)
    - Trace (bb) (https://logs.example.com/?trace=bb)
    ");
}

#[test]
fn values_are_filled_only_where_that_is_safe() {
    let cases = [
        ("id", "c1a2-3", true),
        ("image", "registry.example.com/a:1@sha256", true),
        ("id", "-rf", false),
        ("id", "a b", false),
        ("id", "a;b", false),
        ("id", "$(x)", false),
        ("id", "", false),
        ("token", "abc", false),
        ("api_key", "abc", false),
        ("secret_name", "abc", false),
        ("user_credentials", "abc", false),
        ("db_password", "abc", false),
        ("value", "abc", false),
    ];
    for (name, value, expected) in cases {
        assert_eq!(is_fillable(name, value), expected, "{name} = {value:?}");
    }
    assert!(is_fillable("id", &"a".repeat(128)) && !is_fillable("id", &"a".repeat(129)));
}

#[test]
fn a_placeholder_with_two_values_does_not_get_that_of_its_field() {
    let text = "# Form\n\n## Fix\n\n1. Fill in the form:\n\n   - NODE: <machine>\n";
    let runbook = parse("form.md", text, &BTreeMap::new()).0;
    let library = Library {
        runbooks: runbook.map(Document::from).into_iter().collect(),
        ..Library::default()
    };
    let captures: [(&str, &[&str]); 2] = [("node", &["n-1"]), ("machine", &["m-1", "m-2"])];
    let outcome = Outcome {
        matches: vec![matched(TopicId::default(), "locked", &captures)],
        near: Vec::new(),
    };
    let reply = responder(ResponderOptions::default()).answer(&library, &outcome, false);
    let text = to_text(&reply.unwrap());
    assert!(text.contains("NODE: <machine>") && text.contains("m-2"), "{text}");
}

#[test]
fn two_values_for_one_placeholder_are_for_a_person_to_choose_from() {
    let text = to_text(&answer(ResponderOptions::default(), &[("node_id", &["n-1", "n-2"])]));
    assert!(text.contains("--node <node_id>"), "{text}");
}

#[test]
fn a_placeholder_in_any_braces_is_filled_in_a_steps_text() {
    let text = "# Prose\n\n## Fix\n\n1. Log in to <node>, {node}, ${node} and {{ node }}, not to $node.\n";
    let library = Library {
        runbooks: parse("prose.md", text, &BTreeMap::new())
            .0
            .map(Document::from)
            .into_iter()
            .collect(),
        ..Library::default()
    };
    let outcome = Outcome {
        matches: vec![matched(
            TopicId { runbook: 0, section: 0 },
            "locked",
            &[("node", &["n-17"])],
        )],
        near: Vec::new(),
    };
    let reply = responder(ResponderOptions::default()).answer(&library, &outcome, false);
    let text = to_text(&reply.unwrap());
    assert!(
        text.contains("Log in to `n-17`, `n-17`, `n-17` and `n-17`, not to $node."),
        "{text}"
    );
}

#[test]
fn a_second_error_in_one_paste_is_named() {
    let library = library();
    let first = matched(topic(&library, "G0007"), "refused (G0007)", &[]);
    let second = matched(TopicId { runbook: 0, section: 0 }, "gateway refuses tokens", &[]);
    let outcome = Outcome {
        matches: vec![first, second],
        near: Vec::new(),
    };
    let text = to_text(
        &responder(ResponderOptions::default())
            .answer(&library, &outcome, false)
            .unwrap(),
    );
    assert!(text.contains("Your message contains another error"), "{text}");
    assert!(
        text.contains("gateway refuses tokens") && text.contains("`show tokens`"),
        "{text}"
    );
}

#[test]
fn unasked_there_is_silence_and_asked_there_is_always_an_answer() {
    let library = library();
    let responder = responder(ResponderOptions::default());
    let near = Outcome {
        matches: Vec::new(),
        near: vec![matched(topic(&library, "G0007"), "x", &[])],
    };
    assert_eq!(responder.answer(&library, &near, false), None);
    assert_eq!(responder.answer(&library, &Outcome::default(), false), None);
    insta::assert_snapshot!(to_text(&responder.answer(&library, &near, true).unwrap()));
    insta::assert_snapshot!(to_text(&responder.answer(&library, &Outcome::default(), true).unwrap()));
}

#[test]
fn help_comes_from_the_catalogue() {
    let responder = responder(ResponderOptions::default());
    insta::assert_snapshot!(to_text(&responder.help()));
    insta::assert_snapshot!(to_text(&responder.help_on(Some("show"))));
    insta::assert_snapshot!(to_text(&responder.images_not_read(false)));
}

#[test]
fn a_name_of_several_topics_is_asked_back() {
    let library = library();
    let choices = [TopicId { runbook: 0, section: 0 }, topic(&library, "G0007")];
    insta::assert_snapshot!(to_text(
        &responder(ResponderOptions::default()).choose(&library, "gate", &choices)
    ));
}

fn broken(name: &str, source: &str) -> String {
    let overrides = Templates::from([(name.to_owned(), source.to_owned())]);
    match Responder::new(Some(&overrides), ResponderOptions::default()) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{source:?} was taken"),
    }
}

#[test]
fn a_broken_template_is_told_with_its_file_and_line() {
    assert!(broken("nothing.md", "Sorry.\n{% if words %}\n").starts_with("nothing.md:"));
    assert!(broken("help.md", "One\n{{ lst }}\n").starts_with("help.md:2:"));
    assert!(broken("answer.md", "# {{ title | shout }}\n").starts_with("answer.md:1:"));
    assert!(broken("anwser.md", "x").contains("answer.md"));
}

#[test]
fn a_template_of_ones_own_is_used() {
    let overrides = Templates::from([("nothing.md".to_owned(), "Nothing on *{{ words }}* here.".to_owned())]);
    let responder = Responder::new(Some(&overrides), ResponderOptions::default()).unwrap();
    assert_eq!(to_text(&responder.nothing_found()), "Nothing on ** here.");
}

#[test]
fn every_topic_of_the_pack_can_be_shown() {
    let library = files::load_embedded();
    let responder = responder(ResponderOptions::default());
    for (index, runbook) in library.runbooks.iter().enumerate() {
        for topic in &runbook.topics {
            let reply = responder.show(
                &library,
                TopicId {
                    runbook: index,
                    section: topic.section,
                },
            );
            let text = to_text(&reply);
            assert!(text.lines().count() > 2, "{} {}: {text}", runbook.path, topic.title);
        }
    }
}

#[test]
fn a_table_of_many_errors_is_answered_with_the_row_that_was_meant() {
    let table = "\
# Codes of the depot

| Code | Message | What to do |
| --- | --- | --- |
| DP-101 | Ramp is blocked | Clear the ramp |
| DP-102 | Gate is open | Close the gate |
| DP-103 | Lamp is out | Change the lamp |
";
    let library = Library {
        runbooks: parse("codes.md", table, &BTreeMap::new())
            .0
            .map(Document::from)
            .into_iter()
            .collect(),
        ..Library::default()
    };
    let index = Index::build(&library, &signpost::matching::IndexOptions::default());
    for (message, right) in [
        ("seeing dp-102 again", "Close the gate"),
        ("DP-103 Lamp is out", "Change the lamp"),
    ] {
        let reply = responder(ResponderOptions::default()).answer(&library, &index.find(message), false);
        let said = to_text(&reply.expect("an answer"));
        assert!(said.contains(right), "{said}");
        assert!(!said.contains("Clear the ramp"), "{said}");
    }
}

/// The answer to a message, with one document in the library.
fn said(path: &str, text: &str, message: &str) -> String {
    let library = Library {
        runbooks: parse(path, text, &BTreeMap::new())
            .0
            .map(Document::from)
            .into_iter()
            .collect(),
        ..Library::default()
    };
    let index = Index::build(&library, &signpost::matching::IndexOptions::default());
    let reply = responder(ResponderOptions::default()).answer(&library, &index.find(message), false);
    to_text(&reply.expect("an answer"))
}

#[test]
fn the_row_that_was_meant_comes_before_the_steps_of_the_page() {
    let table = "\
# Codes of the depot

| Code | Message | Action | Owner |
| --- | --- | --- | --- |
| DP-101 | Ramp is blocked | Clear the ramp | #depot-ramp |
| DP-102 | Gate is open | Close the gate | #depot-gate |
| DP-103 | Lamp is out | Change the lamp | #depot-lamp |

## In any case

1. Write the code into the shift book.
2. Look at the depot's panel.
";
    let said = said("codes.md", table, "seeing DP-102 again");
    let place = |text: &str| said.find(text).unwrap_or_else(|| panic!("no {text} in {said}"));
    assert!(place("Action: Close the gate") < place("Write the code"), "{said}");
    assert!(place("Owner: #depot-gate") < place("Write the code"), "{said}");
    assert!(!said.contains("Clear the ramp"), "{said}");
}

#[test]
fn the_term_that_was_meant_is_shown_without_the_others() {
    let page = "<h1>Messages of the depot</h1><dl>\
        <dt><code>depot: ramp &lt;number&gt; is blocked by a pallet</code></dt><dd>Clear the ramp.</dd>\
        <dt><code>depot: gate &lt;number&gt; is open against the rules</code></dt><dd>Close the gate, then lock it.</dd>\
        <dt><code>depot: lamp &lt;number&gt; is out and must be changed</code></dt><dd>Change the lamp.</dd></dl>";
    let message = "depot: gate 7 is open against the rules";
    let alone = said("messages.html", page, message);
    assert!(
        alone.contains("Close the gate") && !alone.contains("Change the lamp"),
        "{alone}"
    );

    let steps = "<h2>In any case</h2><ol><li>Write it into the shift book.</li><li>Look at the panel.</li></ol>";
    let before = said("messages.html", &format!("{page}{steps}"), message);
    let place = |text: &str| before.find(text).unwrap_or_else(|| panic!("no {text} in {before}"));
    assert!(place("Close the gate") < place("Write it"), "{before}");
    assert!(!before.contains("Change the lamp"), "{before}");
}

#[test]
fn a_link_that_leads_nowhere_is_shown_with_its_path() {
    let library = library();
    let shown = to_text(&responder(ResponderOptions::default()).show(&library, topic(&library, "G0007")));
    assert!(
        shown.contains("Read the list (`lists/all.md`), then run `gate reset"),
        "{shown}"
    );
}
