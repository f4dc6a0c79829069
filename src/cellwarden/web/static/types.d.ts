/** What the interface answers; the same names as in its description at /api/v1/openapi.json. */
export type Severity = "critical" | "warning" | "info";
export type StateKey = Severity | "silent" | "healthy" | "untested";
export interface Readiness {
  answer: "yes" | "no" | "unsure" | "open" | "unknown";
  load_watt: number | null;
  needed_hour: number | null;
  runtime_hour: number | null;
  runtime_low_hour: number | null;
  runtime_high_hour: number | null;
  limiting_cell: number | null;
  reason: string;
  is_capacity_assumed: boolean;
}
export interface PackSummary {
  pack: string;
  state: StateKey;
  sentence: string;
  worst_cell: number | null;
  open_warnings: number;
  open_findings: number;
  readiness: Readiness;
  age_second: number | null;
  voltage_volt: number | null;
  current_ampere: number | null;
  soc_median_fraction: number | null;
  soc_minimum_fraction: number | null;
  cells_in_series: number;
}
export interface Acknowledgement { note: string; who: string; unix_time_second: number }
export interface Finding {
  key: string;
  pack: string;
  kind: string;
  noun: string;
  cell: number | null;
  sensor: string | null;
  severity: Severity;
  sentence: string;
  explanation: string;
  advice: string;
  sureness: string;
  confidence: number;
  magnitude: number | null;
  magnitude_low: number | null;
  magnitude_high: number | null;
  unit: string;
  magnitude_text: string;
  first_seen_unix_time_second: number;
  detected_unix_time_second: number;
  cleared_unix_time_second: number | null;
  is_open: boolean;
  is_consequence: boolean;
  acknowledgements: Acknowledgement[];
}
export interface Sample {
  unix_time_second: number;
  current_ampere: number | null;
  voltage_volt: number | null;
  cell_voltage_volt: (number | null)[];
  temperature_celsius: (number | null)[];
  ambient_temperature_celsius: number | null;
  balancing_fraction: (number | null)[] | null;
}
export interface Term {
  rule: string;
  kind: LimitKind;
  value: number;
  cell: number | null;
  sensor: string | null;
  reason: string;
}
export type LimitKind = "charge_current_ampere" | "discharge_current_ampere" | "charge_voltage_volt";
export interface Decision {
  unix_time_second: number;
  authority: string;
  charge_current_ampere: number;
  discharge_current_ampere: number;
  charge_voltage_volt: number;
  binding: Term[];
  terms: Term[];
}
export interface PackView {
  summary: PackSummary;
  findings: Finding[];
  sample: Sample | null;
  sensors: string[];
  estimates_unix_time_second: number | null;
  document: any;
  description: any;
  decision: Decision | null;
}
export interface BucketColumn { minimum: (number | null)[]; mean: (number | null)[]; maximum: (number | null)[] }
export interface Series {
  bucket_second: number;
  unix_time_second: number[];
  columns: Record<string, BucketColumn>;
}
export interface QuantityHistory {
  unix_time_second: number[];
  value: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
  median: (number | null)[];
}
export interface Source {
  source: string;
  unix_time_second: number;
  rate_hertz: number;
  latency_p50_second: number;
  latency_p99_second: number;
  jitter_second: number;
  gaps: number;
  refused_frames: Record<string, number>;
  bus_load_fraction: number | null;
}
export interface Site {
  name: string;
  version: string;
  unix_time_second: number;
  clock_speed: number;
  role: "anyone" | "reader" | "operator";
  operator: string | null;
  has_operator: boolean;
}
