//! Pieces of mrkdwn into sections, sections into messages.

use serde_json::{Value, json};

use super::{MESSAGE, MOST_BLOCKS, Piece, SECTION, length};
use crate::runbook::{Button, Menu};
use crate::slack::mrkdwn::{self, PieceShape};
use crate::slack::rich;

/// The sections of one message.
pub(super) type Packed = Vec<SectionBlock>;

/// Sections that belong to one block or one outermost step.
type Group = Vec<SectionBlock>;

/// A block of a message.
#[derive(Debug, Clone)]
pub(super) enum SectionBlock {
    /// Text.
    Text(SectionText),
    /// Buttons side by side, never parted.
    Row(Vec<Button>),
}

/// A text as a section of mrkdwn, and in Slack's own shape.
#[derive(Debug, Clone, Default)]
pub(super) struct SectionText {
    /// mrkdwn. One that begins with a line break wants an empty line before it.
    pub(super) text: String,
    /// The text as elements of rich text; `None` when it has no such form.
    rich: Option<Vec<Value>>,
    /// True when it is to be sent as rich text.
    is_wanted: bool,
    /// The text as a block of its own.
    block: Option<Value>,
}

impl SectionText {
    /// Returns the text in Slack's own shape, if it is to be sent so.
    pub(super) fn shape(&self) -> Option<Value> {
        let elements = self
            .rich
            .as_ref()
            .filter(|elements| self.is_wanted && !elements.is_empty());
        let rich = elements.map(|elements| json!({"type": "rich_text", "elements": elements}));
        self.block.clone().or(rich)
    }

    fn length(&self) -> usize {
        let shape = self.rich.iter().flatten().chain(&self.block).map(rich::length).sum();
        length(self.text.trim_start_matches('\n')).max(shape)
    }

    /// Returns true when another text may become part of this one.
    fn takes(&self, other: &SectionText) -> bool {
        let is_rich = |text: &SectionText| text.is_wanted && text.rich.is_some();
        self.block.is_none() && other.block.is_none() && is_rich(self) == is_rich(other)
    }

    /// Appends a text after a number of line breaks.
    fn append(&mut self, gap: &str, other: SectionText) {
        self.text.push_str(gap);
        self.text.push_str(other.text.trim_start_matches('\n'));
        self.is_wanted |= other.is_wanted;
        self.rich = match (self.rich.take(), other.rich) {
            (Some(mut elements), Some(more)) => {
                rich::append(&mut elements, more, gap.len());
                Some(elements)
            }
            _ => None,
        };
    }
}

impl SectionBlock {
    fn length(&self) -> usize {
        match self {
            Self::Text(text) => text.length(),
            // Slack counts labels; what goes along is counted too, to be safe.
            Self::Row(buttons) => buttons
                .iter()
                .map(|button| {
                    let options = button.menu.iter().flat_map(Menu::options);
                    let options = options.map(|option| length(&option.label) + length(&option.value));
                    length(&button.label) + length(&button.action) + length(&button.value) + options.sum::<usize>()
                })
                .sum(),
        }
    }
}

/// Blocks that are kept free for a header.
const ROOM: usize = 1;

/// Packs head, body and tail, in this order, into at most `most` messages. When they do not fit, the end of the body
/// gives way to `rest`.
pub(super) fn pack(parts: [Vec<Piece>; 3], rest: &[Piece], cut_note: &str, title: usize, most: usize) -> Vec<Packed> {
    let [head, body, tail] = parts.map(|pieces| groups(&pieces, cut_note));
    let all: Vec<Group> = head.iter().chain(&body).chain(&tail).cloned().collect();
    let mut one = Filling::new(title);
    if one.put_all(&all) {
        return vec![one.finish()];
    }
    let mut packed: Vec<Packed> = Vec::new();
    let mut current = Filling::new(title);
    let ending: Vec<Group> = groups(rest, cut_note).into_iter().chain(tail.iter().cloned()).collect();
    let (reserve, reserved_blocks) = size(&ending);
    let flow: Vec<&Group> = head.iter().chain(&body).collect();
    let lengths = |group: &Group| -> usize { group.iter().map(SectionBlock::length).sum() };
    let tail_size: usize = tail.iter().map(lengths).sum();
    let mut left_from: Vec<usize> = Vec::with_capacity(flow.len());
    let mut left = flow.iter().map(|group| lengths(group)).sum::<usize>();
    for group in &flow {
        left_from.push(left);
        left -= lengths(group);
    }
    let mut left_out = false;
    for (at, group) in flow.iter().enumerate() {
        let last = packed.len() + 1 >= most;
        // In the last message the room for the ending is kept free, unless everything left fits anyway.
        let fits = if last {
            // The rough size first: only an end that may fit is tried.
            let rough: usize = left_from.get(at).copied().unwrap_or_default() + tail_size;
            let whole_end = || -> Vec<Group> {
                flow.iter()
                    .skip(at)
                    .map(|group| (*group).clone())
                    .chain(tail.iter().cloned())
                    .collect()
            };
            current.used + rough <= MESSAGE && current.holds(&whole_end())
                || current.holds_besides(std::slice::from_ref(*group), reserve, reserved_blocks)
        } else {
            current.holds(std::slice::from_ref(*group))
        };
        if fits {
            current.put(group);
            continue;
        }
        if last {
            left_out = true;
            break;
        }
        // A group that no message of its own could hold is the only one that goes on in the next message.
        let mut remaining: Group = (*group).clone();
        if !Filling::new(0).holds_besides(std::slice::from_ref(*group), reserve, reserved_blocks) {
            while let Some(first) = remaining.first()
                && current.holds(&[vec![first.clone()]])
            {
                current.put(&vec![remaining.remove(0)]);
            }
        }
        packed.push(std::mem::replace(&mut current, Filling::new(0)).finish());
        while let Some(first) = remaining.first() {
            if !current.holds_besides(&[vec![first.clone()]], reserve, reserved_blocks) {
                left_out = true;
                break;
            }
            current.put(&vec![remaining.remove(0)]);
        }
        if left_out {
            break;
        }
    }
    for group in if left_out { &ending } else { &tail } {
        if !current.holds(std::slice::from_ref(group)) && packed.len() + 1 < most {
            packed.push(std::mem::replace(&mut current, Filling::new(0)).finish());
        }
        // An ending that is too long itself loses what does not fit; it comes in the order of its importance.
        if current.holds(std::slice::from_ref(group)) {
            current.put(group);
        }
    }
    packed.push(current.finish());
    packed.retain(|message| !message.is_empty());
    packed
}

fn size(groups: &[Group]) -> (usize, usize) {
    let texts = groups.iter().flatten();
    (texts.clone().map(|text| text.length() + 2).sum(), texts.count())
}

/// One message being filled: small groups share a section.
#[derive(Debug, Clone)]
struct Filling {
    sections: Packed,
    used: usize,
}

impl Filling {
    fn new(used: usize) -> Self {
        Self {
            sections: Vec::new(),
            used,
        }
    }

    fn holds(&self, groups: &[Group]) -> bool {
        self.holds_besides(groups, 0, 0)
    }

    fn holds_besides(&self, groups: &[Group], reserve: usize, blocks: usize) -> bool {
        let mut trial = self.clone();
        let fits =
            |trial: &Filling| trial.used + reserve <= MESSAGE && trial.sections.len() + blocks + ROOM <= MOST_BLOCKS;
        // What is over stays over: the rest of a long document is not tried.
        groups.iter().all(|group| {
            trial.put(group);
            fits(&trial)
        }) && fits(&trial)
    }

    fn put_all(&mut self, groups: &[Group]) -> bool {
        let holds = self.holds(groups);
        if holds {
            for group in groups {
                self.put(group);
            }
        }
        holds
    }

    fn put(&mut self, group: &Group) {
        for (at, section) in group.iter().enumerate() {
            self.used += section.length();
            let SectionBlock::Text(text) = section else {
                self.sections.push(section.clone());
                continue;
            };
            // The first text of a group may share the section before it; a long group has sections of its own.
            if at == 0
                && let Some(SectionBlock::Text(last)) = self.sections.last_mut()
                && last.takes(text)
                && last.length() + 2 + text.length() <= SECTION
            {
                let gap = if text.text.starts_with('\n') { "\n\n" } else { "\n" };
                last.append(gap, text.clone());
                self.used += gap.len();
            } else {
                self.sections.push(SectionBlock::Text(SectionText {
                    text: text.text.trim_start_matches('\n').to_owned(),
                    ..text.clone()
                }));
            }
        }
    }

    fn finish(self) -> Packed {
        self.sections
    }
}

/// Pieces that belong together as sections. A text that begins with a line break wants an empty line before it.
fn groups(pieces: &[Piece], cut_note: &str) -> Vec<Group> {
    let mut out: Vec<Group> = Vec::new();
    let mut leads_on = false;
    for piece in pieces {
        if !piece.buttons.is_empty() {
            let row = SectionBlock::Row(piece.buttons.clone());
            match out.last_mut() {
                Some(group) if leads_on => group.push(row),
                _ => out.push(vec![row]),
            }
            leads_on = false;
            continue;
        }
        for (at, text) in texts(piece, cut_note).into_iter().enumerate() {
            let new_group = at == 0 && piece.starts && !leads_on;
            let gap = if piece.apart && at == 0 { "\n\n" } else { "\n" };
            let Some(group) = out.last_mut().filter(|_| !new_group) else {
                let breaks = if piece.apart { "\n" } else { "" };
                let text = SectionText {
                    text: format!("{breaks}{}", text.text),
                    ..text
                };
                out.push(vec![SectionBlock::Text(text)]);
                continue;
            };
            let is_continued = piece.shape == Some(PieceShape::Continued);
            match group.last_mut() {
                Some(SectionBlock::Text(last))
                    if at == 0
                        && (last.block.is_none() || is_continued)
                        && text.block.is_none()
                        && last.length() + length(gap) + text.length() <= SECTION =>
                {
                    last.append(gap, text);
                }
                _ => {
                    // What one shape says must not be parted.
                    if at > 0 || is_continued {
                        group.iter_mut().for_each(drop_shape);
                    }
                    group.push(SectionBlock::Text(text));
                }
            }
        }
        leads_on = piece.leads_on;
    }
    for section in out.iter_mut().flatten() {
        if let SectionBlock::Text(text) = section
            && !text.is_wanted
        {
            text.rich = None;
        }
    }
    out
}

fn drop_shape(section: &mut SectionBlock) {
    if let SectionBlock::Text(text) = section {
        text.rich = None;
        text.block = None;
    }
}

/// A piece as texts: one with its shape when it is whole.
fn texts(piece: &Piece, cut_note: &str) -> Vec<SectionText> {
    let texts = fitted(piece, cut_note);
    let is_whole = matches!(texts.as_slice(), [only] if *only == piece.text);
    let (rich, is_wanted, block) = match piece.shape.clone().filter(|_| is_whole) {
        Some(PieceShape::Rich { elements, is_wanted }) => (Some(elements), is_wanted, None),
        Some(PieceShape::Continued) => (Some(Vec::new()), false, None),
        Some(PieceShape::Block(block)) => (None, false, Some(block)),
        None => (None, false, None),
    };
    let text = |text: String| SectionText {
        text,
        rich: rich.clone(),
        is_wanted,
        block: block.clone(),
    };
    texts.into_iter().map(text).collect()
}

/// A piece as sections: whole if it can be, code shortened at a line's end, text at words.
fn fitted(piece: &Piece, cut_note: &str) -> Vec<String> {
    if length(&piece.text) < SECTION {
        return vec![piece.text.clone()];
    }
    if let Some(code) = &piece.code {
        let note = if cut_note.is_empty() {
            String::new()
        } else {
            format!("\n{cut_note}")
        };
        let room = SECTION.saturating_sub(length(&note) + 20);
        let mut kept = String::new();
        for line in code.lines() {
            let longer = format!("{kept}{line}\n");
            if length(&mrkdwn::code_block(&longer)) > room {
                break;
            }
            kept = longer;
        }
        if kept.is_empty() {
            // One endless line: its start shows what it is.
            kept = code.chars().take(room / 6).collect::<String>() + "…";
        }
        return vec![format!("{}{note}", mrkdwn::code_block(&kept))];
    }
    split_text(&piece.text)
}

/// A text that alone is longer than a section: ended at lines, else at blanks, else anywhere. Code inside stays closed.
fn split_text(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut current = String::new();
    for line in text.split_inclusive('\n').flat_map(parts_of_line) {
        if length(&current) + length(&line) > SECTION - 10 {
            let open = current.matches("```").count() % 2 == 1;
            if open {
                current.push_str("\n```");
            }
            out.push(std::mem::take(&mut current));
            if open {
                current.push_str("```\n");
            }
        }
        current.push_str(&line);
    }
    out.push(current);
    out.into_iter()
        .map(|text| text.trim_end().to_owned())
        .filter(|text| !text.trim().is_empty())
        .collect()
}

fn parts_of_line(line: &str) -> Vec<String> {
    const PART: usize = 2_000;
    let mut out = Vec::new();
    let mut current = String::new();
    let mut size = 0;
    for c in line.chars() {
        let at_word = c == ' ' && size > PART - 200;
        if (at_word || size >= PART) && !inside_entity(&current) {
            out.push(std::mem::take(&mut current));
            size = 0;
        }
        current.push(c);
        size += c.len_utf16();
    }
    out.push(current);
    out
}

/// `&amp;` and `<url|label>` are not torn apart.
fn inside_entity(text: &str) -> bool {
    let entity = text
        .rfind('&')
        .is_some_and(|at| text.len() - at < 5 && !text.get(at..).unwrap_or("").contains(';'));
    let link = match (text.rfind('<'), text.rfind('>')) {
        (Some(open), close) => close.is_none_or(|close| close < open) && text.len() - open < 900,
        _ => false,
    };
    entity || link
}
