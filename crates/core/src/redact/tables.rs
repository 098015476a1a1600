//! Columns of secrets in tables and in insertions of SQL.

use std::ops::Range;

use super::find::Find;
use super::judgement::{is_placeholder, is_word};
use super::names::{Class, as_name};
use super::value;

/// Finds the cells below a heading that names a secret, in tables of Markdown, psql, CSV and tabs; and the values of an
/// SQL insertion into such a column.
pub(super) fn find_tables(text: &str, finds: &mut Vec<Find>) {
    let mut heading: Option<(char, usize, Vec<usize>)> = None;
    let mut previous = "";
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        if let Some((separator, count, columns)) = &heading {
            let cells = cells(content, *separator);
            let ruler = content
                .chars()
                .all(|c| matches!(c, '|' | '-' | '+' | ':' | ' ' | '=' | '\t'));
            if cells.len() == *count || ruler && !content.trim().is_empty() {
                for column in columns.iter().filter(|_| !ruler) {
                    if let Some(range) = cells.get(*column) {
                        let value = content.get(range.clone()).unwrap_or_default();
                        let is_prose = value.contains(' ') && *separator == ',';
                        if value.len() >= 3 && !is_placeholder(value) && !is_word(value) && !is_prose {
                            finds.push(Find::new(at + range.start..at + range.end, "password"));
                        }
                    }
                }
                at += line.len();
                previous = content;
                continue;
            }
        }
        // A heading is the first row of a table.
        let first = |separator: &char| {
            content.contains(*separator) && cells(previous, *separator).len() != cells(content, *separator).len()
        };
        heading = ['|', '\t', ',', ';']
            .into_iter()
            .filter(first)
            .find_map(|separator| heading_of(content, separator));
        previous = content;
        at += line.len();
    }
    find_insertions(text, finds);
}

fn heading_of(line: &str, separator: char) -> Option<(char, usize, Vec<usize>)> {
    if !line.contains(separator) || line.len() > 2_000 {
        return None;
    }
    let cells = cells(line, separator);
    let text = |range: &Range<usize>| line.get(range.clone()).unwrap_or_default();
    let plain = |range: &Range<usize>| {
        let cell = text(range);
        cell.len() <= 40
            && cell
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '*' | '/' | '(' | ')'))
            && (separator != ',' || !cell.contains(' '))
    };
    if cells.len() < 2 || !cells.iter().all(plain) {
        return None;
    }
    let columns: Vec<usize> = (0..cells.len())
        .filter(|at| {
            cells
                .get(*at)
                .and_then(|range| as_name(text(range)))
                .is_some_and(|name| matches!(name.class, Class::Password | Class::Short | Class::Secret))
        })
        .filter(|at| {
            cells
                .get(*at)
                .is_some_and(|range| !text(range).eq_ignore_ascii_case("login"))
        })
        .collect();
    (!columns.is_empty()).then_some((separator, cells.len(), columns))
}

/// The cells of a line, without blanks and quotation marks around them.
fn cells(line: &str, separator: char) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut at = 0;
    for cell in line.split(separator) {
        let trimmed = cell.trim_matches([' ', '"', '`', '\'', '*']);
        let lead = cell.find(trimmed).unwrap_or(0);
        out.push(at + lead..at + lead + trimmed.len());
        at += cell.len() + separator.len_utf8();
    }
    out
}

/// Finds the values of `INSERT INTO users (name, password) VALUES ('ada', '…')`.
fn find_insertions(text: &str, finds: &mut Vec<Find>) {
    let upper = text.to_ascii_uppercase();
    for (at, _) in upper.match_indices("INSERT INTO").take(200) {
        let rest = text.get(at..value::line_end(text, at, 4_000)).unwrap_or_default();
        let Some((open, close)) = rest.find('(').zip(rest.find(')')) else {
            continue;
        };
        let Some(names) = rest.get(open + 1..close) else {
            continue;
        };
        let columns: Vec<usize> = names
            .split(',')
            .enumerate()
            .filter(|(_, name)| as_name(name).is_some())
            .map(|(column, _)| column)
            .collect();
        let mut place = close + 1;
        while let Some(found) = rest.get(place..).and_then(|rest| rest.find('(')) {
            let start = place + found + 1;
            let end = rest
                .get(start..)
                .and_then(|rest| rest.find(')'))
                .map_or(rest.len(), |end| start + end);
            let row = rest.get(start..end).unwrap_or_default();
            let cells = cells(row, ',');
            for column in &columns {
                if let Some(cell) = cells
                    .get(*column)
                    .filter(|cell| !is_placeholder(row.get((*cell).clone()).unwrap_or_default()))
                {
                    finds.push(Find::new(at + start + cell.start..at + start + cell.end, "password"));
                }
            }
            place = end;
        }
    }
}
