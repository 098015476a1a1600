//! How documents in reStructuredText are understood, construct by construct.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use proptest::prelude::*;
use signpost::runbook::{Diagnostic, Runbook, parse};

use super::outline;

fn parsed(text: &str) -> (Runbook, Vec<Diagnostic>) {
    let (runbook, found) = parse("team/page.rst", text, &BTreeMap::new());
    (runbook.expect("text is always read"), found)
}

fn outline(text: &str) -> String {
    outline::of("team/page.rst", text)
}

#[test]
fn levels_follow_the_first_use_of_a_mark() {
    let text = "\
#######
Storage
#######

Intro.

Volumes
=======

.. _full-volume:

Volume is full
~~~~~~~~~~~~~~

Clean it.

Backups
=======
Nothing yet.

-----

The end of ``Backups``.

=======
Network
=======

Later.
";
    assert_snapshot!(outline(text), @r#"
    2: [Storage]
      5: Intro.
    7: ##[Volumes]
    12: ###[Volume is full]
      15: Clean it.
    17: ##[Backups]
      19: Nothing yet.
      21: rule
      23: The end of `Backups`.
    26: ####[Network]
      29: Later.
    "#);
}

#[test]
fn literal_blocks_come_in_many_forms() {
    let text = "\
Codes
=====

The log says::

    E_QUOTA: no space left
      on queue 7

More of it ::

  second

::

  third
Without a blank line::
  fourth

Quoted::

> fifth
> sixth

.. highlight:: bash

Run::

   df -h

.. code-block:: console
   :caption: On the host
   :linenos:

   $ df -h /srv \\
       --inodes

.. prompt:: bash $,# auto

   $ uptime

.. code::

   no language

.. parsed-literal::

   tool --name *value*

>>> 1 + 1
2
";
    assert_snapshot!(outline(text), @r#"
    1: [Codes]
      4: The log says:
      6: code() "E_QUOTA: no space left\n  on queue 7"
      9: More of it
      11: code() "second"
      15: code() "third"
      16: Without a blank line:
      17: code() "fourth"
      19: Quoted:
      21: code() "> fifth\n> sixth"
      26: Run:
      28: code(bash) "df -h"
      30: On the host
      34: code(console) "$ df -h /srv \\\n    --inodes"
      39: code(bash) "$ uptime"
      43: code(bash) "no language"
      47: code() "tool --name value"
      49: code(python) ">>> 1 + 1\n2"
    "#);
}

#[test]
fn steps_hold_their_code_and_their_notes() {
    let text = "\
Restart
=======

#. Find the pod::

      kubectl get pods

   It is named ``queue-0``.

#. Restart it:

    .. code-block:: shell

        kubectl delete pod queue-0

    .. warning:: Clients are cut off.

       Warn them.

#. Check:

   - the log,
   - the graph:

     a) of today
     b) of yesterday

#. Text that
goes on below.

3. Not the next one.

* A
* B
  continued

- Another list
";
    assert_snapshot!(outline(text), @r#"
    1: [Restart]
      4: list from 1
      - 4
          4: Find the pod:
          6: code() "kubectl get pods"
          8: It is named `queue-0`.
      - 10
          10: Restart it:
          14: code(shell) "kubectl delete pod queue-0"
          16: **Warning:** Clients are cut off.
          18: Warn them.
      - 20
          20: Check:
          22: list
          - 22
              22: the log,
          - 23
              23: the graph:
              25: list from 1
              - 25
                  25: of today
              - 26
                  26: of yesterday
      - 28
          28: Text that goes on below.
      31: list from 3
      - 31
          31: Not the next one.
      33: list
      - 33
          33: A
      - 34
          34: B continued
      37: list
      - 37
          37: Another list
    "#);
}

#[test]
fn terms_fields_and_options_are_definitions() {
    let text = "\
:orphan:
:Owner: Storage team

Messages
========

``Queue <name> is gone``
   Create it again.

   Then retry.

**When :program:`drain` hangs**
    Kill it.
code : classifier
    Text.

:Problem: The queue is full.
:Solution:
   1. Drain it.
   2. Wait.

-f, --force   Do not ask.
--queue=NAME
              The queue to drain.

.. option:: --all
            -a

   All queues.

.. glossary::

   broker
   relay
      What takes messages.
";
    assert_snapshot!(outline(text), @r#"
    4: [Messages]
      1: definitions
      = Owner
          2: Storage team
      7: definitions
      = `Queue <name> is gone`
          8: Create it again.
          10: Then retry.
      = **When `drain` hangs**
          13: Kill it.
      = code : classifier
          15: Text.
      17: definitions
      = Problem
          17: The queue is full.
      = Solution
          19: list from 1
          - 19
              19: Drain it.
          - 20
              20: Wait.
      22: definitions
      = `-f, --force`
          22: Do not ask.
      = `--queue=NAME`
          24: The queue to drain.
      26: definitions
      = `--all, -a`
          29: All queues.
      33: definitions
      = broker
      = relay
          35: What takes messages.
    "#);
}

#[test]
fn tables_come_in_five_forms() {
    let text = "\
Codes
=====

====== =============================
Code   Meaning
====== =============================
``41`` The queue is full, and a text that is wider
       than its column.
42     Unknown queue
\\      No code
====== =============================

+-------+------------------+
| Code  | Action           |
+=======+==================+
| E-51  | - Drain          |
|       | - Wait           |
+-------+--------+---------+
| E-52  | Retry  | Twice   |
|       +--------+---------+
|       | Give up          |
+-------+------------------+

.. list-table:: Alerts
   :header-rows: 1

   * - Alert
     - Owner
   * - QueueFull
     - Storage,

       on call

.. csv-table:: Limits
   :header: \"Name\", \"Limit\"

   queue, \"10,000 messages\"
   topic, 5

=====  =====  ======
   Inputs     Output
------------  ------
  A      B    A or B
=====  =====  ======
False  False  False
=====  =====  ======
";
    assert_snapshot!(outline(text), @r#"
    1: [Codes]
      4: table | Code | Meaning |
        | `41` | The queue is full, and a text that is wider than its column. |
        | 42 | Unknown queue |
        |  | No code |
      13: table | Code | Action |
        | E-51 | • Drain⏎• Wait |
        | E-52 | Retry | Twice |
        |  | Give up |
      24: **Alerts**
      27: table | Alert | Owner |
        | QueueFull | Storage,⏎on call |
      34: **Limits**
      37: table | Name | Limit |
        | queue | 10,000 messages |
        | topic | 5 |
      40: table | A | B | A or B |
        | Inputs | Output |
        | False | False | False |
    "#);
}

#[test]
fn directives_are_text_unless_they_are_known_to_be_none() {
    let text = "\
.. Comment before the title,
   over two lines.

.. app-page:: queue

Queue
=====

.. contents:: On this page

.. include:: /common.txt

.. note::

   First.

   Second.

.. seealso:: :doc:`Limits </limits>`

.. admonition:: Before you start

   Ask.

.. deprecated:: 2.1
   Use ``drain``.

.. tab-set::

   .. tab-item:: Linux

      Run ``drain``.

.. house-style:: Read this first

   And this.

.. only:: html

   Drain
   -----

   Inside.

.. rubric:: Solution

Do it.

.. image:: graph.png
   :alt: The graph

.. mermaid::

   graph TD; A-->B

.. toctree::
   :maxdepth: 1
   :caption: More

   limits
   Alerts <alerts/index>

.. literalinclude:: drain.sh
   :language: bash

.. raw:: html

   <p>Made <b>today</b></p>

..

  After an empty comment.

.. [1] A footnote.
";
    assert_snapshot!(outline(text), @r#"
    6: [Queue]
      13: **Note:** First.
      17: Second.
      19: **See also** – [Limits](/limits.rst)
      21: **Before you start:** Ask.
      25: **Deprecated since version 2.1:** Use `drain`.
      30: **Linux**
      32: Run `drain`.
      34: **Read this first**
      36: And this.
    40: ##[Drain]
      43: Inside.
      45: **Solution**
      47: Do it.
      49: ![The graph](graph.png)
      52: [Diagram in the runbook](§0)
      56: More
      60: list
      - 60
          60: [limits](limits.rst)
      - 61
          61: [Alerts](alerts/index.rst)
      63: [drain.sh](drain.sh)
      66: Made today
      72: quote
        72: After an empty comment.
      74: [1] A footnote.
    "#);
}

#[test]
fn described_objects_are_sections() {
    let text = "\
Settings
========

Limits
------

.. app:setting:: LIMIT queue.depth INT 100
   :reloadable:

   Most messages. ``Depth <n> exceeds the limit`` means that it is too small.

   .. note:: Restart.

.. py:function:: drain(name)
                 drain(name, force)

   Drains.

More
----
";
    assert_snapshot!(outline(text), @r#"
    1: [Settings]
    4: ##[Limits]
    7: ###[LIMIT queue.depth INT 100]
      10: Most messages. `Depth <n> exceeds the limit` means that it is too small.
      12: **Note:** Restart.
    14: ###[drain(name)]
      14: `drain(name, force)`
      17: Drains.
    19: ##[More]
    "#);
}

#[test]
fn text_has_roles_references_and_escapes() {
    let text = "\
.. |product| replace:: Queue **Server**
.. |copy| unicode:: 0xA9
.. _guide: https://guide.example/a
.. _long name: https://guide.example/b
.. __: https://guide.example/c

.. _drain:

Drain the queue
===============

Of |product| |copy| and |unknown|, *soft* and **loud**, 2 * 3 * 4, \\*bare\\*, re\\ ``s``.

See guide_, `long name`_, `this page <https://guide.example/d_>`_, `any`__ or https://guide.example/e.

:ref:`drain`, :ref:`the steps <drain>`, :ref:`elsewhere`, :ref:`text <elsewhere>`, `Drain the queue`_.

:doc:`limits`, :doc:`Limits </limits>`, :file:`/etc/{name}.conf`, :samp:`drain {queue}`, :cfg:key:`queue.depth`,
:py:func:`~queue.drain`, :guilabel:`&Save`, :menuselection:`File --> Save`, :term:`broker <Broker
(relay)>`, :rfc:`2616`, :kbd:`Ctrl+C`, :unknown:`text`, `default`.

Note [1]_, name_of_thing_, `` `x` `` and ``unclosed, **open, :role:`open.

The hard-wrapped line ends in a backslash\\
here and id 47\\
7a-be9b.

| Line one
| Line two
  goes on
";
    assert_snapshot!(outline(text), @r#"
    9: [Drain the queue]
      12: Of Queue **Server** © and unknown, _soft_ and **loud**, 2 * 3 * 4, *bare*, re`s`.
      14: See [guide](https://guide.example/a), [long name](https://guide.example/b), [this page](https://guide.example/d_), [any](https://guide.example/c) or [https://guide.example/e](https://guide.example/e).
      16: [Drain the queue](§0), [the steps](§0), _elsewhere_, text, [Drain the queue](§0).
      18: [limits](limits.rst), [Limits](/limits.rst), `/etc/<name>.conf`, `drain <queue>`, `queue.depth`, `drain`, **Save**, **File → Save**, broker, [RFC 2616](https://www.rfc-editor.org/rfc/rfc2616), `Ctrl+C`, text, `default`.
      22: Note [1], name_of_thing_, ``x`` and ``unclosed, **open, :role:`open.
      24: The hard-wrapped line ends in a backslash here and id 477a-be9b.
      28: Line one⏎Line two goes on
    "#);
}

#[test]
fn an_include_is_named() {
    let (_, found) = parsed("Title\n=====\n\n.. include:: /common.txt\n\nText.\n");
    let found: Vec<String> = found
        .iter()
        .map(|found| format!("{}: {}: {}", found.line, found.code, found.message))
        .collect();
    assert_snapshot!(found.join("\n"), @"4: include-unread: the text of `/common.txt`, which is included here, is not read");
}

#[test]
fn indented_text_is_a_quotation_only_if_it_is_short() {
    let text = "\
Title
=====

Text:

    A short remark.

Text.

  - a
  - b

    more
";
    assert_snapshot!(outline(text), @r#"
    1: [Title]
      4: Text:
      6: quote
        6: A short remark.
      8: Text.
      10: list
      - 10
          10: a
      - 11
          11: b
          13: more
    "#);
}

const BITS: [&str; 44] = [
    "Title\n=====\n",
    "\n-----\n\n",
    "\n\n",
    "\n",
    " ",
    "    ",
    "\t",
    "- ",
    "#. ",
    "1. ",
    "a) ",
    ":field: ",
    "--option  ",
    "| ",
    ">>> ",
    "..",
    ".. note:: ",
    ".. code-block:: sh\n\n   ",
    ".. list-table::\n\n   * - a\n     - b\n",
    ".. csv-table::\n   :header: \"a\n\n   b\n",
    ".. |x| replace:: |x| |y|\n",
    ".. |y| replace:: |x|\n",
    ".. _label:\n",
    ".. _name: name_\n",
    ".. [1] ",
    ".. app:setting:: X\n\n   ",
    ".. glossary::\n\n   a\n   b\n     c\n",
    "__ ",
    "name_",
    "|x|",
    "::\n\n  ",
    "==== ====\n",
    "---- ----\n",
    "+---+---+\n",
    "| a | b |\n",
    "+===+---+\n",
    "``",
    "`",
    "**",
    "*",
    ":ref:`",
    " <a>`_",
    "\\",
    "é漢",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(bits in prop::collection::vec(prop::sample::select(&BITS[..]), 0..40)) {
        let text = bits.concat();
        let lines = u32::try_from(text.split('\n').count()).expect("few lines");
        let (runbook, _) = parsed(&text);
        for section in &runbook.sections {
            prop_assert!(section.line >= 1 && section.line <= lines);
            prop_assert!(section.blocks.iter().all(|block| (1..=lines).contains(&block.line)));
        }
    }
}

/// Inputs of a size at which quadratic work would take minutes, in a build without optimisation.
#[test]
fn long_lines_and_many_lines_are_read_in_linear_time() {
    let long = |bit: &str| bit.repeat((1 << 18) / bit.len());
    let many = |bit: &str| bit.repeat(30_000);
    let mut texts: Vec<String> = [
        "`",
        "``a ",
        "*a ",
        "**a ",
        "|a ",
        ":a:`",
        "_`a ",
        "a_ ",
        "[a ",
        "\\",
        "http://a ",
        "- ",
        "1. ",
        ":a: ",
        "(",
        " ",
        "\t",
        "=",
        "= ",
        "+-",
        "漢",
    ]
    .iter()
    .map(|bit| long(bit))
    .collect();
    texts.extend(
        [
            "a\n",
            "- a\n",
            "- a\n\n",
            "1. a\n",
            "a\n b\n",
            "a::\n",
            "..\n",
            ".. a::\n",
            ".. _a:\n",
            ".. |a| replace:: b\n",
            "== ==\n",
            "== ==\na\n",
            "+-+\n",
            "+-+\n|a|\n",
            "| a\n",
            ":a: b\n",
            "a\n==\n",
            "|a|\n",
            "a\\\n",
            "__ a\n",
            "\n",
            ".. a::\n\n   b\n\n",
            ".. list-table::\n\n   * - a\n\n",
            "\"\n",
        ]
        .iter()
        .map(|bit| many(bit)),
    );
    texts.push((0..1_400).map(|depth| " ".repeat(depth) + "- a\n").collect());
    texts.push((0..1_400).map(|depth| " ".repeat(depth) + ".. note::\n").collect());
    texts.push(format!(".. |x| replace:: {}\n\n{}", "y".repeat(1_900), many("|x| ")));
    texts.push(format!("{}+\n{}", long("+-"), many("|a|\n")));
    texts.push(format!("{}\n{}", long("= "), many("a\n")));
    texts.push(format!(".. csv-table::\n\n   {}", many("\"a\n   ")));
    for text in texts {
        let (runbook, _) = parsed(&text);
        assert!(!runbook.sections.is_empty());
    }
}
