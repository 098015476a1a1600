//! Comma-separated values in a directive.

/// Splits a text into rows of cells. A cell in double quotes may hold delimiters and line breaks, which become blanks.
pub(super) fn rows(text: &str, delimiter: char) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row: Vec<String> = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.trim().is_empty() => {
                cell.clear();
                quoted = true;
            }
            '\n' if quoted => cell.push(' '),
            '\n' => {
                end_row(&mut rows, &mut row, &mut cell);
            }
            _ if character == delimiter && !quoted => row.push(taken(&mut cell)),
            _ => cell.push(character),
        }
    }
    end_row(&mut rows, &mut row, &mut cell);
    rows
}

fn end_row(rows: &mut Vec<Vec<String>>, row: &mut Vec<String>, cell: &mut String) {
    row.push(taken(cell));
    let row = std::mem::take(row);
    if row.iter().any(|cell| !cell.is_empty()) {
        rows.push(row);
    }
}

fn taken(cell: &mut String) -> String {
    std::mem::take(cell).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_delimiters_line_breaks_and_quotes() {
        let text = "a, \"b, \"\"c\"\"\nd\"\n\n7;8,";
        let expected = vec![vec!["a", "b, \"c\" d"], vec!["7;8", ""]];
        assert_eq!(rows(text, ','), expected);
        assert_eq!(rows("a|b", '|'), vec![vec!["a", "b"]]);
        assert_eq!(rows("\"never closed, a", ','), vec![vec!["never closed, a"]]);
    }
}
