// From the answers of a server to what a panel is given: data frames, transformed, with the panel's field configuration applied. The
// transformations and the overrides are Grafana's own.
import {
    FieldConfigOptionsRegistry,
    FieldType,
    applyFieldOverrides,
    createDataFrame,
    identityOverrideProcessor,
    renderLegendFormat,
    standardTransformers,
    standardTransformersRegistry,
    transformDataFrame,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';

// Some are listed under two names.
const transformations = new Map(Object.values(standardTransformers).map((transformation) => [transformation.id, transformation]));
standardTransformersRegistry.setInit(() =>
    [...transformations.values()].map((transformation) => ({
        id: transformation.id,
        name: transformation.name,
        transformation,
        editor: () => null,
    })),
);

const numberOf = (value) => {
    const number = Number(value);
    return Number.isFinite(number) ? number : null;
};

/** A series becomes a frame of times and numbers. Steps without a sample are there, and empty: a gap is a gap. */
function framesOfSeries(target, result, { start, end, step }) {
    return result.map(({ metric, values, value }) => {
        const samples = new Map((values ?? [value]).map(([time, number]) => [Math.round(time * 1000), numberOf(number)]));
        const times = [];
        if (values) for (let time = start; time <= end + step / 1000; time += step) times.push(Math.round(time * 1000));
        else times.push(Math.round(value[0] * 1000));
        const name = target.legendFormat ? renderLegendFormat(target.legendFormat, metric) : undefined;
        return createDataFrame({
            refId: target.refId,
            fields: [
                { name: 'Time', type: FieldType.time, values: times, config: {} },
                { name: 'Value', type: FieldType.number, labels: metric, values: times.map((time) => samples.get(time) ?? null), config: name ? { displayNameFromDS: name } : {} },
            ],
        });
    });
}

/** An answer for a table becomes one frame with a column for each label. */
function frameOfTable(target, result, single) {
    const labels = [...new Set(result.flatMap(({ metric }) => Object.keys(metric)))].sort();
    return createDataFrame({
        refId: target.refId,
        fields: [
            { name: 'Time', type: FieldType.time, values: result.map(({ value }) => value[0] * 1000), config: {} },
            ...labels.map((label) => ({ name: label, type: FieldType.string, values: result.map(({ metric }) => metric[label] ?? ''), config: {} })),
            { name: single ? 'Value' : `Value #${target.refId}`, type: FieldType.number, values: result.map(({ value }) => numberOf(value[1])), config: {} },
        ],
    });
}

/** The properties that a panel may set: those of every field, and those of its kind. */
function registryOf({ defaults, overrides }) {
    const item = (id, path, isCustom) => ({
        id,
        path,
        isCustom,
        name: id,
        process: identityOverrideProcessor,
        shouldApply: () => true,
        override: () => null,
        editor: () => null,
        settings: {},
    });
    const standard = ['displayName', 'unit', 'min', 'max', 'decimals', 'color', 'mappings', 'thresholds', 'noValue', 'links', 'description'];
    const custom = new Set(Object.keys(defaults.custom ?? {}));
    for (const { id } of overrides.flatMap(({ properties }) => properties)) if (id.startsWith('custom.')) custom.add(id.slice(7));
    const registry = new FieldConfigOptionsRegistry();
    registry.setInit(() => [...standard.map((id) => item(id, id, false)), ...[...custom].map((id) => item(`custom.${id}`, id, true))]);
    return registry;
}

export async function framesOf(panel, answers, theme) {
    const answer = answers.panels.find(({ id }) => id === panel.id);
    let frames = panel.targets.flatMap((target) => {
        const { result } = answer.targets.find(({ refId }) => refId === target.refId);
        return target.format === 'table' ? [frameOfTable(target, result, panel.targets.length === 1)] : framesOfSeries(target, result, answers);
    });
    if (panel.transformations) frames = await lastValueFrom(transformDataFrame(panel.transformations, frames));
    return applyFieldOverrides({
        data: frames,
        fieldConfig: panel.fieldConfig,
        fieldConfigRegistry: registryOf(panel.fieldConfig),
        replaceVariables: (text) => text,
        theme,
        timeZone: 'utc',
    });
}
