import type { FieldName } from "../catalogue/catalogue.ts";
import type { Field } from "../field.ts";
import type { Filter } from "./filter.ts";

/** Whether a dissected frame passes. */
export function passes(filter: Filter, fields: readonly Field[]): boolean {
  switch (filter.kind) {
    case "and":
      return passes(filter.left, fields) && passes(filter.right, fields);
    case "or":
      return passes(filter.left, fields) || passes(filter.right, fields);
    case "not":
      return !passes(filter.of, fields);
    case "exists":
      return some(fields, filter.names, () => true);
    case "test": {
      const { names, test, every } = filter;
      if (!every) return some(fields, names, ({ value }) => test(value));
      return some(fields, names, () => true) && !some(fields, names, ({ value }) => !test(value));
    }
    default:
      return filter satisfies never;
  }
}

function some(
  fields: readonly Field[],
  names: readonly FieldName[],
  test: (field: Field) => boolean,
): boolean {
  return fields.some(
    (field) => (names.includes(field.name) && test(field)) || some(field.children, names, test),
  );
}
