/** Of the HTML report; light or dark, as the reader has it. */
export const HTML_STYLE = `
:root { color-scheme: light dark; --good: #1a7f37; --bad: #cf222e; --line: #8884; --bar: #0969da; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { border-left: .4rem solid var(--bad); padding-left: .6rem; }
h1.passed, h2.passed { border-color: var(--good); }
section { border-top: 1px solid var(--line); margin-top: 2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dt { opacity: .7; }
dd { margin: 0; overflow-wrap: anywhere; }
.cause { border: 1px solid var(--bad); border-radius: .4rem; padding: .6rem; }
pre { background: #8881; padding: .6rem; overflow: auto; white-space: pre-wrap; }
pre.console { max-height: 40rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .15rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
tr.failed td:nth-child(2), tr.error td:nth-child(2) { color: var(--bad); font-weight: bold; }
tr.passed td:nth-child(2) { color: var(--good); }
.timeline { display: grid; grid-template-columns: max-content 1fr max-content minmax(0, 1fr); gap: 0 .8rem; }
.track { position: relative; border-bottom: 1px solid var(--line); }
.track i { position: absolute; top: .3rem; height: .8rem; min-width: 2px; background: var(--bar); }
.track i.failed { background: var(--bad); }
svg.blocks { width: 100%; max-width: 40rem; fill: var(--bar); border: 1px solid var(--line); }
`;
