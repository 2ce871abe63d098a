import type { FieldName } from "../catalogue/catalogue.ts";
import type { Test } from "./values.ts";

/** A filter, understood. */
export type Filter =
  | { readonly kind: "and" | "or"; readonly left: Filter; readonly right: Filter }
  | { readonly kind: "not"; readonly of: Filter }
  /** One of these fields is there. */
  | { readonly kind: "exists"; readonly names: readonly FieldName[] }
  /** One of these fields is there and passes; with `every`, all that are there do. */
  | {
      readonly kind: "test";
      readonly names: readonly FieldName[];
      readonly every: boolean;
      readonly test: Test;
    };
