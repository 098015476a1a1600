//! Base64 and gzip, within limits.

use std::io::Read as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::MultiGzDecoder;

/// Most bytes that are unpacked: far more than any configuration has, and few enough to keep in memory.
pub(super) const MOST: usize = 1 << 20;
/// The two bytes that gzip begins with.
pub(super) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Decodes base64 of either alphabet, with or without padding, over any number of lines. An error completes "it …".
pub(super) fn base64(packed: &[u8]) -> Result<Vec<u8>, &'static str> {
    let lax = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let packed: Vec<u8> = packed
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    GeneralPurpose::new(&alphabet::STANDARD, lax)
        .decode(packed)
        .map_err(|_| "is not base64")
}

/// Unpacks gzip of at most [`MOST`] bytes. An error completes "it …".
pub(super) fn gzip(packed: &[u8]) -> Result<Vec<u8>, &'static str> {
    if !packed.starts_with(&GZIP) {
        return Err("is not gzip");
    }
    let mut out = Vec::new();
    let mut reader = MultiGzDecoder::new(packed).take(MOST as u64 + 1);
    reader.read_to_end(&mut out).map_err(|_| "is broken gzip")?;
    if out.len() > MOST {
        return Err("unpacks to more than 1 MiB");
    }
    Ok(out)
}
