//! Caches of Slack's answers, bounded by bytes and by age.

use std::time::Duration;

use moka::future::Cache;
use moka::policy::EvictionPolicy;

/// Bytes that an entry costs besides the characters of its key and value, as measured.
const OVERHEAD: usize = 400;

/// A cache of so many bytes, each entry of which is found until it reaches that age. Entries that were not used for long
/// make room for new ones.
pub(super) fn bounded<V>(bytes: u64, age: Duration, weigh: fn(&V) -> usize) -> Cache<String, V>
where
    V: Clone + Send + Sync + 'static,
{
    let weight = move |key: &String, value: &V| key.len() + weigh(value) + OVERHEAD;
    Cache::builder()
        .max_capacity(bytes)
        .weigher(move |key, value| u32::try_from(weight(key, value)).unwrap_or(u32::MAX))
        .eviction_policy(EvictionPolicy::lru())
        .time_to_live(age)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn old_entries_give_way_to_new_ones_and_go_once_they_are_too_old() {
        let (room, age) = (2 * (OVERHEAD as u64 + 2), Duration::from_secs(1));
        let cache = bounded(room, age, String::len);
        for key in ["a", "b", "c"] {
            cache.insert(key.to_owned(), "1".to_owned()).await;
        }
        cache.insert("d".to_owned(), "1".repeat(OVERHEAD * 2)).await;
        cache.run_pending_tasks().await;
        let kept = ["a", "b", "c", "d"].map(|key| cache.contains_key(key));
        assert_eq!(
            (kept, cache.weighted_size()),
            ([false, true, true, false], room),
            "one is heavier than the limit"
        );
        tokio::time::sleep(age).await;
        assert_eq!(cache.get("c").await, None);
        cache.run_pending_tasks().await;
        assert_eq!(cache.weighted_size(), 0);
    }
}
