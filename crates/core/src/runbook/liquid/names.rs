//! Replacements for Liquid that is not a value of the data: literals, shortcodes, and names derived from keys.

/// Returns the text of a quoted literal.
pub(super) fn literal(text: &str) -> Option<String> {
    let text = text.trim();
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text.strip_prefix(quote)?.strip_suffix(quote).map(str::to_owned)
}

/// Resolves a Hugo shortcode: `< ref "x.md" >` becomes its address, every other one nothing.
pub(super) fn shortcode(inner: &str) -> Option<String> {
    let inside = inner
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
        .or_else(|| inner.strip_prefix('%').and_then(|rest| rest.strip_suffix('%')))?;
    let inside = inside.trim().trim_end_matches('/').trim();
    let (word, argument) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
    let argument = argument.trim();
    match word {
        "ref" | "relref" => Some(literal(argument).unwrap_or_else(|| argument.to_owned())),
        "hint" | "notice" | "alert" | "expand" | "details" | "tab" => Some(literal(argument).unwrap_or_default()),
        _ => Some(String::new()),
    }
}

/// Extracts the name from a path that the data does not have: `teams.satellite-link.comm.name` → `satellite-link`.
pub(super) fn readable(path: &[&str]) -> String {
    const GENERIC: [&str; 12] = [
        "name",
        "link",
        "url",
        "comm",
        "escalate",
        "issue",
        "title",
        "short",
        "dashboard",
        "channel",
        "email",
        "href",
    ];
    let rest = match path {
        [_, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    let words: Vec<&str> = rest.iter().copied().filter(|part| !GENERIC.contains(part)).collect();
    if words.is_empty() {
        let generic = rest.iter().copied().filter(|part| *part == "dashboard");
        let words: Vec<&str> = path.first().copied().into_iter().chain(generic).collect();
        return words.join(" ");
    }
    words.join(" ")
}

/// Derives a readable product name from a key such as `cos_full_notm`.
pub(super) fn product(key: &str) -> String {
    if key.starts_with("attribute-definition") {
        return String::new();
    }
    let mut base = key;
    for suffix in ["_notm", "_full", "_short", "full", "short", "long", "_", "full"] {
        base = base.strip_suffix(suffix).unwrap_or(base);
    }
    // Names that cannot be derived from the key alone.
    let known = match base {
        "cloud" | "Bluemix" | "bluemix" => "IBM Cloud",
        "openshift" | "redhat_openshift" => "Red Hat OpenShift",
        "redhat" => "Red Hat",
        "cos" => "Cloud Object Storage",
        "registry" => "Container Registry",
        "containers" | "container" | "containerlong" => "Kubernetes Service",
        "logs" => "Cloud Logs",
        "filestorage_vpc" => "File Storage for VPC",
        "blockstorage" | "block_storage_is" => "Block Storage",
        "keymanagementservice" => "Key Protect",
        "hscrypto" => "Hyper Protect Crypto Services",
        "dl" => "Direct Link",
        "IBM" => "IBM",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    base.split(['_', '-'])
        .filter(|word| !word.is_empty())
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        })
        .collect::<Vec<String>>()
        .join(" ")
}
