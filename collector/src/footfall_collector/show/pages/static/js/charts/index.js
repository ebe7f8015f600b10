// The kinds of charts. Each has `draw(host, data, config, actions)`, and `option(…)` for a picture.
import * as bars from "./bars.js";
import * as columns from "./columns.js";
import * as heat from "./heat.js";
import * as ranges from "./ranges.js";
import * as series from "./series.js";

export const kinds = { bars, columns, heat, ranges, series };
