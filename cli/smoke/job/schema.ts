import { z } from "zod";
import { MILESTONES, type MilestoneName } from "../../../worker/interface.ts";
import { parseDuration } from "../options/duration.ts";
import { parsePattern } from "../options/pattern.ts";

// Every message is the second half of a sentence: "job.toml, line 3: matrix.nic …".

const words = (what: string) =>
  z
    .string(`is ${what}, in quotes`)
    .min(1, `is ${what}, and not empty`)
    .regex(/^\P{Cc}*$/u, `is ${what}, on one line and without control characters`);

const choice = <const T extends readonly string[]>(choices: T) =>
  z.enum(choices, `is ${choices.map((each) => `"${each}"`).join(" or ")}`);

const whole = (least: number, most: number) =>
  z
    .int(`is a number from ${least} to ${most}`)
    .min(least, `is at least ${least}`)
    .max(most, `is at most ${most}`);

/** Milliseconds, from "90s" or a number of seconds. */
const TIME_WORDS = 'is a number of seconds above 0, or a time such as "90s" or "2m"';
const time = z.union([z.string(), z.number()], TIME_WORDS).transform((value, context) => {
  const ms = parseDuration(String(value));
  if (ms !== undefined) return ms;
  context.issues.push({ code: "custom", message: TIME_WORDS, input: value });
  return z.NEVER;
});

const pattern = z.string("is a regular expression, in quotes").transform((text, context) => {
  const parsed = parsePattern(text);
  if (typeof parsed !== "string") return parsed;
  context.issues.push({ code: "custom", message: parsed, input: text });
  return z.NEVER;
});

const login = words("USER:PASSWORD").transform((text, context) => {
  const [, user, password] = /^([^:]+):(.*)$/.exec(text) ?? [];
  if (user !== undefined && password !== undefined) return { user, password };
  context.issues.push({
    code: "custom",
    message: "is USER:PASSWORD; an account without a password is USER:",
    input: text,
  });
  return z.NEVER;
});

const check = z
  .strictObject({
    expect: pattern.optional(),
    screen: pattern.optional(),
    run: words("a command").optional(),
    login: login.optional(),
    within: time.optional(),
  })
  .superRefine(({ expect, screen, run, login }, context) => {
    const given = [expect, screen, run, login].filter((each) => each !== undefined).length;
    if (given === 1) return;
    context.addIssue({ code: "custom", message: "has one of expect, screen, run and login, and no more" });
  });

const engine = choice(["v86", "qemu"]);
const boot = choice(["direct", "pxe"]);
const root = choice(["nbd", "aoe"]);
const nic = choice(["virtio", "ne2k"]);
const memory = whole(64, 2048);
const append = z
  .string("is words for the command line, in quotes")
  .regex(/^\P{Cc}*$/u, "is one line, without control characters");

/** What one case has of its own. */
const variables = {
  engine: engine.optional(),
  boot: boot.optional(),
  root: root.optional(),
  nic: nic.optional(),
  memory: memory.optional(),
  append: append.optional(),
  label: words("an entry of the boot menu").optional(),
};
const list = <T extends z.ZodType>(of: T) => z.array(of, "is a list, in brackets").min(1, "is not empty");
const milestones = MILESTONES.map(({ name }) => name) as [MilestoneName, ...MilestoneName[]];

/** job.toml: one image, and the cases that it is booted in. */
export const jobSchema = z
  .strictObject({
    /** A boot tree, or a folder of kiwi's results; relative to the file. */
    image: words("a boot tree or a folder of kiwi's results").optional(),
    kernel: words("the path of a kernel").optional(),
    initrd: list(words("the path of an initrd")).optional(),
    root_image: words("the path of a root image").optional(),
    until: z.enum(milestones, `is a milestone: ${milestones.join(", ")}`).default("login"),
    timeout: time.optional(),
    stall: time.optional(),
    retry: whole(0, 10).default(0),
    forbid: list(pattern).optional(),
    check: z.array(check, "is a list: write [[check]], with two brackets").default([]),
    matrix: z
      .strictObject({
        engine: list(engine).optional(),
        boot: list(boot).optional(),
        root: list(root).optional(),
        nic: list(nic).optional(),
        memory: list(memory).optional(),
        append: list(append).optional(),
        exclude: z
          .array(z.strictObject(variables), "is a list: write [[matrix.exclude]], with two brackets")
          .default([]),
      })
      .optional(),
    case: z
      .array(
        z.strictObject({ name: words("a name").max(100, "is at most 100 characters long"), ...variables }),
        "is a list: write [[case]], with two brackets",
      )
      .default([]),
  })
  .superRefine(({ image, kernel, initrd, root_image }, context) => {
    if (image !== undefined && (kernel ?? initrd ?? root_image) !== undefined)
      context.addIssue({
        code: "custom",
        path: ["image"],
        message: "stands for itself: leave kernel, initrd and root_image out",
      });
    if (kernel === undefined && (initrd ?? root_image) !== undefined)
      context.addIssue({
        code: "custom",
        path: ["kernel"],
        message: "is wanted beside initrd and root_image",
      });
  });

export type Job = z.output<typeof jobSchema>;
export type CaseVariables = Omit<Job["case"][number], "name">;
