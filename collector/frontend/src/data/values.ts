// Which property a word on the page is a value of, from the charts that the page shows.
const properties = new Map<string, string>();

export function learn(property: string, value: string): void {
  if (value && value !== "other") properties.set(value, property);
}

export const propertyOf = (word: string) => properties.get(word) ?? null;
