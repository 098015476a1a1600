//! Connections to Slack that are not ours: an alarm for those that stay.

use jiff::Timestamp;
use signpost::slack::stray_connections::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + 60 * minute).unwrap()
}

#[test]
fn what_goes_away_by_itself_raises_no_alarm() {
    let mut stray = StrayConnections::new(2);
    assert_eq!(stray.hello(at(0), 4, 0), StrayVerdict::Fine);
    assert_eq!(stray.tick(at(4)), StrayVerdict::Fine);
    assert_eq!(stray.tick(at(5)), StrayVerdict::Ask);
    assert_eq!(
        stray.hello(at(5), 3, 1),
        StrayVerdict::Fine,
        "one of the three is being left"
    );
    assert_eq!(stray.tick(at(60)), StrayVerdict::Fine);
}

#[test]
fn what_lasts_raises_one_alarm() {
    let mut stray = StrayConnections::new(2);
    stray.hello(at(0), 3, 0);
    stray.hello(at(0), 2, 0);
    assert_eq!(stray.tick(at(6)), StrayVerdict::Ask);
    assert_eq!(stray.tick(at(6)), StrayVerdict::Fine, "it asks once");
    assert_eq!(stray.hello(at(6), 4, 1), StrayVerdict::Alarm(1));
    assert_eq!(stray.hello(at(7), 4, 1), StrayVerdict::Fine, "it is told once");
    assert_eq!(stray.hello(at(8), 2, 0), StrayVerdict::Fine);
}
