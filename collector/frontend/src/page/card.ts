// A panel that no template has: with the same markup as those that the server sends.
import type { PanelConfig } from "../data/types.ts";
import { type Content, html, icon } from "../dom.ts";

// `of` says what the panel is about where several have the same title.
export function card(config: PanelConfig, of: string): Content {
  const { id, title, unit } = config;
  return html`<section class="panel span-6" id="panel-${id}" data-kind=${config.kind} data-panel=${JSON.stringify(config)}
    aria-labelledby="title-${id}">
    <div class="panel-head">
      <div><h3 id="title-${id}">${title}</h3><p class="unit">${unit}</p></div>
      <div class="panel-tools">
        <button class="button quiet small square" type="button" data-do="table" aria-pressed="false"
          aria-label="${title} of ${of} as a table" title="Table of the same numbers">${icon("table")}</button>
        <details class="menu"><summary class="button quiet small square" aria-label="Download ${title} of ${of}"
          title="Download">${icon("download")}</summary>
          <div class="menu-list">
            <a data-format="csv" href="/api/ask.csv" download>CSV <span>table</span></a>
            <a data-format="parquet" href="/api/ask.parquet" download>Parquet <span>table</span></a>
            <button type="button" data-picture="png">PNG <span>picture</span></button>
            <button type="button" data-picture="svg">SVG <span>picture</span></button>
          </div>
        </details>
      </div>
    </div>
    <p class="panel-note" hidden></p>
    <div class="panel-body"><div class="shimmer" role="status" aria-label="Loading"></div></div>
  </section>`;
}
