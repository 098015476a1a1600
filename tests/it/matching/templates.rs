//! Whatever stands in a template's placeholders, the message is recognised and the values come back.

use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
use signpost::matching::{Index, IndexOptions};

use super::{library, place};

const TEMPLATES: &[&str] = &[
    "The lorry <lorry> can't leave the ramp of '<depot>'.",
    "Ramp [RAMP] refused pallet $PALLET after inspection",
    "conveyor {{ $labels.belt }} exceeded its allotted tonnage at ${HALL}",
    "forklift %v collided with shelving unit %s",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_filled_template_is_recognised(
        which in 0..TEMPLATES.len(),
        first in "[a-z]{1,8}-[0-9]{1,5}",
        second in "[a-z0-9]{1,6}_[0-9]{2,4}",
        before in "[a-z ]{0,30}",
    ) {
        let documents: Vec<(String, String)> = TEMPLATES
            .iter()
            .enumerate()
            .map(|(i, template)| (format!("{i}.md"), format!("# Case {i}\n\nYou see:\n\n```\n{template}\n```\n\n1. Fix it.\n")))
            .collect();
        let documents: Vec<(&str, &str)> = documents.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let library = library(&documents);
        let template = TEMPLATES[which];
        let places = signpost::runbook::placeholder::find(template);
        prop_assert_eq!(places.len(), 2);
        let mut message = template.to_owned();
        message.replace_range(places[1].range.clone(), &second);
        message.replace_range(places[0].range.clone(), &first);
        let outcome = Index::build(&library, &IndexOptions::default()).find(&format!("{before}\n{message}"));
        prop_assert!(!outcome.matches.is_empty(), "{message}: {:?}", outcome.near.first());
        let found = &outcome.matches[0];
        prop_assert_eq!(place(&library, found), format!("{which}.md#Case {which}"));
        let values: Vec<&String> = found.captures.values().flatten().collect();
        prop_assert!(values.contains(&&first) && values.contains(&&second), "{message}: {:?}", found.captures);
    }
}
