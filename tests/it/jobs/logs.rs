//! Build logs: without escapes and console notes, however they arrive.

use signpost::jobs::log::{self, Plain};

const NOTE: &str = "\u{1b}[8mha:////4AAAAKx7Le4UBcYZ8/gx+A=\u{1b}[0m";

#[test]
fn logs_are_shown_without_escapes() {
    let log = "\u{1b}[31mred\u{1b}[0m\r\n\u{1b}]0;title\u{7}10%\r20%\r\nend\u{8}\n\n";
    assert_eq!(log::plain(log), "red\n10%\n20%\nend\n\n");
    assert_eq!(log::tail(&log::plain(log), 2), ["20%", "end"]);
    assert!(log::waits_for_input("a\nDeploy?\nProceed or Abort\n") && log::waits_for_input("Input requested\n"));
    assert!(!log::waits_for_input("Proceed or Abort\nApproved by ada\nb\nc\n"));
    let input = format!("Deploy?\n{NOTE}Proceed or {NOTE}Abort\n");
    assert!(log::waits_for_input(&log::plain(&input)));
}

#[test]
fn a_console_note_and_its_base64_are_gone_and_what_only_looks_like_one_stays() {
    let cases = [
        (format!("{NOTE}Started by user Ada"), "Started by user Ada"),
        (format!("see {NOTE}Build #7{NOTE} and more"), "see Build #7 and more"),
        // As versions before 2.44 wrote them.
        ("\u{1b}[8mha:AAAAlh+LCA==\u{1b}[0mx".to_owned(), "x"),
        // Cut off at the end of the log, and in the middle of a line.
        ("done\n\u{1b}[8mha:////4AAAAKx7".to_owned(), "done\n"),
        ("\u{1b}[8mha:////4AAA\nnext".to_owned(), "\nnext"),
        ("\u{1b}[8mha".to_owned(), "ha"),
        ("\u{1b}[8mhidden\u{1b}[0m and seen".to_owned(), "hidden and seen"),
        ("ha:////4AAAA stays".to_owned(), "ha:////4AAAA stays"),
        // `tput sgr0`, a title without its end, an escape that a line break cuts.
        ("a\u{1b}(B\u{1b}[mb".to_owned(), "ab"),
        ("\u{1b}]0;title\nnext".to_owned(), "\nnext"),
        ("\u{1b}[31\nnext\u{1b}".to_owned(), "\nnext"),
    ];
    for (log, shown) in cases {
        assert_eq!(log::plain(&log), shown, "{log:?}");
    }
}

#[test]
fn a_log_reads_the_same_wherever_it_is_cut() {
    let log =
        format!("Grüße\r\n{NOTE}Proceed or {NOTE}Abort\r10%\r\n\u{1b}[1;31mred\u{1b}[0m\u{1b}]0;t\u{1b}\\ 🦊\n{NOTE}");
    let whole = log::plain(&log);
    assert_eq!(whole, "Grüße\nProceed or Abort\n10%\nred 🦊\n");
    for first in 0..log.len() {
        for second in first..log.len() {
            let mut plain = Plain::default();
            let pieces = [
                &log.as_bytes()[..first],
                &log.as_bytes()[first..second],
                &log.as_bytes()[second..],
            ];
            let read: String = pieces.into_iter().map(|piece| plain.push(piece)).collect();
            assert_eq!(read + &plain.finish(), whole, "cut at {first} and {second}");
        }
    }
}

#[test]
fn the_end_of_a_long_text_begins_with_a_line() {
    assert_eq!(log::end("one\ntwo\nthree\n", 100), "one\ntwo\nthree\n");
    assert_eq!(log::end("one\ntwo\nthree\n", 7), "three\n");
    assert_eq!(log::end("one\ntwo\nthree\n", 6), "three\n");
    // No half of a secret, also where there are no lines.
    assert_eq!(log::end("token=abcdefgh first second third", 20), "first second third");
    assert_eq!(log::end(&"x".repeat(50), 20), "");
}
