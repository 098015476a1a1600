//! Names of directives, by what they hold.

/// The label of an admonition by its name.
pub(super) fn admonition(name: &str) -> Option<&'static str> {
    Some(match name {
        "attention" => "Attention",
        "caution" => "Caution",
        "danger" => "Danger",
        "error" => "Error",
        "hint" => "Hint",
        "important" => "Important",
        "note" | "info" => "Note",
        "tip" => "Tip",
        "warning" | "warn" => "Warning",
        "seealso" => "See also",
        "todo" => "To do",
        _ => return None,
    })
}

pub(super) fn version_note(name: &str) -> Option<&'static str> {
    Some(match name {
        "versionadded" => "New in version",
        "versionchanged" => "Changed in version",
        "deprecated" => "Deprecated since version",
        "versionremoved" => "Removed in version",
        _ => return None,
    })
}

/// Directives whose content is the source of a picture.
pub(super) fn is_diagram(name: &str) -> bool {
    matches!(
        name,
        "mermaid"
            | "graphviz"
            | "digraph"
            | "graph"
            | "uml"
            | "plantuml"
            | "blockdiag"
            | "seqdiag"
            | "nwdiag"
            | "actdiag"
            | "packetdiag"
            | "rackdiag"
            | "ditaa"
            | "kroki"
            | "inheritance-diagram"
    )
}

/// Directives that only their builder reads.
pub(super) fn is_silent(name: &str) -> bool {
    matches!(
        name,
        "contents"
            | "index"
            | "meta"
            | "role"
            | "default-role"
            | "default-domain"
            | "program"
            | "module"
            | "sectnum"
            | "section-numbering"
            | "header"
            | "footer"
            | "target-notes"
            | "tabularcolumns"
            | "sectionauthor"
            | "codeauthor"
            | "moduleauthor"
            | "todolist"
            | "local-toc"
            | "bibliography"
            | "replace"
            | "unicode"
            | "date"
            | "testsetup"
            | "testcleanup"
            | "minitoc"
            | "toctree-filt"
            | "title"
    ) || name.starts_with("auto")
        || name.ends_with("currentmodule")
        || name.ends_with(":module")
        || name.ends_with(":namespace")
}

/// Directives that describe an object, whose signature stands above its description: those of domains, and Sphinx's own.
pub(super) fn is_object(name: &str) -> bool {
    name.contains(':')
        || matches!(
            name,
            "envvar"
                | "confval"
                | "function"
                | "class"
                | "method"
                | "attribute"
                | "data"
                | "exception"
                | "macro"
                | "type"
                | "describe"
                | "object"
                | "setting"
                | "confvar"
                | "config-option"
                | "http-endpoint"
                | "ansible-option"
        )
}

/// Directives whose argument is a title, even if it is one word.
pub(super) fn is_titled(name: &str) -> bool {
    matches!(
        name,
        "topic"
            | "sidebar"
            | "dropdown"
            | "details"
            | "collapse"
            | "tab"
            | "tab-item"
            | "group-tab"
            | "code-tab"
            | "card"
            | "grid-item-card"
            | "step"
            | "table"
            | "toggle"
            | "question"
            | "panel"
            | "button-link"
            | "epigraph"
            | "pull-quote"
            | "highlights"
            | "compound"
    )
}

/// Directives whose argument is a setting.
pub(super) fn is_configured(name: &str) -> bool {
    matches!(
        name,
        "only"
            | "ifconfig"
            | "ifslides"
            | "ifnotslides"
            | "container"
            | "class"
            | "rst-class"
            | "cssclass"
            | "grid"
            | "grid-item"
            | "tab-set"
            | "tabs"
            | "jinja"
            | "hlist"
            | "card-carousel"
            | "datatemplate"
            | "config-table"
            | "button-ref"
            | "click"
            | "argparse"
            | "program-output"
            | "command-output"
            | "plot"
            | "youtube"
            | "video"
            | "readingbox"
            | "jinja2"
    )
}

/// Directives whose argument goes on in the lines below it.
pub(super) fn takes_all(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    is_object(&name)
        || matches!(
            name.as_str(),
            "option" | "cmdoption" | "image" | "figure" | "table" | "list-table"
        )
}
