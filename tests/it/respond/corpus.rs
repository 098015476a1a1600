//! Every topic of the real corpus keeps Slack's limits.

use std::path::PathBuf;

use signpost::files;
use signpost::respond::{Responder, ResponderOptions};
use signpost::runbook::TopicId;
use signpost::slack::blocks;

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "where the corpus is, is said by the one who runs the tests"
)]
fn every_topic_of_the_corpus_keeps_the_limits_of_slack() {
    let folder = std::env::var_os("SIGNPOST_CORPUS").map_or_else(|| PathBuf::from("../shared/corpus"), PathBuf::from);
    if !folder.is_dir() {
        println!("SKIPPED: no corpus at {}", folder.display());
        return;
    }
    let library = files::load(&folder, &files::Options::default(), None, &|_, _| ()).unwrap();
    let responder = Responder::new(None, ResponderOptions::default()).unwrap();
    for (index, runbook) in library.runbooks.iter().enumerate() {
        for topic in &runbook.topics {
            let messages = blocks::render(&responder.show(
                &library,
                TopicId {
                    runbook: index,
                    section: topic.section,
                },
            ));
            let about = format!("{} {}", runbook.path, topic.title);
            assert!((1..=blocks::MOST_MESSAGES).contains(&messages.len()), "{about}");
            for message in messages {
                let lengths: Vec<usize> = message
                    .blocks
                    .iter()
                    .filter_map(|block| block["text"]["text"].as_str())
                    .map(blocks::length)
                    .collect();
                assert!(
                    lengths.len() <= blocks::MOST_BLOCKS && lengths.iter().sum::<usize>() <= 10_000,
                    "{about}"
                );
                assert!(
                    lengths.iter().all(|length| (1..=blocks::SECTION).contains(length)),
                    "{about}"
                );
                assert!(!message.text.is_empty() && message.text.len() <= 4_000, "{about}");
            }
        }
    }
}
