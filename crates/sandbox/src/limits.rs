//! Slack's limits on messages and views. Pure: takes JSON and returns the list of violations.

use std::collections::BTreeSet;

use serde_json::Value;

/// Maximum number of characters in all of a message's blocks (Slack: `msg_blocks_too_long` near 12–13k).
const BLOCKS_TEXT: usize = 12_000;

/// Maximum number of characters of an input field.
const LONGEST_INPUT: u64 = 3000;

/// Checks a message's blocks; each error reads like Slack's in `response_metadata.messages`.
pub(crate) fn blocks(blocks: &[Value], most: usize) -> Vec<String> {
    let mut faults = Faults::default();
    if blocks.len() > most {
        faults.add("", &format!("no more than {most} items allowed"));
    }
    if blocks.iter().filter(|block| block["type"] == "table").count() > 1 {
        faults.add("", "only_one_table_allowed");
    }
    let mut ids = BTreeSet::new();
    for (index, block) in blocks.iter().enumerate() {
        let at = format!("/{index}");
        faults.block(block, &at);
        if let Some(id) = block["block_id"].as_str() {
            faults.length(&at, "block_id", Some(id), 0, 255);
            if !id.is_empty() && !ids.insert(id) {
                faults.add(&format!("{at}/block_id"), "`block_id` must be unique");
            }
        }
    }
    faults.found
}

/// Returns true when a message's blocks hold more text than Slack allows.
pub(crate) fn is_too_long(blocks: &[Value]) -> bool {
    blocks.iter().map(text_length).fold(0, usize::saturating_add) > BLOCKS_TEXT
}

/// Checks a view that is opened, updated or published.
pub(crate) fn view(view: &Value) -> Vec<String> {
    let mut faults = Faults::default();
    let kind = view["type"].as_str().unwrap_or_default();
    if !matches!(kind, "modal" | "home") {
        faults
            .found
            .push("[ERROR] unsupported type [json-pointer:/view/type]".to_owned());
    }
    let given = view["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = blocks(given, 100);
    faults.found.extend(
        found
            .into_iter()
            .map(|fault| fault.replace("json-pointer:/blocks", "json-pointer:/view/blocks")),
    );
    if kind == "modal" {
        for (key, needed) in [("title", true), ("submit", false), ("close", false)] {
            if needed || !view[key].is_null() {
                faults.plain(&view[key], &format!("/view/{key}"), 24);
            }
        }
        let has_input = given.iter().any(|block| block["type"] == "input");
        if has_input && view["submit"].is_null() {
            faults.add_at("/view", "missing required field: submit");
        }
    }
    if !view["blocks"].is_array() {
        faults.add_at("/view", "missing required field: blocks");
    }
    let wants_focus = |block: &&Value| block["element"]["focus_on_load"] == true;
    if given.iter().filter(wants_focus).count() > 1 {
        faults.add_at("/view/blocks", "only one element may have `focus_on_load`");
    }
    for (key, most) in [("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)] {
        if view[key].as_str().is_some_and(|text| text.chars().count() > most) {
            faults.add_at(
                &format!("/view/{key}"),
                &format!("must be less than {} characters", most + 1),
            );
        }
    }
    faults.found
}

/// Returns the text of a text object, or a plain text itself.
fn words(value: &Value) -> &Value {
    if value.is_object() { &value["text"] } else { value }
}

fn text_length(value: &Value) -> usize {
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(key, inner)| match inner {
                Value::String(text) if matches!(key.as_str(), "text" | "alt_text") => text.chars().count(),
                Value::Object(_) | Value::Array(_) => text_length(inner),
                _ => 0,
            })
            .sum(),
        Value::Array(items) => items.iter().map(text_length).sum(),
        _ => 0,
    }
}

#[derive(Default)]
struct Faults {
    found: Vec<String>,
}

impl Faults {
    fn add(&mut self, at: &str, what: &str) {
        self.add_at(&format!("/blocks{at}"), what);
    }

    fn add_at(&mut self, at: &str, what: &str) {
        self.found.push(format!("[ERROR] {what} [json-pointer:{at}]"));
    }

    fn length(&mut self, at: &str, key: &str, text: Option<&str>, least: usize, most: usize) {
        let Some(text) = text else {
            self.add(at, &format!("missing required field: {key}"));
            return;
        };
        let count = text.chars().count();
        if count > most {
            self.add(
                &format!("{at}/{key}"),
                &format!("must be less than {} characters", most + 1),
            );
        } else if count < least {
            self.add(
                &format!("{at}/{key}"),
                &format!("must be more than {} characters", least.saturating_sub(1)),
            );
        }
    }

    fn optional(&mut self, at: &str, key: &str, text: Option<&str>, most: usize) {
        if text.is_some() {
            self.length(at, key, text, 0, most);
        }
    }

    /// Checks a text object of either kind.
    fn text(&mut self, text: &Value, at: &str, most: usize) {
        if !matches!(text["type"].as_str(), Some("mrkdwn" | "plain_text")) {
            self.add(&format!("{at}/type"), "unsupported type");
        }
        self.length(at, "text", text["text"].as_str(), 1, most);
    }

    fn plain(&mut self, text: &Value, at: &str, most: usize) {
        let count = text["text"].as_str().map_or(0, |text| text.chars().count());
        if text["type"] != "plain_text" {
            self.add_at(at, "must be a plain_text object");
        } else if count == 0 || count > most {
            self.add_at(
                &format!("{at}/text"),
                &format!("must be between 1 and {most} characters"),
            );
        }
    }

    fn items<'a>(&mut self, block: &'a Value, at: &str, key: &str, most: usize) -> &'a [Value] {
        let items = block[key].as_array().map(Vec::as_slice).unwrap_or_default();
        if items.is_empty() {
            self.add(&format!("{at}/{key}"), "no fewer than 1 items allowed");
        } else if items.len() > most {
            self.add(&format!("{at}/{key}"), &format!("no more than {most} items allowed"));
        }
        items
    }

    fn block(&mut self, block: &Value, at: &str) {
        match block["type"].as_str().unwrap_or_default() {
            "section" => self.section(block, at),
            "header" => self.plain(&block["text"], &format!("/blocks{at}/text"), 150),
            "divider" | "file" | "video" | "call" | "context_actions" => {}
            "table" => self.table(block, at),
            "context" => {
                for (index, element) in self.items(block, at, "elements", 10).iter().enumerate() {
                    let at = format!("{at}/elements/{index}");
                    if element["type"] == "image" {
                        self.image(element, &at);
                    } else {
                        self.text(element, &at, 3000);
                    }
                }
            }
            "actions" => self.actions(block, at),
            "image" => self.image(block, at),
            "markdown" => self.length(at, "text", block["text"].as_str(), 1, 12_000),
            "rich_text" => self.rich_text(block, at),
            "input" => {
                self.plain(&block["label"], &format!("/blocks{at}/label"), 2000);
                if !block["hint"].is_null() {
                    self.plain(&block["hint"], &format!("/blocks{at}/hint"), 2000);
                }
                if block["element"].is_null() {
                    self.add(at, "missing required field: element");
                } else if matches!(block["element"]["type"].as_str(), Some("button" | "overflow" | "image")) {
                    self.add(&format!("{at}/element/type"), "unsupported type for an input block");
                } else {
                    self.element(&block["element"], &format!("{at}/element"));
                }
            }
            other => self.add(&format!("{at}/type"), &format!("unsupported type: {other}")),
        }
    }

    fn section(&mut self, block: &Value, at: &str) {
        if block["text"].is_null() && block["fields"].is_null() {
            self.add(at, "missing required field: text or fields");
        }
        if !block["text"].is_null() {
            self.text(&block["text"], &format!("{at}/text"), 3000);
        }
        if !block["fields"].is_null() {
            for (index, field) in self.items(block, at, "fields", 10).iter().enumerate() {
                self.text(field, &format!("{at}/fields/{index}"), 2000);
            }
        }
        if !block["accessory"].is_null() {
            self.element(&block["accessory"], &format!("{at}/accessory"));
        }
    }

    fn table(&mut self, block: &Value, at: &str) {
        let mut characters = 0;
        for (row, cells) in self.items(block, at, "rows", 100).iter().enumerate() {
            let at = format!("{at}/rows/{row}");
            let cells = cells.as_array().map(Vec::as_slice).unwrap_or_default();
            if !(1..=20).contains(&cells.len()) {
                self.add(&at, "no fewer than 1 and no more than 20 items allowed");
            }
            for (column, cell) in cells.iter().enumerate() {
                let at = format!("{at}/{column}");
                characters += text_length(cell);
                match cell["type"].as_str() {
                    Some("raw_text") => self.length(&at, "text", cell["text"].as_str(), 1, 10_000),
                    Some("rich_text") => self.rich_text(cell, &at),
                    _ => self.add(&format!("{at}/type"), "unsupported type"),
                }
            }
        }
        if characters > 10_000 {
            self.add(at, "a table holds no more than 10000 characters");
        }
    }

    fn actions(&mut self, block: &Value, at: &str) {
        let mut ids = BTreeSet::new();
        for (index, element) in self.items(block, at, "elements", 25).iter().enumerate() {
            let at = format!("{at}/elements/{index}");
            self.element(element, &at);
            if let Some(id) = element["action_id"].as_str()
                && !ids.insert(id)
            {
                self.add(&format!("{at}/action_id"), "`action_id` must be unique in its block");
            }
        }
    }

    fn element(&mut self, element: &Value, at: &str) {
        self.optional(at, "action_id", element["action_id"].as_str(), 255);
        if !element["placeholder"].is_null() {
            self.plain(&element["placeholder"], &format!("/blocks{at}/placeholder"), 150);
        }
        if !element["confirm"].is_null() {
            self.confirm(&element["confirm"], &format!("{at}/confirm"));
        }
        match element["type"].as_str().unwrap_or_default() {
            "button" => {
                self.plain(&element["text"], &format!("/blocks{at}/text"), 75);
                self.optional(at, "value", element["value"].as_str(), 2000);
                self.optional(at, "url", element["url"].as_str(), 3000);
                if !matches!(element["style"].as_str(), None | Some("primary" | "danger")) {
                    self.add(&format!("{at}/style"), "must be `primary` or `danger`");
                }
            }
            "image" => self.image(element, at),
            "static_select" | "multi_static_select" | "overflow" | "radio_buttons" | "checkboxes" => {
                let most = match element["type"].as_str() {
                    Some("overflow") => 5,
                    Some("radio_buttons" | "checkboxes") => 10,
                    _ => 100,
                };
                if element["option_groups"].is_null() {
                    self.options(element, at, most);
                } else {
                    // An element takes one of `option_groups` and `options`, not both.
                    if !element["options"].is_null() {
                        self.add(at, "only one of `options` and `option_groups` may be given");
                    }
                    for (index, group) in self.items(element, at, "option_groups", 100).iter().enumerate() {
                        let at = format!("{at}/option_groups/{index}");
                        self.plain(&group["label"], &format!("/blocks{at}/label"), 75);
                        self.options(group, &at, 100);
                    }
                }
                self.initial_options(element, at);
            }
            "plain_text_input" => self.text_input(element, at),
            "users_select"
            | "multi_users_select"
            | "conversations_select"
            | "multi_conversations_select"
            | "channels_select"
            | "multi_channels_select"
            | "external_select"
            | "multi_external_select"
            | "datepicker"
            | "timepicker"
            | "datetimepicker"
            | "number_input"
            | "email_text_input"
            | "url_text_input"
            | "rich_text_input"
            | "file_input"
            | "workflow_button"
            | "feedback_buttons"
            | "icon_button" => {}
            "" => self.add(&format!("{at}/type"), "missing required field: type"),
            other => self.add(&format!("{at}/type"), &format!("unsupported type: {other}")),
        }
    }

    fn text_input(&mut self, element: &Value, at: &str) {
        for (key, least) in [("min_length", 0), ("max_length", 1)] {
            let length = element[key].as_u64();
            if !element[key].is_null() && length.is_none_or(|length| length < least || length > LONGEST_INPUT) {
                self.add(
                    &format!("{at}/{key}"),
                    &format!("must be between {least} and {LONGEST_INPUT}"),
                );
            }
        }
        let (least, most) = (element["min_length"].as_u64(), element["max_length"].as_u64());
        if least.zip(most).is_some_and(|(least, most)| least > most) {
            self.add(&format!("{at}/min_length"), "must not be larger than `max_length`");
        }
        let most = most.unwrap_or(LONGEST_INPUT).min(LONGEST_INPUT);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        self.optional(at, "initial_value", element["initial_value"].as_str(), most);
    }

    /// Checks that the initial choice equals one of the options exactly.
    fn initial_options(&mut self, element: &Value, at: &str) {
        let groups = element["option_groups"].as_array().into_iter().flatten();
        let lists = groups.map(|group| &group["options"]).chain([&element["options"]]);
        let options: Vec<&Value> = lists.filter_map(Value::as_array).flatten().collect();
        let is_one = |chosen: &Value| {
            let same = |option: &&Value| {
                ["text", "value"]
                    .iter()
                    .all(|key| words(&option[key]) == words(&chosen[key]))
            };
            options.iter().any(same)
        };
        let chosen = &element["initial_option"];
        if !chosen.is_null() && !is_one(chosen) {
            self.add(&format!("{at}/initial_option"), "must exactly match one of the options");
        }
        for (index, chosen) in element["initial_options"].as_array().into_iter().flatten().enumerate() {
            if !is_one(chosen) {
                self.add(
                    &format!("{at}/initial_options/{index}"),
                    "must exactly match one of the options",
                );
            }
        }
    }

    fn options(&mut self, holder: &Value, at: &str, most: usize) {
        let is_select = !matches!(holder["type"].as_str(), Some("checkboxes" | "radio_buttons"));
        for (index, option) in self.items(holder, at, "options", most).iter().enumerate() {
            let at = format!("{at}/options/{index}");
            if is_select && option["text"]["type"] != "plain_text" {
                self.add(&format!("{at}/text/type"), "must be `plain_text`");
            }
            if !option["description"].is_null() {
                self.length(
                    &format!("{at}/description"),
                    "text",
                    option["description"]["text"].as_str(),
                    1,
                    75,
                );
            }
            self.length(&format!("{at}/text"), "text", option["text"]["text"].as_str(), 1, 75);
            // facts/slack.md says 75, Slack's reference 150: the stricter one keeps apps safe with both.
            self.length(&at, "value", option["value"].as_str(), 1, 75);
        }
    }

    fn confirm(&mut self, confirm: &Value, at: &str) {
        for (key, most) in [("title", 100), ("confirm", 30), ("deny", 30)] {
            self.plain(&confirm[key], &format!("/blocks{at}/{key}"), most);
        }
        self.text(&confirm["text"], &format!("{at}/text"), 300);
    }

    fn image(&mut self, image: &Value, at: &str) {
        if image["image_url"].is_null() && image["slack_file"].is_null() {
            self.add(at, "missing required field: image_url");
        }
        self.optional(at, "image_url", image["image_url"].as_str(), 3000);
        self.length(at, "alt_text", image["alt_text"].as_str(), 0, 2000);
    }

    fn rich_text(&mut self, block: &Value, at: &str) {
        for (index, element) in self.items(block, at, "elements", 1000).iter().enumerate() {
            let known = [
                "rich_text_section",
                "rich_text_list",
                "rich_text_preformatted",
                "rich_text_quote",
            ];
            if !known.contains(&element["type"].as_str().unwrap_or_default()) {
                self.add(&format!("{at}/elements/{index}/type"), "unsupported type");
            }
            let at = format!("{at}/elements/{index}");
            let Some(inner) = element["elements"].as_array() else {
                self.add(&at, "missing required field: elements");
                continue;
            };
            if element["type"] == "rich_text_list" {
                if !matches!(element["style"].as_str(), Some("ordered" | "bullet")) {
                    self.add(&format!("{at}/style"), "must be `ordered` or `bullet`");
                }
                for (item, section) in inner.iter().enumerate() {
                    let at = format!("{at}/elements/{item}");
                    if section["type"] != "rich_text_section" {
                        self.add(&format!("{at}/type"), "unsupported type");
                    }
                    let texts = section["elements"].as_array().map(Vec::as_slice).unwrap_or_default();
                    self.rich_texts(texts, &at);
                }
            } else {
                self.rich_texts(inner, &at);
            }
        }
    }

    /// Checks the elements of a section of rich text.
    fn rich_texts(&mut self, elements: &[Value], at: &str) {
        for (index, element) in elements.iter().enumerate() {
            let at = format!("{at}/elements/{index}");
            match element["type"].as_str() {
                Some("text") => self.length(&at, "text", element["text"].as_str(), 1, 12_000),
                Some("link") => self.length(&at, "url", element["url"].as_str(), 1, 3000),
                Some("date") if !element["timestamp"].is_i64() || !element["format"].is_string() => {
                    self.add(&at, "missing required field: timestamp or format");
                }
                Some("date" | "user" | "usergroup" | "channel" | "broadcast" | "emoji" | "color" | "team") => {}
                _ => self.add(&format!("{at}/type"), "unsupported type"),
            }
        }
    }
}
