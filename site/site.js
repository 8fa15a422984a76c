// The button of the table of contents, which accessible.py puts in the place of a label that no keyboard reaches.
document.getElementById("mdbook-sidebar-toggle").addEventListener("click", () => {
  document.getElementById("mdbook-sidebar-toggle-anchor").click();
});
