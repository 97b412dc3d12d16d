// Does the dashboard say what happened? `node incident.mjs DASHBOARD ANSWERS.json NODE`: that node lost its power, and the answers are from then.
import { readFileSync } from 'node:fs';
import { panelsOf, read } from './dashboard.mjs';

const [dashboardPath, answersPath, node] = process.argv.slice(2);
const dashboard = read(dashboardPath);
const answers = JSON.parse(readFileSync(answersPath, 'utf8'));
const resultOf = (title) => {
    const panel = panelsOf(dashboard).find((candidate) => candidate.title === title);
    if (!panel) throw new Error(`the dashboard has no panel ${title}`);
    return answers.panels.find(({ id }) => id === panel.id).targets[0].result;
};
const now = (title) => resultOf(title).map(({ metric, value }) => ({ ...metric, value: Number(value[1]) }));
const last = (series) => Number(series.values.at(-1)[1]);

const wrong = [];
const expect = (holds, what) => holds || wrong.push(what);
expect(now('Worst lock').every(({ value }) => value === 0), 'Worst lock is not unhealthy');
expect(now('Cascades going on').every(({ value }) => value >= 1), 'no cascade goes on');
expect(now('Silent nodes').every(({ instance }) => instance === node), `Silent nodes is not ${node} alone`);
expect(now('Blamed by most').every(({ component, value }) => component === node && value >= 2), `Blamed by most is not ${node}`);
expect(now('Emergency Status').every(({ value }) => value === 0), 'one cascade is an emergency');
const nodes = resultOf('Nodes');
expect(nodes.some((series) => series.metric.instance === node && last(series) === -1), `Nodes does not show ${node} silent`);
expect(nodes.filter((series) => series.metric.instance !== node).every((series) => last(series) === 0), 'Nodes does not show the others unhealthy');
expect(answers.annotations.some(({ result }) => result.length > 0), 'no open episode is annotated');

for (const what of wrong) console.error(`incident: ${what}`);
console.log(`incident: ${node} is named, ${wrong.length} failures`);
process.exit(wrong.length === 0 ? 0 : 1);
