//! Interactive elements of blocks: finding them, the action that using one sends to the app, and their values.

use serde_json::{Map, Value, json};

/// An element with the id of its block, and the number of its attachment if it is in one.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) element: Value,
    pub(super) block_id: String,
    pub(super) attachment: Option<Value>,
}

/// Criteria for an element: its action id and block id, or its label; a menu is found by the label of an option, too.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) action_id: Option<String>,
    pub(super) block_id: Option<String>,
    pub(super) label: Option<String>,
}

/// Finds an element of a message or a view.
pub(super) fn find(holder: &Value, wanted: &Wanted) -> Result<Found, String> {
    if wanted.action_id.is_none() && wanted.label.is_none() {
        return Err("`action_id` is missing (or `text`: the label of the button or the option)".to_owned());
    }
    let mut known = Vec::new();
    if let Some(label) = wanted.label.as_deref()
        && let Some(found) = all(holder)
            .into_iter()
            .find(|found| option_called(&found.element, label).is_some())
    {
        return Ok(found);
    }
    for found in all(holder) {
        let is = |given: &Option<String>, value: &Value| given.as_ref().is_none_or(|given| value == given);
        if is(&wanted.action_id, &found.element["action_id"])
            && is(&wanted.label, &found.element["text"]["text"])
            && wanted.block_id.as_ref().is_none_or(|id| *id == found.block_id)
        {
            return Ok(found);
        }
        let named = found.element["action_id"].as_str().unwrap_or_default();
        known.push(named.to_owned());
    }
    Err(format!("there is no such button; there are: {}", known.join(", ")))
}

/// Returns the value of the option with this label; one that only begins with it, at a word's end, will do.
pub(super) fn option_called(element: &Value, label: &str) -> Option<Value> {
    let options = || element["options"].as_array().into_iter().flatten();
    let named = |is: &dyn Fn(&str) -> bool| {
        let found = options().find(|option| option["text"]["text"].as_str().is_some_and(is));
        found.map(|option| option["value"].clone())
    };
    named(&|text| text == label).or_else(|| named(&|text| text.starts_with(&format!("{label} "))))
}

fn all(holder: &Value) -> Vec<Found> {
    let mut found = Vec::new();
    of_blocks(&holder["blocks"], None, &mut found);
    for attachment in holder["attachments"].as_array().into_iter().flatten() {
        of_blocks(&attachment["blocks"], Some(&attachment["id"]), &mut found);
    }
    found
}

fn of_blocks(blocks: &Value, attachment: Option<&Value>, found: &mut Vec<Found>) {
    for block in blocks.as_array().into_iter().flatten() {
        let inside = block["elements"].as_array().into_iter().flatten();
        let inside = inside.chain([&block["accessory"], &block["element"]]);
        for element in inside.filter(|one| one["type"] == "button" || !one["action_id"].is_null()) {
            found.push(Found {
                element: element.clone(),
                block_id: block["block_id"].as_str().unwrap_or_default().to_owned(),
                attachment: attachment.cloned(),
            });
        }
    }
}

/// Returns the action that an app receives when an element is used, and the element's new value (`None` for buttons).
pub(super) fn used(found: &Found, value: Option<&Value>, action_ts: &str) -> Result<(Value, Option<Value>), String> {
    let element = &found.element;
    let mut action = Map::new();
    for key in [
        "type",
        "action_id",
        "text",
        "value",
        "style",
        "url",
        "placeholder",
        "accessibility_label",
    ] {
        if !element[key].is_null() {
            action.insert(key.to_owned(), element[key].clone());
        }
    }
    let now = match value {
        Some(value) => Some(answer(element, value)?),
        None => None,
    };
    if let Some(Value::Object(now)) = &now {
        action.extend(now.clone());
    }
    action.insert("block_id".into(), json!(found.block_id));
    action.insert("action_ts".into(), json!(action_ts));
    let keeps = !matches!(element["type"].as_str(), Some("button" | "overflow"));
    Ok((Value::Object(action), now.filter(|_| keeps)))
}

/// Converts a plain value (an option's value, a list of them, or a text) to an element's value in Slack's format. A
/// value in Slack's format is returned unchanged.
pub(super) fn answer(element: &Value, value: &Value) -> Result<Value, String> {
    let kind = element["type"].as_str().unwrap_or_default();
    if value.is_object() {
        return Ok(value.clone());
    }
    let key = match kind {
        "static_select" | "radio_buttons" | "overflow" | "external_select" => "selected_option",
        "multi_static_select" | "checkboxes" | "multi_external_select" => "selected_options",
        "users_select" => "selected_user",
        "multi_users_select" => "selected_users",
        "conversations_select" => "selected_conversation",
        "channels_select" => "selected_channel",
        "datepicker" => "selected_date",
        "timepicker" => "selected_time",
        "button" => return Ok(json!({})),
        _ => "value",
    };
    let is_text = |value: &Value| value.as_str().is_none_or(str::is_empty);
    let chosen = match key {
        "selected_option" if is_text(value) => Value::Null,
        "selected_option" => option(element, value)?,
        "selected_options" => {
            let given = value.as_array().map_or_else(|| vec![value.clone()], Clone::clone);
            let given = given.iter().filter(|value| !is_text(value));
            Value::Array(given.map(|value| option(element, value)).collect::<Result<_, _>>()?)
        }
        _ if value.as_str() == Some("") => Value::Null,
        _ => value.clone(),
    };
    Ok(json!({"type": kind, key: chosen}))
}

/// Returns the whole option that has this value.
fn option(element: &Value, value: &Value) -> Result<Value, String> {
    let groups = element["option_groups"].as_array().into_iter().flatten();
    let mut options = groups
        .map(|group| &group["options"])
        .chain([&element["options"]])
        .filter_map(Value::as_array)
        .flatten();
    match options.find(|option| option["value"] == *value) {
        Some(option) => Ok(option.clone()),
        None => Err(format!("{value} is not one of the options of {}", element["action_id"])),
    }
}

/// Returns `state.values`, with the value of every element that has one. `typed` holds the entered values, in Slack's
/// format by block and action; the other elements keep their initial values.
pub(super) fn state_values(holder: &Value, typed: &Value) -> Value {
    let mut values = Map::new();
    for found in all(holder) {
        let element = &found.element;
        let kind = element["type"].as_str().unwrap_or_default();
        if matches!(kind, "button" | "overflow" | "workflow_button" | "image") {
            continue;
        }
        let action_id = element["action_id"].as_str().unwrap_or_default();
        let known = &typed[&found.block_id][action_id];
        let value = if known.is_object() {
            known.clone()
        } else {
            initial(element, kind)
        };
        let block = values.entry(found.block_id.clone()).or_insert_with(|| json!({}));
        if let Some(block) = block.as_object_mut() {
            block.insert(action_id.to_owned(), value);
        }
    }
    Value::Object(values)
}

fn initial(element: &Value, kind: &str) -> Value {
    let (key, from) = match kind {
        "static_select" | "radio_buttons" | "external_select" => ("selected_option", "initial_option"),
        "multi_static_select" | "checkboxes" | "multi_external_select" => ("selected_options", "initial_options"),
        "users_select" => ("selected_user", "initial_user"),
        "multi_users_select" => ("selected_users", "initial_users"),
        "conversations_select" => ("selected_conversation", "initial_conversation"),
        "channels_select" => ("selected_channel", "initial_channel"),
        "datepicker" => ("selected_date", "initial_date"),
        "timepicker" => ("selected_time", "initial_time"),
        _ => ("value", "initial_value"),
    };
    let empty = if key.ends_with('s') { json!([]) } else { Value::Null };
    let value = if element[from].is_null() {
        empty
    } else {
        element[from].clone()
    };
    json!({"type": kind, key: value})
}

/// Merges plain values, by block and action, into the entered values of a view or a message.
pub(super) fn take_in(holder: &Value, typed: &mut Value, given: Option<&Value>) -> Result<(), String> {
    if !typed.is_object() {
        *typed = json!({});
    }
    let Some(given) = given else { return Ok(()) };
    for found in all(holder) {
        let action_id = found.element["action_id"].as_str().unwrap_or_default();
        let value = &given[&found.block_id][action_id];
        if value.is_null() && given[&found.block_id].get(action_id).is_none() {
            continue;
        }
        typed[&found.block_id][action_id] = answer(&found.element, value)?;
    }
    Ok(())
}

/// Validates a form as Slack's client does before it submits it. Returns the errors by block id.
pub(super) fn complaints(view: &Value, values: &Value) -> Map<String, Value> {
    let mut found = Map::new();
    for block in view["blocks"].as_array().into_iter().flatten() {
        let (id, element) = (block["block_id"].as_str().unwrap_or_default(), &block["element"]);
        if block["type"] != "input" {
            continue;
        }
        let value = &values[id][element["action_id"].as_str().unwrap_or_default()];
        let is_empty = value.as_object().is_none_or(|value| {
            value
                .iter()
                .filter(|(key, _)| *key != "type")
                .all(|(_, one)| one.is_null() || *one == "" || one.as_array().is_some_and(Vec::is_empty))
        });
        let length = value["value"].as_str().map_or(0, |text| text.chars().count()) as u64;
        let complaint = if is_empty && block["optional"] != true {
            "Please complete this required field.".to_owned()
        } else if element["max_length"].as_u64().is_some_and(|most| length > most) {
            format!("At most {} characters fit here.", element["max_length"])
        } else if !is_empty && element["min_length"].as_u64().is_some_and(|least| length < least) {
            format!("At least {} characters are needed here.", element["min_length"])
        } else {
            continue;
        };
        found.insert(id.to_owned(), json!(complaint));
    }
    found
}
