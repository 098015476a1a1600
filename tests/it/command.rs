//! Tests of `command`: what is a command, and what a name leads to.

use std::collections::BTreeMap;

use signpost::command::{Command, Resolution, parse, resolve};
use signpost::runbook::{Document, Library, TopicId, parse as read};

fn show(runbook: &str, section: Option<&str>) -> Command {
    Command::Show {
        runbook: runbook.into(),
        section: section.map(Into::into),
    }
}

fn find(text: &str) -> Command {
    Command::Find(text.into())
}

fn search(words: &str) -> Command {
    Command::Search(words.into())
}

#[test]
fn a_text_is_a_command_only_as_a_whole() {
    let cases = [
        ("", Command::Empty),
        ("  \n", Command::Empty),
        ("<@U0BOT>", Command::Empty),
        ("help", Command::Help),
        ("<@U0BOT> help", Command::Help),
        ("<@U0BOT|signpost>: Help", Command::Help),
        ("help <@U0BOT>", Command::Help),
        ("`help`", Command::Help),
        ("help show", Command::HelpOn("show".into())),
        ("help me my cluster is down", find("help me my cluster is down")),
        ("search iam token", search("iam token")),
        ("Search “iam token”", search("iam token")),
        ("search \"two\nlines\"", search("two\nlines")),
        ("search ```two\nlines```", search("two\nlines")),
        ("search a &amp; b", search("a & b")),
        ("search", Command::HelpOn("search".into())),
        ("search is broken in prod", find("search is broken in prod")),
        ("search failed:\nE0003", find("search failed:\nE0003")),
        ("show armada-api-login", show("armada-api-login", None)),
        ("show armada-api-login E0003", show("armada-api-login", Some("E0003"))),
        ("show <@U0BOT> armada-api-login", show("armada-api-login", None)),
        (
            "show \"armada-api - authentication errors\" E0003",
            show("armada-api - authentication errors", Some("E0003")),
        ),
        ("show “two words” ‘more words’", show("two words", Some("more words"))),
        ("show <http://login.md|login.md>", show("login.md", None)),
        ("show", Command::HelpOn("show".into())),
        ("run failed with E0003", find("run failed with E0003")),
        ("E0003", find("E0003")),
        ("<@U0BOT> what is E0003?", find("what is E0003?")),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text), expected, "{text:?}");
    }
}

fn library() -> Library {
    let texts = [
        (
            "armada/login.md",
            "---\nrunbook-name: \"armada - login errors\"\n---\n# Login errors\n\n## E0003\n\nLog in again.\n\n## E0015\n\nReset.\n",
        ),
        ("eks/login.md", "# Sign in to EKS\n\n## Token expired\n\n1. Renew it.\n"),
        ("eks/nodes.md", "# Nodes\n\n## R0001, R0018: Wait\n\n1. Wait.\n"),
    ];
    let runbooks = texts
        .iter()
        .filter_map(|(path, text)| read(path, text, &BTreeMap::new()).0.map(Document::from))
        .collect();
    Library {
        runbooks,
        ..Library::default()
    }
}

#[test]
fn a_name_leads_to_its_runbook_or_section() {
    let library = library();
    let heading = |id: TopicId| library.section(id).map(|section| section.heading.clone());
    let cases = [
        ("armada/login.md", None, Some("Login errors")),
        ("ARMADA/LOGIN", None, Some("Login errors")),
        ("armada - login errors", None, Some("Login errors")),
        ("sign in", None, Some("Sign in to EKS")),
        ("nodes", None, Some("Nodes")),
        ("nodes", Some("R0018"), Some("R0001, R0018: Wait")),
        ("nodes", Some("r0001, r0018: wait"), Some("R0001, R0018: Wait")),
        ("Sign", Some("in to EKS Token expired"), Some("Token expired")),
        ("E0003", None, Some("E0003")),
        ("stopper", Some("bug E0003"), None),
        ("no-such", None, None),
        ("", None, None),
    ];
    for (runbook, section, expected) in cases {
        let found = match resolve(&library, runbook, section) {
            Resolution::Found(id) => heading(id),
            Resolution::Nothing => None,
            Resolution::Ambiguous(ids) => panic!("{runbook:?} is ambiguous: {ids:?}"),
        };
        assert_eq!(found.as_deref(), expected, "{runbook:?} {section:?}");
    }
}

#[test]
fn a_name_of_several_runbooks_is_asked_back() {
    assert!(matches!(resolve(&library(), "login", None), Resolution::Ambiguous(ids) if ids.len() == 2));
}
