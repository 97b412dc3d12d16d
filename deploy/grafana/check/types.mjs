// Compiles the dashboard as a `Dashboard` of `@grafana/schema` under `tsc --strict`, and copies of it with one mistake each, which must not
// compile. `node types.mjs [DASHBOARD]`
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { mistakes } from './mistakes.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const path = process.argv[2] ?? join(here, '../dashboards/foreshock.json');
const dashboard = JSON.parse(readFileSync(path, 'utf8'));

// JSON that is imported has lost its literals ("stat" is a string), so it is compiled as the text of a program.
const program = (value) => {
    const literal = JSON.stringify(value, null, 1);
    return `import type { AsDeclared, Exact } from './types.js';\nconst dashboard: Exact = ${literal};\nexport const declared: AsDeclared = dashboard;\n`;
};

const files = new Map([[join(here, 'dashboard.ts'), program(dashboard)]]);
// One panel of each type is enough of a copy.
const types = new Set();
const small = { ...dashboard, panels: dashboard.panels.filter(({ type }) => !types.has(type) && types.add(type)) };
const wrong = mistakes.map(({ name, make, word }, index) => {
    const copy = structuredClone(small);
    make(copy);
    const file = join(here, `mistake.${index}.ts`);
    files.set(file, program(copy));
    return { name, file, word };
});

const config = ts.readConfigFile(join(here, 'tsconfig.json'), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, here);
const host = ts.createCompilerHost(options);
const { readFile, fileExists } = host;
host.readFile = (name) => files.get(name) ?? readFile(name);
host.fileExists = (name) => files.has(name) || fileExists(name);
const compiled = ts.createProgram([...files.keys(), join(here, 'types.ts')], options, host);

const byFile = new Map();
for (const diagnostic of [...compiled.getOptionsDiagnostics(), ...compiled.getGlobalDiagnostics(), ...compiled.getSemanticDiagnostics(), ...compiled.getSyntacticDiagnostics()]) {
    const file = diagnostic.file?.fileName ?? 'tsconfig.json';
    byFile.set(file, [...(byFile.get(file) ?? []), diagnostic]);
}
const message = (diagnostic) => {
    const { line } = diagnostic.file?.getLineAndCharacterOfPosition(diagnostic.start) ?? { line: 0 };
    return `${diagnostic.file?.fileName}:${line + 1}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')}`;
};

let failed = 0;
const seeded = new Set(wrong.map(({ file }) => file));
for (const [file, diagnostics] of byFile) {
    if (seeded.has(file)) continue;
    failed += diagnostics.length;
    for (const diagnostic of diagnostics) console.error(message(diagnostic));
}
for (const { name, file, word } of wrong) {
    const found = byFile.get(file) ?? [];
    // The message must speak of the mistake: a copy that fails for another reason shows nothing.
    if (!found.some(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n').includes(word))) {
        failed += 1;
        console.error(`not noticed: ${name}\n${found.map(message).join('\n')}`);
    }
}
console.log(`types: ${failed === 0 ? 'the dashboard compiles' : `${failed} errors`}; ${wrong.length} mistakes that must not compile`);
process.exit(failed === 0 ? 0 : 1);
