//! How Org files are understood.

use insta::assert_snapshot;

use super::outline;

#[test]
fn headings_lists_code_and_tables_of_org_are_read() {
    let text = "\
#+TITLE: Queue runbook
#+AUTHOR: nobody
# A comment

Intro with =drain --all=, ~code~, *bold*, /soft/, snake_case_name, <host> and [[https://a.example/x][a link]].

* TODO [#A] Queue is full                                  :storage:oncall:
  :PROPERTIES:
  :CUSTOM_ID: full
  :END:
  SCHEDULED: <2030-01-01 Tue>

  The log says:

  #+BEGIN_EXAMPLE
  E_QUOTA: no space left on <queue>
    and more
  #+END_EXAMPLE

  : one line
  : two lines

  1. Count it:
     #+begin_src bash -n
     drain --count
     ,* star
     #+end_src
  2. [X] Drain it
     - gently
     - by force
  3. Done

** Codes
   | Code | Meaning |
   |------+---------|
   | 41   | Full    |
   | 42   | A_B     |

   - broker :: takes messages
   - relay :: passes them on

   #+begin_quote
   Quoted.
   #+end_quote

   See [[#full]] and [[*Codes]].
";
    assert_snapshot!(outline::of("queue.org", text), @r#"
    1: [Queue runbook]
      5: Intro with `drain --all`, `code`, **bold**, _soft_, snake_case_name, <host> and [a link](https://a.example/x).
    7: ##[Queue is full]
      13: The log says:
      15: code() "E_QUOTA: no space left on <queue>\n  and more"
      20: code() "one line\ntwo lines"
      23: list from 1
      - 23
          23: Count it:
          24: code(bash) "drain --count\n* star"
      - 28
          28: ☑ Drain it
          29: list
          - 29
              29: gently
          - 30
              30: by force
      - 31
          31: Done
    33: ###[Codes]
      34: table | Code | Meaning |
        | 41 | Full |
        | 42 | A_B |
      39: list
      - 39
          39: **broker**: takes messages
      - 40
          40: **relay**: passes them on
      43: quote
        43: Quoted.
      46: See [full](§1) and [Codes](§2).
    "#);
}

#[test]
fn open_blocks_and_long_lines_end() {
    for text in [
        "#+BEGIN_SRC\n".repeat(2_000),
        ":PROPERTIES:\n".repeat(2_000),
        "* a\n".repeat(20_000),
        " *a".repeat(60_000),
        "[[a".repeat(60_000),
        "<<a".repeat(60_000),
        ": a\n".repeat(20_000),
        "| a\n".repeat(20_000),
        "*_".repeat(60_000),
    ] {
        assert!(!outline::of("a.org", &text).is_empty());
    }
}
