//! A map in memory, bounded by weight and by age.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

/// Bytes that an entry costs besides its value: its key, and its places in the indexes.
const OVERHEAD: usize = 160;

/// The bounds of a [`Cache`].
#[derive(Debug, Clone, Copy)]
pub(super) struct CacheLimits {
    /// Bytes of all entries.
    pub(super) bytes: usize,
    /// Time after which an entry is no longer found.
    pub(super) age: Duration,
}

/// Values by key. Evicts the entries that were inserted first once they weigh too much together.
#[derive(Debug)]
pub(super) struct Cache<K, V> {
    limits: CacheLimits,
    entries: HashMap<K, CacheEntry<V>>,
    /// Keys by the number of their insertion.
    order: BTreeMap<u64, K>,
    inserted: u64,
    bytes: usize,
}

#[derive(Debug)]
struct CacheEntry<V> {
    value: V,
    bytes: usize,
    number: u64,
    at: Instant,
}

impl<K: Eq + Hash + Clone, V> Cache<K, V> {
    pub(super) fn new(limits: CacheLimits) -> Self {
        Self {
            limits,
            entries: HashMap::new(),
            order: BTreeMap::new(),
            inserted: 0,
            bytes: 0,
        }
    }

    /// Inserts a value of so many bytes, in place of the one with its key. Returns the entries that had to go: old ones,
    /// and this one if it is heavier than the limit.
    pub(super) fn insert(&mut self, key: K, value: V, bytes: usize, now: Instant) -> Vec<(K, V)> {
        let mut gone = self.expire(now);
        self.remove(&key);
        let bytes = bytes.saturating_add(OVERHEAD);
        if bytes > self.limits.bytes {
            gone.push((key, value));
            return gone;
        }
        while self.bytes + bytes > self.limits.bytes
            && let Some(oldest) = self.pop_first()
        {
            gone.push(oldest);
        }
        let number = self.inserted;
        self.inserted += 1;
        self.bytes += bytes;
        self.order.insert(number, key.clone());
        let entry = CacheEntry {
            value,
            bytes,
            number,
            at: now,
        };
        self.entries.insert(key, entry);
        gone
    }

    /// The value of a key that is not too old.
    pub(super) fn get<Q>(&self, key: &Q, now: Instant) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let entry = self.entries.get(key)?;
        (!self.is_old(entry, now)).then_some(&entry.value)
    }

    pub(super) fn remove<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let entry = self.entries.remove(key)?;
        self.order.remove(&entry.number);
        self.bytes -= entry.bytes;
        Some(entry.value)
    }

    /// Removes and returns the entries that are too old, and gives back the memory of the maps when most of it is free.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<(K, V)> {
        let mut gone = Vec::new();
        while let Some(key) = self.order.values().next()
            && self.entries.get(key).is_none_or(|entry| self.is_old(entry, now))
        {
            gone.extend(self.pop_first());
        }
        if self.entries.capacity() > 1_024 && self.entries.len() < self.entries.capacity() / 4 {
            self.entries.shrink_to_fit();
        }
        gone
    }

    /// Bytes of all entries.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn is_old(&self, entry: &CacheEntry<V>, now: Instant) -> bool {
        now.saturating_duration_since(entry.at) >= self.limits.age
    }

    fn pop_first(&mut self) -> Option<(K, V)> {
        let (_, key) = self.order.pop_first()?;
        let entry = self.entries.remove(&key)?;
        self.bytes -= entry.bytes;
        Some((key, entry.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(entries: usize) -> Cache<&'static str, u32> {
        Cache::new(CacheLimits {
            bytes: entries * (OVERHEAD + 100),
            age: Duration::from_mins(1),
        })
    }

    #[test]
    fn the_oldest_entries_give_way_to_new_ones() {
        let (mut cache, now) = (cache(2), Instant::now());
        assert!(cache.insert("a", 1, 100, now).is_empty());
        assert!(cache.insert("b", 2, 100, now).is_empty());
        assert!(
            cache.insert("a", 3, 100, now).is_empty(),
            "the same key takes no more room"
        );
        assert_eq!(cache.insert("c", 4, 100, now), [("b", 2)]);
        assert_eq!(
            (cache.get("a", now), cache.get("b", now), cache.get("c", now)),
            (Some(&3), None, Some(&4))
        );
        assert_eq!(cache.bytes(), 2 * (OVERHEAD + 100));
        assert_eq!(cache.remove("a"), Some(3));
        assert_eq!(cache.bytes(), OVERHEAD + 100);
    }

    #[test]
    fn what_is_heavier_than_the_limit_is_not_kept_and_costs_nothing_else() {
        let (mut cache, now) = (cache(2), Instant::now());
        cache.insert("a", 1, 100, now);
        assert_eq!(cache.insert("b", 2, 1_000, now), [("b", 2)]);
        assert_eq!((cache.get("a", now), cache.get("b", now)), (Some(&1), None));
    }

    #[test]
    fn an_entry_is_neither_found_nor_kept_once_it_is_too_old() {
        let (mut cache, now) = (cache(9), Instant::now());
        let later = |seconds| now + Duration::from_secs(seconds);
        cache.insert("a", 1, 0, now);
        cache.insert("b", 2, 0, later(30));
        assert_eq!(cache.get("a", later(59)), Some(&1));
        assert_eq!(cache.get("a", later(60)), None);
        assert_eq!(cache.expire(later(60)), [("a", 1)]);
        cache.insert("b", 3, 0, later(80));
        assert!(cache.expire(later(100)).is_empty(), "it was inserted anew");
        assert_eq!(cache.expire(later(140)), [("b", 3)]);
        assert_eq!(cache.bytes(), 0);
    }
}
