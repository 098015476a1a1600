//! Owners of documents in a folder of a repository, by the files around that folder.

use super::{Setup, said};

#[test]
fn owners_above_the_folder_of_a_source_are_the_documents_contacts() {
    let setup = Setup::new();
    let origin = setup.origin();
    for (folder, number) in [("ops/books", 1), ("ops/books/loud", 2), ("ops", 3)] {
        origin.write(&format!("{folder}/kiln-{number}.md"), &super::document(number));
    }
    origin.write(
        ".github/CODEOWNERS",
        "* @everybody\n/ops/books/ @kilns/bakers\n/ops/books/loud/ @kilns/callers\n",
    );
    // Only in the root would the host read it.
    origin.write("ops/books/CODEOWNERS", "* @nobody\n");
    origin.commit();
    setup.kilns(&origin, "path = \"ops/books\"");
    assert_eq!(setup.fetch().0, 0);
    let shown = said(&setup.signpost(&["render", "--all"]));
    assert!(
        shown.contains("Chat: @kilns/bakers") && shown.contains("Chat: @kilns/callers"),
        "{shown}"
    );
    assert!(!shown.contains("@everybody") && !shown.contains("@nobody"), "{shown}");

    // A checkout of an earlier version of signpost has no such files yet.
    let tree = std::fs::read_dir(setup.state().join("trees"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    std::fs::remove_dir_all(tree.path().join(".git")).unwrap();
    let shown = said(&setup.signpost(&["render", "--all"]));
    assert!(shown.contains("@nobody"), "{shown}");
    assert_eq!(setup.fetch().0, 0);
    let shown = said(&setup.signpost(&["render", "--all"]));
    assert!(shown.contains("Chat: @kilns/bakers"), "{shown}");

    // A catalogue above the folder counts where no line of CODEOWNERS does.
    origin.write(".github/CODEOWNERS", "/web/ @weavers\n");
    origin.git(&["rm", "--quiet", "ops/books/CODEOWNERS"]);
    origin.write(
        "ops/catalog-info.yaml",
        "kind: Component\nmetadata:\n  name: kilns\nspec:\n  owner: stokers\n",
    );
    origin.commit();
    assert_eq!(setup.fetch().0, 0);
    let shown = said(&setup.signpost(&["render", "--all"]));
    assert!(shown.contains("stokers") && !shown.contains("@kilns"), "{shown}");

    // So does an OWNERS file above it, with the aliases of the root.
    origin.git(&["rm", "--quiet", "ops/catalog-info.yaml"]);
    origin.write("ops/OWNERS", "approvers:\n- kiln-leads\n- ember\n");
    origin.write("OWNERS_ALIASES", "aliases:\n  kiln-leads:\n  - cinder\n");
    origin.commit();
    assert_eq!(setup.fetch().0, 0);
    let shown = said(&setup.signpost(&["render", "--all"]));
    assert!(shown.contains("cinder") && shown.contains("ember"), "{shown}");
    assert!(!shown.contains("stokers") && !shown.contains("kiln-leads"), "{shown}");
}
