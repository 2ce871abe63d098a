// Applied before the first paint, so that a chosen scheme does not flash. src/theme.ts writes it.
try {
  const scheme = localStorage.getItem("netroot.scheme");
  if (scheme === "light" || scheme === "dark") document.documentElement.dataset.scheme = scheme;
} catch {
  // Storage may be forbidden; the system's scheme is used.
}
