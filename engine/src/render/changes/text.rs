//! Each finding with the source before and after, in rustc's manner.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::compat::{Finding, Severity};
use crate::diagnostic::Label;

pub(super) fn render(findings: &[Finding], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    findings.iter().flat_map(|finding| [renderer.render(&[group(finding)]), "\n\n".into()]).collect()
}

fn group(finding: &Finding) -> Group<'_> {
    let level = match finding.severity {
        Severity::Breaking => Level::ERROR.with_name("breaking"),
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let mut group = Group::with_title(level.primary_title(&finding.message).id(finding.change.name()));
    let kinds = [AnnotationKind::Context, AnnotationKind::Primary];
    for (label, kind) in [&finding.old, &finding.new].into_iter().zip(kinds) {
        let Some(label) = label else { continue };
        let kind = if finding.new.is_none() { AnnotationKind::Primary } else { kind };
        group = snippet(group, label, kind);
    }
    if let Some(witness) = &finding.witness {
        let text = format!("{}\n{}", super::outcome(witness), super::request(witness));
        group = group.element(Level::NOTE.with_name("witness").message(text));
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(help));
    }
    group
}

fn snippet<'a>(group: Group<'a>, label: &'a Label, kind: AnnotationKind) -> Group<'a> {
    let path = label.file.path.to_string_lossy();
    if label.file.text.is_empty() {
        return group.element(Origin::path(path));
    }
    let annotation = kind.span(label.span.clone()).label(&label.text);
    group.element(Snippet::source(&label.file.text).path(path).annotation(annotation))
}
