// Upright bars over ordered groups, such as uptimes.
import { axis, base, draw as chart, tip } from "./echart.js";
import { number, tick } from "../data/format.js";

export function draw(host, data, config) {
  chart(host, (colours, narrow) => option(data, config, colours, narrow), config.title);
}

// A label broken into lines of about `room` characters.
function wrapLabel(text, room) {
  return text.replaceAll(/(\d) (?=[a-z])/g, "$1\u00a0").split(" ").reduce((lines, word) => {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
    return lines;
  }, []).join("\n");
}

export function option(data, config, colours, narrow = false) {
  const unit = data.unit(config.value);
  const sum = data.rows.reduce((all, row) => all + (row[config.value] ?? 0), 0) || 1;
  return {
    ...base(colours),
    xAxis: axis(colours, { type: "category", data: data.rows.map((row) => row[config.label[0]]), splitLine: { show: false }, axisLabel: { color: colours.muted, interval: 0, fontSize: narrow ? 10 : 12, lineHeight: narrow ? 13 : 15, formatter: (text) => wrapLabel(text, narrow ? 6 : 9) } }),
    yAxis: axis(colours, { type: "value", min: 0, minInterval: 1, splitNumber: 4, axisLabel: { color: colours.muted, formatter: (value) => tick(value, unit) } }),
    tooltip: { ...base(colours).tooltip, trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { color: colours.line, opacity: 0.4 } }, formatter: ([point]) => tip(`${data.name(config.label[0])}: ${point.name}`, [[colours.accent, data.name(config.value), `${number(point.value, unit)} · ${number(point.value / sum, "ratio")}`], ...previousRow(data, config, point.name, colours)]) },
    series: [{ name: data.name(config.value), type: "bar", barMaxWidth: 46, itemStyle: { color: colours.accent, borderRadius: [4, 4, 0, 0] }, data: data.rows.map((row) => row[config.value]) }, ...previousBars(data, config, colours)],
  };
}

const previousValue = (data, config, name) => data.before?.find((row) => row[config.label[0]] === name)?.[config.value] ?? 0;

const previousRow = (data, config, name, colours) => (data.before ? [[colours.muted, "Previous period", number(previousValue(data, config, name), data.unit(config.value))]] : []);

// The previous period: an outline next to each bar.
function previousBars(data, config, colours) {
  if (!data.before) return [];
  const style = { color: "transparent", borderColor: colours.muted, borderType: [4, 4], borderWidth: 1, borderRadius: [4, 4, 0, 0] };
  return [{ name: "Previous period", type: "bar", barMaxWidth: 46, barGap: "10%", itemStyle: style, data: data.rows.map((row) => previousValue(data, config, row[config.label[0]])) }];
}
