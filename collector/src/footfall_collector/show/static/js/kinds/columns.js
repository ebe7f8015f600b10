// Upright bars over ordered groups, such as lengths of sessions.
import { axis, base, draw as chart, tip } from "../echart.js";
import { compact, number } from "../format.js";

export function draw(host, data, config) {
  chart(host, (colours, narrow) => option(data, config, colours, narrow), config.title);
}

export function option(data, config, colours, narrow = false) {
  const unit = data.unit(config.value);
  const sum = data.rows.reduce((all, row) => all + (row[config.value] ?? 0), 0) || 1;
  return {
    ...base(colours),
    xAxis: axis(colours, { type: "category", data: data.rows.map((row) => row[config.label[0]]), splitLine: { show: false }, axisLabel: { color: colours.muted, interval: 0, fontSize: narrow ? 10 : 12, rotate: narrow && data.rows.length > 6 ? 40 : 0 } }),
    yAxis: axis(colours, { type: "value", min: 0, minInterval: 1, splitNumber: 4, axisLabel: { color: colours.muted, formatter: (value) => compact(value, unit) } }),
    tooltip: { ...base(colours).tooltip, trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { color: colours.line, opacity: 0.4 } }, formatter: ([point]) => tip(`${data.name(config.label[0])}: ${point.name}`, [[colours.accent, data.name(config.value), `${number(point.value, unit)} · ${number(point.value / sum, "ratio")}`]]) },
    series: [{ type: "bar", barMaxWidth: 46, itemStyle: { color: colours.accent, borderRadius: [4, 4, 0, 0] }, data: data.rows.map((row) => row[config.value]) }],
  };
}
