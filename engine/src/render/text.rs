//! Each diagnostic with the source around it, in rustc's manner.

use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Label, Severity};

pub(super) fn render(diagnostics: &[Diagnostic], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    diagnostics.iter().flat_map(|diagnostic| [renderer.render(&[group(diagnostic)]), "\n\n".into()]).collect()
}

/// Where more is said of the rule.
fn explanation(diagnostic: &Diagnostic) -> String {
    format!("`formwork explain {}`", diagnostic.rule.name())
}

fn group(diagnostic: &Diagnostic) -> Group<'_> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.rule.name()));
    group = snippets(group, diagnostic);
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help));
    }
    group.element(Level::NOTE.message(explanation(diagnostic)))
}

/// A snippet per file, that of the primary label first.
fn snippets<'a>(mut group: Group<'a>, diagnostic: &'a Diagnostic) -> Group<'a> {
    let primary = &diagnostic.primary;
    if primary.file.text.is_empty() {
        return group.element(Origin::path(primary.file.path.to_string_lossy()));
    }
    let mut files = vec![&primary.file];
    for label in &diagnostic.secondary {
        if !files.iter().any(|file| Arc::ptr_eq(file, &label.file)) {
            files.push(&label.file);
        }
    }
    for file in files {
        let mut snippet = Snippet::source(&file.text).path(file.path.to_string_lossy());
        if Arc::ptr_eq(file, &primary.file) {
            snippet = snippet.annotation(annotation(AnnotationKind::Primary, primary));
        }
        for label in diagnostic.secondary.iter().filter(|label| Arc::ptr_eq(file, &label.file)) {
            snippet = snippet.annotation(annotation(AnnotationKind::Context, label));
        }
        group = group.element(snippet);
    }
    group
}

fn annotation(kind: AnnotationKind, label: &Label) -> annotate_snippets::Annotation<'_> {
    let annotation = kind.span(label.span.clone());
    if label.text.is_empty() { annotation } else { annotation.label(&label.text) }
}
