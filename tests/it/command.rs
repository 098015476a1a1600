//! Tests of `command`: what is a command, and what a name leads to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use signpost::command::{
    CATALOGUE, Command, Owner, Resolution, Subject, Whom, completions, parse, resolve, usage_hint, who,
};
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

fn mute(minutes: u64) -> Command {
    Command::Mute {
        for_: Some(Duration::from_secs(minutes * 60)),
    }
}

fn whom(name: &str) -> Command {
    Command::Who(name.into())
}

#[test]
fn the_bot_itself_is_asked_in_few_words() {
    let cases = [
        ("status", Command::Status),
        ("Status?", Command::Status),
        ("status code 500 returned", find("status code 500 returned")),
        ("status: failed", find("status: failed")),
        ("hello", Command::Help),
        ("hello world fails to compile", find("hello world fails to compile")),
        ("help!", Command::Help),
        ("*help*", Command::Help),
        ("help who", Command::HelpOn("who".into())),
        ("help with armada", find("help with armada")),
        ("mute", Command::Mute { for_: None }),
        ("mute 2h", mute(120)),
        ("mute 30m", mute(30)),
        ("Mute 1d", mute(24 * 60)),
        ("mute for 45 minutes", mute(45)),
        ("mute 1h30m", mute(90)),
        ("mute 2 weeks", mute(14 * 24 * 60)),
        (
            "mute the alerts of prod until we know more",
            find("mute the alerts of prod until we know more"),
        ),
        ("unmute", Command::Unmute),
        ("who", Command::HelpOn("who".into())),
        ("who armada-api", whom("armada-api")),
        ("who <#C0ARMADA|armada-api>", whom("armada-api")),
        ("who “logging service”?", whom("logging service")),
        ("who is on call for armada", whom("armada")),
        ("Who is on-call for the logging team?", whom("logging team")),
        ("who owns satellite", whom("satellite")),
        ("who do I call about IAM?", whom("IAM")),
        ("who should we page for armada-api", whom("armada-api")),
        ("who is down", find("who is down")),
        (
            "who changed the config of armada last night",
            find("who changed the config of armada last night"),
        ),
        ("who\nError: E0003", find("who\nError: E0003")),
        (
            "whoami: cannot find name for user ID",
            find("whoami: cannot find name for user ID"),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text), expected, "{text:?}");
    }
}

#[test]
fn a_command_with_something_that_it_does_not_take_is_noticed() {
    let cases = [
        ("mute banana", "mute", "banana"),
        ("<@U0BOT> Mute banana", "mute", "banana"),
        ("mute 0h", "mute", "0h"),
        ("mute 99999d", "mute", "99999d"),
        ("mute 2mb", "mute", "2mb"),
        ("mute until tomorrow", "mute", "until tomorrow"),
        ("mute button does not work", "mute", "button does not work"),
        ("unmute the alerts", "unmute", "the alerts"),
        ("unmute 2h", "unmute", "2h"),
        ("status prod", "status", "prod"),
        ("jobs failed", "jobs", "failed"),
        ("help banana", "help", "banana"),
    ];
    for (text, command, rest) in cases {
        let plain = text.trim_start_matches("<@U0BOT> ");
        let expected = Command::Unclear {
            command,
            rest: rest.to_owned(),
            text: plain.to_owned(),
        };
        assert_eq!(parse(text), expected, "{text:?}");
    }
}

fn run(rest: &str) -> Command {
    Command::Run(rest.into())
}

#[test]
fn a_run_is_asked_for_with_a_job_and_its_values() {
    let cases = [
        ("run", Command::HelpOn("run".into())),
        ("run nightly-report", run("nightly-report")),
        ("Run: get-info CLUSTERID=c1", run("get-info CLUSTERID=c1")),
        (
            "<@U0BOT> run get-info CLUSTERID=c1 TUGBOAT=t",
            run("get-info CLUSTERID=c1 TUGBOAT=t"),
        ),
        ("run get-info NOTE=\"two words\"", run("get-info NOTE=\"two words\"")),
        ("run get-info NOTE=“two words”", run("get-info NOTE=“two words”")),
        (
            "run \"Collect the facts\" NODE=w1",
            run("\"Collect the facts\" NODE=w1"),
        ),
        (
            "run get-info\nCLUSTERID=c1\nTUGBOAT=t",
            run("get-info\nCLUSTERID=c1\nTUGBOAT=t"),
        ),
        ("run\nget-info CLUSTERID=c1", run("get-info CLUSTERID=c1")),
        ("`run get-info CLUSTERID=c1`", run("get-info CLUSTERID=c1")),
        ("```run get-info\nCLUSTERID=c1```", run("get-info\nCLUSTERID=c1")),
        ("run `get-info` CLUSTERID=`c1`", run("`get-info` CLUSTERID=`c1`")),
        (
            "run get-info URL=<https://x.example.com/a|x.example.com/a>",
            run("get-info URL=x.example.com/a"),
        ),
        ("run get-info A=1 &amp;&amp; B=2", run("get-info A=1 && B=2")),
        ("run get-info NOTE=\"no end", run("get-info NOTE=\"no end")),
        ("run get-info A=1 A=2", run("get-info A=1 A=2")),
        ("run the tests again", find("run the tests again")),
        ("run failed: exit=1", find("run failed: exit=1")),
        ("run A=1", find("run A=1")),
        ("run A=1 make all", find("run A=1 make all")),
        (
            "please run get-info CLUSTERID=c1",
            find("please run get-info CLUSTERID=c1"),
        ),
        ("run get-info\nError: E0003", find("run get-info\nError: E0003")),
        ("jobs", Command::Jobs),
        ("Jobs?", Command::Jobs),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text), expected, "{text:?}");
    }
}

#[test]
fn a_slip_of_the_fingers_is_noticed_and_a_word_of_its_own_is_not() {
    let slips = [
        ("serch iam token", "search iam token"),
        ("saerch iam token", "search iam token"),
        ("shwo armada-api E0003", "show armada-api E0003"),
        ("staus", "status"),
        ("Statsu", "status"),
        ("unmut", "unmute"),
        ("mtue 2h", "mute 2h"),
        ("hlep", "help"),
        ("hlep show", "help show"),
        ("<@U0BOT> hwo armada-api", "who armada-api"),
        ("rn get-info A=b", "run get-info A=b"),
        ("urn get-info A=b C=d", "run get-info A=b C=d"),
        ("rnu get-info", "run get-info"),
        ("job", "jobs"),
        ("jbos", "jobs"),
    ];
    for (text, meant) in slips {
        match parse(text) {
            Command::Typo { meant: found, .. } => assert_eq!(found, meant, "{text:?}"),
            other => panic!("{text:?} is {other:?}"),
        }
    }
    let words = [
        "slow armada-api",
        "shows nothing",
        "shot down",
        "heap",
        "helm",
        "hell",
        "mutex",
        "stats",
        "state",
        "statsu code 500 returned",
        "each token",
        "reach the api",
        "research this",
        "searches are slow",
        "why armada",
        "how armada",
        "two nodes",
        "mode 2h",
        "E0003",
        "serch failed:\nE0003",
        "serch",
        "sh0w armada",
        "ran get-info",
        "runs fine",
        "rn get-info",
        "in build A=b",
        "job failed",
        "rn get-info A=b and more",
    ];
    for text in words {
        assert_eq!(parse(text), find(text), "{text:?}");
    }
}

#[test]
fn the_catalogue_says_how_each_command_is_written() {
    for entry in CATALOGUE.iter().filter(|entry| !entry.name.is_empty()) {
        assert!(entry.usage.starts_with(entry.name), "{entry:?}");
        assert!(!matches!(parse(entry.name), Command::Find(_)), "{entry:?}");
        assert_eq!(
            parse(&format!("help {}", entry.name)),
            Command::HelpOn(entry.name.into())
        );
    }
    let names = |beginning| -> Vec<&str> { completions(beginning).iter().map(|entry| entry.name).collect() };
    assert_eq!(names("s"), ["search", "show", "status"]);
    assert_eq!(names("").len(), CATALOGUE.len() - 1);
    // What Slack shows is what the bot understands.
    assert!(include_str!("../../deploy/slack-manifest.yaml").contains(&format!("\"{}\"", usage_hint())));
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

const TEAMS: &str = "\
gate-api:
  name: Gate API
  comm: {name: \"#gate-help\", link: https://chat.example.com/gate}
  escalate: {name: Gate on call, link: https://pager.example.com/gate}
gate-web: {name: Gate web}
lamps:
  name: Lamp squad (bulbs)
  issue: https://issues.example.com/lamps
";

fn library_with_teams() -> Library {
    let mut library = Library::default();
    let teams = signpost::runbook::frontmatter::data(TEAMS).unwrap();
    library.data = Arc::new(BTreeMap::from([("teams".to_owned(), teams)]));
    library.teams = signpost::runbook::teams(&library.data);
    let texts = [
        (
            "dark.md",
            "---\nservice: street lights\nsignpost:\n  team: lamps\n---\n# Dark street\n\nIt is dark.\n",
        ),
        (
            "flicker.md",
            "---\nservice: \"street lights\" # all\n---\n# Flicker\n\nContact {{ site.data.teams.gate-api.comm.name }}.\n",
        ),
        (
            "shut.md",
            "# Gate is shut\n\n## Escalation\n\nAsk {{ site.data.teams.gate-api.escalate.name }}, or #night-porter.\n",
        ),
        ("lone.md", "# Lone runbook\n\nNobody is named.\n"),
        ("web/lone.md", "# The other lone one\n\nNobody is named.\n"),
    ];
    for (path, text) in texts {
        library
            .runbooks
            .extend(Document::read(path, text, &library.data).0.map(|read| read.0));
    }
    library
}

fn owner(words: &str) -> Owner {
    match who(&library_with_teams(), words) {
        Whom::Found(owner) => owner,
        other => panic!("{words:?} is {other:?}"),
    }
}

#[test]
fn a_name_leads_to_the_people_to_call() {
    let cases: [(&str, Subject, &[&str]); 15] = [
        ("gate-api", Subject::Team, &["gate-api"]),
        ("Gate API", Subject::Team, &["gate-api"]),
        ("gate_API team", Subject::Team, &["gate-api"]),
        ("#gate-help", Subject::Team, &["gate-api"]),
        ("lamp", Subject::Team, &["lamps"]),
        ("the lamp squad", Subject::Team, &["lamps"]),
        ("web", Subject::Team, &["gate-web"]),
        ("bulbs", Subject::Team, &["lamps"]),
        ("street lights", Subject::Service, &["lamps", "gate-api"]),
        ("the street lights service", Subject::Service, &["lamps", "gate-api"]),
        ("street", Subject::Service, &["lamps", "gate-api"]),
        ("shut", Subject::Runbook, &["gate-api"]),
        ("Lone runbook", Subject::Runbook, &[]),
        ("shut escalation", Subject::Runbook, &["gate-api"]),
        ("lone.md", Subject::Runbook, &[]),
    ];
    for (words, subject, teams) in cases {
        let owner = owner(words);
        assert_eq!(
            (owner.subject, owner.teams.as_slice()),
            (
                subject,
                &teams.iter().map(|team| (*team).to_owned()).collect::<Vec<_>>()[..]
            ),
            "{words:?}"
        );
    }
}

#[test]
fn the_people_come_with_the_runbooks_that_name_them() {
    let library = library_with_teams();
    let paths = |owner: &Owner| -> Vec<String> {
        let books = owner.runbooks.iter().filter_map(|id| library.runbook(*id));
        books.map(|runbook| runbook.path.clone()).collect()
    };
    assert_eq!(paths(&owner("gate-api")), ["flicker.md", "shut.md"]);
    assert_eq!(paths(&owner("street lights")), ["dark.md", "flicker.md"]);
    assert_eq!(
        owner("shut").contacts.first().map(|contact| contact.name.as_str()),
        Some("#night-porter")
    );
}

#[test]
fn a_name_of_several_or_of_nobody_is_told_with_the_nearest() {
    let library = library_with_teams();
    assert_eq!(
        who(&library, "gate"),
        Whom::Ambiguous(vec!["gate-api".into(), "gate-web".into()])
    );
    let nearest = |words| match who(&library, words) {
        Whom::Nothing { nearest } => nearest,
        other => panic!("{words:?} is {other:?}"),
    };
    assert_eq!(nearest("gate-apu"), ["gate-api", "gate-web"]);
    assert_eq!(nearest("lmaps"), ["lamps"]);
    assert_eq!(
        who(&library, "lone"),
        Whom::Ambiguous(vec!["lone.md".into(), "web/lone.md".into()])
    );
    for nobody in ["", "  ", "#", "the", "zebra", "broke prod"] {
        assert!(nearest(nobody).is_empty(), "{nobody:?}");
    }
}
