//! Texts that people read besides replies: help and labels. A change of words shows here in review.

use std::fmt::Write as _;
use std::process::Command;

use signpost::respond::{Labels, Responder, ResponderOptions};

/// The help of a command, in 100 columns and without anything of this machine.
fn help(command: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_signpost"))
        .args(command)
        .arg("--help")
        .env_clear()
        .env("COLUMNS", "100")
        .output()
        .unwrap();
    assert!(out.status.success(), "{command:?}");
    String::from_utf8(out.stdout).unwrap()
}

/// The commands that a help lists.
fn commands_in(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_explains_itself() {
    let first = help(&[]);
    let mut all = format!("$ signpost --help\n{first}");
    for name in commands_in(&first) {
        let own = help(&[&name]);
        let _ = write!(all, "\n$ signpost {name} --help\n{own}");
        for inner in commands_in(&own) {
            let _ = write!(all, "\n$ signpost {name} {inner} --help\n{}", help(&[&name, &inner]));
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn every_button_title_label_and_hint_is_held() {
    let responder = Responder::new(None, ResponderOptions::default()).unwrap();
    let labels: &Labels = responder.labels();
    insta::assert_snapshot!(format!("{labels:#?}"));
}

#[test]
fn words_are_spelt_in_one_way() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = vec![root.join("README.md"), root.join("CHANGELOG.md")];
    for folder in ["docs", "responses/templates"] {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        texts.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()));
    }
    let stems = [
        "categoriz",
        "customiz",
        "initializ",
        "minimiz",
        "normaliz",
        "optimiz",
        "organiz",
        "prioritiz",
        "recogniz",
        "summariz",
        "synchroniz",
    ];
    let mut others = String::new();
    for path in texts {
        // Pictures are no text.
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let lines = text.lines().enumerate();
        for (number, line) in lines.filter(|(_, line)| stems.iter().any(|stem| line.to_lowercase().contains(stem))) {
            let _ = writeln!(others, "{}:{}: {line}", path.display(), number + 1);
        }
    }
    assert!(others.is_empty(), "`-ise`, as in the other texts:\n{others}");
}
