//! The confidence that a candidate is the error of a message: a sum of one step function for each feature, learned by
//! `weights/fit.py` from labelled messages, with the direction of each function fixed beforehand.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::FeatureWeight;
use super::features::{COUNT, Features, NAMES};

/// The functions, as `weights/fit.py` writes them: a model a block, which begins with its name and its base; then a
/// line a feature, with `THRESHOLD:GAIN` for each step.
const WEIGHTS: &str = include_str!("weights.txt");

/// The functions for one kind of candidates.
#[derive(Debug)]
struct Model {
    base: f32,
    /// The steps of each feature: a value above the threshold gains so much.
    steps: [Vec<(f32, f32)>; COUNT],
}

impl Default for Model {
    fn default() -> Model {
        Model {
            base: 0.0,
            steps: std::array::from_fn(|_| Vec::new()),
        }
    }
}

static MODELS: LazyLock<HashMap<&'static str, Model>> = LazyLock::new(|| read(WEIGHTS));

fn read(weights: &'static str) -> HashMap<&'static str, Model> {
    let mut models: HashMap<&str, Model> = HashMap::new();
    let mut name = "";
    for line in weights.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_ascii_whitespace();
        match (words.next(), words.next()) {
            (Some("model"), Some(model)) => {
                name = model;
                let base = words.next().and_then(|base| base.parse().ok()).unwrap_or_default();
                models.entry(name).or_default().base = base;
            }
            (Some(feature), Some(first)) => {
                let at = NAMES.iter().position(|known| *known == feature);
                let own = at.and_then(|at| models.get_mut(name)?.steps.get_mut(at));
                let step = |word: &str| {
                    let (threshold, gain) = word.split_once(':')?;
                    Some((threshold.parse().ok()?, gain.parse().ok()?))
                };
                if let Some(own) = own {
                    own.extend(std::iter::once(first).chain(words).filter_map(step));
                }
            }
            _ => {}
        }
    }
    models
}

/// The sum of the steps that a value passes.
fn gain(steps: &[(f32, f32)], value: f32) -> f32 {
    let passed = steps.iter().filter(|(least, _)| value > *least);
    passed.map(|(_, gain)| gain).sum()
}

fn model(features: &Features) -> Option<&'static Model> {
    MODELS.get(if features.named { "named" } else { "other" })
}

/// The confidence from a candidate's features, 0 to 1.
pub(super) fn confidence(features: &Features) -> f32 {
    let logit = model(features).map_or(f32::NEG_INFINITY, |model| {
        let gains = model.steps.iter().zip(features.values);
        gains.fold(model.base, |logit, (steps, value)| logit + gain(steps, value))
    });
    1.0 / (1.0 + (-logit).exp())
}

/// The amount that each feature adds to the confidence, and the most that it could.
pub(super) fn weights(features: &Features) -> Vec<FeatureWeight> {
    let Some(model) = model(features) else {
        return Vec::new();
    };
    let own = NAMES.into_iter().zip(&model.steps).zip(features.values);
    own.map(|((name, steps), value)| FeatureWeight {
        name,
        value,
        gain: gain(steps, value),
        most: gain(steps, f32::MIN).max(gain(steps, f32::MAX)),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::{MODELS, NAMES, WEIGHTS};

    #[test]
    fn every_line_of_the_weights_is_read() {
        let lines = WEIGHTS
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        let (models, features): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.starts_with("model "));
        assert_eq!(models.len(), MODELS.len());
        assert!(
            ["named", "other"].iter().all(|model| MODELS.contains_key(model)),
            "{models:?}"
        );
        let known = |line: &&str| NAMES.contains(&line.split(' ').next().unwrap_or_default());
        assert!(features.iter().all(known), "{features:?}");
        let steps: usize = features.iter().map(|line| line.split(' ').count() - 1).sum();
        let read: usize = MODELS.values().flat_map(|model| &model.steps).map(Vec::len).sum();
        assert_eq!(steps, read);
    }
}
