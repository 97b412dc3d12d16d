// Mistakes that a check worth its name must notice: each is made in a copy of the dashboard, and `word` is what the message must name.
const of = (dashboard, type) => {
    const panel = dashboard.panels.find((candidate) => candidate.type === type);
    if (!panel) throw new Error(`the dashboard has no ${type}: this mistake cannot be made`);
    return panel;
};
const misspelt = (object, from, to) => {
    if (!(from in object)) throw new Error(`${from} is not there to be misspelt`);
    object[to] = object[from];
    delete object[from];
};
const mistake = (name, word, make) => ({ name, word, make });
const option = (type, from, to) =>
    mistake(`${type}: option ${from} misspelt`, to, (d) => misspelt(of(d, type).options, from, to));
const field = (type, from, to) =>
    mistake(`${type}: custom field ${from} misspelt`, to, (d) => misspelt(of(d, type).fieldConfig.defaults.custom, from, to));

export const mistakes = [
    mistake('a title that is a number', 'number', (d) => (d.title = 1)),
    mistake('a field of the dashboard that there is not', 'timezzone', (d) => misspelt(d, 'timezone', 'timezzone')),
    mistake('a panel type that there is not', 'grph', (d) => (of(d, 'timeseries').type = 'grph')),
    mistake('a grid position that is text', 'string', (d) => (of(d, 'stat').gridPos.w = '4')),
    mistake('a field of a panel that there is not', 'repeatt', (d) => (of(d, 'stat').repeatt = 'instance')),

    option('stat', 'colorMode', 'colourMode'),
    option('timeseries', 'tooltip', 'tooltips'),
    option('state-timeline', 'showValue', 'showValues'),
    option('table', 'showHeader', 'showHeaders'),
    option('bargauge', 'displayMode', 'displaymode'),
    mistake('stat: an option nested in another misspelt', 'calc', (d) => misspelt(of(d, 'stat').options.reduceOptions, 'calcs', 'calc')),
    mistake('stat: a value that the option has not', 'backgroundd', (d) => (of(d, 'stat').options.colorMode = 'backgroundd')),
    mistake('timeseries: a value that the tooltip has not', 'many', (d) => (of(d, 'timeseries').options.tooltip.mode = 'many')),
    mistake('state-timeline: a value that the alignment has not', 'middle', (d) => (of(d, 'state-timeline').options.alignValue = 'middle')),
    mistake('table: a value that the height has not', 'tiny', (d) => (of(d, 'table').options.cellHeight = 'tiny')),
    mistake('bargauge: a value that the mode has not', 'led', (d) => (of(d, 'bargauge').options.displayMode = 'led')),
    mistake('an option of another panel type', 'rowHeight', (d) => (of(d, 'stat').options.rowHeight = 0.9)),

    field('timeseries', 'drawStyle', 'drawstyle'),
    field('state-timeline', 'fillOpacity', 'fillOpaqueness'),
    field('table', 'cellOptions', 'cellOption'),
    mistake('timeseries: a value that the stacking has not', 'stacked', (d) => (of(d, 'timeseries').fieldConfig.defaults.custom.stacking.mode = 'stacked')),

    mistake('a threshold mode that there is not', 'absolut', (d) => (of(d, 'stat').fieldConfig.defaults.thresholds.mode = 'absolut')),
    mistake('a mapping without a type', "'type' is missing", (d) => delete of(d, 'stat').fieldConfig.defaults.mappings[0].type),
    mistake('a unit that is a number', 'number', (d) => (of(d, 'timeseries').fieldConfig.defaults.unit = 1)),
    mistake('an override of a property that there is not', 'custom.widht', (d) => {
        const property = of(d, 'table').fieldConfig.overrides.flatMap(({ properties }) => properties).find(({ id }) => id === 'custom.width');
        property.id = 'custom.widht';
    }),
    mistake('an override with a value of the wrong type', 'string', (d) => {
        const property = of(d, 'table').fieldConfig.overrides.flatMap(({ properties }) => properties).find(({ id }) => id === 'custom.width');
        property.value = '90';
    }),
    mistake('a transformation that there is not', 'organise', (d) => (of(d, 'table').transformations[1].id = 'organise')),
    mistake('a query option misspelt', 'legendformat', (d) => misspelt(of(d, 'timeseries').targets[0], 'legendFormat', 'legendformat')),
    mistake('a query format that there is not', 'series', (d) => (of(d, 'timeseries').targets[0].format = 'series')),
    mistake('a data source with an identity of its own', 'PBFA97CFB590B2093', (d) => (of(d, 'stat').datasource.uid = 'PBFA97CFB590B2093')),
    mistake('a variable of a type that there is not', 'querry', (d) => (d.templating.list[1].type = 'querry')),
    mistake('a variable that is hidden in a way that there is not', "Type '7'", (d) => (d.templating.list[1].hide = 7)),
    mistake('an annotation without a colour', 'iconColor', (d) => delete d.annotations.list[1].iconColor),
    mistake('a link of a type that there is not', 'url', (d) => (d.links[0].type = 'url')),
];
