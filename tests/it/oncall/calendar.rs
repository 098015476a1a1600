//! Tests of calendars: what the clients of iCalendar write, and what none should.

use super::*;

/// The people on call by a calendar's text: `NAME=SLACK until TIME + …; next NAME`.
fn of_text(text: &str, time: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let calendar = Calendar::new(CalendarPlace::File(file.path().to_owned()), "Europe/Vienna".to_owned());
        told(calendar.on_call(&schedule(), time.parse().unwrap()).await)
    })
}

fn of_events(events: &str, time: &str) -> String {
    let events = events.replace('\n', "\r\n");
    of_text(
        &format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n"),
        time,
    )
}

fn event(lines: &str) -> String {
    format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT\n")
}

#[test]
fn shifts_recur_at_local_times_with_their_exceptions_and_overrides() {
    let weekly = event(
        "UID:a\nSUMMARY:Ada\nATTENDEE;CN=Ada:mailto:ada@example.com\nDTSTART;TZID=Europe/Vienna:20260105T090000\nDTEND;TZID=Europe/Vienna:20260112T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2\nEXDATE;TZID=Europe/Vienna:20260202T090000",
    ) + &event(
        "UID:b\nSUMMARY:Bo\nDTSTART;TZID=\"W. Europe Standard Time\":20260112T090000\nDURATION:P7D\nRRULE:FREQ=WEEKLY;INTERVAL=2",
    );
    for (at, expected) in [
        ("2026-01-06T00:00:00Z", "Ada=U1 until 2026-01-12T08:00:00Z; next Bo"),
        ("2026-01-13T00:00:00Z", "Bo until 2026-01-19T08:00:00Z; next Ada"),
        ("2026-02-03T00:00:00Z", "; next Bo"),
        ("2026-06-30T00:00:00Z", "Bo until 2026-07-06T07:00:00Z; next Ada"),
    ] {
        assert_eq!(of_events(&weekly, at), expected, "{at}");
    }
    let moved = event("UID:c\nSUMMARY:Ada\nDTSTART:20260101T080000Z\nDTEND:20260101T200000Z\nRRULE:FREQ=DAILY")
        + &event(
            "UID:c\nSUMMARY:Linus\nRECURRENCE-ID:20260103T080000Z\nDTSTART:20260103T100000Z\nDTEND:20260103T200000Z",
        )
        + &event(
            "UID:c\nSUMMARY:Ada\nSTATUS:CANCELLED\nRECURRENCE-ID:20260104T080000Z\nDTSTART:20260104T080000Z\nDTEND:20260104T200000Z",
        );
    assert_eq!(
        of_events(&moved, "2026-01-03T11:00:00Z"),
        "Linus until 2026-01-03T20:00:00Z; next Ada"
    );
    assert_eq!(of_events(&moved, "2026-01-04T11:00:00Z"), "; next Ada");
}

#[test]
fn two_at_a_time_whole_days_and_floating_times_are_read() {
    let both = event("UID:a\nSUMMARY:Ada\nDTSTART;VALUE=DATE:20260105")
        + &event("UID:b\nSUMMARY:Bo\nDTSTART:20260105T090000\nDURATION:PT1H");
    assert_eq!(
        of_events(&both, "2026-01-05T08:30:00Z"),
        "Ada until 2026-01-05T23:00:00Z + Bo until 2026-01-05T09:00:00Z; next "
    );
    assert_eq!(of_events("", "2026-01-05T08:30:00Z"), "; next ");
}

#[test]
fn what_is_not_a_calendar_is_told_and_no_rule_runs_away() {
    assert_eq!(
        of_text("\u{feff}<!doctype html><title>Sign in</title>", "2026-01-05T08:30:00Z"),
        "the calendar answered with a web page, perhaps a sign-in page, instead of a calendar"
    );
    for (rule, told_as) in [
        ("FREQ=SECONDLY", "every minute"),
        ("FREQ=HOURLY", "more than 50000 shifts"),
    ] {
        let rule = event(&format!(
            "UID:a\nSUMMARY:Ada\nDTSTART:19700101T000000Z\nDURATION:PT1H\nRRULE:{rule}"
        ));
        assert!(of_events(&rule, "2026-01-05T08:30:00Z").contains(told_as), "{rule}");
    }
    let never =
        event("UID:a\nSUMMARY:Ada\nDTSTART:20260101T000000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31")
            .repeat(200);
    let begun = std::time::Instant::now();
    of_events(&never, "2026-01-05T08:30:00Z");
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    let long = event(&format!(
        "UID:a\nSUMMARY:{}\nDTSTART:20260105T000000Z\nDURATION:P1D",
        "x".repeat(1024 * 1024)
    ));
    assert!(of_events(&long, "2026-01-05T08:30:00Z").contains("…"));
}
