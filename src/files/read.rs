//! Reader of one file of a runbook folder: bounded, never blocking, and only from inside the folder.

use std::fs::{File, Metadata};
use std::io::{self, Read as _, Seek as _};
use std::path::Path;

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8};

use crate::runbook::word;

/// Beginning of a zip file, such as a Word document.
const ZIP: &[u8] = b"PK\x03\x04";
/// Beginning of a file of the old Office formats, and of protected documents.
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// Beginning of a file whose content Git LFS keeps elsewhere.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// A file's content.
pub(super) enum FileContent {
    /// Text; `lossy` when some bytes were not UTF-8.
    Text { text: String, lossy: bool },
    /// The file is larger than the limit; its size in bytes.
    TooLarge(u64),
    /// The file holds no text, for this reason.
    No(String),
    /// The file is a document that cannot be read, for this reason.
    Damaged(&'static str),
    /// The file is a link that points outside the folder.
    Outside,
}

/// Reads a file that should hold text. With `root`, a canonical path, only a file that lies below it is read: the check
/// is made on the opened file, so a file that is replaced by a link after the folder was listed is not read either.
pub(super) fn text(file: &Path, root: Option<&Path>, max_bytes: u64) -> io::Result<FileContent> {
    // Opening a device can have side effects.
    if !std::fs::metadata(file)?.is_file() {
        return Ok(FileContent::No("not a regular file".to_owned()));
    }
    let opened = open(file)?;
    let metadata = opened.metadata()?;
    if !metadata.is_file() {
        return Ok(FileContent::No("not a regular file".to_owned()));
    }
    if let Some(root) = root {
        match place(file, &metadata, root)? {
            Location::Inside => {}
            Location::Outside => return Ok(FileContent::Outside),
            Location::Replaced => return Err(io::Error::other("it was replaced while being read")),
        }
    }
    if file
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("docx"))
        && let Some(content) = word(&opened)?
    {
        return Ok(content);
    }
    if metadata.len() > max_bytes {
        return Ok(FileContent::TooLarge(metadata.len()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    opened.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    let length = bytes.len() as u64;
    if length > max_bytes {
        return Ok(FileContent::TooLarge(length));
    }
    Ok(decode(bytes))
}

/// Reads a Word document, of which only the parts with text are unpacked; `None` for a file that is none.
fn word(mut opened: &File) -> io::Result<Option<FileContent>> {
    let mut start = Vec::with_capacity(OLE.len());
    opened.take(OLE.len() as u64).read_to_end(&mut start)?;
    opened.rewind()?;
    if start.starts_with(OLE) {
        let reason =
            "the file is in Word's old format or protected with a password; save it as .docx without a password";
        return Ok(Some(FileContent::Damaged(reason)));
    }
    if !start.starts_with(ZIP) {
        return Ok(None);
    }
    Ok(Some(match word::to_html(io::BufReader::new(opened)) {
        Ok(text) => FileContent::Text { text, lossy: false },
        Err(reason) => FileContent::Damaged(reason),
    }))
}

/// Opens a file for reading without blocking: opening a FIFO would otherwise wait for a writer.
fn open(file: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    options.open(file)
}

/// Place of an opened file in relation to the folder.
enum Location {
    Inside,
    Outside,
    /// Another file has this path by now: it was saved meanwhile.
    Replaced,
}

fn place(file: &Path, opened: &Metadata, root: &Path) -> io::Result<Location> {
    let real = file.canonicalize()?;
    if !real.starts_with(root) {
        return Ok(Location::Outside);
    }
    let is_same = FileIdentity::of(&std::fs::symlink_metadata(&real)?) == FileIdentity::of(opened);
    Ok(if is_same { Location::Inside } else { Location::Replaced })
}

/// Identity of a file or folder, whatever path leads to it.
#[cfg(unix)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FileIdentity {
    device: u64,
    inode: u64,
}

#[cfg(unix)]
impl FileIdentity {
    pub(super) fn of(metadata: &Metadata) -> FileIdentity {
        use std::os::unix::fs::MetadataExt as _;
        FileIdentity {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

/// Empty: other systems do not provide an identity.
#[cfg(not(unix))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FileIdentity;

#[cfg(not(unix))]
impl FileIdentity {
    pub(super) fn of(_: &Metadata) -> FileIdentity {
        FileIdentity
    }
}

/// Decodes UTF-8, UTF-16 with a byte order mark, or UTF-8 with invalid bytes, which are replaced.
pub(super) fn decode(bytes: Vec<u8>) -> FileContent {
    if bytes.starts_with(LFS_POINTER) {
        return FileContent::No("a Git LFS pointer: its content is not in the repository".to_owned());
    }
    if let [0xff, 0xfe, rest @ ..] = bytes.as_slice() {
        return utf16(rest, u16::from_le_bytes);
    }
    if let [0xfe, 0xff, rest @ ..] = bytes.as_slice() {
        return utf16(rest, u16::from_be_bytes);
    }
    if bytes.iter().take(8_000).any(|byte| *byte == 0) {
        return FileContent::No("not a text file".to_owned());
    }
    let declared = declared(&bytes);
    if let Some(encoding) = declared.filter(|encoding| *encoding == ISO_2022_JP) {
        // Its bytes are ASCII, so that they are valid UTF-8, too.
        let (text, _, lossy) = encoding.decode(&bytes);
        let text = text.into_owned();
        return FileContent::Text { text, lossy };
    }
    match String::from_utf8(bytes) {
        Ok(text) => FileContent::Text { text, lossy: false },
        Err(error) => {
            let (text, lossy) = match declared.filter(|encoding| *encoding != UTF_8) {
                Some(encoding) => {
                    let (text, _, lossy) = encoding.decode(error.as_bytes());
                    (text.into_owned(), lossy)
                }
                None => (String::from_utf8_lossy(error.as_bytes()).into_owned(), true),
            };
            FileContent::Text { text, lossy }
        }
    }
}

/// Bytes at the beginning of a page in which its character set is looked for: the HTML standard asks for 1024.
const DECLARED_WITHIN: usize = 4096;

/// Returns the character set that a page declares: `<?xml … encoding="…"?>`, `<meta charset="…">`, or
/// `<meta … content="text/html; charset=…">`.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes.get(..bytes.len().min(DECLARED_WITHIN))?;
    if !start.trim_ascii_start().starts_with(b"<") {
        return None;
    }
    let start = String::from_utf8_lossy(start).to_ascii_lowercase();
    let xml = start
        .trim_start()
        .strip_prefix("<?xml")
        .and_then(|rest| rest.split("?>").next());
    let label = |text: &str, key: &str| {
        let (_, rest) = text.split_once(key)?;
        let rest = rest.trim_start().strip_prefix('=')?.trim_start();
        let end = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'));
        let name = rest.trim_start_matches(['"', '\'']).split(end).next()?;
        Encoding::for_label(name.as_bytes())
    };
    xml.and_then(|xml| label(xml, "encoding")).or_else(|| {
        start
            .match_indices("<meta")
            .find_map(|(at, _)| label(start.get(at..)?.split('>').next()?, "charset"))
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> FileContent {
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .filter_map(|pair| Some(unit(pair.try_into().ok()?)))
        .collect();
    FileContent::Text {
        text: String::from_utf16_lossy(&units),
        lossy: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_decoded_as_it_declares() {
        let read = |bytes: &[u8]| match decode(bytes.to_vec()) {
            FileContent::Text { text, lossy } => (text, lossy),
            _ => panic!("it is text"),
        };
        for (declaration, word, bytes) in [
            (
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>",
                "Größe",
                &b"Gr\xf6\xdfe"[..],
            ),
            ("<meta charset=windows-1251>", "Диск", &b"\xc4\xe8\xf1\xea"[..]),
            (
                "<meta http-equiv='Content-Type' content='text/html; charset=EUC-KR'>",
                "서버",
                &b"\xbc\xad\xb9\xf6"[..],
            ),
            (
                "<meta charset='iso-8859-1'>",
                "schon UTF-8: ö",
                "schon UTF-8: ö".as_bytes(),
            ),
        ] {
            let (text, lossy) = read(&[declaration.as_bytes(), bytes].concat());
            assert_eq!((text.as_str(), lossy), (format!("{declaration}{word}").as_str(), false));
        }
        assert!(read(b"<meta charset=utf-8>\xf6").1, "the declaration is wrong");
        assert!(read(b"charset=iso-8859-1 \xf6").1, "only pages declare it");
    }

    /// To the reader, a file that is swapped after the folder was listed looks like this.
    #[test]
    fn a_link_out_of_the_folder_and_a_pipe_are_refused_when_they_are_opened() {
        let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (root, other) = (root.path().canonicalize().unwrap(), other.path().join("secret.md"));
        std::fs::write(&other, "secret").unwrap();
        std::fs::write(root.join("a.md"), "inside").unwrap();
        let link = |name: &str, target: &Path| std::os::unix::fs::symlink(target, root.join(name)).unwrap();
        link("in.md", Path::new("a.md"));
        link("out.md", &other);
        link("folder", other.parent().unwrap());
        let read = |name: &str| text(&root.join(name), Some(&root), 100).unwrap();
        assert!(matches!(read("a.md"), FileContent::Text { text, .. } if text == "inside"));
        assert!(matches!(read("in.md"), FileContent::Text { text, .. } if text == "inside"));
        assert!(matches!(read("out.md"), FileContent::Outside));
        assert!(matches!(read("folder/secret.md"), FileContent::Outside));
        assert!(matches!(
            text(&root.join("out.md"), None, 100),
            Ok(FileContent::Text { .. })
        ));
        assert!(matches!(
            text(&root.join("a.md"), Some(&root), 5),
            Ok(FileContent::TooLarge(6))
        ));

        let pipe = root.join("pipe.md");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert!(matches!(read("pipe.md"), FileContent::No(_)));
        // Opened after its kind was checked: it must not wait for a writer.
        assert!(!open(&pipe).unwrap().metadata().unwrap().is_file());
    }
}
