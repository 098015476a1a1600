//! Topics: the contents of answers, gathered from a section and the ones nested in it.

mod explain;

use std::collections::{BTreeMap, HashMap, HashSet};

pub use explain::{LeftOut, left_out};
use explain::{explain_and_act, is_litter, is_prose, pieces, without_label, without_symptoms};

use super::liquid::TeamUse;
use super::people::NamedPeople;
use super::{
    Block, BlockKind, Branch, Contact, FrontMatter, Inline, Role, Section, Step, Team, Topic, alternatives, contacts,
    places, plain, roles, steps, symptoms,
};

/// Gathers the topics of a document, in order; the first is the whole document.
pub(super) fn gather(
    sections: &[Section],
    front: &FrontMatter,
    (uses, teams): (&[TeamUse], &BTreeMap<String, Team>),
    people: NamedPeople,
) -> Vec<Topic> {
    let tree = Tree::of(sections);
    let mut placed = contacts::find(sections, uses, teams);
    // A name in words adds nothing where the same sentence leads to a channel or a pager.
    let told: HashSet<(usize, u32)> = placed.iter().map(|(at, contact)| (*at, contact.line)).collect();
    let adds = |(at, contact): &contacts::Placed| contact.team.is_some() || !told.contains(&(*at, contact.line));
    placed.extend(people.placed.into_iter().filter(adds));
    placed.sort_by_key(|(section, contact)| (*section, contact.line));
    let mut team = front
        .signpost
        .team
        .as_deref()
        .map(|key| contacts::of_team(key, teams))
        .unwrap_or_default();
    team.extend(people.owners);
    (0..sections.len())
        .filter(|at| *at == 0 || tree.is_topic(*at))
        .map(|at| tree.topic(at, &placed, &team))
        .collect()
}

/// Most branches or contacts: more help nobody, and the limit bounds the work.
const MOST: usize = 60;

/// The sections with derived facts about each.
struct Tree<'a> {
    sections: &'a [Section],
    /// Index after the last section nested in each section.
    ends: Vec<usize>,
    /// True for each section that documents a problem of its own.
    troubles: Vec<bool>,
    /// Sections that are targets of links.
    targets: HashSet<usize>,
    /// Sections by their headings in lower case.
    headings: HashMap<String, usize>,
    /// True for each section whose heading names a part of several sections: `Example`, `Observability`.
    parts: Vec<bool>,
    /// True for each of several problems that are only numbered: `Symptom 1`, `Symptom 2`.
    numbered: Vec<bool>,
}

impl<'a> Tree<'a> {
    fn of(sections: &'a [Section]) -> Self {
        let mut ends: Vec<usize> = (1..=sections.len()).collect();
        for at in (1..sections.len()).rev() {
            if let Some(parent) = sections[at].parent {
                ends[parent] = ends[parent].max(ends[at]);
            }
        }
        let mut children: Vec<HashSet<Role>> = vec![HashSet::new(); sections.len()];
        for section in sections {
            if let Some(parent) = section.parent {
                children[parent].insert(roles::of_heading(&section.heading));
            }
        }
        let numbered = numbered(sections, &children);
        let troubles = sections
            .iter()
            .zip(&children)
            .zip(&numbered)
            .map(|((section, children), numbered)| {
                let own = roles::of_heading(&section.heading) == Role::Other;
                let marked =
                    section.role != Role::Symptoms && section.blocks.iter().any(|block| block.role == Role::Symptoms);
                let structured = children.len() >= 2
                    && children
                        .iter()
                        .any(|role| matches!(role, Role::Symptoms | Role::Causes | Role::Diagnosis | Role::Overview))
                    && children
                        .iter()
                        .any(|role| matches!(role, Role::Steps | Role::Diagnosis));
                let named = section.rule.is_some() || roles::names_trouble(&section.heading);
                own && (named || marked || structured) || *numbered
            })
            .collect();
        // A table of contents names the parts of each problem, too.
        let texts = sections.iter().flat_map(|section| &section.blocks);
        let texts = texts.filter(|block| steps::is_contents(block).is_none());
        let targets = texts.flat_map(|block| steps::jumps(std::slice::from_ref(block)));
        let targets = targets.map(|(to, _)| to).collect();
        let headings = sections
            .iter()
            .enumerate()
            .skip(1)
            .filter(|(_, section)| section.heading.len() >= 4 && roles::of_heading(&section.heading) == Role::Other)
            .map(|(at, section)| (section.heading.to_lowercase(), at))
            .collect();
        Self {
            sections,
            ends,
            troubles,
            targets,
            headings,
            parts: parts(sections),
            numbered,
        }
    }

    fn is_topic(&self, at: usize) -> bool {
        let section = &self.sections[at];
        let says_something = !section.blocks.is_empty() || self.ends[at] > at + 1;
        let own = roles::of_heading(&section.heading) == Role::Other
            && !matches!(section.role, Role::References | Role::Escalation);
        let own = own && (!self.parts[at] || self.troubles[at]) || self.numbered[at];
        says_something && (own || self.targets.contains(&at))
    }

    /// Returns the section and those nested in it, except for those with problems of their own.
    fn own(&self, at: usize) -> Vec<usize> {
        let mut out = vec![at];
        let mut next = at + 1;
        while next < self.ends[at] {
            if self.troubles[next] {
                next = self.ends[next];
            } else {
                out.push(next);
                next += 1;
            }
        }
        out
    }

    fn topic(&self, at: usize, placed: &[contacts::Placed], team: &[Contact]) -> Topic {
        let own = self.own(at);
        let mut gathered = Gathered::default();
        let jumps = self.jump_targets(at, &own);
        let mut skipped: HashSet<usize> = HashSet::new();
        for index in &own {
            let parent_skipped = self.sections[*index]
                .parent
                .is_some_and(|parent| skipped.contains(&parent));
            if *index != at && (jumps.contains(index) || parent_skipped) {
                skipped.insert(*index);
            }
        }
        for index in own.iter().filter(|index| !skipped.contains(index)) {
            self.section(*index, at, &own, &mut gathered);
        }
        if gathered.steps.is_empty() {
            gathered.steps_among_causes();
        }
        if gathered.steps.is_empty() {
            for index in own.iter().filter(|index| skipped.contains(index)) {
                self.section(*index, at, &own, &mut gathered);
            }
        }
        gathered.complete_causes();
        let shown: HashSet<usize> = own.iter().copied().filter(|index| !skipped.contains(index)).collect();
        Topic {
            section: at,
            title: self.sections[at].heading.clone(),
            symptoms: symptoms::gather(self.sections, &own),
            causes: gathered.causes,
            alternatives: alternatives::find(self.sections, &self.ends, at, &gathered.steps),
            steps: gathered.steps,
            branches: self.branches(at, &own, &shown),
            contacts: self.contacts(&own, placed, team),
            places: places::gather(self.sections, &own),
        }
    }

    /// Returns the sections that a step links to under a condition: they are branches, not the next steps.
    fn jump_targets(&self, at: usize, own: &[usize]) -> HashSet<usize> {
        let mut out = HashSet::new();
        for index in own {
            let section = &self.sections[*index];
            if !matches!(section.role, Role::Steps | Role::Diagnosis) {
                continue;
            }
            for block in &section.blocks {
                let BlockKind::List { ordered: true, .. } = block.kind else {
                    continue;
                };
                if steps::is_contents(block).is_some() {
                    continue;
                }
                for (to, _) in steps::jumps(std::slice::from_ref(block)) {
                    if to > *index && to != at && self.sections[to].parent == section.parent {
                        out.insert(to);
                    }
                }
            }
        }
        out
    }

    /// Sorts a section's blocks into steps and causes.
    fn section(&self, index: usize, topic: usize, own: &[usize], gathered: &mut Gathered) {
        let section = &self.sections[index];
        // A sample of the message is no step.
        let is_sample = index != topic && roles::is_example(&section.heading);
        if is_sample && gathered.steps.is_empty() && !section.blocks.iter().any(symptoms::is_command) {
            return;
        }
        let under = (index != topic).then_some(index);
        let mut acting: Vec<Block> = Vec::new();
        let mut open: Vec<Block> = Vec::new();
        let mut marked = false;
        for (block, role) in pieces(&section.blocks) {
            if is_litter(&block) {
                continue;
            }
            match role {
                Role::Steps | Role::Diagnosis => {
                    let contents =
                        steps::is_contents(&block).is_some_and(|targets| targets.iter().all(|to| own.contains(to)));
                    let pointer = steps::lone_link(&block).is_some_and(|to| own.contains(&to) && to > index);
                    if !contents && !pointer {
                        acting.extend(without_label(block));
                    }
                }
                Role::Causes => gathered.causes.extend(without_label(block)),
                Role::Overview if is_prose(&block) => gathered.overview.push(block),
                // Text after the marked steps continues them, and so does a part that follows them: `Post-checks`.
                Role::Other if marked || self.parts[index] && !gathered.steps.is_empty() => acting.push(block),
                Role::Other => open.push(block),
                _ => {}
            }
            marked = marked || matches!(role, Role::Steps | Role::Diagnosis);
        }
        let mut split = explain_and_act(open, index == 0 && self.ends[0] > 1);
        gathered.explaining.append(&mut split.0);
        // Unmarked blocks come before the marked ones of the same section.
        split.1.append(&mut acting);
        gathered.steps.extend(steps::build(&split.1, under));
    }

    /// Gathers the branches of a topic. `shown` are the sections whose steps the topic shows: a link to one of them is
    /// not another way.
    fn branches(&self, at: usize, own: &[usize], shown: &HashSet<usize>) -> Vec<Branch> {
        let mut out: Vec<Branch> = Vec::new();
        let mut add = |label: String, section: usize| {
            let known = out.iter().any(|branch| branch.section == section);
            if out.len() < MOST && section != at && section != 0 && !known && self.is_topic(section) {
                out.push(Branch { label, section });
            }
        };
        for index in own {
            if self.sections[*index].role == Role::References {
                continue;
            }
            for (to, label) in steps::jumps(&self.sections[*index].blocks) {
                let solution = self.sections[to].role == Role::Steps && self.sections[*index].role == Role::Diagnosis;
                if solution || !shown.contains(&to) {
                    add(label, to);
                }
            }
            for to in self.mentions(*index) {
                if !shown.contains(&to) {
                    add(self.sections[to].heading.clone(), to);
                }
            }
        }
        let mut next = at + 1;
        while next < self.ends[at] {
            if self.troubles[next] {
                add(self.sections[next].heading.clone(), next);
                next = self.ends[next];
            } else {
                next += 1;
            }
        }
        for index in own {
            let alternatives = self.alternatives(*index);
            for section in alternatives {
                add(self.sections[section].heading.clone(), section);
            }
        }
        out
    }

    /// Returns the sections whose whole heading a section's text names in code or bold: "follow the steps from
    /// `E0003`".
    fn mentions(&self, at: usize) -> Vec<usize> {
        let mut out = Vec::new();
        super::walk(&self.sections[at].blocks, &mut |block| {
            super::runs(block, &mut |inlines| {
                super::walk_inlines(inlines, &mut |inline| {
                    let name = match inline {
                        Inline::Code(text) => text.trim().to_lowercase(),
                        Inline::Strong(inner) => plain(inner).trim().to_lowercase(),
                        _ => return,
                    };
                    if let Some(to) = self.headings.get(&name).filter(|to| **to != at) {
                        out.push(*to);
                    }
                });
            });
        });
        out
    }

    /// Returns nested sections that are alternatives: a reader follows one of them.
    fn alternatives(&self, at: usize) -> Vec<usize> {
        let children: Vec<usize> = (at + 1..self.ends[at])
            .filter(|child| self.sections[*child].parent == Some(at))
            .filter(|child| roles::of_heading(&self.sections[*child].heading) == Role::Other)
            .collect();
        let chosen = |heading: &str| {
            let lower = heading.to_lowercase().replace('’', "'");
            [
                "you're ", "you are ", "if ", "option", "when ", "using ", "method ", "with ", "without ", "in case",
            ]
            .iter()
            .any(|start| lower.starts_with(start))
        };
        let matching: Vec<usize> = children
            .iter()
            .copied()
            .filter(|child| chosen(&self.sections[*child].heading))
            .collect();
        if matching.len() >= 2 { matching } else { Vec::new() }
    }

    /// Gathers the contacts: the section's own first, then those of the document's escalation sections, then those of
    /// the front matter's team.
    fn contacts(&self, own: &[usize], placed: &[contacts::Placed], team: &[Contact]) -> Vec<Contact> {
        let mut out: Vec<Contact> = Vec::new();
        let mut add = |contact: &Contact| {
            let known = out.len() < MOST
                && out.iter().any(|other| {
                    other.kind == contact.kind
                        && other.name == contact.name
                        && (other.when == contact.when || contact.when.is_none())
                });
            if !known && out.len() < MOST {
                out.push(contact.clone());
            }
        };
        let inside = |section: &usize| own.binary_search(section).is_ok();
        for (_, contact) in placed.iter().filter(|(section, _)| inside(section)) {
            add(contact);
        }
        let general = |section: &usize| {
            !inside(section)
                && self
                    .sections
                    .get(*section)
                    .is_some_and(|section| section.role == Role::Escalation)
        };
        for (_, contact) in placed.iter().filter(|(section, _)| general(section)).take(MOST) {
            add(contact);
        }
        team.iter().for_each(add);
        out
    }
}

/// Finds the sections that are one of several problems although their headings only say so: each has a solution of its
/// own, and stands beside another one. `children` are the roles of the sections nested in each.
fn numbered(sections: &[Section], children: &[HashSet<Role>]) -> Vec<bool> {
    let is_problem = |(section, children): (&Section, &HashSet<Role>)| {
        roles::of_heading(&section.heading) == Role::Symptoms && children.contains(&Role::Steps)
    };
    let problems: Vec<bool> = sections.iter().zip(children).map(is_problem).collect();
    let mut beside: HashMap<Option<usize>, usize> = HashMap::new();
    for (section, _) in sections.iter().zip(&problems).filter(|(_, problem)| **problem) {
        *beside.entry(section.parent).or_default() += 1;
    }
    let several = |section: &Section| beside.get(&section.parent).is_some_and(|count| *count > 1);
    let both = sections.iter().zip(&problems);
    both.map(|(section, problem)| *problem && several(section)).collect()
}

/// Finds the sections without sections of their own whose heading stands below several others: such a heading says which
/// part of a problem follows, not which problem.
fn parts(sections: &[Section]) -> Vec<bool> {
    let mut parents: HashMap<String, HashSet<usize>> = HashMap::new();
    let nested = |section: &Section| section.parent.filter(|parent| *parent > 0);
    for section in sections {
        if let Some(parent) = nested(section) {
            parents
                .entry(section.heading.to_lowercase())
                .or_default()
                .insert(parent);
        }
    }
    let repeated = |section: &Section| {
        parents
            .get(&section.heading.to_lowercase())
            .is_some_and(|all| all.len() > 1)
    };
    let around: HashSet<usize> = sections.iter().filter_map(|section| section.parent).collect();
    let all = sections.iter().enumerate();
    all.map(|(at, section)| !around.contains(&at) && nested(section).is_some() && repeated(section))
        .collect()
}

#[derive(Default)]
struct Gathered {
    causes: Vec<Block>,
    overview: Vec<Block>,
    explaining: Vec<Block>,
    steps: Vec<Step>,
}

impl Gathered {
    /// Moves steps out of the causes: an author who marks no steps may have put them there.
    fn steps_among_causes(&mut self) {
        let numbered = |block: &Block| matches!(block.kind, BlockKind::List { ordered: true, .. });
        if let Some(first) = self.causes.iter().position(numbered) {
            let moved = self.causes.split_off(first);
            self.steps = steps::build(&moved, None);
        }
    }

    /// Completes the causes, the best sentences first: the reasons, then the overview; other explanations only when
    /// there is neither.
    fn complete_causes(&mut self) {
        let overview = std::mem::take(&mut self.overview);
        let mut explaining = std::mem::take(&mut self.explaining);
        self.causes.extend(overview.into_iter().take(3));
        if self.causes.is_empty() {
            explaining.truncate(5);
            let mut next = explaining.iter().skip(1).cloned().collect::<Vec<_>>().into_iter();
            let kept = explaining
                .into_iter()
                .filter_map(|block| without_symptoms(block, next.next().as_ref()));
            self.causes.extend(kept.take(4));
        }
    }
}
