import type { Problem } from "../../worker/interface.ts";
import type { AddressToken } from "./token-in-address.ts";

const MISSING: Problem = {
  severity: "error",
  code: "token-missing",
  message: "This relay asks for its token, and there is none in this page's address.",
  advice: "Open the link that `netroot serve` printed: the token stands at its end, behind #token=.",
};

const WRONG: Problem = {
  severity: "error",
  code: "token-wrong",
  message: "The token in this page's address is not the relay's.",
  advice:
    "Open the link that `netroot serve` printed last: unless netroot.toml has a token, each start makes another one.",
};

/** What a relay's 401 means to whoever has this token. The same object each time. */
export function tokenProblem({ kind }: AddressToken): Problem {
  return kind === "none" ? MISSING : WRONG;
}
