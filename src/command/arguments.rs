//! Words and quotations of a command line.

/// A word, or what stood in quotation marks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Argument {
    pub(super) text: String,
    pub(super) quoted: bool,
}

/// Words and quoted strings; `None` when a quotation does not end.
pub(super) fn arguments(text: &str) -> Option<Vec<Argument>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let close: &[char] = match first {
            '"' | '“' | '”' | '„' => &['"', '”', '“'],
            '`' => &['`'],
            '‘' => &['’'],
            '\'' => &['\''],
            _ => &[],
        };
        let (text, after) = if close.is_empty() {
            rest.split_once(char::is_whitespace).unwrap_or((rest, ""))
        } else {
            let (quoted, after) = rest.get(first.len_utf8()..)?.split_once(close)?;
            (quoted.trim(), after)
        };
        if !text.is_empty() {
            out.push(Argument {
                text: text.to_owned(),
                quoted: !close.is_empty(),
            });
        }
        rest = after.trim_start();
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_is_one_argument() {
        let found = arguments(r#"a "b c" “d e” `f g`"#).unwrap_or_default();
        let texts: Vec<&str> = found.iter().map(|argument| argument.text.as_str()).collect();
        assert_eq!(texts, ["a", "b c", "d e", "f g"]);
        assert_eq!(arguments("\"open"), None);
    }
}
