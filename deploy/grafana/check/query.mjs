// Asks a server every question of the dashboard, as Grafana would, and fails where one has no answer.
// `node query.mjs PROMETHEUS_URL DASHBOARD OUT.json [--start T] [--end T] [--step SECONDS] [--scrape SECONDS]`, T in Unix seconds.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { interpolate, labelsIn, panelsOf, read } from './dashboard.mjs';

const text = { type: 'string' };
const { values: given, positionals } = parseArgs({ allowPositionals: true, options: { start: text, end: text, step: text, scrape: text } });
const [server, path, out] = positionals;
if (!out) {
    console.error('query.mjs PROMETHEUS_URL DASHBOARD OUT.json [--start T] [--end T] [--step SECONDS] [--scrape SECONDS]');
    process.exit(2);
}
const dashboard = read(path);

async function ask(what, parameters = {}) {
    const body = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) if (value !== undefined) body.append(name, value);
    const response = await fetch(`${server.replace(/\/$/, '')}/api/v1/${what}?${body}`);
    const answer = await response.json().catch(() => ({ error: `status ${response.status}` }));
    if (answer.status !== 'success') throw new Error(answer.error ?? `status ${response.status}`);
    return answer.data;
}

const secondsOf = (duration) => {
    const units = { ms: 0.001, s: 1, m: 60, h: 3600 };
    return [...duration.matchAll(/(\d+)(ms|[smh])/g)].reduce((sum, [, number, unit]) => sum + Number(number) * units[unit], 0);
};
const durationOf = (seconds) => `${Math.max(1, Math.round(seconds * 1000))}ms`;

/** How often the job is scraped: what a data source in Grafana is told as its interval. */
async function scrapeInterval(job) {
    if (given.scrape) return Number(given.scrape);
    const { activeTargets } = await ask('targets', { state: 'active' });
    const target = activeTargets.find(({ labels }) => labels.job === job);
    if (!target?.scrapeInterval) throw new Error(`the server does not say how often ${job} is scraped: give --scrape`);
    return secondsOf(target.scrapeInterval);
}

/** As Grafana writes several values of a variable: a regular expression, in a string. */
const anyOf = (values) => {
    const escaped = values.map((value) => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replace(/["\\]/g, '\\$&'));
    return escaped.length === 1 ? escaped[0] : `(${escaped.join('|')})`;
};

const end = Number(given.end ?? Date.now() / 1000);
const start = Number(given.start ?? end - 3600);
const failures = [];

/** Two ways of filling in the variables: everything, and each value by name. They must come to the same. */
async function variables() {
    const all = {};
    const named = {};
    const live = {};
    for (const variable of dashboard.templating.list) {
        const { name } = variable;
        if (variable.type === 'datasource') continue;
        if (variable.type === 'constant') {
            all[name] = named[name] = variable.query;
            continue;
        }
        const [, selector, label] = /^label_values\((.+),\s*(\w+)\)$/.exec(interpolate(variable.query.query, all)) ?? [];
        if (!label) throw new Error(`$${name}: not a query of label values`);
        const values = await ask(`label/${label}/values`, { 'match[]': selector, start, end });
        if (values.length === 0) throw new Error(`$${name}: no value of ${label} in ${selector}`);
        live[name] = values;
        const current = variable.current?.value;
        if (variable.multi) {
            all[name] = variable.allValue;
            named[name] = anyOf(values);
        } else {
            all[name] = named[name] = values.includes(current) ? current : values[0];
        }
    }
    return { all, named, live };
}

const { all, named, live } = await variables();
const scrape = await scrapeInterval(all.job);
const step = Number(given.step ?? Math.max(scrape, (end - start) / 1000));
const builtIn = {
    __interval: durationOf(step),
    __rate_interval: durationOf(Math.max(step + scrape, 4 * scrape)),
    __range: durationOf(end - start),
    __range_s: String(Math.round(end - start)),
};
const run = (target, values) => {
    const query = interpolate(target.expr, { ...values, ...builtIn });
    return target.instant ? ask('query', { query, time: end }) : ask('query_range', { query, start, end, step });
};
const samplesOf = (series) => series.values ?? [series.value];
const hasNumber = (series) => samplesOf(series).some(([, value]) => Number.isFinite(Number(value)));
const identity = (result) => result.map(({ metric }) => JSON.stringify(Object.entries(metric).sort())).sort().join('\n');

let questions = 0;
let samples = 0;
const panels = [];
for (const panel of panelsOf(dashboard)) {
    const targets = [];
    for (const target of panel.targets) {
        const where = `${panel.title} ${target.refId}`;
        questions += 1;
        try {
            const { result } = await run(target, all);
            samples += result.reduce((sum, series) => sum + samplesOf(series).length, 0);
            if (!result.some(hasNumber)) failures.push(`${where}: no data\n    ${interpolate(target.expr, { ...all, ...builtIn })}`);
            for (const label of labelsIn(target.legendFormat)) {
                if (!result.every(({ metric }) => label in metric)) failures.push(`${where}: a series without the label ${label} of its legend`);
            }
            const byName = await run(target, named);
            if (identity(byName.result) !== identity(result)) failures.push(`${where}: other series when each value is named`);
            targets.push({ refId: target.refId, result });
        } catch (error) {
            failures.push(`${where}: ${error.message}`);
        }
    }
    panels.push({ id: panel.id, title: panel.title, targets });
}

const annotations = [];
for (const annotation of dashboard.annotations.list.filter(({ target }) => target)) {
    try {
        const { result } = await run(annotation.target, all);
        annotations.push({ name: annotation.name, result });
    } catch (error) {
        failures.push(`annotation ${annotation.name}: ${error.message}`);
    }
}

writeFileSync(out, JSON.stringify({ start, end, step, variables: live, panels, annotations }));
for (const failure of failures) console.error(failure);
console.log(`query: ${questions} expressions of ${panels.length} panels, ${samples} samples, ${annotations.reduce((sum, { result }) => sum + result.length, 0)} annotated series, ${failures.length} failures`);
process.exit(failures.length === 0 ? 0 : 1);
