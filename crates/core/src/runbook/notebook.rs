//! Reader of Jupyter notebooks: the Markdown cells as a document, code cells as code, and the errors among the outputs.
//! <https://nbformat.readthedocs.io/en/latest/format_description.html>

use serde::Deserialize;
use serde_json::value::RawValue;

use super::part::{DocumentPart, DocumentParts};
use super::{Block, BlockKind, directives, markdown, prepare};

#[derive(Deserialize)]
struct Notebook<'a> {
    #[serde(borrow, default)]
    cells: Vec<Cell<'a>>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(default)]
    kernelspec: KernelSpec,
}

#[derive(Deserialize, Default)]
struct KernelSpec {
    #[serde(default)]
    language: String,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the field's name in the file")]
struct Cell<'a> {
    #[serde(default)]
    cell_type: String,
    #[serde(borrow, default)]
    source: Option<&'a RawValue>,
    #[serde(borrow, default)]
    outputs: Vec<Output<'a>>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow, default)]
    ename: Option<&'a RawValue>,
    #[serde(borrow, default)]
    evalue: Option<&'a RawValue>,
}

/// The text of a cell, with the line of the notebook's file for each of its lines.
struct Source {
    text: String,
    lines: Vec<u32>,
}

/// Offsets of the lines of a file.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl Lines<'_> {
    /// Source line of a value, which is a part of the text.
    fn of(&self, raw: &RawValue) -> u32 {
        let offset = (raw.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let line = self.starts.partition_point(|start| *start <= offset);
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    /// The text of a value: a string, or a list of them.
    fn source(&self, raw: &RawValue) -> Source {
        let pieces = serde_json::from_str::<Vec<&RawValue>>(raw.get()).unwrap_or_else(|_| vec![raw]);
        let mut source = Source {
            text: String::new(),
            lines: Vec::new(),
        };
        for piece in pieces {
            let text = serde_json::from_str::<String>(piece.get()).unwrap_or_default();
            let line = self.of(piece);
            let is_new_line = source.text.is_empty() || source.text.ends_with('\n');
            let breaks = text.trim_end_matches('\n').matches('\n').count();
            source
                .lines
                .extend(std::iter::repeat_n(line, breaks + usize::from(is_new_line)));
            source.text.push_str(&text.replace("\r\n", "\n"));
        }
        source
    }
}

impl Source {
    /// Line of the file for a line of the cell, from 1.
    fn line(&self, line: u32) -> u32 {
        let known = self.lines.get(line.saturating_sub(1) as usize).or(self.lines.last());
        known.copied().unwrap_or(1)
    }
}

/// Reads a notebook into headings and blocks with their source lines.
///
/// # Errors
///
/// The line and the reason why the text is not a notebook.
pub(super) fn read(text: &str) -> Result<DocumentParts, (u32, String)> {
    let notebook: Notebook<'_> = serde_json::from_str(text)
        .map_err(|error| (u32::try_from(error.line()).unwrap_or(1).max(1), error.to_string()))?;
    let lines = Lines {
        text,
        starts: std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect(),
    };
    let mut parts = DocumentParts::default();
    for cell in &notebook.cells {
        let Some(raw) = cell.source else { continue };
        let source = lines.source(raw);
        match cell.cell_type.as_str() {
            "markdown" | "heading" => put_markdown(&source, &mut parts),
            "code" => {
                put_code(
                    source.text.trim_end(),
                    &notebook.metadata.kernelspec.language,
                    source.line(1),
                    &mut parts,
                );
                for output in &cell.outputs {
                    put_error(output, &lines, &mut parts);
                }
            }
            _ => put_code(source.text.trim_end(), "", source.line(1), &mut parts),
        }
    }
    Ok(parts)
}

fn put_markdown(source: &Source, parts: &mut DocumentParts) {
    let extended = directives::resolve(&source.text, "");
    let prepared = prepare::prepare(&extended.text);
    let anchors = prepared.anchors.into_iter().chain(extended.anchors);
    parts.anchors.extend(anchors.map(|(line, id)| (source.line(line), id)));
    let problems = prepared.problems.into_iter();
    parts
        .problems
        .extend(problems.map(|(line, code, message)| (source.line(line), code, message)));
    let (read, _) = markdown::read(&prepared.text, 1);
    for mut part in read {
        match &mut part {
            DocumentPart::Heading(_, _, line) => *line = source.line(*line),
            DocumentPart::Block(block) => renumber(std::slice::from_mut(block), source),
            DocumentPart::Anchor(_) => {}
        }
        parts.parts.push(part);
    }
}

fn put_code(text: &str, lang: &str, line: u32, parts: &mut DocumentParts) {
    if !text.trim().is_empty() {
        let (text, lang) = (text.to_owned(), lang.to_owned());
        parts.parts.push(DocumentPart::Block(markdown::block(
            BlockKind::Code { lang, text },
            line,
        )));
    }
}

fn put_error(output: &Output<'_>, lines: &Lines<'_>, parts: &mut DocumentParts) {
    let (Some(name), Some(value)) = (output.ename, output.evalue) else {
        return;
    };
    let text = |raw: &RawValue| serde_json::from_str::<String>(raw.get()).unwrap_or_default();
    put_code(&format!("{}: {}", text(name), text(value)), "", lines.of(name), parts);
}

fn renumber(blocks: &mut [Block], source: &Source) {
    for block in blocks {
        block.line = source.line(block.line);
        match &mut block.kind {
            BlockKind::List { items, .. } => {
                for item in items {
                    item.line = source.line(item.line);
                    renumber(&mut item.blocks, source);
                }
            }
            BlockKind::Quote(inner) => renumber(inner, source),
            BlockKind::Definitions(definitions) => {
                for detail in definitions.iter_mut().flat_map(|definition| &mut definition.details) {
                    renumber(detail, source);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_file() {
        let text = r##"{
 "cells": [
  {"cell_type": "markdown", "source": [
    "# Queue\n",
    "\n",
    "Restart it."
  ]},
  {"cell_type": "code", "source": "import queue\nqueue.start()", "outputs": [
    {"output_type": "error", "ename": "QueueError",
     "evalue": "no broker"}
  ]},
  {"cell_type": "markdown", "source": "one\n\ntwo"}
 ],
 "metadata": {"kernelspec": {"language": "python"}}
}"##;
        let parts = read(text).unwrap().parts;
        let shown: Vec<String> = parts
            .iter()
            .map(|part| match part {
                DocumentPart::Heading(_, text, line) => format!("{line} # {}", crate::runbook::plain(text)),
                DocumentPart::Block(block) => format!("{} {}", block.line, crate::runbook::plain_block(block)),
                DocumentPart::Anchor(id) => id.clone(),
            })
            .collect();
        let expected = [
            "4 # Queue",
            "6 Restart it.",
            "8 import queue\nqueue.start()",
            "9 QueueError: no broker",
            "12 one",
            "12 two",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_text_that_is_no_notebook_is_refused_with_its_line() {
        assert_eq!(read("{\n \"cells\": [\n}").unwrap_err().0, 3);
    }
}
