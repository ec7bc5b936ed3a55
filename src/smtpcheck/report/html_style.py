"""The style of the HTML report: two themes in variables, one column that a phone of 400 px can show."""

STYLE = """
:root{--bg:#f6f7f9;--card:#fff;--ink:#1c2430;--dim:#5c6675;--line:#e1e5ea;--good:#1a7f4b;--bad:#c02636;--none:#a4acb8;
--code:#f1f3f6}
@media (prefers-color-scheme:dark){:root{--bg:#11151b;--card:#1a2029;--ink:#e6eaf0;--dim:#9aa5b4;--line:#2c3542;
--good:#4cc38a;--bad:#ff7b86;--none:#5a6576;--code:#12171e}}
*{box-sizing:border-box}
body{margin:0 auto;padding:16px;max-width:960px;background:var(--bg);color:var(--ink);
font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
header,section,details,nav{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 20px;
margin:0 0 14px}
header{border-left:6px solid var(--bad)}header.good{border-left-color:var(--good)}
article+article{margin-top:48px}
h1{font-size:1.35rem;line-height:1.3;margin:2px 0 0}h2{font-size:1.05rem;margin:0 0 10px}
h3{font-size:.95rem;margin:14px 0 6px}
p{margin:0 0 8px}.target{color:var(--dim);font-weight:600;margin:0}
ol,ul{margin:0 0 8px;padding-left:1.4em}li+li{margin-top:5px}a{color:inherit}
pre{margin:8px 0 0;padding:12px;background:var(--code);border-radius:6px;overflow-x:auto;white-space:pre-wrap;
font:13px/1.5 ui-monospace,monospace}
summary{cursor:pointer;font-weight:600}details[open] summary{margin-bottom:10px}
.time{list-style:none;padding:0}.time li{display:grid;grid-template-columns:5.5em 1fr 4em;gap:10px;align-items:center;
margin:0;font-size:.88rem;min-height:26px}.time b{font-weight:500}
.time li>:last-child{text-align:right;color:var(--dim)}
.track{position:relative;height:12px;background:var(--code);border-radius:3px}
.track i{position:absolute;top:0;bottom:0;min-width:2px;border-radius:3px;background:var(--none)}
.track i.good{background:var(--good)}.track i.bad{background:var(--bad)}
.axis{display:flex;justify-content:space-between;margin:4px calc(4em + 10px) 0 calc(5.5em + 10px);color:var(--dim);
font-size:.8rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{padding:6px 8px;text-align:left;vertical-align:top;
border-top:1px solid var(--line)}tr:first-child>*{border-top:0}
.stages th{width:6.5em;font-weight:600;white-space:nowrap}.stages td:first-child{width:1.6em;font-weight:700}
.good>td:first-child,td.good{color:var(--good)}.bad>td:first-child,td.bad,.bad th{color:var(--bad)}
.none>*,td.none{color:var(--dim)}
.wide{overflow-x:auto}.matrix td{text-align:center}
.matrix tr:first-child th{white-space:nowrap}.matrix td:first-child,.matrix th:first-child{min-width:9em}
.matrix th{font-weight:500}
dl{display:grid;grid-template-columns:6.5em 1fr;gap:4px 12px;margin:0;font-size:.9rem}dl+dl{margin-top:14px;
padding-top:14px;border-top:1px solid var(--line)}dt{color:var(--dim)}dd{margin:0}
footer{color:var(--dim);font-size:.85rem;padding:4px}
@media (max-width:500px){body{padding:10px}header,section,details,nav{padding:12px 14px}
.time li{grid-template-columns:4.8em 1fr 3.6em;gap:6px}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:6px}}
"""
