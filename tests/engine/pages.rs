//! The pages of the rules: each shows exactly what `formwork lint` prints for its bad example, and its good one has no
//! findings. `UPDATE_PAGES=1` writes what is shown.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use formwork_engine::build::{
    Built, ReadPolicies, ReadTemplates, build, diagnostics_with, misplaced_templates, unknown_policies,
    unknown_widgets, unused_messages, unused_policies,
};
use formwork_engine::compile::Compiler;
use formwork_engine::diagnostic::{Diagnostic, Rule};
use formwork_engine::messages::{Locale, Locales};
use formwork_engine::policy::Policy;
use formwork_engine::render::{Format, render};
use formwork_engine::source::SourceFile;
use formwork_engine::suppression::Scope;
use formwork_engine::theme::Template;

use crate::case_file::now;
use crate::forms::repository;

/// A file of an example: its path and text.
type File<'p> = (&'p str, &'p str);

/// What a page is made of.
struct Page<'p> {
    bad: Vec<File<'p>>,
    shown: &'p str,
    good: Vec<File<'p>>,
}

impl<'p> Page<'p> {
    /// Reads a page, which has to have the shape of all of them.
    fn read(rule: Rule, text: &'p str) -> Self {
        let severity = if rule.severity().name() == "error" { "Error" } else { "Warning" };
        let head = format!("# {}\n\n**{severity}.** {}\n\n", rule.name(), rule.summary());
        let rest = text.strip_prefix(head.as_str()).unwrap_or_else(|| panic!("it begins with:\n{head}"));
        let (why, rest) = rest.split_once("\n\n## Bad\n\n").expect("`## Bad`");
        let (bad, rest) = rest.split_once("\n\n```text\n").expect("what is printed");
        let (shown, rest) = rest.split_once("```\n\n## Good\n\n").expect("`## Good`");
        let (good, fix) = rest.split_once("\n\n## How to fix\n\n").expect("`## How to fix`");
        assert!(!why.is_empty() && fix.ends_with(".\n"), "it says why and how");
        Self { bad: files(bad), shown, good: files(good) }
    }
}

/// The files of a section: each a path on a line of its own, and a block.
fn files(section: &str) -> Vec<File<'_>> {
    let mut rest = section;
    let mut files = Vec::new();
    while !rest.is_empty() {
        let (path, after) = rest.split_once("\n\n```").expect("a block");
        let (language, after) = after.split_once('\n').expect("what the block is written in");
        assert!(path.ends_with(&format!(".{language}`")), "{path} is not written in {language}");
        let (text, after) = after.split_once("```").expect("the end of the block");
        files.push((path.strip_prefix('`').and_then(|path| path.strip_suffix('`')).expect("a path"), text));
        rest = after.trim_start();
    }
    files
}

/// What `formwork lint` finds in a directory of these files.
fn lint(files: &[File<'_>]) -> Vec<Diagnostic> {
    let in_directory = |directory: &str| -> Vec<Arc<SourceFile>> {
        let found = files.iter().filter_map(|(path, text)| {
            let name = path.strip_prefix(directory)?.rsplit_once('.')?.0;
            Some(Arc::new(SourceFile::new(PathBuf::from(path), name.to_owned(), (*text).to_owned())))
        });
        found.collect()
    };
    let compiler = Compiler::new();
    let built: Vec<Built> =
        in_directory("configs/forms/").iter().map(|source| build(&compiler, source, None, now())).collect();
    let policies = in_directory("configs/policies/");
    let policies = ReadPolicies::new(policies.iter().map(|source| Policy::read(source, None)));
    let templates = in_directory("configs/templates/");
    let templates = ReadTemplates::new(templates.iter().map(|source| Template::read(source, None)));
    let mut unknown = unknown_policies(&built, &policies);
    unknown.extend(unknown_widgets(&built, &templates));
    let mut found = diagnostics_with(&built, unknown, Scope::Directory);
    found.extend(policies.reported(&unused_policies(&built, &policies), Scope::Directory));
    let locales: Vec<(Arc<Locale>, Vec<Diagnostic>)> = in_directory("configs/locales/")
        .iter()
        .map(|source| Locale::read(source, None))
        .map(|(locale, found)| (Arc::new(locale), found))
        .collect();
    let unused = unused_messages(&built, &Locales::new(locales.iter().map(|(locale, _)| Arc::clone(locale))));
    let reported =
        |(locale, found): &(Arc<Locale>, Vec<Diagnostic>)| locale.reported(found, &unused, Scope::Directory);
    found.extend(locales.iter().flat_map(reported));
    found.extend(templates.reported(&misplaced_templates(&built, &templates)));
    found
}

#[test]
fn every_page_shows_its_rule() {
    let faults: Vec<String> = Rule::ALL.iter().flat_map(|rule| faults(*rule)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong with the page of a rule.
fn faults(rule: Rule) -> Vec<String> {
    let name = rule.name();
    let path = repository("engine/rules").join(name).with_extension("md");
    let text = std::fs::read_to_string(&path).unwrap();
    let page = Page::read(rule, &text);
    let mut faults = Vec::new();
    let found = lint(&page.bad);
    // Findings are parted by a blank line; the block ends with the last of them.
    let printed = format!("{}\n", render(&found, Format::Text { colour: false }).trim_end());
    if found.is_empty() || found.iter().any(|found| found.rule != rule) {
        faults.push(format!("the bad example of {name} shows this, not the rule alone:\n{printed}"));
    }
    if std::env::var_os("UPDATE_PAGES").is_some() {
        let (before, after) = (format!("```text\n{}```", page.shown), format!("```text\n{printed}```"));
        std::fs::write(&path, text.replace(&before, &after)).unwrap();
    } else if page.shown != printed {
        faults.push(format!("the bad example of {name} shows:\n{printed}"));
    }
    let good = lint(&page.good);
    if !good.is_empty() {
        let good = render(&good, Format::Text { colour: false });
        faults.push(format!("the good example of {name} has findings:\n{good}"));
    }
    faults
}

#[test]
fn every_page_belongs_to_a_rule() {
    let pages: BTreeSet<String> = std::fs::read_dir(repository("engine/rules"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let rules: BTreeSet<String> = Rule::ALL.iter().map(|rule| format!("{}.md", rule.name())).collect();
    assert_eq!(pages, rules);
}
