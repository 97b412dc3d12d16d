// What the scripts beside this one have to know about a dashboard.
import { readFileSync } from 'node:fs';

export const read = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** The panels that draw something, also those in rows that are folded. */
export const panelsOf = (dashboard) => dashboard.panels.flatMap((panel) => (panel.type === 'row' ? panel.panels : [panel]));

/** The text with each `$name`, `${name}` and `${name:format}` replaced. What has no value stays as it is. */
export const interpolate = (text, values) =>
    text.replace(/\$(?:(\w+)|\{(\w+)(?::\w+)?\})/g, (whole, plain, braced) => values[plain ?? braced] ?? whole);

/** The names of the variables in a text. */
export const variablesIn = (text) => [...text.matchAll(/\$(?:(\w+)|\{(\w+)(?::\w+)?\})/g)].map(([, plain, braced]) => plain ?? braced);

/** The names of the labels that a legend speaks of. */
export const labelsIn = (legend) => [...(legend ?? '').matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map(([, label]) => label);
