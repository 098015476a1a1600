//! The bodies of the fuzz targets on seeds that are changed at random, the same each time: without nightly Rust and an
//! engine.

use std::panic::{AssertUnwindSafe, catch_unwind};

#[expect(unreachable_pub, reason = "the targets are programs of another package")]
#[path = "../../fuzz/bodies/mod.rs"]
mod bodies;

/// Inputs of each target.
const INPUTS: u64 = 2_000;
/// Longest input, in characters.
const LONGEST: usize = 3_000;

/// Pieces that matter to one grammar or another.
const PIECES: [&str; 44] = [
    "\"",
    "'",
    "`",
    "```\n",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "    ",
    "\0",
    "\u{1}",
    "\u{1b}[8mha:",
    "\u{1b}[0m",
    "\u{202e}",
    "\u{200b}",
    "é",
    "𝄞",
    "ﬁ",
    "{{",
    "}}",
    "{%",
    "%}",
    "{% endif %}",
    "<",
    "</",
    "<!--",
    "]]>",
    "&#x110000;",
    "&amp;",
    "[",
    "](",
    "|",
    "- ",
    "1. ",
    "# ",
    "---\n",
    "::",
    "null",
    "{}",
    "[[[[",
    "-1",
    "99999999999999999999",
    "1e999",
    "\\u0000",
];

/// Numbers that look random and are the same each time (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let z = usize::try_from((z ^ (z >> 31)) >> 1).unwrap();
        z % below.max(1)
    }

    fn of<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.roll(texts.len())]
    }

    /// One of the seeds, changed in a few places.
    fn changed(&mut self, seeds: &[&str]) -> String {
        let mut text: Vec<char> = self.of(seeds).chars().collect();
        for _ in 0..self.roll(8) {
            let at = self.roll(text.len() + 1);
            let end = (at + self.roll(20)).min(text.len());
            match self.roll(6) {
                0 => drop(text.drain(at..end)),
                1 => {
                    let part: Vec<char> = text[at..end].to_vec();
                    let times = 1 + self.roll(4);
                    text.splice(at..at, part.repeat(times));
                }
                2 => {
                    let other: Vec<char> = self.of(seeds).chars().collect();
                    let from = self.roll(other.len() + 1);
                    text.truncate(at);
                    text.extend(&other[from..]);
                }
                3 => text.truncate(at),
                _ => drop(text.splice(at..at, self.of(&PIECES).chars())),
            }
        }
        text.truncate(LONGEST);
        text.into_iter().collect()
    }
}

/// Runs a target on its inputs, and tells the one that made it panic. A target returns true when there was something to
/// look at: it must not be the exception.
fn run(inputs: u64, seeds: &[&str], target: impl Fn(u8, &str, &str) -> bool) {
    let mut read: u64 = 0;
    for number in 0..inputs {
        let mut dice = Dice(number);
        // The seeds themselves come first.
        let text = match usize::try_from(number).ok().and_then(|number| seeds.get(number)) {
            Some(seed) => (*seed).to_owned(),
            None => dice.changed(seeds),
        };
        let other = dice.changed(seeds);
        let kind = u8::try_from(dice.roll(256)).unwrap();
        let ended = catch_unwind(AssertUnwindSafe(|| target(kind, &text, &other)));
        let Ok(is_read) = ended else {
            panic!("input {number}, kind {kind}: {text:?} and {other:?}");
        };
        read += u64::from(is_read);
    }
    assert!(read * 20 > inputs, "{read} of {inputs} inputs could be read");
}

const MARKDOWN: [&str; 4] = [
    "# Pump errors\n\n## QX1\n\n```\nQX1: pump <NODE> stands still\n```\n\n### What to do\n\n1. Start it: `pump on <NODE>`.\n2. Look.\n",
    "---\nsignpost:\n  team: a\n  signatures:\n    - regex: '^QX\\d+'\n---\n| code | cause |\n|---|---|\n| QX2 | no water |\n",
    "> Original\n\n- [ ] one\n- [x] two <br> `code` **bold** [link](https://example.com/a?b=c#d)\n\n<details>\n<summary>More</summary>\n</details>\n",
    "rules:\n  - cre:\n      id: A-1\n      title: Pump\n    rule:\n      set:\n        match:\n          - regex: \"QX[0-9]+\"\n",
];

const LIQUID: [&str; 4] = [
    "{% if page.owner == \"a\" %}\n1. Ask {{ site.data.teams.a.name }}.\n{% else %}\n1. Wait.\n{% endif %}\n",
    "{% for team in site.data.teams %}\n- {{ team[1].comm.link | default: \"none\" | upcase }}\n{% endfor %}\n",
    "{% include steps.md name=\"a\" %}\n{% raw %}{{ x }}{% endraw %}\n{% comment %}no{% endcomment %}\n",
    "{% assign x = site.data.teams.a.name | split: \",\" %}{{ x | first }}{% unless x %}{% case x %}{% when 1 %}{% endcase %}",
];

const FRAMES: [&str; 4] = [
    r#"{"envelope_id":"1","type":"events_api","accepts_response_payload":false,"payload":{"team_id":"T1","event_id":"Ev1","event":{"type":"message","channel":"C1","user":"U2","ts":"1700000000.000100","thread_ts":"1700000000.000001","text":"QX1: <@U1> pump &lt;w-1&gt; <https://example.com|x>","blocks":[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"a"}]}]}],"files":[{"id":"F1","name":"a.log","mode":"snippet","url_private":"https://example.com/a"}]}}}"#,
    r#"{"envelope_id":"2","type":"events_api","payload":{"team_id":"T1","event":{"type":"message","subtype":"message_changed","channel":"C1","ts":"2.1","message":{"user":"U2","ts":"1.1","text":"b","edited":{"user":"U2","ts":"2.0"}},"previous_message":{"text":"a","ts":"1.1"}}}}"#,
    r#"{"envelope_id":"3","type":"events_api","payload":{"event":{"type":"message","subtype":"bot_message","bot_id":"B1","channel":"D1","ts":"1.1","attachments":[{"title":"[FIRING:1] Pump","fields":[{"title":"node","value":"w-1"}],"fallback":"x"}]}}}"#,
    r#"{"type":"disconnect","reason":"warning","debug_info":{"host":"h"}}"#,
];

const INTERACTIONS: [&str; 5] = [
    r#"{"envelope_id":"1","type":"interactive","payload":{"type":"block_actions","trigger_id":"1.2","team":{"id":"T1"},"user":{"id":"U2","username":"ada","team_id":"T1"},"channel":{"id":"C1"},"container":{"type":"message","message_ts":"1.1","channel_id":"C1"},"message":{"ts":"1.1","thread_ts":"1.0"},"response_url":"https://example.com/r","actions":[{"action_id":"signpost_a","block_id":"b","type":"button","value":"{\"v\":1,\"case\":\"T:C:1\",\"act\":\"solved\"}"}]}}"#,
    r#"{"envelope_id":"2","type":"interactive","accepts_response_payload":true,"payload":{"type":"view_submission","user":{"id":"U2"},"view":{"id":"V1","hash":"h","callback_id":"run_job","private_metadata":"{}","state":{"values":{"p:A":{"value":{"type":"plain_text_input","value":"x"}},"c":{"value":{"type":"static_select","selected_option":{"value":"y"}}}}}}}}"#,
    r#"{"envelope_id":"3","type":"slash_commands","payload":{"command":"/signpost","text":"run get-info A=b","user_id":"U2","user_name":"ada","team_id":"T1","channel_id":"C1","trigger_id":"3.4","response_url":"https://example.com/r"}}"#,
    r#"{"envelope_id":"4","type":"interactive","payload":{"type":"message_action","callback_id":"find","trigger_id":"5","user":{"id":"U2"},"channel":{"id":"C1"},"message_ts":"1.1","message":{"type":"message","user":"U3","text":"QX1","ts":"1.1"}}}"#,
    r#"{"v":1,"case":"T:C:1.1","act":{"run":{"text":"help"}}}"#,
];

const SECRETS: [&str; 4] = [
    "password: hunter2\nexport TOKEN='a b'\n{\"name\": \"DB_PASSWORD\", \"value\": \"x\"}\n",
    "-----BEGIN PRIVATE KEY-----\nQUJD\nREVG\n-----END PRIVATE KEY-----\n",
    "curl -u ada:s3cret https://user:p@ss/w@example.com/x?token=abc&y=1 -H 'Authorization: Bearer abc.def.ghi'\n",
    "mysql -pSECRET -h db\nCookie: session=abc; theme=dark\nmachine x login y password z\n<password>a</password>\n",
];

const JENKINS: [&str; 5] = [
    r#"{"number":7,"queueId":9,"building":false,"inProgress":false,"result":"SUCCESS","timestamp":1700000000000,"duration":1000,"estimatedDuration":-1,"artifacts":[{"fileName":"a.log","relativePath":"x/a.log"}],"actions":[{"_class":"org.jenkinsci.plugins.workflow.support.steps.input.InputAction"},null,{}]}"#,
    r#"{"_class":"hudson.model.Queue$LeftItem","why":null,"cancelled":false,"executable":{"number":7},"task":{"url":"http://127.0.0.1/job/Team%20A/job/job/"}}"#,
    r#"{"name":"job","fullName":"Team A/job","buildable":true,"property":[{},{"parameterDefinitions":[{"name":"A","type":"ChoiceParameterDefinition","description":"<b>x</b>","choices":["a","b"],"defaultParameterValue":{"value":"a"}},{"name":"P","type":"PasswordParameterDefinition","defaultParameterValue":{"value":true}}]}]}"#,
    r#"{"builds":[{"number":7,"queueId":7},{"number":6,"queueId":null}]}"#,
    "Started by \u{1b}[8mha:AAAA\u{1b}[0mada\r\n[Pipeline] input\nProceed or Abort\n\u{1b}[31mred\u{1b}[0m\n",
];

const DOCUMENTS: [&str; 4] = [
    "= Pump\n:node: w-1\n\n== QX1\n\n[source,sh]\n----\npump {node}\n----\n\n. Start it.\ninclude::x.adoc[tag=a]\n\n|===\n|a |b\n|===\n",
    "Pump\n====\n\n.. code-block:: text\n   :name: a\n\n   QX1: pump stands still\n\n#. Start it with ``pump on``.\n\n.. include:: x.rst\n",
    "* Pump\n:PROPERTIES:\n:ID: a\n:END:\n#+BEGIN_SRC sh\npump on\n#+END_SRC\n1. Start it.\n| a | b |\n",
    "<html><body><h1>Pump</h1><h2 id=a>QX1</h2><pre>QX1: pump stands still</pre><ol><li>Start it<ul><li>x</ol><table><tr><td rowspan=2>a<td>b</table>",
];

const WORD: [&str; 5] = [
    "<w:document><w:body><w:p><w:pPr><w:pStyle w:val=\"Heading1\"/></w:pPr><w:r><w:t>QX1</w:t></w:r></w:p><w:p><w:pPr><w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"1\"/></w:numPr></w:pPr><w:r><w:t>Start it</w:t><w:br/></w:r></w:p></w:body></w:document>",
    "<w:document><w:body><w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val=\"2\"/><w:vMerge w:val=\"restart\"/></w:tcPr><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc></w:tr></w:tbl><w:p><w:hyperlink r:id=\"r1\"><w:r><w:t>b</w:t></w:r></w:hyperlink></w:p></w:body></w:document>",
    "<w:styles><w:style w:styleId=\"a\"><w:basedOn w:val=\"b\"/><w:pPr><w:outlineLvl w:val=\"0\"/></w:pPr></w:style></w:styles>",
    "<w:numbering><w:abstractNum w:abstractNumId=\"0\"><w:lvl w:ilvl=\"0\"><w:numFmt w:val=\"decimal\"/></w:lvl></w:abstractNum><w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num></w:numbering>",
    "<Relationships><Relationship Id=\"r1\" Target=\"https://example.com/a\"/></Relationships>",
];

const TEMPLATES: [&str; 4] = [
    MARKDOWN[0],
    MARKDOWN[2],
    "{{ topic.title }}\n{% for step in steps %}{{ step }}{% endfor %}",
    "{% include \"card.md\" %}",
];

macro_rules! targets {
    ($($name:ident: $seeds:expr, $inputs:expr => $target:expr;)*) => {
        $(#[test]
        fn $name() {
            run($inputs, &$seeds, $target);
        })*
    };
}

targets! {
    messages_are_normalised: SECRETS, INPUTS => |_, text, _| {
        bodies::normalise::run(text);
        true
    };
    documents_are_read: MARKDOWN, INPUTS => |kind, text, _| {
        bodies::parse::run((kind, text));
        true
    };
    asciidoc_is_read: DOCUMENTS, INPUTS => |_, text, other| {
        bodies::asciidoc::run((text, other));
        true
    };
    pages_are_read: DOCUMENTS, INPUTS => |kind, text, _| {
        bodies::html::run((kind, text));
        true
    };
    other_formats_are_read: DOCUMENTS, INPUTS => |kind, text, _| {
        bodies::restructured_text::run((kind, text));
        true
    };
    liquid_is_read: LIQUID, INPUTS => |kind, text, _| {
        bodies::liquid::run((kind, text));
        true
    };
    messages_are_matched: MARKDOWN, INPUTS => |_, text, other| {
        bodies::matching::run(&format!("{text}\u{1}{other}"));
        true
    };
    secrets_go: SECRETS, INPUTS => |_, text, other| {
        bodies::redaction::run((text, other));
        true
    };
    // Each reads all templates anew.
    templates_are_rendered: TEMPLATES, INPUTS / 10 => |kind, text, _| {
        bodies::templates::run((kind, text));
        true
    };
    frames_are_decoded: FRAMES, INPUTS => |_, text, _| bodies::frames::run(text);
    word_documents_are_read: WORD, INPUTS => |kind, text, _| bodies::word::run((kind, text));
    interactions_are_decoded: INTERACTIONS, INPUTS => |_, text, _| bodies::interactions::run(text);
}

#[test]
fn answers_of_jenkins_are_read() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    run(INPUTS, &JENKINS, |kind, text, _| {
        bodies::jenkins::run((kind, text.as_bytes()))
    });
}
