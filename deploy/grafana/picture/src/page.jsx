// The page: the panels where the dashboard's grid puts them. Frame, head and rows are this page's; what is in a panel is Grafana's.
import '@fontsource/inter/400.css';
import '@fontsource/inter/500.css';
import '@fontsource/roboto-mono/400.css';
import { ThemeContext, createTheme, dateTime, getValueFormats } from '@grafana/data';
import { GlobalStyles, PanelChrome } from '@grafana/ui';
import { useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { framesOf } from './frames.js';
import { kinds } from './panels.jsx';

const { dashboard, answers, pageWidth } = window;
const theme = createTheme({ colors: { mode: 'dark' } });
// As Grafana lays out its grid.
const [columns, rowHeight, margin, head] = [24, 30, 8, 56];
const columnWidth = (pageWidth - 2 * margin - (columns - 1) * margin) / columns;
const widthOf = (w) => w * columnWidth + (w - 1) * margin;
const heightOf = (h) => h * rowHeight + (h - 1) * margin;

const problems = [];
function problem(text) {
    problems.push(text);
    document.body.dataset.problems = problems.join('; ');
}
window.addEventListener('error', ({ message }) => problem(message));
window.addEventListener('unhandledrejection', ({ reason }) => problem(String(reason)));

const timeRange = { from: dateTime(answers.start * 1000), to: dateTime(answers.end * 1000), raw: { from: dateTime(answers.start * 1000), to: dateTime(answers.end * 1000) } };
const units = new Set(getValueFormats().flatMap(({ submenu }) => submenu.map(({ value }) => value)));
const unitsOf = ({ defaults, overrides }) => [defaults.unit, ...overrides.flatMap(({ properties }) => properties).filter(({ id }) => id === 'unit').map(({ value }) => value)];

const place = ({ x, y, w, h }) => ({
    position: 'absolute',
    left: margin + x * (columnWidth + margin),
    top: head + y * (rowHeight + margin),
    width: widthOf(w),
    height: heightOf(h),
});

function Drawn({ panel, frames }) {
    const Kind = kinds[panel.type];
    const box = place(panel.gridPos);
    return (
        <div style={box} data-panel="drawn">
            <PanelChrome title={panel.title} description={panel.description} width={box.width} height={box.height} padding={panel.type === 'table' ? 'none' : 'md'}>
                {(width, height) => <Kind panel={panel} frames={frames} theme={theme} timeRange={timeRange} width={width} height={height} />}
            </PanelChrome>
        </div>
    );
}

function Row({ row }) {
    return <h6 style={{ ...place(row.gridPos), margin: 0, display: 'flex', alignItems: 'center', fontSize: 16, fontWeight: 500 }}>{row.title}</h6>;
}

function Head() {
    const chosen = dashboard.templating.list.filter(({ type }) => type === 'query');
    const time = (seconds) => new Date(seconds * 1000).toISOString().replace('T', ' ').slice(0, 19);
    return (
        <div style={{ position: 'absolute', left: margin, right: margin, top: 0, height: head, display: 'flex', alignItems: 'center', gap: 16 }}>
            <span style={{ fontSize: 18, fontWeight: 500 }}>{dashboard.title}</span>
            {chosen.map(({ name, label, multi }) => (
                <span key={name} style={{ color: theme.colors.text.secondary }}>
                    {label} <span style={{ color: theme.colors.text.link }}>{multi ? 'All' : answers.variables[name][0]}</span>
                </span>
            ))}
            <span style={{ marginLeft: 'auto', color: theme.colors.text.secondary }}>
                {time(answers.start)} to {time(answers.end)} UTC
            </span>
        </div>
    );
}

function Page({ panels }) {
    const bottom = Math.max(...dashboard.panels.map(({ gridPos: { y, h } }) => y + h));
    const height = Math.ceil(head + bottom * (rowHeight + margin));
    useEffect(() => {
        Object.assign(document.body.dataset, { panels: panels.length, height, problems: problems.join('; ') });
    }, []);
    return (
        <ThemeContext.Provider value={theme}>
            <GlobalStyles />
            <div style={{ position: 'relative', width: pageWidth, height, background: theme.colors.background.canvas, color: theme.colors.text.primary, fontFamily: theme.typography.fontFamily, fontSize: 14 }}>
                <Head />
                {dashboard.panels.filter(({ type }) => type === 'row').map((row) => <Row key={row.id} row={row} />)}
                {panels.map(({ panel, frames }) => <Drawn key={panel.id} panel={panel} frames={frames} />)}
            </div>
        </ThemeContext.Provider>
    );
}

const panels = dashboard.panels.filter(({ type }) => type !== 'row');
for (const { title, fieldConfig } of panels) {
    for (const unit of unitsOf(fieldConfig)) if (unit && !units.has(unit)) problem(`${title}: Grafana has no unit ${unit}`);
}
draw();
async function draw() {
    const given = await Promise.all(panels.map(async (panel) => ({ panel, frames: await framesOf(panel, answers, theme) })));
    await document.fonts.load('14px Inter');
    await document.fonts.load('500 14px Inter');
    createRoot(document.getElementById('page')).render(<Page panels={given} />);
}
