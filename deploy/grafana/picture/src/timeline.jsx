// A state timeline. Grafana's own is part of its application and not of its published components, so the boxes are drawn here, on the
// published chart (GraphNG, UPlotConfigBuilder); colours, words and names come from the fields as in the original.
import { FieldType, formattedValueToString, getFieldDisplayName } from '@grafana/data';
import { AxisPlacement, ScaleDirection, ScaleOrientation } from '@grafana/schema';
import { GraphNG, UPlotConfigBuilder, getTextColorForBackground, measureText } from '@grafana/ui';

const fontSize = 12;

/** Runs of equal values: [from, to, value], `to` being where the next begins. */
function runsOf(times, values) {
    const runs = [];
    values.forEach((value, index) => {
        const last = runs.at(-1);
        if (last && last.value === value) last.to = times[index + 1] ?? times[index];
        else runs.push({ from: times[index], to: times[index + 1] ?? times[index], value });
    });
    return runs.filter(({ value }) => value !== null && value !== undefined);
}

function draw(u, frame, panel, theme) {
    const { ctx, bbox } = u;
    const { rowHeight } = panel.options;
    const { fillOpacity } = panel.fieldConfig.defaults.custom;
    const [time, ...rows] = frame.fields;
    const height = bbox.height / rows.length;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.font = `${fontSize * devicePixelRatio}px ${theme.typography.fontFamily}`;
    ctx.textBaseline = 'middle';
    rows.forEach((field, index) => {
        const top = bbox.top + index * height + (height * (1 - rowHeight)) / 2;
        for (const { from, to, value } of runsOf(time.values, field.values)) {
            const shown = field.display(value);
            const left = u.valToPos(from, 'x', true);
            const width = Math.max(1, u.valToPos(to, 'x', true) - left);
            ctx.globalAlpha = fillOpacity / 100;
            ctx.fillStyle = shown.color;
            ctx.fillRect(left, top, width, height * rowHeight);
            ctx.globalAlpha = 1;
            const text = formattedValueToString(shown);
            if (panel.options.showValue !== 'never' && ctx.measureText(text).width + 12 < width && fontSize < height * rowHeight) {
                ctx.fillStyle = getTextColorForBackground(shown.color);
                ctx.fillText(text, left + 6, top + (height * rowHeight) / 2);
            }
        }
    });
    ctx.restore();
}

export function Timeline({ panel, frames, theme, timeRange, width, height }) {
    const prepConfig = (frame, _all, getTimeRange) => {
        const builder = new UPlotConfigBuilder('utc');
        const names = frame.fields.filter(({ type }) => type !== FieldType.time).map((field) => getFieldDisplayName(field, frame, frames));
        const rows = names.length;
        builder.addScale({
            scaleKey: 'x',
            isTime: true,
            orientation: ScaleOrientation.Horizontal,
            direction: ScaleDirection.Right,
            range: () => [getTimeRange().from.valueOf(), getTimeRange().to.valueOf()],
        });
        builder.addScale({ scaleKey: 'y', isTime: false, orientation: ScaleOrientation.Vertical, direction: ScaleDirection.Down, range: () => [0, rows] });
        builder.addAxis({ scaleKey: 'x', isTime: true, placement: AxisPlacement.Bottom, timeZone: 'utc', theme, grid: { show: true } });
        builder.addAxis({
            scaleKey: 'y',
            isTime: false,
            placement: AxisPlacement.Left,
            splits: names.map((_, index) => index + 0.5),
            values: () => names,
            size: Math.max(...names.map((name) => measureText(name, fontSize).width)) + 30,
            grid: { show: false },
            ticks: false,
            gap: 10,
            theme,
        });
        for (const _ of names) builder.addSeries({ scaleKey: 'y', pathBuilder: () => null, pointsBuilder: () => null, theme });
        builder.addHook('drawClear', (u) => draw(u, frame, panel, theme));
        builder.setPrepData(([data]) => data.fields.map(({ values }) => values));
        return builder;
    };
    return (
        <GraphNG
            frames={frames}
            theme={theme}
            timeRange={timeRange}
            timeZone="utc"
            width={width}
            height={height}
            legend={panel.options.legend}
            prepConfig={prepConfig}
            renderLegend={() => null}
        />
    );
}
