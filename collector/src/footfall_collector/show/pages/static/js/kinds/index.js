// Every way a panel can draw its chart: `draw(host, data, config, actions)`, and `option(…)` for a picture of it.
import * as bars from "./bars.js";
import * as columns from "./columns.js";
import * as heat from "./heat.js";
import * as ranges from "./ranges.js";
import * as series from "./series.js";

export const kinds = { bars, columns, heat, ranges, series };
