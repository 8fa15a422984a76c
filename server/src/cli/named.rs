//! The one form that a command is told by name.

use std::path::Path;

use anyhow::bail;
use formwork_engine::build::Built;
use formwork_engine::compile::CompiledForm;
use formwork_engine::diagnostic::nearest;

use super::output;

/// The form of this name or alias; what is wrong with it goes to standard error.
pub(super) fn form<'b>(built: &'b [Built], name: &str, configs: &Path) -> anyhow::Result<&'b CompiledForm> {
    let mut forms = built.iter().filter_map(|built| built.form.as_deref());
    if let Some(form) = forms.find(|form| form.form.names().any(|known| known.value == name)) {
        return Ok(form);
    }
    if let Some(broken) = built.iter().find(|built| built.form.is_none() && built.name == name) {
        output::error(&output::findings_for_stderr(&broken.diagnostics));
        bail!("the form `{name}` does not compile");
    }
    let known = built.iter().filter_map(|built| built.form.as_deref()).flat_map(|form| form.form.names());
    match nearest(name, known.map(|name| name.value.as_str())) {
        Some(near) => {
            bail!("there is no form `{name}` in {}: did you mean `{near}`?", configs.display())
        }
        None => bail!("there is no form `{name}` in {}", configs.display()),
    }
}
