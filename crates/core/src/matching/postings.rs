//! Lists by number: the entries of each word, in the order they were added.

/// A list for each number, all in one contiguous piece of memory.
#[derive(Debug)]
pub(super) struct Postings<T> {
    /// The list of `n` is `all[starts[n]..starts[n + 1]]`.
    starts: Vec<u32>,
    all: Vec<T>,
}

impl<T: Copy + Default> Postings<T> {
    /// Builds the lists by a counting sort: `walk` is called twice, and passes every entry with its number, in the same
    /// order both times. Linear in the number of entries.
    pub(super) fn new(numbers: usize, mut walk: impl FnMut(&mut dyn FnMut(u32, T))) -> Postings<T> {
        let mut starts = vec![0_u32; numbers + 1];
        walk(&mut |number, _| {
            if let Some(count) = starts.get_mut(number as usize + 1) {
                *count += 1;
            }
        });
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut all = vec![T::default(); sum as usize];
        let mut next = starts.clone();
        walk(&mut |number, value| {
            if let Some(at) = next.get_mut(number as usize)
                && let Some(slot) = all.get_mut(*at as usize)
            {
                *slot = value;
                *at += 1;
            }
        });
        Postings { starts, all }
    }

    /// The list of a number.
    pub(super) fn of(&self, number: u32) -> &[T] {
        let bounds = (self.starts.get(number as usize), self.starts.get(number as usize + 1));
        let (Some(from), Some(to)) = bounds else { return &[] };
        self.all.get(*from as usize..*to as usize).unwrap_or_default()
    }
}

/// A record of the turn in which each number came last.
pub(super) struct Stamps(Vec<u32>);

impl Stamps {
    pub(super) fn new(numbers: usize) -> Stamps {
        Stamps(vec![u32::MAX; numbers])
    }

    pub(super) fn clear(&mut self) {
        self.0.fill(u32::MAX);
    }

    /// Returns true when a number comes for the first time in this turn.
    pub(super) fn first(&mut self, number: u32, turn: u32) -> bool {
        self.0
            .get_mut(number as usize)
            .is_some_and(|last| std::mem::replace(last, turn) != turn)
    }
}

#[cfg(test)]
mod tests {
    use super::{Postings, Stamps};

    #[test]
    fn each_number_has_its_list_in_order() {
        let values = [(2, 'a'), (0, 'b'), (2, 'c'), (9, 'x')];
        let postings = Postings::new(3, |take| {
            for (number, value) in values {
                take(number, value);
            }
        });
        assert_eq!(postings.of(0), ['b']);
        assert!(postings.of(1).is_empty() && postings.of(9).is_empty());
        assert_eq!(postings.of(2), ['a', 'c']);
    }

    #[test]
    fn a_number_is_first_once_a_turn() {
        let mut stamps = Stamps::new(2);
        let turns: Vec<bool> = [(1, 0), (1, 0), (1, 1), (5, 1)]
            .iter()
            .map(|(number, turn)| stamps.first(*number, *turn))
            .collect();
        assert_eq!(turns, [true, false, true, false]);
    }
}
