//! Input of commands, bounded: what a person pastes, and labelled sets.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context as _, bail};
use encoding_rs::UTF_8;

use crate::slack::files::MOST;

/// Bytes of a piped paste that are thrown away after the part that is read, so that the program before does not break.
const DRAINED: u64 = 256 * 1024 * 1024;
/// Bytes of a line of a labelled set: a paste of the most that is read, escaped.
const LONGEST_LINE: u64 = 8 * 1024 * 1024;
/// Bytes of a labelled set.
const LARGEST_SET: u64 = 256 * 1024 * 1024;

/// The paste in a file; `-` or nothing is standard input. At most as much is read as the bot reads of a shared file; a
/// note on standard error says when there is more, and when it is not all text.
pub(super) fn paste(file: Option<&Path>) -> anyhow::Result<String> {
    let (bytes, is_cut) = match file.filter(|path| path.as_os_str() != "-") {
        Some(path) => File::open(path)
            .and_then(|file| beginning(file, 0))
            .with_context(|| format!("cannot read the paste {}", path.display()))?,
        None => beginning(io::stdin().lock(), DRAINED).context("cannot read the paste from standard input")?,
    };
    // Honours a byte order mark: PowerShell writes UTF-16.
    let (text, _, is_lossy) = UTF_8.decode(&bytes);
    if is_cut {
        note(&format!(
            "only the first {} of the paste was read, as in the bot; the rest was ignored",
            in_words(MOST)
        ));
    }
    if text.contains('\0') || is_lossy && !is_cut {
        note("the paste is not all text; parts that are not UTF-8 were ignored");
    }
    Ok(text.into_owned())
}

/// The bytes that are looked at, and whether there are more.
fn beginning(mut from: impl Read, drained: u64) -> io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    from.by_ref().take(MOST as u64 + 1).read_to_end(&mut bytes)?;
    let is_cut = bytes.len() > MOST;
    bytes.truncate(MOST);
    if is_cut {
        io::copy(&mut from.take(drained), &mut io::sink())?;
    }
    Ok((bytes, is_cut))
}

/// Cuts a text to what the bot would look at; tells whether something was cut.
pub(super) fn cut(text: &mut String) -> bool {
    let mut end = text.len().min(MOST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let is_cut = end < text.len();
    text.truncate(end);
    is_cut
}

/// The lines of a file that are not blank, with their numbers from 1, each handed over as it is read.
///
/// # Errors
///
/// The file cannot be read or holds too much, a line is too long or no UTF-8, or what `each` says.
pub(super) fn lines(path: &Path, mut each: impl FnMut(usize, &str) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("cannot read the cases {shown}"))?;
    let mut file = BufReader::new(file);
    let (mut line, mut total) = (Vec::new(), 0_u64);
    for number in 1.. {
        line.clear();
        let read = file
            .by_ref()
            .take(LONGEST_LINE + 1)
            .read_until(b'\n', &mut line)
            .with_context(|| format!("cannot read the cases {shown}"))?;
        if read == 0 {
            break;
        }
        total += read as u64;
        if read as u64 > LONGEST_LINE {
            bail!(
                "{shown}:{number}: the line is longer than {}; the bot uses the first {} of a text",
                in_words(LONGEST_LINE as usize),
                in_words(MOST)
            );
        }
        if total > LARGEST_SET {
            bail!(
                "{shown} is larger than {}; split it and measure the parts",
                in_words(LARGEST_SET as usize)
            );
        }
        let Ok(text) = std::str::from_utf8(&line) else {
            bail!("{shown}:{number}: the line is not UTF-8; save the file as UTF-8, with one JSON object per line");
        };
        if !text.trim().is_empty() {
            each(number, text)?;
        }
    }
    Ok(())
}

fn in_words(bytes: usize) -> String {
    format!("{} MiB", bytes / (1024 * 1024))
}

/// Says something beside the data on standard output.
#[expect(clippy::print_stderr, reason = "a note beside the data on standard output")]
pub(super) fn note(text: &str) {
    eprintln!("note: {text}");
}
