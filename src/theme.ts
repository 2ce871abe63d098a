/** The colour scheme: the system's, unless the reader chose one here. `public/scheme.js` applies the choice before the first paint. */
const KEY = "netroot.scheme";
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

export function bindSchemeToggle(button: HTMLButtonElement): void {
  const show = () => {
    const name = currentScheme() === "dark" ? "Light scheme" : "Dark scheme";
    button.setAttribute("aria-label", name);
    button.title = name;
  };
  button.addEventListener("click", () => {
    const scheme = currentScheme() === "dark" ? "light" : "dark";
    document.documentElement.dataset.scheme = scheme;
    remember(scheme);
    show();
  });
  systemIsDark.addEventListener("change", show);
  show();
}

function currentScheme(): "light" | "dark" {
  const chosen = document.documentElement.dataset.scheme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return systemIsDark.matches ? "dark" : "light";
}

function remember(scheme: string): void {
  try {
    localStorage.setItem(KEY, scheme);
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
}
