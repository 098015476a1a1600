//! A remote that moves on, is force-pushed, breaks, loses its branch and comes back.

use super::Setup;

#[test]
fn a_remote_is_followed_also_when_its_history_is_replaced() {
    let setup = Setup::new();
    let origin = setup.origin();
    setup.kilns(&origin, "");
    let first = origin.documents([1]);
    assert_eq!(setup.fetch(), (0, format!("kilns: now at {first}\n")));
    assert_eq!(setup.fetch(), (0, format!("kilns: unchanged at {first}\n")));
    assert_eq!(
        setup.documents(),
        ["kiln-1.md"],
        "a single source has the paths of a folder"
    );

    let second = origin.documents([2]);
    assert_eq!(setup.fetch(), (0, format!("kilns: now at {second}\n")));
    assert_eq!(setup.documents(), ["kiln-1.md", "kiln-2.md"]);

    origin.git(&["reset", "--quiet", "--hard", &first]);
    let replaced = origin.documents([3]);
    assert_eq!(setup.fetch(), (0, format!("kilns: now at {replaced}\n")));
    assert_eq!(setup.documents(), ["kiln-1.md", "kiln-3.md"]);
    let trees = std::fs::read_dir(setup.state().join("trees")).unwrap().count();
    assert_eq!(trees, 2, "the commit in use and the one before it");
    let listed = setup.signpost(&["sources"]);
    assert_eq!(
        super::said(&listed),
        format!("kilns: {replaced} of 2026-11-30T12:05:00Z\n")
    );
}

#[test]
fn many_fetches_do_not_pile_up_packs() {
    let setup = Setup::new();
    let origin = setup.origin();
    setup.kilns(&origin, "");
    for number in 1..30 {
        origin.documents([number]);
        assert_eq!(setup.fetch().0, 0);
    }
    let packs = std::fs::read_dir(setup.state().join("repo.git/objects/pack")).unwrap();
    let packs = packs.filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .path()
            .extension()
            .is_some_and(|ending| ending == "pack")
    });
    assert!(packs.count() <= 21);
    assert_eq!(setup.documents().len(), 29);
}

#[test]
fn the_last_state_is_kept_while_the_remote_is_broken() {
    let setup = Setup::new();
    let origin = setup.origin();
    setup.kilns(&origin, "ref = \"main\"");
    let first = origin.documents([1]);
    assert_eq!(setup.fetch().0, 0);

    let away = setup.path("away");
    std::fs::rename(&origin.folder, &away).unwrap();
    let (code, told) = setup.fetch();
    assert_eq!(code, 1);
    assert!(
        told.contains("access is refused, or there is no such repository"),
        "{told}"
    );
    assert_eq!(setup.documents(), ["kiln-1.md"]);

    std::fs::rename(&away, &origin.folder).unwrap();
    origin.git(&["branch", "--quiet", "--move", "main", "trunk"]);
    let (code, told) = setup.fetch();
    assert_eq!(code, 1);
    assert!(told.contains("no branch, tag or commit `main`"), "{told}");
    assert_eq!(setup.documents(), ["kiln-1.md"]);

    origin.git(&["branch", "--quiet", "--move", "trunk", "main"]);
    assert_eq!(setup.fetch(), (0, format!("kilns: unchanged at {first}\n")));
    let second = origin.documents([2]);
    assert_eq!(setup.fetch(), (0, format!("kilns: now at {second}\n")));
}

#[test]
fn a_branch_a_tag_or_a_commit_and_a_folder_can_be_named() {
    let setup = Setup::new();
    let origin = setup.origin();
    origin.write("docs/runbooks/kiln.md", &super::document(1));
    origin.write("src/notes.md", "# Notes\n\nNo runbook.\n");
    let first = origin.commit();
    origin.git(&["tag", "--annotate", "--message=v1", "v1"]);
    origin.git(&["checkout", "--quiet", "-b", "team/next"]);
    origin.write("docs/runbooks/next.md", &super::document(2));
    let second = origin.commit();
    for (reference, commit, documents) in [
        ("v1", &first, &["kiln.md"][..]),
        ("team/next", &second, &["kiln.md", "next.md"]),
        (first.as_str(), &first, &["kiln.md"]),
    ] {
        setup.kilns(&origin, &format!("ref = {reference:?}\npath = \"/docs/runbooks/\""));
        assert_eq!(setup.fetch(), (0, format!("kilns: now at {commit}\n")), "{reference}");
        assert_eq!(setup.documents(), documents, "{reference}");
    }
    setup.kilns(&origin, "path = \"docs/books\"");
    assert!(setup.fetch().1.contains("the repository has no folder `docs/books`"));
    setup.kilns(&origin, "path = \"docs/runbooks/kiln.md\"");
    assert!(setup.fetch().1.contains("the repository has no folder"));
}

#[test]
fn what_is_too_large_is_not_fetched() {
    let setup = Setup::new();
    let origin = setup.origin();
    let lines = |megabytes: u32| {
        setup.runbooks(&format!(
            "fetch_megabytes = {megabytes}\n[[runbooks.sources]]\nid = \"kilns\"\ngit = {:?}",
            origin.url()
        ));
    };
    lines(1);
    let first = origin.documents([1]);
    assert_eq!(setup.fetch().0, 0);
    // Packed, it takes a few kilobytes.
    origin.write("large.txt", &"all the same ".repeat(200_000));
    let second = origin.commit();
    let (code, told) = setup.fetch();
    assert_eq!(code, 1);
    assert!(told.contains("larger than 1 megabytes"), "{told}");
    let listed = super::said(&setup.signpost(&["sources", "list"]));
    assert!(listed.contains(&first), "{listed}");
    lines(10);
    assert_eq!(setup.fetch(), (0, format!("kilns: now at {second}\n")));
}
