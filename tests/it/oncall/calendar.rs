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
        "the calendar returned a web page, perhaps a sign-in page, instead of a calendar"
    );
    for (rule, told_as) in [
        (
            "FREQ=SECONDLY",
            "the event “Ada”, which recurs more than 24 times a day",
        ),
        ("FREQ=MINUTELY", "recurs more than 24 times a day"),
        (
            "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=0,6,12,18;BYMINUTE=0,7,14,21,28,35,42",
            "recurs more than 24 times a day",
        ),
        ("FREQ=DAILY;BYSECOND=0,1", "recurs more than 24 times a day"),
        ("FREQ=HOURLY", "more than 50,000 shifts"),
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

/// A weekly series of Ada and one of Bo at the same time, and further events.
fn two_series(further: &str) -> String {
    event(
        "UID:a\nSEQUENCE:3\nSUMMARY:Ada\nDTSTART;TZID=Europe/Vienna:20260105T090000\nDURATION:PT8H\nRRULE:FREQ=WEEKLY",
    ) + &event("UID:b\nSUMMARY:Bo\nDTSTART;TZID=Europe/Vienna:20260105T090000\nDURATION:PT8H\nRRULE:FREQ=WEEKLY")
        + further
}

#[test]
fn overrides_belong_to_their_series_and_the_highest_sequence_wins() {
    let instance = |uid: &str, sequence: u8, name: &str, more: &str| {
        event(&format!(
            "UID:{uid}\nSEQUENCE:{sequence}\nSUMMARY:{name}{more}\nRECURRENCE-ID:20260112T080000Z\nDTSTART:20260112T080000Z\nDTEND:20260112T160000Z"
        ))
    };
    let at = "2026-01-12T10:00:00Z";
    let other = two_series(&instance("b", 7, "Linus", ""));
    assert_eq!(
        of_events(&other, at),
        "Ada until 2026-01-12T16:00:00Z + Linus until 2026-01-12T16:00:00Z; next Ada + Bo"
    );
    let newest = instance("a", 5, "Grace", "") + &instance("a", 4, "Linus", "");
    assert_eq!(
        of_events(&two_series(&newest), at),
        "Bo until 2026-01-12T16:00:00Z + Grace until 2026-01-12T16:00:00Z; next Ada + Bo"
    );
    let cancelled = two_series(&instance("a", 4, "Ada", "\nSTATUS:CANCELLED"));
    assert_eq!(
        of_events(&cancelled, at),
        "Bo until 2026-01-12T16:00:00Z; next Ada + Bo"
    );
    let onwards = two_series(&event(
        "UID:b\nSEQUENCE:1\nSUMMARY:Linus\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Vienna:20260112T090000\nDTSTART;TZID=Europe/Vienna:20260112T100000\nDURATION:PT4H",
    ));
    assert_eq!(
        of_events(&onwards, "2026-07-06T09:00:00Z"),
        "Ada until 2026-07-06T15:00:00Z + Linus until 2026-07-06T12:00:00Z; next Ada"
    );
}

#[test]
fn the_last_shift_of_a_rule_is_the_one_at_its_end() {
    let weekly = event(
        "UID:a\nSUMMARY:Ada\nDTSTART;TZID=Europe/Vienna:20260105T090000\nDURATION:PT8H\nRRULE:FREQ=WEEKLY;UNTIL=20260202T080000Z",
    );
    assert_eq!(
        of_events(&weekly, "2026-02-02T10:00:00Z"),
        "Ada until 2026-02-02T16:00:00Z; next "
    );
    assert_eq!(of_events(&weekly, "2026-02-09T10:00:00Z"), "; next ");
    let daily = event(
        "UID:a\nSUMMARY:Ada\nDTSTART;TZID=America/New_York:20260201T000000\nDURATION:P1D\nRRULE:FREQ=DAILY;UNTIL=20260302T045959Z",
    );
    assert_eq!(
        of_events(&daily, "2026-03-02T04:00:00Z"),
        "Ada until 2026-03-02T05:00:00Z; next "
    );
    assert_eq!(of_events(&daily, "2026-03-02T06:00:00Z"), "; next ");
}

#[test]
fn changes_of_the_clocks_neither_lose_nor_move_a_shift() {
    let in_gap = event("UID:a\nSUMMARY:Ada\nDTSTART;TZID=Europe/Vienna:20260329T023000\nDURATION:PT2H");
    assert_eq!(
        of_events(&in_gap, "2026-03-29T02:00:00Z"),
        "Ada until 2026-03-29T03:30:00Z; next "
    );
    let nightly = event(
        "UID:a\nSUMMARY:Ada\nDTSTART;TZID=Europe/Vienna:20260328T023000\nDURATION:PT2H\nRRULE:FREQ=DAILY;COUNT=2",
    );
    assert_eq!(
        of_events(&nightly, "2026-03-29T02:00:00Z"),
        "Ada until 2026-03-29T03:30:00Z; next "
    );
    // A week in which the clocks change ends at the hand-over of the next.
    let weekly = event(
        "UID:a\nSUMMARY:Ada\nDTSTART;TZID=Europe/Vienna:20261005T090000\nDTEND;TZID=Europe/Vienna:20261012T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2",
    ) + &event(
        "UID:b\nSUMMARY:Bo\nDTSTART;TZID=Europe/Vienna:20261012T090000\nDURATION:P1W\nRRULE:FREQ=WEEKLY;INTERVAL=2",
    );
    assert_eq!(
        of_events(&weekly, "2026-10-20T07:00:00Z"),
        "Ada until 2026-10-26T08:00:00Z; next Bo"
    );
}

#[test]
fn whole_days_are_left_out_and_only_events_are_shifts() {
    let daily = event(
        "UID:a\nSUMMARY:Ada\nDTSTART;TZID=Europe/Vienna:20260105T090000\nDURATION:PT8H\nRRULE:FREQ=DAILY\nEXDATE;VALUE=DATE:20260107",
    );
    assert_eq!(of_events(&daily, "2026-01-07T10:00:00Z"), "; next Ada");
    let task = "BEGIN:VTODO\nUID:t\nSUMMARY:Tidy up\nDTSTART:20260107T080000Z\nDUE:20260107T160000Z\nEND:VTODO\nBEGIN:VJOURNAL\nUID:j\nSUMMARY:Diary\nDTSTART;VALUE=DATE:20260107\nEND:VJOURNAL\n";
    assert_eq!(of_events(task, "2026-01-07T10:00:00Z"), "; next ");
}

#[test]
fn events_that_cannot_be_read_are_told_where_nobody_else_is_on_call() {
    let at = "2026-01-05T10:00:00Z";
    let ada = event("UID:a\nSUMMARY:Ada\nDTSTART:20260105T080000Z\nDTEND:20260105T160000Z");
    let broken = event("UID:b\nSUMMARY:Bo\nDTSTART;TZID=Mars/Olympus:20260105T090000\nDURATION:PT8H")
        + &event("UID:c\nSUMMARY:Cy\nDTSTART:20260105T090000\nDURATION:PT8H\nRRULE:FREQ=MONTHLY;BYMONTHDAY=77")
        + &event("UID:d\nSUMMARY:Di\nDTSTART:20260105T090000\nDTEND:later");
    assert_eq!(
        of_events(&broken, at),
        "the calendar returned 3 events that cannot be read (unknown time zone “Mars/Olympus”)"
    );
    assert_eq!(
        of_events(&format!("{broken}{ada}"), at),
        "Ada until 2026-01-05T16:00:00Z; next "
    );
}

#[test]
fn shifts_of_one_person_without_a_gap_are_one() {
    let days = ["05", "06", "07"].map(|day| {
        event(&format!(
            "UID:{day}\nSUMMARY:{}\nDTSTART;VALUE=DATE:202601{day}",
            if day == "07" { "Bo" } else { "Ada" }
        ))
    });
    assert_eq!(
        of_events(&days.concat(), "2026-01-05T10:00:00Z"),
        "Ada until 2026-01-06T23:00:00Z; next Bo"
    );
}

#[tokio::test]
async fn those_who_ask_at_a_time_share_one_reading() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = event("UID:a\nSUMMARY:Ada\nDTSTART:20260105T080000Z\nDTEND:20260105T160000Z");
    std::fs::write(file.path(), format!("BEGIN:VCALENDAR\n{text}END:VCALENDAR\n")).unwrap();
    let calendar = Calendar::new(CalendarPlace::File(file.path().to_owned()), "UTC".to_owned());
    let (schedule, at) = (schedule(), "2026-01-05T10:00:00Z".parse().unwrap());
    let both = tokio::join!(calendar.on_call(&schedule, at), calendar.on_call(&schedule, at));
    // The file is not read again.
    drop(file);
    for answer in [both.0, both.1, calendar.on_call(&schedule, at).await] {
        assert_eq!(told(answer), "Ada until 2026-01-05T16:00:00Z; next ");
    }
}
