//! `tree=`: selects the fields of an answer, as in `name,builds[number,result]{0,50}`; `*` selects all; `_class` is
//! always kept.

use serde_json::{Map, Value};

/// Maximum depth of a tree.
const DEEPEST: usize = 24;

/// A requested field.
#[derive(Debug, PartialEq)]
struct Field {
    name: String,
    inner: Vec<Field>,
    range: Option<(usize, usize)>,
}

/// Returns the fields of `value` that `tree` names.
///
/// # Errors
///
/// A sentence, when the tree cannot be parsed.
pub(super) fn pruned(value: &Value, tree: &str) -> Result<Value, String> {
    let mut rest = tree;
    let fields = parse(&mut rest, 0)?;
    if rest.is_empty() {
        Ok(keep(value, &fields))
    } else {
        Err(format!("unexpected {rest:?} in the tree {tree:?}"))
    }
}

fn parse(rest: &mut &str, depth: usize) -> Result<Vec<Field>, String> {
    if depth > DEEPEST {
        return Err("the tree is too deep".to_owned());
    }
    let mut fields = Vec::new();
    loop {
        let end = rest.find([',', '[', ']', '{', '}']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.trim().is_empty() {
            return Err(format!("a name is missing before {after:?}"));
        }
        *rest = after;
        let mut inner = Vec::new();
        if let Some(after) = rest.strip_prefix('[') {
            *rest = after;
            inner = parse(rest, depth + 1)?;
            *rest = rest.strip_prefix(']').ok_or("a `]` is missing")?;
        }
        let mut range = None;
        if let Some(after) = rest.strip_prefix('{') {
            let (given, after) = after.split_once('}').ok_or("a `}` is missing")?;
            *rest = after;
            range = Some(parse_range(given).ok_or_else(|| format!("{{{given}}} is no range"))?);
        }
        fields.push(Field {
            name: name.trim().to_owned(),
            inner,
            range,
        });
        match rest.strip_prefix(',') {
            Some(after) => *rest = after,
            None => return Ok(fields),
        }
    }
}

/// Parses `M,N`, `M,`, `,N` or `M`, which is one element.
fn parse_range(given: &str) -> Option<(usize, usize)> {
    let number = |text: &str, default: usize| match text.trim() {
        "" => Some(default),
        text => text.parse().ok(),
    };
    match given.split_once(',') {
        Some((from, to)) => Some((number(from, 0)?, number(to, usize::MAX)?)),
        None => given.trim().parse().ok().map(|one: usize| (one, one.saturating_add(1))),
    }
}

fn keep(value: &Value, fields: &[Field]) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| keep(item, fields)).collect(),
        Value::Object(object) => {
            let mut kept = Map::new();
            if let Some(class) = object.get("_class") {
                kept.insert("_class".to_owned(), class.clone());
            }
            for field in fields {
                let found = object
                    .iter()
                    .filter(|(name, _)| field.name == "*" || **name == field.name);
                for (name, inner) in found {
                    let ranged = match (inner, field.range) {
                        (Value::Array(items), Some((from, to))) => {
                            let some = items.iter().take(to).skip(from);
                            some.cloned().collect()
                        }
                        _ => inner.clone(),
                    };
                    // Without subfields an object shows only its class; so does each object of a list.
                    kept.insert(name.clone(), keep(&ranged, &field.inner));
                }
            }
            Value::Object(kept)
        }
        other => other.clone(),
    }
}

/// Returns a value as a Python literal, for `api/python`.
pub(super) fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(items) => format!("[{}]", items.iter().map(python).collect::<Vec<_>>().join(",")),
        Value::Object(object) => {
            let pairs = object
                .iter()
                .map(|(name, inner)| format!("{}:{}", Value::from(name.as_str()), python(inner)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tree_keeps_what_it_names() {
        let value = json!({"_class": "J", "name": "x", "url": "u", "builds": [
            {"_class": "B", "number": 3, "actions": [{"_class": "P", "parameters": [{"name": "a", "value": 1}]}, {}]},
            {"number": 2}, {"number": 1},
        ]});
        let cases = [
            ("name", json!({"_class": "J", "name": "x"})),
            (
                "builds[number]{0,2}",
                json!({"_class": "J", "builds": [{"_class": "B", "number": 3}, {"number": 2}]}),
            ),
            (
                "name,builds[number]{1}",
                json!({"_class": "J", "name": "x", "builds": [{"number": 2}]}),
            ),
            ("builds[number]{2,}", json!({"_class": "J", "builds": [{"number": 1}]})),
            (
                "builds[actions[parameters[name,value]]]{,1}",
                json!({"_class": "J", "builds": [{"_class": "B", "actions": [
                    {"_class": "P", "parameters": [{"name": "a", "value": 1}]}, {}]}]}),
            ),
            ("nothing", json!({"_class": "J"})),
        ];
        for (tree, expected) in cases {
            assert_eq!(pruned(&value, tree), Ok(expected), "{tree}");
        }
        for wrong in ["", "a[", "a[b", "a]", "a{x}", "a{1", "a,,b", &"a[".repeat(100)] {
            assert!(pruned(&value, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn python_reads_its_own_literals() {
        let value = json!({"a": [null, true, false, 1], "b": "it's"});
        assert_eq!(python(&value), r#"{"a":[None,True,False,1],"b":"it's"}"#);
    }
}
