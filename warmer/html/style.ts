/** Colours of the series, light and dark; chosen to be told apart also by the colour-blind, in this order. */
const light = "#2a78d6 #eb6834 #1baf7a #eda100 #e87ba4 #008300 #4a3aa7".split(" ");
const dark = "#3987e5 #d95926 #199e70 #c98500 #d55181 #2e9e2e #9085e9".split(" ");

const variables = (colours: readonly string[]): string =>
  colours.map((colour, index) => `--s${index + 1}:${colour}`).join(";");
const series = light
  .map((_, index) => `s${index + 1}`)
  .concat("others", "bad")
  .map((name) => `.${name}{fill:var(--${name});background:var(--${name})}.range.${name}{stroke:var(--${name})}`)
  .join("\n");

/** The page's style: its own, with nothing loaded. */
export const style = `
:root{color-scheme:light dark;--page:#f6f6f4;--card:#fff;--ink:#1b1b1a;--soft:#5d5c58;--line:#e3e2de;--track:#eeede9;
--good:#0a7a32;--warn:#8a5a00;--bad:#d03b3b;--others:#a3a29c;${variables(light)}}
@media (prefers-color-scheme:dark){:root{--page:#121211;--card:#1c1c1b;--ink:#f1f0ec;--soft:#a9a8a2;--line:#32312f;
--track:#2a2a28;--good:#4cc274;--warn:#e0a63a;--bad:#e66767;--others:#76756f;${variables(dark)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1080px;margin:0 auto;padding:28px 20px 48px}
h1{font-size:24px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:16px;margin:0}
p{margin:0}
.soft,.note{color:var(--soft)}
.note{font-size:13px;margin-top:4px}
header{margin-bottom:20px}
.verdict{border-left:5px solid;padding:12px 16px;margin-bottom:20px;background:var(--card);border-radius:4px;overflow-wrap:anywhere}
.verdict strong{display:block;font-size:17px}
.verdict ul{margin:6px 0 0;padding-left:20px}
.verdict.good{border-color:var(--good)}.verdict.good strong{color:var(--good)}
.verdict.warn{border-color:var(--warn)}.verdict.warn strong{color:var(--warn)}
.verdict.wrong{border-color:var(--bad)}.verdict.wrong strong{color:var(--bad)}
dl.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:0 0 20px}
.tiles div,.card{background:var(--card);border:1px solid var(--line);border-radius:8px}
.tiles div{padding:12px 16px}
.tiles dt{color:var(--soft);font-size:13px}
.tiles dd{margin:0;font-size:22px;line-height:1.3;font-weight:600;font-variant-numeric:tabular-nums}
.tiles dd.sub{font-size:13px;font-weight:400;color:var(--soft)}
.cards{display:grid;grid-template-columns:1fr 1fr;gap:20px}
.card{margin:0;padding:16px 18px;min-width:0}
.card.full{grid-column:1/-1}
figcaption{margin-bottom:14px}
svg{display:block;width:100%;height:auto}
svg text{font-size:12px;fill:var(--soft);font-family:inherit;font-variant-numeric:tabular-nums}
svg text.name{fill:var(--ink)}
svg text.halo{paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
.grid{stroke:var(--line);stroke-width:1}
.axis{stroke:var(--soft);stroke-width:1}
.track{fill:var(--track)}
.area{stroke:var(--card);stroke-width:1;stroke-linejoin:round}
.hover{fill:transparent}
.hover:hover{fill:var(--ink);fill-opacity:.08}
.range line{stroke:inherit;stroke-width:2.5}
.range circle{stroke:none}
${series}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 16px;margin:6px 0 0;padding:0;font-size:13px;color:var(--soft)}
.legend li{display:flex;align-items:center;gap:6px;overflow-wrap:anywhere}
.swatch{width:11px;height:11px;border-radius:3px;flex:none}
.narrow{display:none}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums;margin-top:10px}
th,td{text-align:left;padding:6px 14px 6px 0;border-top:1px solid var(--line);vertical-align:top;white-space:nowrap}
th{color:var(--soft);font-weight:500;border-top:0}
td.figure,th.figure{text-align:right}
td:last-child,th:last-child{padding-right:0}
.warnings{margin:12px 0 0;padding-left:20px;font-size:14px;overflow-wrap:anywhere}
@media (max-width:760px){
main{padding:20px 12px 36px}
.cards{grid-template-columns:minmax(0,1fr)}
.card{padding:14px}
.wide{display:none}.narrow{display:block}
dl.tiles{grid-template-columns:1fr 1fr}
.tiles div{padding:10px 12px}
.tiles dd{font-size:19px}
.tiles div:last-child:nth-child(odd){grid-column:1/-1}
table{font-size:13px}
th,td{padding-right:10px}
}
@media print{body{background:none}.card,.tiles div{break-inside:avoid}}
`;
