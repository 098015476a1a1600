//! The shape of the source, read from the source: who may import whom, how long a file may get, no silenced lints.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;

/// The folders of the product's modules, each with its `lib.rs`.
const SOURCES: [&str; 2] = ["src", "crates/core/src"];

/// Text in, data out: no IO, no async, nobody's adapter.
const PURE: [&str; 10] = [
    "addresses",
    "command",
    "expression",
    "jobs",
    "matching",
    "policy",
    "redact",
    "respond",
    "runbook",
    "schedule",
];

/// Each talks to one thing outside; `bot` and `cli` join them.
const ADAPTERS: [&str; 8] = ["files", "git", "http", "jenkins", "oncall", "slack", "store", "wiki"];

/// What a pure module has no use for.
const OUTSIDE: [&str; 10] = [
    "axum",
    "hyper",
    "ignore",
    "notify",
    "reqwest",
    "slack_morphism",
    "sqlx",
    "tokio",
    "tokio_tungstenite",
    "tokio_util",
];

/// Parts of the standard library that reach out of the program.
const STD_OUTSIDE: [&str; 6] = ["env", "fs", "net", "process", "thread", "time"];

/// Openings of a doc comment that put off the fact: "What it says", "Whether it may", "How long".
const OPENINGS: &str = r"^(What|Who|Whom|Whose|How|Whether|Which|Those|These|It|They|The same|See)\b";

/// The most doc comments, in percent, with such an opening.
const MOST_OPENINGS: usize = 8;

/// The most names that several types have.
const MOST_SHARED: usize = 20;

/// Lines of code in a file, without comments, blank lines and its unit tests.
const LONGEST_FILE: usize = 450;

#[test]
fn pure_modules_import_only_each_other() {
    let faults: Vec<_> = files_of(&PURE)
        .flat_map(|file| {
            let code = code(&file);
            let names = imported(&code, "crate");
            names
                .into_iter()
                .filter(|name| !PURE.contains(&name.as_str()))
                .map(move |name| fault(&file, "crate", &name))
        })
        .collect();
    assert!(
        faults.is_empty(),
        "pure modules take text and return data:\n{}",
        faults.join("\n")
    );
}

#[test]
fn pure_modules_do_no_io_and_no_async() {
    let waits = Regex::new(r"\.await\b|\basync\b").unwrap();
    let outside = Regex::new(&format!(r"(?:^|[^:\w])({})::", OUTSIDE.join("|"))).unwrap();
    let mut faults = Vec::new();
    for file in files_of(&PURE) {
        let code = code(&file);
        faults.extend(outside.captures_iter(&code).map(|found| fault(&file, &found[1], "…")));
        for name in imported(&code, "std")
            .iter()
            .filter(|name| STD_OUTSIDE.contains(&name.as_str()))
        {
            faults.push(fault(&file, "std", name));
        }
        if waits.is_match(&code) {
            faults.push(format!("{} waits", file.display()));
        }
    }
    assert!(
        faults.is_empty(),
        "pure modules take text and return data:\n{}",
        faults.join("\n")
    );
}

#[test]
fn adapters_know_nothing_of_each_other() {
    let mut faults = Vec::new();
    for own in ADAPTERS {
        for file in files_of(&[own]) {
            for name in imported(&code(&file), "crate") {
                if name != own && ADAPTERS.contains(&name.as_str()) {
                    faults.push(fault(&file, "crate", &name));
                }
            }
        }
    }
    assert!(
        faults.is_empty(),
        "`bot` joins adapters, through its traits:\n{}",
        faults.join("\n")
    );
}

#[test]
fn no_circles_between_top_level_modules() {
    let modules: BTreeMap<String, BTreeSet<String>> = top_level_modules()
        .into_iter()
        .map(|module| {
            let mut names: BTreeSet<String> = files_of(&[&module])
                .flat_map(|file| imported(&code(&file), "crate"))
                .collect();
            names.remove(&module);
            (module, names)
        })
        .collect();
    // What imports nothing that is left can stand in no circle.
    let mut left: BTreeSet<&String> = modules.keys().collect();
    while let Some(free) = left
        .iter()
        .find(|module| modules[**module].iter().all(|name| !left.contains(name)))
        .copied()
    {
        left.remove(free);
    }
    assert!(
        left.is_empty(),
        "these modules import each other in a circle, or reach one: {left:?}"
    );
}

#[test]
fn the_module_of_the_bot_holds_no_code() {
    let text = code(&root().join("src/bot/mod.rs"));
    let other: Vec<&str> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("mod ") && !line.starts_with("pub use "))
        .collect();
    assert!(other.is_empty(), "move it to a room: {other:?}");
}

#[test]
fn doc_comments_begin_with_the_fact() {
    let opening = Regex::new(OPENINGS).unwrap();
    let (mut all, mut found) = (0, Vec::new());
    for file in ["src", "crates"]
        .iter()
        .flat_map(|folder| rust_files(&root().join(folder)))
    {
        let text = fs::read_to_string(&file).unwrap();
        let mut goes_on = false;
        for (number, line) in text.lines().enumerate() {
            let doc = ["/// ", "//! "]
                .iter()
                .find_map(|mark| line.trim_start().strip_prefix(mark));
            if let Some(doc) = doc.filter(|_| !goes_on) {
                all += 1;
                if opening.is_match(doc) {
                    found.push(format!("{}:{}: {doc}", file.display(), number + 1));
                }
            }
            goes_on = doc.is_some();
        }
    }
    assert!(
        found.len() * 100 < all * MOST_OPENINGS,
        "{} of {all} doc comments begin with What, Whether, How…; begin with a noun or a verb:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[test]
fn the_scan_sees_imports_in_every_form() {
    let cases = [
        ("use crate::slack::Sender;", "slack"),
        ("use crate::{runbook::Library, slack};", "slack"),
        (
            "use crate::{\n    runbook::{Library, Topic},\n    slack::{a, b},\n};",
            "slack",
        ),
        ("fn f(x: &crate::slack::Event) {}", "slack"),
        ("pub(crate) use crate :: slack;", "slack"),
    ];
    for (text, name) in cases {
        assert!(imported(&without_comments(text), "crate").contains(name), "{text}");
    }
    assert!(imported(&without_comments("/// See [`crate::slack`].\nfn f() {}"), "crate").is_empty());
    assert!(
        !imported("use crate::{runbook::{slack}};", "crate").contains("slack"),
        "a name further down is no module"
    );
}

#[test]
fn no_source_file_is_longer_than_a_reader_likes() {
    let long: Vec<_> = ["src", "crates/core/src", "crates/sandbox/src"]
        .iter()
        .flat_map(|folder| rust_files(&root().join(folder)))
        .map(|file| (code(&file).lines().filter(|line| !line.trim().is_empty()).count(), file))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .map(|(lines, file)| format!("{}: {lines} lines of code, at most {LONGEST_FILE}", file.display()))
        .collect();
    assert!(long.is_empty(), "split them:\n{}", long.join("\n"));
}

#[test]
fn no_lint_is_silenced_without_being_expected() {
    let silencer = Regex::new(concat!(r"#!?\[", r"(cfg_attr\([^]]*)?allow\(")).unwrap();
    let faults: Vec<_> = ["src", "crates", "tests", "benches"]
        .iter()
        .flat_map(|folder| rust_files(&root().join(folder)))
        .filter(|file| silencer.is_match(&code(file)))
        .map(|file| file.display().to_string())
        .collect();
    assert!(
        faults.is_empty(),
        "write `expect` with a reason, so that it goes when it is no longer needed:\n{faults:?}"
    );
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn fault(file: &Path, from: &str, name: &str) -> String {
    format!("{} imports {from}::{name}", file.display())
}

/// The source files of modules, which are a file or a folder each.
fn files_of(modules: &[&str]) -> impl Iterator<Item = PathBuf> {
    let found: Vec<_> = modules
        .iter()
        .flat_map(|module| {
            let mut files = Vec::new();
            for folder in SOURCES {
                files.extend(rust_files(&root().join(folder).join(module)));
                files.extend(Some(root().join(folder).join(format!("{module}.rs"))).filter(|file| file.exists()));
            }
            assert!(
                !files.is_empty(),
                "module `{module}` is gone: correct the lists of this test"
            );
            files
        })
        .collect();
    found.into_iter()
}

/// The names of the modules of the library.
fn top_level_modules() -> Vec<String> {
    let declared = Regex::new(r"(?m)^pub mod (\w+);").unwrap();
    let read = |folder: &str| fs::read_to_string(root().join(folder).join("lib.rs")).unwrap();
    let text: String = SOURCES.into_iter().map(read).collect();
    declared.captures_iter(&text).map(|found| found[1].to_owned()).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A file without comments and without its unit tests, which stand at its end.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let product = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    without_comments(product)
}

fn without_comments(text: &str) -> String {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The first names after `from::`, also in a group of imports.
fn imported(code: &str, from: &str) -> BTreeSet<String> {
    let path = Regex::new(&format!(r"\b{from}\s*::\s*(\{{|\w+)")).unwrap();
    let mut names = BTreeSet::new();
    for found in path.captures_iter(code) {
        let (whole, first) = (found.get(0).unwrap(), &found[1]);
        if first == "{" {
            names.extend(heads_of_group(&code[whole.end()..]));
        } else {
            names.insert(first.to_owned());
        }
    }
    names
}

/// The heads of `a::b, c::{d, e}, f}`: a, c, f.
fn heads_of_group(text: &str) -> Vec<String> {
    let mut heads = vec![String::new()];
    let (mut depth, mut in_head) = (0_usize, true);
    for character in text.chars() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                heads.push(String::new());
                in_head = true;
            }
            ':' if depth == 0 => in_head = false,
            _ if depth == 0 && in_head && !character.is_whitespace() => heads.last_mut().unwrap().push(character),
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

/// Names that modules have for a type of their own, like `Error`, are not counted.
#[test]
fn a_type_has_a_name_of_its_own() {
    let defined = Regex::new(r"(?m)^(?:pub(?:\([a-z: ]+\))? )?(?:struct|enum|trait|union) ([A-Z]\w*)").unwrap();
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for file in SOURCES.iter().flat_map(|folder| rust_files(&root().join(folder))) {
        for found in defined.captures_iter(&code(&file)) {
            *names.entry(found[1].to_owned()).or_default() += 1;
        }
    }
    let shared: Vec<_> = names
        .iter()
        .filter(|(name, count)| **count > 1 && !matches!(name.as_str(), "Error" | "Arguments"))
        .collect();
    assert!(shared.len() <= MOST_SHARED, "rename some: {shared:?}");
}

#[test]
fn every_metric_is_in_the_catalogue_and_every_family_is_used() {
    let call = Regex::new(r#"(?:counter|gauge|histogram)!\(\s*"([a-z_]+)""#).unwrap();
    let mut used = BTreeSet::new();
    for file in rust_files(Path::new("src")) {
        let text = fs::read_to_string(&file).unwrap();
        used.extend(call.captures_iter(&text).map(|found| found[1].to_owned()));
    }
    let known: BTreeSet<String> = signpost::telemetry::FAMILIES
        .iter()
        .map(|family| family.name.to_owned())
        .collect();
    assert_eq!(used, known, "src/telemetry.rs names the metrics that the code records");
}
