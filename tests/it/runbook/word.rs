//! Word documents: what is read as which block, what is left out, and files that are no documents.

use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use signpost::files::{self, Options};
use signpost::runbook::Library;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::outline::of_runbook;

const STYLES: &str = r#"<w:styles xmlns:w="w">
    <w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/></w:style>
    <w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
    <w:style w:type="paragraph" w:styleId="Own2"><w:name w:val="Chapter"/><w:basedOn w:val="Base2"/></w:style>
    <w:style w:type="paragraph" w:styleId="Base2"><w:name w:val="Base"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
    <w:style w:type="paragraph" w:styleId="Shell"><w:name w:val="Shell code"/></w:style>
    <w:style w:type="paragraph" w:styleId="TOC1"><w:name w:val="toc 1"/></w:style>
    <w:style w:type="paragraph" w:styleId="Bullet"><w:name w:val="List Bullet"/><w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:style>
    </w:styles>"#;

const NUMBERING: &str = r#"<w:numbering xmlns:w="w">
    <w:abstractNum w:abstractNumId="10"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/></w:lvl>
    <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/></w:lvl></w:abstractNum>
    <w:abstractNum w:abstractNumId="11"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>
    <w:num w:numId="1"><w:abstractNumId w:val="10"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="11"/></w:num>
    </w:numbering>"#;

const LINKS: &str = r#"<Relationships><Relationship Id="r1" Target="https://grafana.example/d/1?a=1&amp;b=2" TargetMode="External"/>
    <Relationship Id="r2" Target="media/image1.png"/></Relationships>"#;

/// A document with these parts besides the styles.
fn docx(body: &str) -> Vec<u8> {
    let document = format!("<?xml version=\"1.0\"?><w:document xmlns:w=\"w\"><w:body>{body}</w:body></w:document>");
    package(&[
        ("[Content_Types].xml", "<Types/>"),
        ("word/document.xml", &document),
        ("word/styles.xml", STYLES),
        ("word/numbering.xml", NUMBERING),
        ("word/_rels/document.xml.rels", LINKS),
    ])
}

fn package(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in parts {
        zip.start_file(*path, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn paragraph(properties: &str, text: &str) -> String {
    format!("<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r></w:p>")
}

fn style(id: &str, text: &str) -> String {
    paragraph(&format!("<w:pStyle w:val=\"{id}\"/>"), text)
}

fn item(number: u32, level: u32, text: &str) -> String {
    let list = format!("<w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"{number}\"/></w:numPr>");
    paragraph(&list, text)
}

fn load(dir: &Path) -> Library {
    files::load(dir, &Options::default(), None, &|_, _| {}).unwrap()
}

fn outline(name: &str, bytes: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(name), bytes).unwrap();
    let library = load(dir.path());
    let mut out = String::new();
    for runbook in &library.runbooks {
        out.push_str(&of_runbook(runbook));
    }
    for found in &library.diagnostics {
        let _ = writeln!(out, "{} {}: {}", found.path, found.code, found.message);
    }
    for skipped in &library.skipped {
        let _ = writeln!(out, "{} skipped: {}", skipped.path, skipped.reason);
    }
    out
}

#[test]
fn text_headings_lists_code_tables_and_links_are_read() {
    let mono = "<w:rPr><w:rFonts w:ascii=\"Consolas\"/></w:rPr>";
    let cell = |text: &str| format!("<w:tc>{}</w:tc>", paragraph("", text));
    let body = [
        style("Titel", "Kiln runbook"),
        style("TOC1", "Door jammed ..... 2"),
        style("berschrift1", "Door jammed"),
        format!(
            "<w:p><w:bookmarkStart w:name=\"door\"/><w:r><w:t>The log says </w:t></w:r><w:r>{mono}<w:t>KX0001: a &lt;door&gt; \
             &amp; a lock</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>!</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r>\
             </w:del><w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom></w:p>"
        ),
        style("Own2", "What to do"),
        item(1, 0, "Stop the kiln:"),
        "<w:p><w:pPr><w:pStyle w:val=\"Shell\"/><w:ind w:left=\"720\"/></w:pPr><w:r><w:t>kilnctl stop --reason \u{201c}door\u{201d}\
         </w:t></w:r></w:p>"
            .to_owned(),
        "<w:p><w:pPr><w:pStyle w:val=\"Shell\"/><w:ind w:left=\"720\"/></w:pPr><w:r><w:t>kilnctl\u{a0}status</w:t></w:r></w:p>".to_owned(),
        item(1, 0, "Open the door:"),
        item(1, 1, "left lock"),
        item(1, 1, "right lock"),
        paragraph("", "Wait a minute."),
        item(1, 0, "Start it."),
        style("Bullet", "Cold kilns start slowly."),
        "<w:p><w:r><w:t>See </w:t></w:r><w:hyperlink r:id=\"r1\"><w:r><w:t>the board</w:t></w:r></w:hyperlink><w:r><w:t>, </w:t></w:r>\
         <w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText> HYPERLINK \"https://wiki.example/kiln\" </w:instrText></w:r>\
         <w:r><w:fldChar w:fldCharType=\"separate\"/></w:r><w:r><w:t>the wiki</w:t></w:r><w:r><w:fldChar w:fldCharType=\"end\"/></w:r>\
         <w:hyperlink w:anchor=\"door\"><w:r><w:t> and above</w:t></w:r></w:hyperlink></w:p>"
            .to_owned(),
        format!(
            "<w:tbl><w:tblPr><w:tblLook w:val=\"04A0\" w:firstRow=\"1\"/></w:tblPr><w:tr>{}{}</w:tr><w:tr><w:tc><w:tcPr><w:vMerge \
             w:val=\"restart\"/></w:tcPr>{}</w:tc>{}</w:tr><w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc>{}</w:tr></w:tbl>",
            cell("Code"),
            cell("Action"),
            paragraph("", "KX0002"),
            cell("Oil it."),
            cell("Mend it.")
        ),
    ];
    insta::assert_snapshot!(outline("kiln.docx", &docx(&body.concat())), @r##"
    1: [Kiln runbook]
    3: ##[Door jammed]
      4: The log says `KX0001: a <door> & a lock`**!**
    5: ###[What to do]
      6: list from 1
      - 6
          6: Stop the kiln:
          7: code() "kilnctl stop --reason \"door\"\nkilnctl status"
      - 9
          9: Open the door:
          10: list from 1
          - 10
              10: left lock
          - 11
              11: right lock
      12: Wait a minute.
      13: list from 3
      - 13
          13: Start it.
      14: list
      - 14
          14: Cold kilns start slowly.
      15: See [the board](https://grafana.example/d/1?a=1&b=2), [the wiki](https://wiki.example/kiln) [and above](§1)
      16: table | Code | Action |
        | KX0002 | Oil it. |
        | KX0002 | Mend it. |
    "##);
}

#[test]
fn files_that_are_no_documents_are_told() {
    let bomb = "<w:p><w:r><w:t>x</w:t></w:r></w:p>".repeat(1_200_000);
    let entities = "<!DOCTYPE d [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><w:document><w:body><w:p><w:r>\
                    <w:t>&b;&b; text</w:t></w:r></w:p></w:body></w:document>";
    let whole = docx(&paragraph("", "Text."));
    for (bytes, expected) in [
        (b"PK\x03\x04 and then nothing".to_vec(), "damaged"),
        (whole[..whole.len() / 2].to_vec(), "damaged"),
        (package(&[("xl/workbook.xml", "<x/>")]), "does not contain the text"),
        (docx(&bomb), "too large"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0".to_vec(),
            "in Word's old format or protected with a password",
        ),
    ] {
        let told = outline("kiln.docx", &bytes);
        assert!(
            told.contains("kiln.docx document: ") && told.contains(expected),
            "{told}"
        );
    }
    let told = outline("kiln.docx", &package(&[("word/document2.xml", entities)]));
    assert!(told.contains("&b;&b; text"), "{told}");
    // Any depth, and anything that is cut off.
    let deep = "<w:tbl><w:tr><w:tc>".repeat(3_000);
    assert!(outline("kiln.docx", &docx(&format!("{deep}<w:p><w:r><w:t>deep</w:t>"))).contains("deep"));
    assert!(outline("kiln.docx", b"# Kiln\n\nJust text.\n").contains("Just text."));
}

#[test]
fn a_tracked_change_of_format_leaves_the_new_one() {
    let heading = "<w:p><w:pPr><w:pStyle w:val=\"berschrift1\"/><w:pPrChange w:id=\"1\"><w:pPr><w:pStyle w:val=\"Shell\"/>\
                   </w:pPr></w:pPrChange></w:pPr><w:r><w:t>Door jammed</w:t></w:r></w:p>";
    let told = outline("kiln.docx", &docx(&format!("{heading}{}", paragraph("", "Oil it."))));
    assert!(told.contains("[Door jammed]") && !told.contains("code"), "{told}");
}

#[test]
fn merged_cells_are_repeated_within_bounds() {
    let first = format!(
        "<w:tr><w:tc><w:tcPr><w:vMerge w:val=\"restart\"/></w:tcPr>{}</w:tc></w:tr>",
        paragraph("", &"Oil it. ".repeat(12_500))
    );
    let more = "<w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc></w:tr>".repeat(10_000);
    let text = paragraph("", "The doors of all kilns.");
    let told = outline("kiln.docx", &docx(&format!("{text}<w:tbl>{first}{more}</w:tbl>")));
    assert!(told.len() < 10_000_000, "{} {told:.300}", told.len());
}
