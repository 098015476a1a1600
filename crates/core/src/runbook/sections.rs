//! Conversion of parts to sections: title, nesting, roles, anchors, attributes, links between sections.

mod links;

use std::collections::HashMap;

pub(super) use links::link;

use super::markdown;
use super::part::DocumentPart;
use super::prepare::Attribute;
use super::text::plain;
use super::{Block, BlockKind, FrontMatter, Inline, Role, Section, roles};

/// Line, code, message: a warning or less.
pub(super) type Problems = Vec<(u32, &'static str, String)>;

/// Notes how the document itself writes each heading, for programs that name sections by its text.
pub(super) fn note_written(sections: &mut [Section], text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    for section in sections {
        let line = (section.line as usize).checked_sub(1).and_then(|at| lines.get(at));
        let written = line.map(|line| without_attributes(line.trim().trim_start_matches('#')));
        // A heading that is not a line of its own (front matter's title, HTML, a label in bold) keeps its plain text.
        let same = |written: &String| {
            let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).take(3).collect::<String>();
            !written.is_empty() && (letters(written) == letters(&section.heading) || written.starts_with("{{"))
        };
        section.written = written.filter(same).filter(|written| *written != section.heading);
    }
}

/// The text without closing `#` and without a trailing `{#id}`, `{: #id}`.
fn without_attributes(heading: &str) -> String {
    let mut text = heading.trim().trim_end_matches('#').trim_end();
    while let Some(at) = text.rfind('{').filter(|_| text.ends_with('}') && !text.ends_with("}}")) {
        let inner = text.get(at + 1..).unwrap_or_default();
        if !inner.starts_with(['#', ':', '.']) {
            break;
        }
        text = text.get(..at).unwrap_or_default().trim_end();
    }
    text.to_owned()
}

/// Builds the sections of a document.
pub(super) fn build(parts: Vec<DocumentPart>, front: &FrontMatter, stem: &str) -> Vec<Section> {
    let title_at = title_heading(&parts, front);
    let fallback = front.title.clone().or_else(|| front.runbook_name.clone());
    let mut sections = vec![Section {
        heading: fallback.unwrap_or_else(|| stem.to_owned()),
        written: None,
        level: 0,
        parent: None,
        anchors: Vec::new(),
        line: 1,
        role: Role::Other,
        blocks: Vec::new(),
        rule: None,
    }];
    let mut anchors = Vec::new();
    for (at, part) in parts.into_iter().enumerate() {
        match part {
            DocumentPart::Anchor(id) => anchors.push(id),
            DocumentPart::Block(block) => {
                if let Some(section) = sections.last_mut() {
                    section.anchors.append(&mut anchors);
                    section.blocks.push(block);
                }
            }
            DocumentPart::Heading(level, inlines, line) => {
                let heading = plain(&inlines)
                    .replace('\n', " ")
                    .trim()
                    .trim_end_matches('#')
                    .trim()
                    .to_owned();
                if Some(at) == title_at {
                    if let Some(whole) = sections.first_mut() {
                        whole.heading = heading;
                        whole.line = line;
                        whole.anchors.append(&mut anchors);
                    }
                    continue;
                }
                if heading.is_empty() {
                    continue;
                }
                sections.push(Section {
                    role: roles::of_heading(&heading),
                    heading,
                    written: None,
                    level,
                    parent: Some(0),
                    anchors: std::mem::take(&mut anchors),
                    line,
                    blocks: Vec::new(),
                    rule: None,
                });
            }
        }
    }
    nest(&mut sections);
    inherit(&mut sections);
    sections
}

/// Index of the part that is the document's title.
fn title_heading(parts: &[DocumentPart], front: &FrontMatter) -> Option<usize> {
    let headings: Vec<(usize, u8, String)> = parts
        .iter()
        .enumerate()
        .filter_map(|(at, part)| match part {
            DocumentPart::Heading(level, inlines, _) => Some((at, *level, plain(inlines))),
            DocumentPart::Anchor(_) | DocumentPart::Block(_) => None,
        })
        .collect();
    let (at, level, text) = headings.first()?;
    let peers: Vec<&(usize, u8, String)> = headings.iter().skip(1).filter(|(_, other, _)| other <= level).collect();
    if roles::of_heading(text) != Role::Other && (*level > 1 || !peers.is_empty() || headings.len() == 1) {
        return None;
    }
    if peers.is_empty() {
        // The only heading of its level stands above all others.
        return (*level == 1 || front.title.is_none() && front.runbook_name.is_none()).then_some(*at);
    }
    if *level > 1 {
        return None;
    }
    let next = parts
        .iter()
        .skip(at + 1)
        .find(|part| !matches!(part, DocumentPart::Anchor(_)));
    let next_is_peer = matches!(next, Some(DocumentPart::Heading(1, ..)));
    let peers_have_roles = peers.iter().any(|(_, _, text)| roles::of_heading(text) != Role::Other);
    (next_is_peer || peers_have_roles || !roles::names_trouble(text) && front.title.is_none()).then_some(*at)
}

fn nest(sections: &mut [Section]) {
    let mut open: Vec<usize> = vec![0];
    for at in 1..sections.len() {
        let level = sections[at].level;
        while open.len() > 1 && open.last().is_some_and(|last| sections[*last].level >= level) {
            open.pop();
        }
        sections[at].parent = open.last().copied();
        open.push(at);
    }
}

/// A heading that says nothing about its role has the one of the section around it; a role heading without a word
/// below it speaks for the sections that follow it.
fn inherit(sections: &mut [Section]) {
    let mut carried: Option<(u8, Role)> = None;
    for at in 1..sections.len() {
        let own = sections[at].role;
        let level = sections[at].level;
        let nested = sections.get(at + 1).is_some_and(|next| next.level > level);
        if own != Role::Other {
            carried = (sections[at].blocks.is_empty() && !nested).then_some((level, own));
            continue;
        }
        if roles::names_trouble(&sections[at].heading) {
            continue;
        }
        let around = sections[at]
            .parent
            .and_then(|parent| sections.get(parent))
            .map(|parent| parent.role);
        let role = match (around, carried) {
            (_, Some((from, role))) if level >= from => role,
            (Some(role), _) if !matches!(role, Role::Overview | Role::Impact) => role,
            _ => Role::Other,
        };
        sections[at].role = role;
    }
}

/// Puts attribute lists and anchors where they belong and gives blocks their roles.
pub(super) fn mark(
    sections: &mut [Section],
    attributes: &[Attribute],
    anchors: &[(u32, String)],
    source: &[&str],
    problems: &mut Problems,
) {
    let starts: Vec<u32> = sections
        .iter()
        .enumerate()
        .map(|(at, section)| if at == 0 { 0 } else { section.line })
        .collect();
    let holder = |line: u32| starts.partition_point(|start| *start <= line).saturating_sub(1);
    // An anchor on a line of its own above a heading belongs to that heading.
    let is_apart =
        |line: &&str| line.trim().is_empty() || line.trim_start().starts_with("<a ") && line.trim_end().ends_with('>');
    let before_heading = |line: u32| {
        let next = starts.get(holder(line) + 1).filter(|start| **start > line)?;
        let between = source.get(line.saturating_sub(1) as usize..next.saturating_sub(1) as usize)?;
        between.iter().all(is_apart).then(|| holder(*next))
    };
    for (line, id) in anchors {
        let at = before_heading(*line).unwrap_or_else(|| holder(*line));
        if let Some(section) = sections.get_mut(at) {
            section.anchors.push(id.clone());
        }
    }
    let mut marks: HashMap<usize, Vec<(u32, Role)>> = HashMap::new();
    for attribute in attributes {
        let at = holder(attribute.line);
        let Some(section) = sections.get_mut(at) else { continue };
        for word in &attribute.words {
            if let Some(id) = word.strip_prefix('#') {
                section.anchors.push(id.to_owned());
            }
            match roles::of_mark(word) {
                Some((role, well_spelt)) => {
                    marks.entry(at).or_default().push((attribute.line, role));
                    if !well_spelt {
                        problems.push((
                            attribute.line,
                            "mark-spelling",
                            format!("`{{: {word}}}` is read as a mark for {}", name_of(role)),
                        ));
                    }
                }
                None if roles::looks_like_mark(word) => problems.push((
                    attribute.line,
                    "mark-unknown",
                    format!("`{{: {word}}}` is not known; use tsSymptoms, tsCauses or tsResolve"),
                )),
                None => {}
            }
        }
        let section_mark = attribute.words.iter().any(|word| roles::looks_like_mark(word));
        let line = attribute.line;
        let (section_line, whole) = (section.line, at == 0);
        if let Some(block) = markdown::attach(
            &mut section.blocks,
            source,
            line,
            attribute.indent,
            !section_mark && attribute.indent > 0,
        ) && (!whole || block.line > section_line || section_line > line)
        {
            block.attrs.extend(attribute.words.iter().cloned());
        }
    }
    for (at, section) in sections.iter_mut().enumerate() {
        give_roles(section, marks.get(&at).map_or(&[], Vec::as_slice));
    }
    for (at, section) in sections.iter_mut().enumerate() {
        if section.role == Role::Other && !marks.contains_key(&at) {
            give_labels(section);
        }
    }
    steps_below_marks(sections, &marks);
}

/// `**Cause:** …` and `Fix: …` give their paragraph a role, and what follows up to the next label. A numbered list below a
/// label that says its text itself, `Alert: GateIsShut`, says what to do.
fn give_labels(section: &mut Section) {
    let mut role = Role::Other;
    let mut says_it = false;
    for block in &mut section.blocks {
        if let Some(label) = label_of(block) {
            (role, says_it) = (label, goes_on(block));
        } else if says_it && matches!(block.kind, BlockKind::List { ordered: true, .. }) {
            role = Role::Other;
        }
        if role != Role::Other && block.role == Role::Other {
            markdown::set_role(std::slice::from_mut(block), role);
        }
    }
}

/// Returns true for a paragraph with a text behind its label.
fn goes_on(block: &Block) -> bool {
    let BlockKind::Paragraph(inlines) = &block.kind else {
        return false;
    };
    let text = plain(inlines);
    text.split_once(':').is_some_and(|(_, rest)| !rest.trim().is_empty())
}

fn label_of(block: &Block) -> Option<Role> {
    let BlockKind::Paragraph(inlines) = &block.kind else {
        return None;
    };
    let label = match inlines.as_slice() {
        [Inline::Strong(label)] => plain(label),
        [Inline::Strong(label), Inline::Text(rest), ..] => {
            let label = plain(label);
            if !label.trim_end().ends_with(':') && !rest.trim_start().starts_with(':') {
                return None;
            }
            label
        }
        [Inline::Text(text), ..] => text.split_once(':')?.0.to_owned(),
        _ => return None,
    };
    Some(roles::of_label(&label)).filter(|role| *role != Role::Other)
}

fn name_of(role: Role) -> &'static str {
    match role {
        Role::Symptoms => "symptoms (tsSymptoms)",
        Role::Causes => "causes (tsCauses)",
        Role::Impact => "impact",
        _ => "steps (tsResolve)",
    }
}

/// The block before a mark, and all that follow up to the next mark, have its role.
fn give_roles(section: &mut Section, marks: &[(u32, Role)]) {
    for block in &mut section.blocks {
        let role = if block.attrs.iter().any(|word| word == "shortdesc") {
            Role::Overview
        } else {
            section.role
        };
        markdown::set_role(std::slice::from_mut(block), role);
    }
    let mut until = section.blocks.len();
    for (line, role) in marks.iter().rev() {
        let from = section
            .blocks
            .partition_point(|block| block.line < *line)
            .saturating_sub(1);
        markdown::set_role(section.blocks.get_mut(from..until).unwrap_or_default(), *role);
        until = until.min(from);
    }
}

/// "See the following sections" marked as steps: the sections nested in it, without marks of their own, hold them.
fn steps_below_marks(sections: &mut [Section], marks: &HashMap<usize, Vec<(u32, Role)>>) {
    for (at, section) in sections.iter_mut().enumerate().skip(1) {
        if section.role != Role::Other || marks.contains_key(&at) || roles::names_trouble(&section.heading) {
            continue;
        }
        let Some(parent) = section.parent else { continue };
        let ends_with_steps = marks
            .get(&parent)
            .and_then(|marks| marks.last())
            .is_some_and(|(_, role)| *role == Role::Steps);
        if ends_with_steps {
            section.role = Role::Steps;
            for block in &mut section.blocks {
                if block.role == Role::Other {
                    markdown::set_role(std::slice::from_mut(block), Role::Steps);
                }
            }
        }
    }
}

/// `1\.` steps (as re:Post writes them) become a real list; what follows a step belongs to it.
pub(super) fn fold_steps(section: &mut Section, source: &[&str]) {
    if !section
        .blocks
        .iter()
        .any(|block| escaped_number(block, source).is_some())
    {
        return;
    }
    let mut out: Vec<Block> = Vec::with_capacity(section.blocks.len());
    let mut next = None;
    for mut block in std::mem::take(&mut section.blocks) {
        if let Some(number) = escaped_number(&block, source) {
            strip_number(&mut block);
            let line = block.line;
            let item = super::Item {
                blocks: vec![block],
                line,
            };
            if next == Some(number)
                && let Some(Block {
                    kind: BlockKind::List { items, .. },
                    ..
                }) = out.last_mut()
            {
                items.push(item);
            } else {
                out.push(markdown::block(
                    BlockKind::List {
                        ordered: true,
                        start: number,
                        items: vec![item],
                    },
                    line,
                ));
            }
            next = Some(number + 1);
            continue;
        }
        if matches!(block.kind, BlockKind::Rule) {
            next = None;
        }
        match out.last_mut() {
            Some(Block {
                kind: BlockKind::List { items, .. },
                ..
            }) if next.is_some() => {
                if let Some(item) = items.last_mut() {
                    item.blocks.push(block);
                }
            }
            _ => out.push(block),
        }
    }
    section.blocks = out;
}

fn escaped_number(block: &Block, source: &[&str]) -> Option<u64> {
    let BlockKind::Paragraph(inlines) = &block.kind else {
        return None;
    };
    let Some(Inline::Text(text)) = inlines.first() else {
        return None;
    };
    let line = source.get(block.line.checked_sub(1)? as usize)?.trim_start();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let marked = line.get(digits..)?.starts_with("\\.") || line.get(digits..)?.starts_with("\\)");
    if digits == 0 || digits > 4 || !marked || !text.starts_with(&line[..digits]) {
        return None;
    }
    line[..digits].parse().ok()
}

fn strip_number(block: &mut Block) {
    if let BlockKind::Paragraph(inlines) = &mut block.kind
        && let Some(Inline::Text(text)) = inlines.first_mut()
    {
        *text = text
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .trim_start_matches(['.', ')'])
            .trim_start()
            .to_owned();
        if text.is_empty() {
            inlines.remove(0);
        }
    }
}
