// Draws the dashboard from the answers of a server, with Grafana's own components, into a picture.
// `node draw.mjs DASHBOARD ANSWERS.json OUT.png [WIDTH]`; ANSWERS.json is what check/query.mjs wrote. CHROMIUM names the browser.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import UPNG from 'upng-js';

const here = dirname(fileURLToPath(import.meta.url));
const [dashboardPath, answersPath, out, width = '1280'] = process.argv.slice(2);
if (!out) {
    console.error('draw.mjs DASHBOARD ANSWERS.json OUT.png [WIDTH]');
    process.exit(2);
}
const browser = process.env.CHROMIUM ?? 'chromium';
const folder = mkdtempSync(join(tmpdir(), 'foreshock-picture-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

await build({
    entryPoints: [join(here, 'src/page.jsx')],
    outfile: join(folder, 'page.js'),
    bundle: true,
    format: 'iife',
    platform: 'browser',
    jsx: 'automatic',
    minify: true,
    logLevel: 'error',
    // Grafana's modules for `import` take a whole CommonJS module for its default, as the bundler then does too; those for `require` do not.
    alias: Object.fromEntries(['ui', 'data', 'schema'].map((name) => [`@grafana/${name}`, join(here, `node_modules/@grafana/${name}/dist/cjs/index.cjs`)])),
    // The code editor, which no panel shows.
    external: ['monaco-editor'],
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
    loader: { '.woff': 'dataurl', '.woff2': 'dataurl', '.svg': 'dataurl', '.png': 'dataurl' },
});
const inline = (path) => readFileSync(path, 'utf8').replaceAll('<', '\\u003c');
const icons = `file://${join(here, 'node_modules/@grafana/ui/dist/public/')}`;
writeFileSync(
    join(folder, 'page.html'),
    `<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="page.css"><body style="margin: 0"><div id="page"></div>
<script>window.__grafana_public_path__ = ${JSON.stringify(icons)};
window.dashboard = ${inline(dashboardPath)};
window.answers = ${inline(answersPath)};
window.pageWidth = ${Number(width)};</script>
<script src="page.js"></script>`,
);

let runs = 0;
function chromium(...last) {
    runs += 1;
    return execFileSync(
        browser,
        ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--hide-scrollbars', '--allow-file-access-from-files', '--force-device-scale-factor=1', '--virtual-time-budget=10000', ...(process.env.VERBOSE ? ['--enable-logging=stderr', '--v=0'] : []), `--user-data-dir=${join(folder, `profile${runs}`)}`, ...last, `file://${join(folder, 'page.html')}`],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', process.env.VERBOSE ? 'inherit' : 'ignore'], maxBuffer: 1 << 28 },
    );
}

// Once to see whether every panel was drawn, and how high the page is; once for the picture.
const page = chromium(`--window-size=${width},2000`, '--dump-dom');
const attribute = (name) => new RegExp(`data-${name}="([^"]*)"`).exec(page)?.[1];
const problems = attribute('problems') ?? 'the page did not come to its end';
const drawn = (page.match(/data-panel="drawn"/g) ?? []).length;
const expected = Number(attribute('panels'));
const height = Number(attribute('height'));
if (problems !== '' || drawn !== expected || !(height > 0)) {
    console.error(`draw: ${drawn} of ${expected} panels; ${problems}`);
    process.exit(1);
}
chromium(`--window-size=${width},${height}`, `--screenshot=${join(folder, 'page.png')}`);
mkdirSync(dirname(resolve(out)), { recursive: true });
// A palette halves what a picture of few colours takes.
const image = UPNG.decode(readFileSync(join(folder, 'page.png')));
writeFileSync(out, Buffer.from(UPNG.encode(UPNG.toRGBA8(image), image.width, image.height, 256)));
console.log(`draw: ${drawn} of ${expected} panels, ${width} x ${height}, ${Math.round(readFileSync(out).length / 1024)} KiB`);
