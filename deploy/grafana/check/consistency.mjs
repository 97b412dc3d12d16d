// What no type can say about the dashboard, and copies of it with one mistake each, which must be noticed. `node consistency.mjs [DASHBOARD]`
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { panelsOf, read, variablesIn } from './dashboard.mjs';

const builtIn = new Set(['__interval', '__rate_interval', '__range', '__range_s']);
const columns = 24;

function problems(dashboard) {
    const found = [];
    const say = (where, what) => found.push(`${where}: ${what}`);
    const panels = panelsOf(dashboard);

    const ids = dashboard.panels.map(({ id }) => id);
    for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) say(`panel ${id}`, 'two have this id');

    const taken = new Map();
    for (const { title, gridPos } of dashboard.panels) {
        if (gridPos.x + gridPos.w > columns) say(title, `reaches beyond column ${columns}`);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
            for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
                const other = taken.get(`${x} ${y}`);
                if (other !== undefined && other !== title) say(title, `lies upon ${other}`);
                taken.set(`${x} ${y}`, title);
            }
        }
    }

    for (const panel of panels) {
        const { title, fieldConfig } = panel;
        if (!panel.description) say(title, 'has no description');
        if (!fieldConfig.defaults.unit) say(title, 'has no unit');
        if (panel.targets.length === 0) say(title, 'asks nothing');
        if (!panel.links.some(({ url }) => /^\$\{runbooks\}#[a-z]+$/.test(url))) say(title, 'has no link to a runbook');
        const refs = panel.targets.map(({ refId }) => refId);
        if (new Set(refs).size !== refs.length) say(title, 'two queries have one name');
        for (const target of panel.targets) {
            if (target.range === target.instant) say(title, `query ${target.refId} is neither of a range nor of an instant`);
        }
        const all = [fieldConfig.defaults.thresholds, ...fieldConfig.overrides.flatMap(({ properties }) => properties).filter(({ id }) => id === 'thresholds').map(({ value }) => value)];
        for (const { steps } of all) {
            const rises = steps.every(({ value }, index) => (index === 0 ? value === null : value > (steps[index - 1].value ?? -Infinity)));
            if (!rises) say(title, 'thresholds do not rise from null');
        }
        // The columns of a table are named by its transformations; an override of another name does nothing.
        const named = panel.transformations?.find(({ id }) => id === 'organize')?.options.renameByName;
        if (named) {
            for (const { matcher } of fieldConfig.overrides) {
                if (!Object.values(named).includes(matcher.options)) say(title, `override of ${matcher.options}, which is no column`);
            }
        }
    }

    const defined = dashboard.templating.list.map(({ name }) => name);
    const { templating, ...rest } = dashboard;
    const used = new Set([...variablesIn(JSON.stringify(rest)), ...templating.list.flatMap(({ query }) => variablesIn(JSON.stringify(query)))]);
    for (const name of used) if (!defined.includes(name) && !builtIn.has(name) && name !== '__all') say(`$${name}`, 'is used and not defined');
    for (const name of defined) if (!variablesIn(JSON.stringify(dashboard)).includes(name)) say(`$${name}`, 'is defined and not used');
    return found;
}

const mistakes = [
    ['two have this id', (d) => (d.panels[1].id = d.panels[0].id)],
    ['lies upon', (d) => (d.panels[1].gridPos.x = d.panels[0].gridPos.x)],
    ['reaches beyond', (d) => (d.panels[0].gridPos.w = 25)],
    ['has no description', (d) => delete d.panels[0].description],
    ['has no unit', (d) => delete d.panels[0].fieldConfig.defaults.unit],
    ['has no link to a runbook', (d) => (d.panels[0].links[0].url = 'https://example.com')],
    ['two queries have one name', (d) => d.panels[0].targets.push(d.panels[0].targets[0])],
    ['neither of a range nor of an instant', (d) => (d.panels[0].targets[0].range = d.panels[0].targets[0].instant)],
    ['thresholds do not rise', (d) => panelsOf(d).find(({ fieldConfig: { defaults } }) => defaults.thresholds.steps.length > 2).fieldConfig.defaults.thresholds.steps.reverse()],
    ['which is no column', (d) => (panelsOf(d).find(({ type }) => type === 'table').fieldConfig.overrides[0].matcher.options = 'Stat')],
    ['is used and not defined', (d) => (d.panels[0].targets[0].expr += '$cluster')],
    ['is defined and not used', (d) => (d.templating.list[0].name = 'source')],
];

const here = dirname(fileURLToPath(import.meta.url));
const dashboard = read(process.argv[2] ?? join(here, '../dashboards/foreshock.json'));
const found = problems(dashboard);
for (const [what, make] of mistakes) {
    const copy = structuredClone(dashboard);
    make(copy);
    if (!problems(copy).some((text) => text.includes(what))) found.push(`not noticed: ${what}`);
}

// The provisioning files are read by Grafana only, which leaves out in silence what it does not know.
const provisioned = (name) => parse(readFileSync(join(here, '../provisioning', name), 'utf8'));
const { datasources, apiVersion: ofSources } = provisioned('datasources/prometheus.yml');
const { providers, apiVersion: ofDashboards } = provisioned('dashboards/foreshock.yml');
if (ofSources !== 1 || ofDashboards !== 1) found.push('provisioning: apiVersion is not 1');
const choice = dashboard.templating.list.find(({ type }) => type === 'datasource');
if (!datasources.some(({ type, url }) => type === choice.query && URL.canParse(url))) found.push(`provisioning: no data source of the type ${choice.query}`);
if (datasources.some(({ jsonData }) => !/^\d+s$/.test(jsonData.timeInterval))) found.push('provisioning: no interval of scrapes');
if (!providers.every(({ name, type, options }) => name && type === 'file' && options.path.startsWith('/'))) found.push('provisioning: a provider without a folder');

for (const text of found) console.error(text);
console.log(`consistency: ${found.length === 0 ? 'nothing to say' : `${found.length} problems`}; ${mistakes.length} mistakes that must be noticed`);
process.exit(found.length === 0 ? 0 : 1);
