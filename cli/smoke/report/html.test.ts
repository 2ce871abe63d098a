import fc from "fast-check";
import { XMLValidator } from "fast-xml-parser";
import { describe, expect, it } from "vitest";
import { panickedReport, passedReport } from "../testing/report.ts";
import { htmlReport } from "./html.ts";
import { runReport } from "./run-report.ts";

/** The page without the elements that HTML, unlike XML, leaves open. */
function asXml(page: string): string {
  return page.replace("<!doctype html>", "").replace(/<meta [^>]*>/g, "");
}

describe("the HTML report", () => {
  const page = htmlReport(
    runReport([
      passedReport({ comparison: { slower: [], newWarnings: ["one: bad <thing>"] } }),
      panickedReport({ flaky: false }),
    ]),
  );

  it("has the timeline, the packets, the blocks, the console and the diagnosis", () => {
    for (const title of ["Timeline", "Packets", "Blocks of the root that were read", "Console"])
      expect(page).toContain(`<h3>${title}</h3>`);
    expect(page).toContain("<td>NBD</td><td>900</td>");
    expect(page.match(/<rect /g)).toHaveLength(2 * 43);
    expect(page).toContain("The kernel has panicked: VFS: &lt;unable&gt; &amp; so on");
    expect(page).toContain("a new warning: one: bad &lt;thing&gt;");
  });

  it("needs nothing beside it", () => {
    expect(page).not.toMatch(/<(script|link|img|iframe)|\b(src|href)=|url\(|@import/);
  });

  it("is well-formed whatever a guest says", () => {
    expect(XMLValidator.validate(asXml(page))).toBe(true);
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (said) => {
        const report = panickedReport({
          name: said,
          console: said,
          append: said,
          screen: said,
          warnings: [said],
        });
        return XMLValidator.validate(asXml(htmlReport(runReport([report])))) === true;
      }),
    );
  });
});
