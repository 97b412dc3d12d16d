// What the dashboard must be. `Dashboard` of `@grafana/schema` leaves open what differs by panel: options, custom fields, queries,
// overrides and transformations are `Record<string, unknown>` or `any` there, so a misspelt option would pass. Here each panel type that the
// dashboard may use has the options and fields that the same package declares for it, and nothing else.
import type * as schema from '@grafana/schema';
import type { FieldConfig as StandardFields } from '@grafana/schema/dist/esm/raw/dashboard/x/dashboard_types.gen.d.ts';
import type * as BarGauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen.d.ts';
import type * as Stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen.d.ts';
import type * as StateTimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen.d.ts';
import type * as Table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen.d.ts';
import type * as TimeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen.d.ts';
// The newer package declares no query of Prometheus: it moved to one that needs all of Grafana's user interface.
import type { PrometheusDataQuery } from 'grafana-schema-10/dist/esm/raw/composable/prometheus/dataquery/x/PrometheusDataQuery_types.gen.d.ts';

// A type as JSON can spell it: members of enums become their values. Index signatures go where `Known` is asked for.
type Json<T> = T extends string
    ? `${T}`
    : T extends number
      ? `${T}` extends `${infer Value extends number}`
          ? Value
          : never
      : T extends boolean | null | undefined
        ? T
        : T extends readonly (infer Item)[]
          ? Json<Item>[]
          : unknown extends T
            ? T
            : T extends object
              ? { [Key in keyof T]: Json<T[Key]> }
              : T;
type Known<T> = { [Key in keyof T as string extends Key ? never : Key]: T[Key] };

type Standard = Omit<Known<StandardFields>, 'custom'>;
type Property<Custom> =
    | { [Id in keyof Standard & string]-?: { id: Id; value: Json<Standard[Id]> } }[keyof Standard & string]
    | { [Id in keyof Custom & string]-?: { id: `custom.${Id}`; value: Json<Custom[Id]> } }[keyof Custom & string];

interface FieldConfigSource<Custom> {
    defaults: Json<Standard> & { custom?: Json<Custom> };
    overrides: { matcher: { id: 'byName' | 'byRegexp' | 'byFrameRefID'; options: string }; properties: Property<Custom>[] }[];
}

// The schema says `any` of these options; they are what the transformations of these names read.
type Transformation =
    | { id: 'merge'; options: Record<string, never> }
    | {
          id: 'organize';
          options: {
              excludeByName: Record<string, boolean>;
              indexByName: Record<string, number>;
              renameByName: Record<string, string>;
          };
      }
    | {
          id: 'filterByValue';
          options: {
              type: 'include' | 'exclude';
              match: 'any' | 'all';
              filters: { fieldName: string; config: { id: 'greater' | 'lower'; options: { value: number } } }[];
          };
      };

type Link = Json<schema.DashboardLink>;
type Query = Omit<Json<PrometheusDataQuery>, 'datasource'> & { datasource: DataSource; interval?: string };
interface DataSource {
    type: 'prometheus';
    uid: '${datasource}';
}

interface PanelOf<Type, Options, Custom> {
    type: Type;
    id: number;
    title: string;
    description: string;
    gridPos: Json<schema.GridPos>;
    datasource: DataSource;
    targets: Query[];
    fieldConfig: FieldConfigSource<Custom>;
    options: Json<Options>;
    links: Link[];
    transformations?: Transformation[];
}

type Panel =
    | PanelOf<'timeseries', TimeSeries.Options, Known<TimeSeries.FieldConfig>>
    | PanelOf<'state-timeline', StateTimeline.Options, Known<StateTimeline.FieldConfig>>
    | PanelOf<'stat', Stat.Options, Record<never, never>>
    | PanelOf<'bargauge', BarGauge.Options, Record<never, never>>
    | PanelOf<'table', Table.Options, Known<Table.FieldConfig>>;

// What Prometheus' annotations read beside the query is not known to the schema.
type Annotation = Omit<Json<schema.AnnotationQuery>, 'target' | 'datasource'> & {
    datasource: DataSource | { type: 'grafana'; uid: '-- Grafana --' };
    target?: Omit<Query, 'datasource'>;
    titleFormat?: string;
    textFormat?: string;
    tagKeys?: string;
    useValueForTime?: boolean;
};
type Variable = Omit<Json<schema.VariableModel>, 'datasource'> & { datasource?: DataSource };

/** The dashboard as the schema has it, in JSON's spelling. */
export type AsDeclared = Json<schema.Dashboard>;
/** The same, with nothing left open. */
export type Exact = Omit<AsDeclared, 'panels' | 'annotations' | 'templating'> & {
    annotations: { list: Annotation[] };
    templating: { list: Variable[] };
    panels: (Panel | Json<Omit<schema.RowPanel, 'panels'> & { panels: [] }>)[];
};
