//! A fetch that would remove most documents is held back until an operator accepts it.

use super::Setup;

#[test]
fn a_remote_that_shrinks_is_held_back_until_it_is_accepted_or_mended() {
    let setup = Setup::new();
    let origin = setup.origin();
    setup.kilns(&origin, "");
    let all = origin.documents(1..=10);
    assert_eq!(setup.fetch().0, 0);
    origin.git(&[
        "rm",
        "--quiet",
        "kiln-1.md",
        "kiln-2.md",
        "kiln-3.md",
        "kiln-4.md",
        "kiln-5.md",
    ]);
    let half = origin.commit();
    assert_eq!(
        setup.fetch(),
        (0, format!("kilns: now at {half}\n")),
        "half is not more than half"
    );
    origin.git(&["reset", "--quiet", "--hard", &all]);
    assert_eq!(setup.fetch().0, 0);

    for number in 1..=6 {
        std::fs::remove_file(origin.folder.join(format!("kiln-{number}.md"))).unwrap();
    }
    let few = origin.commit();
    let (code, told) = setup.fetch();
    assert_eq!(code, 1);
    assert!(
        told.contains(&format!(
            "kilns: {few} is held back because it removes 6 of 10 documents"
        )),
        "{told}"
    );
    assert_eq!(setup.documents().len(), 10);
    let listed = super::said(&setup.signpost(&["sources"]));
    assert!(
        listed.contains(&all) && listed.contains(&format!("{few} has been held back")),
        "{listed}"
    );

    // A commit that mends it needs nobody.
    origin.git(&["revert", "--no-edit", "HEAD"]);
    assert_eq!(setup.fetch().0, 0);
    assert!(!super::said(&setup.signpost(&["sources"])).contains("held back"));
    let nothing = setup.signpost(&["sources", "accept", "kilns"]);
    assert_eq!(super::said(&nothing), "signpost: no change of `kilns` is held back\n");

    origin.git(&["reset", "--quiet", "--hard", &few]);
    assert_eq!(setup.fetch().0, 1);
    let accepted = setup.signpost(&["sources", "accept", "kilns"]);
    assert_eq!(
        super::said(&accepted),
        format!("kilns: {few} is accepted; the next fetch uses it\n")
    );
    assert_eq!(setup.fetch(), (0, format!("kilns: now at {few}\n")));
    assert_eq!(setup.documents().len(), 4);
    let unknown = super::said(&setup.signpost(&["sources", "accept", "ovens"]));
    assert_eq!(
        unknown,
        "signpost: there is no source `ovens`; the settings have kilns\n"
    );
}

#[test]
fn what_was_accepted_is_one_commit() {
    let setup = Setup::new();
    let origin = setup.origin();
    setup.kilns(&origin, "");
    origin.documents(1..=10);
    assert_eq!(setup.fetch().0, 0);
    for number in 1..=8 {
        std::fs::remove_file(origin.folder.join(format!("kiln-{number}.md"))).unwrap();
    }
    origin.commit();
    assert_eq!(setup.fetch().0, 1);
    setup.signpost(&["sources", "accept", "kilns"]);
    std::fs::remove_file(origin.folder.join("kiln-9.md")).unwrap();
    origin.commit();
    let (code, told) = setup.fetch();
    assert!(code == 1 && told.contains("removes 9 of 10"), "{told}");
}

#[test]
fn moved_documents_are_not_removed() {
    let setup = Setup::new();
    let origin = setup.origin();
    setup.kilns(&origin, "");
    origin.documents(1..=12);
    assert_eq!(setup.fetch().0, 0);
    std::fs::create_dir(origin.folder.join("docs")).unwrap();
    for number in 1..=12 {
        let name = format!("kiln-{number}.md");
        std::fs::rename(origin.folder.join(&name), origin.folder.join("docs").join(&name)).unwrap();
    }
    origin.commit();
    assert_eq!(setup.fetch().0, 0);
    assert_eq!(setup.documents().len(), 12);
}
