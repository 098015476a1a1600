//! A repository that tries to reach out of its folder, to run something, or to hide what it is.

use super::Setup;

#[test]
fn nothing_of_a_repository_is_run_and_nothing_outside_is_read() {
    let setup = Setup::new();
    let origin = setup.origin();
    let ran = setup.path("ran");
    let outside = setup.path("outside.md");
    std::fs::write(&outside, super::document(66)).unwrap();
    origin.documents([1]);
    std::os::unix::fs::symlink(&outside, origin.folder.join("absolute.md")).unwrap();
    std::os::unix::fs::symlink("../../../../../outside.md", origin.folder.join("relative.md")).unwrap();
    std::os::unix::fs::symlink("kiln-1.md", origin.folder.join("alias.md")).unwrap();
    std::os::unix::fs::symlink(setup.folder.path(), origin.folder.join("folder")).unwrap();
    origin.write(
        ".gitattributes",
        "*.md filter=evil diff=evil merge=evil\n*.txt export-ignore\n",
    );
    let touch = format!("touch {}", ran.display());
    origin.write(
        ".gitconfig",
        &format!("[filter \"evil\"]\n\tsmudge = {touch}\n\tclean = {touch}\n"),
    );
    origin.write(
        ".gitmodules",
        "[submodule \"sub\"]\n\tpath = sub\n\turl = ext::sh -c touch% ran\n",
    );
    origin.write(
        "pointer.md",
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n",
    );
    let commit = origin.commit();
    origin.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},sub")]);
    origin.git(&["commit", "--quiet", "--message=a submodule"]);
    for name in [
        "post-checkout",
        "post-merge",
        "reference-transaction",
        "fsmonitor-watchman",
    ] {
        let hook = origin.folder.join(".git/hooks").join(name);
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::write(&hook, format!("#!/bin/sh\n{touch}\n")).unwrap();
        std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    setup.kilns(&origin, "");
    assert_eq!(setup.fetch().0, 0);
    let told = setup.lint();
    assert!(!ran.exists(), "something of the repository was run");
    assert_eq!(setup.documents(), ["alias.md", "kiln-1.md"]);
    for link in ["absolute.md", "relative.md", "folder"] {
        assert!(
            told.contains(&format!("{link}:0: warning[link-outside]")),
            "{link}: {told}"
        );
    }
    assert!(
        told.contains("(a Git LFS pointer: its content is not in the repository): pointer.md"),
        "{told}"
    );
}

#[test]
fn links_of_a_repository_never_lead_out_of_it_also_where_those_of_folders_may() {
    let setup = Setup::new();
    let origin = setup.origin();
    std::fs::write(setup.path("outside.md"), super::document(66)).unwrap();
    std::os::unix::fs::symlink(setup.path("outside.md"), origin.folder.join("link.md")).unwrap();
    origin.documents([1]);
    setup.runbooks(&format!(
        "follow_links = true\n[[runbooks.sources]]\nid = \"kilns\"\ngit = {:?}",
        origin.url()
    ));
    assert_eq!(setup.fetch().0, 0);
    assert_eq!(setup.documents(), ["kiln-1.md"]);
}

#[test]
fn addresses_that_run_something_or_hold_a_password_are_refused_and_not_repeated() {
    let setup = Setup::new();
    let password = "sesame-opens";
    for (git, told) in [
        (
            format!("https://ada:{password}@example.com/x.git"),
            "contains a user or a password",
        ),
        (
            format!("https://{password}@example.com/x.git"),
            "contains a user or a password",
        ),
        (
            format!("ssh://git:{password}@example.com/x.git"),
            "contains a user or a password",
        ),
        (
            "ext::sh -c touch% /tmp/x".to_owned(),
            "is not an https, ssh or file address",
        ),
        ("git@example.com:x.git".to_owned(), "is not a URL"),
        ("--upload-pack=touch".to_owned(), "is not a URL"),
        ("http://example.com/x.git".to_owned(), "is not encrypted"),
        (
            "git://example.com/x.git".to_owned(),
            "is not an https, ssh or file address",
        ),
        ("ssh://-oProxyCommand=x/y".to_owned(), "runbooks.sources[kilns].git"),
        (
            "https://example.com/x.git?y=1".to_owned(),
            "is not the address of a repository",
        ),
    ] {
        setup.runbooks(&format!("[[runbooks.sources]]\nid = \"kilns\"\ngit = {git:?}"));
        let output = setup.signpost(&["sources"]);
        let said = super::said(&output);
        assert_eq!(output.status.code(), Some(2), "{git}: {said}");
        assert!(said.contains(told) && !said.contains(password), "{git}: {said}");
    }
    for (lines, told) in [
        (
            "id = \"Kilns\"\ndir = \"x\"",
            "runbooks.sources[Kilns].id` is \"Kilns\"",
        ),
        ("id = \"kilns\"", "runbooks.sources[kilns].dir` is missing"),
        ("dir = \"x\"", "has an entry without `id`"),
        (
            "id = \"a\"\ndir = \"x\"\ngit = \"file:///x\"",
            "is set together with `dir`",
        ),
        (
            "id = \"a\"\ngit = \"file:///x\"\nref = \"--force\"",
            "runbooks.sources[a].ref",
        ),
        (
            "id = \"a\"\ngit = \"file:///x\"\npath = \"a/../..\"",
            "runbooks.sources[a].path",
        ),
        (
            "id = \"a\"\ndir = \"x\"\nbase_url = \"x\"",
            "runbooks.sources[a].base_url",
        ),
        (
            "id = \"a\"\ndir = \"x\"\nbase = \"x\"",
            "unknown setting `runbooks.sources.base`",
        ),
        ("id = \"a\"\ndir = [\"x\"]", "`runbooks.sources.dir`"),
        (
            "id = \"a\"\ndir = \"x\"\n[[runbooks.sources]]\nid = \"a\"\ndir = \"y\"",
            "is used twice",
        ),
    ] {
        setup.runbooks(&format!("[[runbooks.sources]]\n{lines}"));
        let said = super::said(&setup.signpost(&["sources"]));
        assert!(said.contains(told), "{lines}: {said}");
    }
}
