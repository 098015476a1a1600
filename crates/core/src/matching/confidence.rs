//! The confidence that a candidate is the error of a message: a sum of one step function for each feature, learned by
//! `weights/fit.py` from labelled messages, with the direction of each function fixed beforehand.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::FeatureWeight;
use super::features::{COUNT, Features, NAMES};

/// The functions, as `weights/fit.py` writes them: a model a block, which begins with its name and its base; then a
/// line a feature, with `THRESHOLD:GAIN` for each step.
const WEIGHTS: &str = include_str!("weights.txt");

/// What one kind of candidates is judged by.
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

/// A confidence, and what each feature adds to it.
#[derive(Debug, Clone)]
pub(super) struct Judgement {
    /// 0 to 1.
    pub(super) confidence: f32,
    pub(super) weights: Vec<FeatureWeight>,
}

/// Computes the confidence from a candidate's features.
pub(super) fn judge(features: &Features) -> Judgement {
    let mut logit = f32::NEG_INFINITY;
    let mut weights = Vec::with_capacity(COUNT);
    if let Some(model) = MODELS.get(if features.named { "named" } else { "other" }) {
        logit = model.base;
        for ((name, steps), value) in NAMES.into_iter().zip(&model.steps).zip(features.values) {
            let sum = |value: f32| -> f32 {
                let below = steps.iter().filter(|(least, _)| value > *least);
                below.map(|(_, gain)| gain).sum()
            };
            let (gain, ends) = (sum(value), [sum(f32::MIN), sum(f32::MAX)]);
            logit += gain;
            let most = ends.into_iter().fold(f32::MIN, f32::max);
            weights.push(FeatureWeight {
                name,
                value,
                gain,
                most,
            });
        }
    }
    Judgement {
        confidence: 1.0 / (1.0 + (-logit).exp()),
        weights,
    }
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
