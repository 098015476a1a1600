//! The rate limiter: bursts, pauses, and blocked buckets.

use std::time::Duration;

use signpost::slack::rate_limiter::*;
use tokio::time::Instant;

#[test]
fn a_burst_goes_out_at_once_and_the_rest_a_second_apart() {
    let (pace, now, bucket) = (RateLimiter::default(), Instant::now(), Bucket::post("C1"));
    let waits: Vec<_> = (0..5).map(|_| pace.take(&bucket, now)).collect();
    let second = Err(Duration::from_secs(1));
    assert_eq!(waits, [Ok(()), Ok(()), Ok(()), second, second]);
    let others = [Bucket::post("C2"), Bucket::update()].map(|other| pace.take(&other, now));
    assert_eq!(others, [Ok(()), Ok(())], "lanes do not wait for each other");
    assert_eq!(pace.take(&bucket, now + Duration::from_secs(1)), Ok(()));
    assert_eq!(pace.take(&bucket, now + Duration::from_secs(1)), second);
    assert_eq!(pace.take(&bucket, now + Duration::from_mins(1)), Ok(()));
}

#[test]
fn a_blocked_lane_waits_as_long_as_slack_says_and_then_goes_on_evenly() {
    let (pace, now, bucket) = (RateLimiter::default(), Instant::now(), Bucket::post("C1"));
    pace.block(&bucket, now, Duration::from_secs(7));
    assert_eq!(pace.take(&bucket, now), Err(Duration::from_secs(7)));
    let later = now + Duration::from_secs(7);
    assert_eq!(pace.take(&bucket, later), Ok(()));
    assert_eq!(pace.take(&bucket, later), Err(Duration::from_secs(1)));
    assert_eq!(pace.take(&Bucket::update(), now), Ok(()));
}
