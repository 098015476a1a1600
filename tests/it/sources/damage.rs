//! Damage in the state folder: a clone that is broken, locks that a killed git left, files that are lost.

use super::Setup;

#[test]
fn a_damaged_clone_is_made_anew() {
    let setup = Setup::new();
    let origin = setup.origin();
    setup.kilns(&origin, "");
    let clone = setup.state().join("repo.git");
    let damage: [(&str, &dyn Fn()); 5] = [
        ("packs", &|| {
            for entry in std::fs::read_dir(clone.join("objects/pack")).unwrap() {
                let path = entry.unwrap().path();
                std::fs::remove_file(&path).unwrap();
                std::fs::write(path, "no pack").unwrap();
            }
        }),
        ("HEAD", &|| std::fs::write(clone.join("HEAD"), "nonsense").unwrap()),
        ("config", &|| std::fs::write(clone.join("config"), "[core\n").unwrap()),
        ("objects", &|| std::fs::remove_dir_all(clone.join("objects")).unwrap()),
        ("locks", &|| {
            for name in ["shallow.lock", "config.lock", "refs/signpost/fetched.lock"] {
                std::fs::write(clone.join(name), "").unwrap();
            }
        }),
    ];
    origin.documents([1]);
    assert_eq!(setup.fetch().0, 0);
    for (number, (name, damage)) in damage.iter().enumerate() {
        damage();
        let commit = origin.documents([number + 2]);
        let (code, told) = setup.fetch();
        assert!(
            code == 0 && told.contains(&format!("now at {commit}")),
            "{name}: {told}"
        );
        assert_eq!(setup.documents().len(), number + 2, "{name}");
    }
}

#[test]
fn a_commit_that_the_disk_cannot_hold_leaves_the_clone_as_it_is() {
    let setup = Setup::new();
    let origin = setup.origin();
    setup.kilns(&origin, "");
    origin.documents([1]);
    assert_eq!(setup.fetch().0, 0);
    // Another clone would not have it.
    let mark = setup.state().join("repo.git/mark");
    std::fs::write(&mark, "").unwrap();
    let blob = origin.git(&["rev-parse", "HEAD:kiln-1.md"]);
    let entry = format!("100644,{blob},{}.md", "k".repeat(300));
    origin.git(&["update-index", "--add", "--cacheinfo", &entry]);
    origin.git(&["commit", "--quiet", "--message=long"]);
    let (code, told) = setup.fetch();
    assert!(code != 0 && told.contains("checkout-index"), "{told}");
    assert!(mark.exists(), "the clone was made anew");
    assert_eq!(setup.documents(), ["kiln-1.md"]);
    // The next commit can be held again.
    origin.git(&["reset", "--quiet", "HEAD~1"]);
    origin.documents([2]);
    assert_eq!(setup.fetch().0, 0);
    assert_eq!(setup.documents().len(), 2);
}

#[test]
fn lost_files_are_fetched_again() {
    let setup = Setup::new();
    let origin = setup.origin();
    setup.kilns(&origin, "");
    let commit = origin.documents([1]);
    for lost in ["trees", "state.json", "repo.git"] {
        assert_eq!(setup.fetch().0, 0);
        let lost = setup.state().join(lost);
        if lost.is_dir() {
            std::fs::remove_dir_all(&lost).unwrap();
        } else {
            std::fs::remove_file(&lost).unwrap();
        }
        let (code, told) = setup.fetch();
        assert!(code == 0 && told.contains(&commit), "{told}");
        assert_eq!(setup.documents(), ["kiln-1.md"]);
    }
    std::fs::write(setup.state().join("state.json"), "{").unwrap();
    assert!(setup.lint().contains("this source has not been fetched yet"));
}
