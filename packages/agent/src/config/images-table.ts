/** The table [images]: its text here is JSON, so that it is a value like any other. */

const NAME = /^[a-z0-9][a-z0-9._/-]{0,199}(:[\w][\w.-]{0,127})?$/;
const REFERENCE = /^[a-zA-Z0-9][\w.:/@-]{0,499}$/;

/** Schedulable name to reference of a local image; an empty text is an empty table. */
export function parseImages(text: string): ReadonlyMap<string, string> {
  const images = new Map<string, string>();
  for (const [name, reference] of text === '' ? [] : (JSON.parse(text) as [string, unknown][])) {
    if (!NAME.test(name)) throw new Error(`${JSON.stringify(name)} must be a name such as python:3.6-debian`);
    if (typeof reference !== 'string' || !REFERENCE.test(reference))
      throw new Error(`the value of ${JSON.stringify(name)} must be the reference of an image such as debian-python:latest`);
    images.set(name, reference);
  }
  return images;
}
