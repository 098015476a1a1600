//! Owners that files beside the documents name.

use std::fs;
use std::path::Path;

use signpost::files::{self, Options};
use signpost::runbook::{Level, Library};

const TEAMS: &str = "payments:\n  name: Team Payments\n  aliases: [pay-crew]\n  comm: {name: \"#payments\"}\nsre:\n  name: SRE\n  comm: {name: \"#sre\"}\n";
const STEPS: &str = "# Something\n\n1. Look.\n";

fn write(dir: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let file = dir.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

fn read(files: &[(&str, &str)]) -> Library {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), files);
    files::load(dir.path(), &Options::default(), None, &|_, _| {}).unwrap()
}

/// The contacts of a document, each with its team's key.
fn contacts(library: &Library, path: &str) -> String {
    let document = library.runbooks.iter().find(|document| document.path == path).unwrap();
    let contacts = document.topics[0].contacts.iter();
    let shown = contacts.map(|contact| match &contact.team {
        Some(team) => format!("{} ({team})", contact.name),
        None => contact.name.clone(),
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[track_caller]
fn check(owner_files: &[(&str, &str)], expected: &[(&str, &str)]) {
    let mut files = vec![("_data/teams.yml", TEAMS)];
    files.extend(owner_files);
    files.extend(expected.iter().map(|(path, _)| (*path, STEPS)));
    let library = read(&files);
    for (path, owners) in expected {
        assert_eq!(contacts(&library, path), *owners, "{path}");
    }
}

#[test]
fn the_last_matching_line_of_codeowners_wins() {
    let text = "# who looks after what\n* @tank/sre\n/docs/ @ada # the docs\ndocs/pay/** @tank/pay-crew ops@tank.example\n\
        *.txt @grace\nlogs/ @linus\n/flat/* @tim\nnobody.md\nwith\\ blank.md @blank\n";
    check(
        &[(".github/CODEOWNERS", text), ("CODEOWNERS", "* @nobody")],
        &[
            ("a.md", "#sre (sre)"),
            ("docs/a.md", "@ada"),
            ("docs/pay/deep/a.md", "#payments (payments), ops@tank.example"),
            ("x/docs/a.md", "#sre (sre)"),
            ("docs/a.txt", "@grace"),
            ("x/logs/y/a.md", "@linus"),
            ("flat/a.md", "@tim"),
            ("flat/deep/a.md", "#sre (sre)"),
            ("x/nobody.md", ""),
            ("with blank.md", "@blank"),
        ],
    );
}

#[test]
fn sections_of_gitlab_are_each_judged_for_themselves() {
    let text = "* @root\n[Pay][2] @tank/payments\npay/\n!pay/old/\n^[Docs] @ada\n*.md\nb.md @grace\n[PAY]\nextra.md @@maintainer\nmore.md @linus\n";
    check(
        &[(".gitlab/CODEOWNERS", text)],
        &[
            ("a.txt", "@root"),
            ("pay/a.txt", "@root, #payments (payments)"),
            ("pay/a.md", "@root, #payments (payments), @ada"),
            ("pay/old/a.txt", "@root"),
            ("b.md", "@root, @grace"),
            ("more.md", "@root, @linus, @ada"),
        ],
    );
}

#[test]
fn the_nearest_owners_file_counts() {
    check(
        &[
            ("OWNERS", "approvers: [root]\nreviewers: [ada]\n"),
            (
                "OWNERS_ALIASES",
                "aliases:\n  pay-crew: [grace, linus]\n  tank-people: [tim, ada]\n",
            ),
            (
                "pay/OWNERS",
                "approvers:\n- pay-crew\nfilters:\n  \"\\\\.txt$\":\n    approvers: [tank-people]\n",
            ),
            ("pay/only/OWNERS", "reviewers: [ada]\n"),
            ("top/OWNERS", "options: {no_parent_owners: true}\n"),
            (
                "chrome/OWNERS",
                "set noparent\nada@tank.example\n# a remark\nper-file *.txt=grace@tank.example\nfile://x/OWNERS\n*\n",
            ),
        ],
        &[
            ("a.md", "root"),
            ("pay/a.md", "#payments (payments)"),
            ("pay/a.txt", "tim, ada"),
            ("pay/only/a.md", "#payments (payments)"),
            ("top/a.md", ""),
            ("chrome/a.md", "ada@tank.example"),
            ("chrome/a.txt", "grace@tank.example"),
        ],
    );
}

#[test]
fn the_catalog_of_backstage_names_the_owner_and_its_secrets_are_not_kept() {
    let catalog = "apiVersion: backstage.io/v1alpha1\nkind: System\nmetadata: {name: tanks}\nspec: {owner: user:ada}\n---\n\
        kind: Component\nmetadata:\n  name: cart\n  annotations:\n    pagerduty.com/integration-key: 0123456789abcdefdeadbeef\n\
        spec:\n  owner: group:default/payments\n---\nkind: Component\nmetadata: {name: search}\nspec: {owner: SRE}\n---\n\
        kind: Group\nmetadata: {name: x}\nspec: {}\n";
    let files = [
        ("_data/teams.yml", TEAMS),
        ("shop/catalog-info.yaml", catalog),
        ("shop/docs/a.md", STEPS),
        ("shop/docs/search.md", STEPS),
        ("shop/cart/a.md", STEPS),
        (
            "other/catalog-info.yml",
            "kind: Component\nspec:\n  owner: ${{ values.owner }}\n",
        ),
        ("other/a.md", STEPS),
        (
            "bad/catalog-info.yaml",
            "kind: Component\nspec: {owner: a}\n---\nkind: [\n",
        ),
        ("bad/a.md", STEPS),
        ("catalog-info.yaml", "kind: Component\nspec: {owner: platform}\n"),
    ];
    let library = read(&files);
    for (path, owners) in [
        ("shop/docs/a.md", "#payments (payments), #sre (sre)"),
        ("shop/docs/search.md", "#sre (sre)"),
        ("shop/cart/a.md", "#payments (payments)"),
        ("other/a.md", "platform"),
        ("bad/a.md", "a"),
    ] {
        assert_eq!(contacts(&library, path), owners, "{path}");
    }
    assert!(!format!("{library:?}").contains("deadbeef"));
    let found: Vec<_> = library
        .diagnostics
        .iter()
        .map(|found| (found.path.as_str(), found.code, found.level))
        .collect();
    assert_eq!(found, [("bad/catalog-info.yaml", "owners", Level::Warning)]);
    let skipped = library
        .skipped
        .iter()
        .find(|skipped| skipped.path == "catalog-info.yaml")
        .unwrap();
    assert_eq!(skipped.reason, "names the owners of other files");
}

#[test]
fn an_owner_in_the_document_comes_first_and_a_specific_file_before_a_general_one() {
    let library = read(&[
        ("_data/teams.yml", TEAMS),
        ("CODEOWNERS", "pay/ @tank/sre\n*.md @ada\n"),
        ("catalog-info.yaml", "kind: Component\nspec: {owner: payments}\n"),
        ("OWNERS", "approvers: [root]\n"),
        ("node_modules/OWNERS", "approvers: [stranger]\n"),
        ("own.md", "# Own\n\nOwner: Team Payments\n\n1. Look.\n"),
        ("front.md", "---\nowner: sre\n---\n# Front\n\n1. Look.\n"),
        ("x.md", STEPS),
        ("x.txt", STEPS),
        (
            "part.md",
            "# Part\n\n## One\n\n1. Look.\n\n## Two\n\n1. Ask in #tanks.\n",
        ),
    ]);
    for (path, owners) in [
        ("own.md", "#payments (payments)"),
        ("front.md", "#sre (sre)"),
        ("x.md", "@ada"),
        ("x.txt", "root"),
    ] {
        assert_eq!(contacts(&library, path), owners, "{path}");
    }
}

#[test]
fn a_name_below_a_heading_for_contacts_is_one() {
    let library = read(&[
        (
            "a.txt",
            "Backup fails\n\nSteps\n-----\n\n1) Look.\n\nContact: DBA on call, phone 4711\n",
        ),
        (
            "b.md",
            "# B\n\n1. Look.\n\n## Contacts\n\nTank crew\n\n## Owner\n\nIt depends on the time of the day.\n",
        ),
    ]);
    assert_eq!(contacts(&library, "a.txt"), "DBA on call, phone 4711");
    assert_eq!(contacts(&library, "b.md"), "Tank crew");
}

#[test]
fn a_change_of_the_owners_changes_the_documents() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("a.md", STEPS), ("b.md", STEPS)]);
    let clock = std::sync::Arc::new(signpost::clock::SystemClock);
    let mut folder = files::Folder::new(dir.path(), Options::default(), clock);
    let mut read = || folder.read(&|_, _| {}, &|_, _| {}).unwrap();
    assert_eq!(contacts(&read(), "a.md"), "");
    write(dir.path(), &[("CODEOWNERS", "a.md @ada\n")]);
    let library = read();
    assert_eq!(
        (contacts(&library, "a.md"), contacts(&library, "b.md")),
        ("@ada".into(), String::new())
    );
    write(
        dir.path(),
        &[
            ("_data/teams.yml", "pay:\n  aliases: [ada]\n  comm: {name: \"#pay\"}\n"),
            ("CODEOWNERS", "* @x/ada\n"),
        ],
    );
    assert_eq!(contacts(&read(), "b.md"), "#pay (pay)");
    fs::remove_file(dir.path().join("CODEOWNERS")).unwrap();
    assert_eq!(contacts(&read(), "a.md"), "");
}

#[test]
fn hostile_owner_files_end_soon() {
    let stars = format!("{}x @ada\n", "**/a*".repeat(90));
    let deep = format!("{}a.md", "aaaaaaaa/".repeat(10));
    let many = "a*b*c*d*e*f*g*h @ada\n".repeat(5_000);
    let text = stars.repeat(500) + &many;
    let files = [("CODEOWNERS", text.as_str()), ("[.md", STEPS), (deep.as_str(), STEPS)];
    let library = read(&files);
    assert_eq!(contacts(&library, &deep), "");
    for catalog in ["", "---\n---\n", "a: &a [*a]\n", "kind: Component\nspec: 3\n", "\u{0}"] {
        read(&[("catalog-info.yaml", catalog), ("OWNERS", catalog), ("a.md", STEPS)]);
    }
}
