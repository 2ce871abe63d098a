import type { Console } from "../../engine/console.ts";

const QUESTION = /(?:^|\s)\S+ login: ?$/;
const PASSWORD = /[Pp]assword(?: for \S+)?: ?$/;
const REFUSED = /Login incorrect|Authentication failure|Permission denied|incorrect password/i;
/** What the shells of the usual images end their prompt with. */
const PROMPT = /(?:^|[\w\])~/-])[#$%>] $/;

/** Answers getty's questions. Returns a sentence where it is refused; rejects when the signal says so. */
export async function logIn(
  console: Console,
  { user, password }: { readonly user: string; readonly password: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const asked = await console.waitFor(either(QUESTION, PROMPT), { signal });
  if (!QUESTION.test(asked[0])) return "The console has a shell already: nobody is asked to log in.";
  let from = console.position;
  console.type(`${user}\n`);
  const next = await console.waitFor(either(PASSWORD, PROMPT, REFUSED), { from, signal });
  if (REFUSED.test(next[0])) return `The login as ${user} was refused.`;
  // An account without a password is let in at once.
  if (!PASSWORD.test(next[0])) return undefined;
  from = console.position;
  console.type(`${password}\n`);
  const after = await console.waitFor(either(PROMPT, REFUSED, QUESTION), { from, signal });
  return PROMPT.test(after[0]) ? undefined : `The login as ${user} was refused: the password is not the one.`;
}

function either(...patterns: readonly RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => `(?:${source})`).join("|"));
}
