//! Replies as Slack messages: every limit holds, nothing is cut where it must not be.

use signpost::respond::Reply;
use signpost::runbook::{Block, BlockKind, Inline, Item, Role};
use signpost::slack::blocks::{self, RenderedMessage};

fn block(kind: BlockKind) -> Block {
    Block {
        kind,
        role: Role::Other,
        line: 0,
        attrs: Vec::new(),
    }
}

fn text(words: impl Into<String>) -> Block {
    block(BlockKind::Paragraph(vec![Inline::Text(words.into())]))
}

fn code(lines: usize) -> Block {
    let text = (0..lines)
        .map(|line| format!("command --line {line}"))
        .collect::<Vec<_>>()
        .join("\n");
    block(BlockKind::Code {
        lang: String::new(),
        text,
    })
}

fn steps(count: usize, words: usize) -> Block {
    let items = (0..count)
        .map(|number| Item {
            blocks: vec![
                text(format!("step-{number} {} end-{number}", "word ".repeat(words))),
                code(3),
            ],
            line: 0,
        })
        .collect();
    block(BlockKind::List {
        ordered: true,
        start: 1,
        items,
    })
}

fn reply(body: Vec<Block>) -> Reply {
    let title = block(BlockKind::Heading(vec![Inline::Text("Title".into())]));
    let end = 2 + body.len();
    let blocks = [
        vec![title, text("what matched")],
        body,
        vec![text("escalate to the team")],
    ]
    .concat();
    Reply {
        blocks,
        full_url: None,
        body: 2..end,
        rest: vec![text("there is more")],
        cut: vec![text("this is shortened")],
        notice: None,
    }
}

fn sections(messages: &[RenderedMessage]) -> Vec<String> {
    let blocks = messages.iter().flat_map(|message| &message.blocks);
    blocks
        .filter(|block| block["type"] != "actions")
        .map(|block| block["text"]["text"].as_str().unwrap().to_owned())
        .collect()
}

pub(super) fn check(messages: &[RenderedMessage]) {
    assert!(
        (1..=blocks::MOST_MESSAGES).contains(&messages.len()),
        "{}",
        messages.len()
    );
    for message in messages {
        assert!((1..=blocks::MOST_BLOCKS).contains(&message.blocks.len()));
        assert!(!message.text.trim().is_empty() && message.text.len() <= 4_000);
        let lengths: Vec<usize> = sections(std::slice::from_ref(message))
            .iter()
            .map(|text| blocks::length(text))
            .collect();
        assert!(
            lengths.iter().all(|length| (1..=blocks::SECTION).contains(length)),
            "{lengths:?}"
        );
        assert!(lengths.iter().sum::<usize>() <= 10_000, "{lengths:?}");
    }
    for section in sections(messages) {
        assert_eq!(section.matches("```").count() % 2, 0, "{section}");
    }
}

/// Nothing in it calls anybody, hides an address behind words, or turns the text around. What stands on buttons and in
/// headers is plain text, which Slack does not interpret.
pub(super) fn check_harmless(message: &RenderedMessage) {
    let formatted = message.blocks.iter().filter(|block| block["type"] == "section");
    let formatted: Vec<String> = formatted.map(ToString::to_string).collect();
    for text in formatted.iter().chain([&message.text]) {
        for live in ["<!", "<@", "evil.example.com|", "|l>", "|y>"] {
            assert!(!text.contains(live), "{live} in {text}");
        }
    }
    let all = serde_json::to_string(&message.blocks).unwrap();
    assert!(!all.contains('\u{202E}'), "{all}");
}

#[test]
fn a_short_reply_is_one_message_with_a_header() {
    let messages = blocks::render(&reply(vec![steps(3, 4)]));
    check(&messages);
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].blocks[0]["type"], "header");
    assert!(messages[0].text.contains("step-2") && messages[0].text.contains("escalate to the team"));
}

#[test]
fn a_long_reply_is_two_messages_and_says_how_to_see_the_rest() {
    for (count, words) in [(30, 100), (200, 30), (1_000, 5), (3, 2_000), (60, 400)] {
        let messages = blocks::render(&reply(vec![steps(count, words)]));
        check(&messages);
        let all = sections(&messages).join("\n");
        assert!(
            all.contains("what matched") && all.contains("step-0"),
            "{count} {words}"
        );
        assert!(all.ends_with("escalate to the team"), "{count} {words}");
        let complete = all.contains(&format!("end-{}", count - 1));
        assert_eq!(!complete, all.contains("there is more"), "{count} {words}");
        // Whatever step began is there to its end.
        for number in 0..count {
            assert_eq!(
                all.contains(&format!("step-{number} ")),
                all.contains(&format!("end-{number}\n")),
                "step {number}"
            );
        }
    }
}

#[test]
fn a_code_block_over_the_limit_is_cut_at_a_line_with_a_note() {
    let messages = blocks::render(&reply(vec![code(500)]));
    check(&messages);
    let all = sections(&messages).join("\n");
    assert!(all.contains("this is shortened") && all.contains("command --line 10\n"));
    let last = all
        .lines()
        .take_while(|line| !line.contains("shortened"))
        .filter(|line| line.starts_with("command"))
        .last();
    assert!(last.unwrap().split(' ').count() == 3, "{last:?}");
}

#[test]
fn a_title_over_the_limit_ends_at_a_word() {
    let mut long = reply(Vec::new());
    long.blocks[0] = block(BlockKind::Heading(vec![Inline::Text("word ".repeat(60))]));
    let messages = blocks::render(&long);
    let title = sections(&messages)[0].clone();
    assert!(
        blocks::length(&title) <= blocks::HEADER && title.ends_with("word…"),
        "{title}"
    );
}

#[test]
fn even_an_empty_reply_is_a_message() {
    check(&blocks::render(&Reply::default()));
    check(&blocks::render(&reply(vec![text("&".repeat(40_000))])));
    check(&blocks::render(&reply(vec![text("<>&\u{1F600}".repeat(9_000))])));
    check(&blocks::render(&reply(vec![block(BlockKind::Code {
        lang: String::new(),
        text: "x".repeat(40_000),
    })])));
}
