// Each kind of panel, by Grafana's component of that kind, with the options of the dashboard handed through.
import { getDisplayValueAlignmentFactors, getFieldDisplayValues } from '@grafana/data';
import { BarGauge, BigValue, Table, TimeSeries, VizRepeater } from '@grafana/ui';
import { Timeline } from './timeline.jsx';

const text = (value) => value;

function Repeated({ panel, frames, theme, width, height, render, spacing }) {
    const { orientation, reduceOptions } = panel.options;
    return (
        <VizRepeater
            source={frames}
            width={width}
            height={height}
            orientation={orientation}
            autoGrid={panel.type === 'stat'}
            itemSpacing={spacing}
            minVizHeight={panel.options.minVizHeight}
            maxVizHeight={panel.options.maxVizHeight}
            minVizWidth={panel.options.minVizWidth}
            getAlignmentFactors={getDisplayValueAlignmentFactors}
            getValues={() =>
                getFieldDisplayValues({ fieldConfig: panel.fieldConfig, reduceOptions, replaceVariables: text, theme, data: frames, timeZone: 'utc' })
            }
            renderValue={({ value, width: itemWidth, height: itemHeight, alignmentFactors, orientation: drawn, count }) =>
                render({ value, width: itemWidth, height: itemHeight, alignmentFactors, orientation: drawn, count })
            }
        />
    );
}

function Stat(props) {
    const { options } = props.panel;
    const render = ({ value, width, height, alignmentFactors, count }) => (
        <BigValue
            value={value.display}
            width={width}
            height={height}
            count={count}
            theme={props.theme}
            alignmentFactors={alignmentFactors}
            colorMode={options.colorMode}
            graphMode={options.graphMode}
            justifyMode={options.justifyMode}
            textMode={options.textMode}
        />
    );
    return <Repeated {...props} render={render} spacing={3} />;
}

function Bars(props) {
    const { options } = props.panel;
    const render = ({ value, width, height, alignmentFactors }) => (
        <BarGauge
            value={value.display}
            field={value.field}
            display={value.view?.getFieldDisplayProcessor(value.colIndex)}
            width={width}
            height={height}
            theme={props.theme}
            alignmentFactors={alignmentFactors}
            orientation={options.orientation}
            displayMode={options.displayMode}
            valueDisplayMode={options.valueMode}
            namePlacement={options.namePlacement}
            showUnfilled={options.showUnfilled}
            itemSpacing={8}
            lcdCellWidth={12}
        />
    );
    return <Repeated {...props} render={render} spacing={10} />;
}

function Series({ panel, frames, timeRange, width, height }) {
    const { legend, tooltip } = panel.options;
    return (
        <TimeSeries frames={frames} timeRange={timeRange} timeZone="utc" width={width} height={height} legend={legend} options={{ legend, tooltip }} />
    );
}

function Rows({ panel, frames, width, height }) {
    const { showHeader, cellHeight, sortBy } = panel.options;
    return (
        <Table
            data={frames[panel.options.frameIndex]}
            width={width}
            height={height}
            showHeader={showHeader}
            cellHeight={cellHeight}
            initialSortBy={sortBy}
            columnMinWidth={80}
            noHeader={!showHeader}
            timeRange={undefined}
        />
    );
}

export const kinds = { stat: Stat, bargauge: Bars, timeseries: Series, 'state-timeline': Timeline, table: Rows };
