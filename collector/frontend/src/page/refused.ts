// Sections that are no panels say why they can't show their answer, where they would else seem to load for ever.
import * as api from "../data/api.ts";
import { draw, html } from "../dom.ts";

// Waits for a section's first answer; what is shown already stays, as it does in panels.
export async function orSay(body: HTMLElement, job: Promise<void>): Promise<void> {
  try {
    await job;
  } catch (error) {
    if (!api.isAbort(error) && body.querySelector(".shimmer, [data-view=error]")) say(body, error);
    throw error;
  }
}

export const say = (body: HTMLElement, error: unknown) =>
  draw(body, html`<div class="state" role="alert" data-view="error"><p>${api.messageOf(error)}</p></div>`);
